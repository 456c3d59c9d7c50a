"""What each server makes of each mistake: an error, None where it answers all the same, "" where with nothing."""

from __future__ import annotations

from typing import Any, NamedTuple

from modelhub import errors


class Told(NamedTuple):
    """The error to be raised, and a piece of what the server itself says."""

    error: type[errors.ModelCallError]
    status: int | None
    code: str | None
    words: str


# What is changed of a config, what is asked, and with which options.
MISTAKES: dict[str, tuple[dict[str, Any], Any, dict[str, Any]]] = {
    "unknown model": ({"model_name": "nope"}, "hello", {}),
    "wrong option": ({}, "hello", {"extra_body": {"temperature": "hot"}}),  # which modelhub itself would refuse
    "long prompt": ({}, "hello " * 3000, {}),
    "wrong key": ({"api_key": "sk-thistle-0123456789"}, "hello", {}),
    "no messages": ({}, "hello", {"extra_body": {"messages": None}}),
}

# Where the option is in the bodies of those that have it elsewhere.
PLACES = {
    "ollama_chat on Ollama": "options",
    "ollama_generate on Ollama": "options",
    "gemini_chat on LiteLLM": "generationConfig",
}

BAD, LONG, AUTH = errors.BadRequestError, errors.ContextLengthError, errors.AuthenticationError
NOT_FOUND, SERVER = errors.NotFoundError, errors.ServerError

_LLAMA = {
    "unknown model": None,
    "wrong option": Told(BAD, 400, "invalid_request_error", "type must be number, but is string"),
    "long prompt": Told(LONG, 400, "exceed_context_size_error", "request (6013 tokens) exceeds the available context"),
    "wrong key": None,
    "no messages": Told(BAD, 400, "invalid_request_error", "Expected 'messages' to be an array"),
}
_OLLAMA = {
    "unknown model": Told(NOT_FOUND, 404, None, "not found"),
    "wrong option": Told(BAD, 500, None, 'option "temperature" must be of type float32'),
    "long prompt": None,  # which it cuts
    "wrong key": None,
    "no messages": "",  # which only loads the model
}
_LITELLM = {
    "unknown model": Told(BAD, 400, "invalid_request_error", "Invalid model name passed in model=nope."),
    "wrong option": Told(BAD, 400, "invalid_request_error", "type must be number, but is string"),
    "long prompt": Told(LONG, 400, "invalid_request_error", "request (6013 tokens) exceeds the available context"),
    "wrong key": Told(AUTH, 400, "no_db_connection", "No connected db."),
    "no messages": Told(BAD, 400, "invalid_request_error", "Missing required parameter: 'messages'"),
}
_TOO_MANY = "This model's maximum context length is 1024 tokens."

ANSWERS: dict[str, dict[str, Told | str | None]] = {
    "openai_chat on llama-server": _LLAMA,
    "yi_chat on llama-server": _LLAMA,
    "zhipuai_chat on llama-server": _LLAMA,
    "anthropic_chat on llama-server": {**_LLAMA, "no messages": None},
    "post_api_chat on llama-server": _LLAMA,
    "litellm_chat in process on llama-server": _LLAMA,
    "litellm_chat in process on Ollama": {
        **_OLLAMA,
        "wrong option": None,  # which the library leaves out
    },
    "openai_chat on Ollama": {
        "unknown model": Told(NOT_FOUND, 404, "api_error", 'model "nope" not found, try pulling it first'),
        "wrong option": Told(BAD, 400, "invalid_request_error", "cannot unmarshal string into Go struct field"),
        "long prompt": None,
        "wrong key": None,
        "no messages": Told(BAD, 400, "invalid_request_error", "[] is too short - 'messages'"),
    },
    "ollama_chat on Ollama": _OLLAMA,
    "ollama_generate on Ollama": {**_OLLAMA, "no messages": None},  # it has none
    "openai_chat on transformers": {
        "unknown model": Told(BAD, 400, None, "Server is pinned to "),
        "wrong option": Told(SERVER, 500, None, "Internal Server Error"),
        "long prompt": None,
        "wrong key": None,
        "no messages": Told(SERVER, 500, None, "Internal Server Error"),
    },
    "openai_chat on FastChat": {
        "unknown model": Told(BAD, 400, "40301", "Only tiny allowed now, your model nope"),
        "wrong option": Told(BAD, 400, "40001", "value is not a valid float"),
        "long prompt": Told(LONG, 400, "40303", "your messages resulted in 6028 tokens"),
        "wrong key": None,
        "no messages": Told(BAD, 400, "40001", "none is not an allowed value"),
    },
    "openai_chat on LiteLLM": _LITELLM,
    "litellm_chat on LiteLLM": _LITELLM,
    "anthropic_chat on LiteLLM": {
        **_LITELLM,
        "no messages": Told(SERVER, 500, "api_error", "'NoneType' object is not iterable"),
    },
    "gemini_chat on LiteLLM": {
        "unknown model": Told(BAD, 400, None, "Invalid model name passed in model=nope."),
        "wrong option": Told(SERVER, 500, None, "type must be number, but is string"),
        "long prompt": Told(LONG, 400, None, "request (6013 tokens) exceeds the available context"),
        "wrong key": Told(BAD, 400, None, "No connected db."),
        "no messages": None,
    },
    "openai_chat on vLLM": {
        "unknown model": Told(NOT_FOUND, 404, "NotFoundError", "The model `nope` does not exist."),
        "wrong option": Told(BAD, 400, "Bad Request", "Input should be a valid number"),
        "long prompt": Told(LONG, 400, "BadRequestError", _TOO_MANY),
        "wrong key": None,
        "no messages": Told(BAD, 400, "BadRequestError", "'NoneType' object is not iterable"),
    },
    "anthropic_chat on vLLM": {
        "unknown model": Told(NOT_FOUND, 404, "NotFoundError", "The model `nope` does not exist."),
        "wrong option": Told(BAD, 400, "Bad Request", "Input should be a valid number"),
        "long prompt": Told(LONG, 400, "BadRequestError", _TOO_MANY),
        "wrong key": None,
        "no messages": Told(BAD, 400, "Bad Request", "Input should be a valid list"),
    },
}
