"""What requests of each protocol want, and which are refused: ``requests/`` holds them, a file each."""

from __future__ import annotations

from typing import Any

import pytest

from modelhub import ModelRegistry
from modelhub.errors import BadRequestError
from modelhub.server.formats.replies import Failure
from modelhub.server.formats.requests.options import choose_options
from modelhub.testing import Replay

from .speaking import list_fields, parse, read_cases

CASES = read_cases("requests")
ANSWERS = {
    "openai_chat": {"choices": [{"message": {"role": "assistant", "content": "{}"}, "finish_reason": "stop"}]},
    "anthropic_chat": {"type": "message", "content": [{"type": "text", "text": "{}"}], "stop_reason": "end_turn"},
    "ollama_chat": {"message": {"role": "assistant", "content": "{}"}, "done": True, "done_reason": "stop"},
}
CHATS = [(name, case) for name, case in CASES if case.get("wanted", {}).get("task") == "chat"]


@pytest.mark.parametrize(("name", "case"), CASES, ids=[name for name, _ in CASES])
def test_what_a_request_wants(name: str, case: dict[str, Any]) -> None:
    if "wanted" in case:
        assert list_fields(parse(case["path"], case["body"])) == case["wanted"]
        return
    with pytest.raises(Failure) as refusal:
        parse(case["path"], case["body"])
    assert (refusal.value.status, refusal.value.name, refusal.value.message) == (400, "bad_request", case["refused"])


@pytest.fixture(scope="module")
def hub() -> ModelRegistry:
    common = {"model_name": "x", "api_key": "k"}
    return ModelRegistry(
        [
            {
                "config_name": "openai_chat",
                "model_type": "openai_chat",
                "client_args": {"base_url": "http://s"},
                **common,
            },
            {"config_name": "anthropic_chat", "model_type": "anthropic_chat", **common},
            {"config_name": "ollama_chat", "model_type": "ollama_chat", **common},
            {"config_name": "both", "model_type": "fallback", "models": ["openai_chat", "ollama_chat"]},
        ]
    )


@pytest.mark.parametrize("kind", ANSWERS)
@pytest.mark.parametrize(("name", "case"), CHATS, ids=[name for name, _ in CHATS])
def test_models_take_what_is_wanted_or_say_why_not(
    hub: ModelRegistry, name: str, case: dict[str, Any], kind: str
) -> None:
    wanted = parse(case["path"], case["body"])
    model: Any = hub.get_model(kind)
    model.drivers = replay = Replay([{"body": ANSWERS[kind]}])
    if wanted.ready is not None:
        return
    try:
        model(wanted.input, **choose_options(wanted, model))
    except (Failure, BadRequestError) as error:
        assert not replay.requests and str(error)
    except Exception as error:
        assert "does not fit its schema" in str(error)
    else:
        assert len(replay.requests) == 1


def test_options_go_to_models_that_know_them(hub: ModelRegistry) -> None:
    body = {"model": "m", "messages": [{"role": "user", "content": "hi"}], "user": "u", "presence_penalty": 1}
    wanted = parse("/v1/chat/completions", body)
    assert choose_options(wanted, hub.get_model("openai_chat")) == {"user": "u", "presence_penalty": 1}
    for name in ("anthropic_chat", "both"):
        with pytest.raises(Failure, match="no option 'presence_penalty'"):
            choose_options(wanted, hub.get_model(name))
    hints = parse("/v1/chat/completions", {**body, "presence_penalty": None})
    assert choose_options(hints, hub.get_model("both")) == {}
