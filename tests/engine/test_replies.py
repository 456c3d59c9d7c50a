"""The errors of model servers, as they were on the wire, for where the servers themselves are not at hand."""

import json

import pytest

from modelhub import errors
from modelhub.engine.failures import parse_error_body
from modelhub.wire import Reply

PROXY = "LiteLLM: model group 'tiny' failed with the error above. No fallback was attempted."
REPLIES = {
    "vLLM, a long prompt": (
        (400, {}, {"error": {"message": "This model's maximum context length is 1024 tokens.", "code": 400}}),
        (errors.ContextLengthError, "400", None),
    ),
    "FastChat, a long prompt": (
        (400, {}, {"message": "This model's maximum context length is 2048 tokens.", "code": 40303}),
        (errors.ContextLengthError, "40303", None),
    ),
    "FastChat, an unknown model": (
        (400, {}, {"object": "error", "message": "Only tiny allowed now, your model nope", "code": 40301}),
        (errors.BadRequestError, "40301", None),
    ),
    "LiteLLM, a long prompt": (
        (
            400,
            {},
            {
                "error": {
                    "message": f"litellm.ContextWindowExceededError: litellm.BadRequestError: too many\n\n{PROXY}",
                    "type": "invalid_request_error",
                    "code": "400",
                }
            },
        ),
        (errors.ContextLengthError, "invalid_request_error", None),
    ),
    "LiteLLM, a wrong key": (
        (400, {}, {"error": {"message": "No connected db.", "type": "no_db_connection", "code": "400"}}),
        (errors.AuthenticationError, "no_db_connection", None),
    ),
    "LiteLLM, its own limit": (
        (
            429,
            {"llm_provider-retry-after": "60"},
            {"error": {"message": f"Model rate limit exceeded.\n\n{PROXY}", "type": "throttling_error", "code": "429"}},
        ),
        (errors.RateLimitError, "throttling_error", 60.0),
    ),
    "transformers, an unknown model": (
        (400, {}, {"detail": "Server is pinned to 'tiny'; requested 'nope'."}),
        (errors.BadRequestError, None, None),
    ),
}


@pytest.mark.parametrize(("reply", "expected"), REPLIES.values(), ids=REPLIES)
def test_an_error(reply, expected):
    status, headers, body = reply
    error = parse_error_body(Reply(status, headers, json.dumps(body).encode()))
    assert (type(error), error.code, error.retry_after) == expected
    assert error.status == status
