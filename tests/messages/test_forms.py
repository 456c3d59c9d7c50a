"""Every form of a message x every chat wrapper: it is sent as its plain spelling is, or refused with its place."""

from __future__ import annotations

import json
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from types import MappingProxyType, SimpleNamespace
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelhub import ModelRegistry
from modelhub.errors import BadRequestError
from modelhub.messages import normalize_messages
from modelhub.messages.turns import restore_turns
from modelhub.response import ModelResponse, ToolCall
from modelhub.testing import Replay

BARE = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
PNG = f"data:image/png;base64,{BARE}"
COMPLETION = {"choices": [{"index": 0, "message": {"role": "assistant", "content": "ok"}, "finish_reason": "stop"}]}
DASHSCOPE = {"output": {"choices": [{"finish_reason": "stop", "message": {"role": "assistant", "content": "ok"}}]}}
REPLIES: dict[str, Any] = {
    "openai_chat": COMPLETION,
    "anthropic_chat": {"type": "message", "content": [{"type": "text", "text": "ok"}], "stop_reason": "end_turn"},
    "gemini_chat": {"candidates": [{"content": {"role": "model", "parts": [{"text": "ok"}]}, "finishReason": "STOP"}]},
    "dashscope_chat": DASHSCOPE,
    "dashscope_multimodal": DASHSCOPE,
    "zhipuai_chat": COMPLETION,
    "yi_chat": COMPLETION,
    "ollama_chat": {"message": {"role": "assistant", "content": "ok"}, "done": True},
    "litellm_chat": COMPLETION,
    "post_api_chat": COMPLETION,
}
MODEL_TYPES = list(REPLIES)


def build_model(model_type: str) -> tuple[Any, Replay]:
    config: dict[str, Any] = {"config_name": "m", "model_type": model_type, "model_name": "m", "api_key": "k"}
    if model_type == "litellm_chat":
        config["client_args"] = {"base_url": "http://proxy.test/v1"}
    if model_type == "post_api_chat":
        config["api_url"] = "http://private.test/chat"
    model = ModelRegistry(config).get_model("m")
    replay = Replay([{"status": 200, "headers": {}, "body": json.dumps(REPLIES[model_type])}] * 9)
    model.drivers = replay
    return model, replay


def send(model_type: str, messages: Any, **options: Any) -> Any:
    """The body that is sent for ``messages``."""
    model, replay = build_model(model_type)
    assert model(messages, **options).text == "ok"
    return json.loads(replay.requests[0].body or b"")


class Role(Enum):
    USER = "user"


@dataclass
class Said:
    role: str
    content: Any
    name: str | None = None
    tool_calls: list[Any] = field(default_factory=list)


class Spoken(NamedTuple):
    role: str
    content: str


class Slotted:
    __slots__ = ("content", "role")

    def __init__(self) -> None:
        self.role, self.content = "user", "Where?"


class Dumped:
    """As the messages of the vendors' SDKs are: pydantic's."""

    def __init__(self, **fields: Any) -> None:
        self.fields = fields
        self.role, self.content = fields["role"], fields.get("content")

    def model_dump(self) -> dict[str, Any]:
        return {"refusal": None, "audio": None, "function_call": None, **self.fields}


def say(content: Any, **more: Any) -> list[Any]:
    return [{"role": "user", "content": content, **more}]


def text(*texts: str) -> list[Any]:
    return [{"type": "text", "text": each} for each in texts]


ASKED = {"role": "user", "content": "Where?"}
CALL = {"id": "c1", "type": "function", "function": {"name": "find", "arguments": '{"port": "Calais"}'}}
RESULT = {"role": "tool", "tool_call_id": "c1", "content": "at nine"}


def called(call: Any, **more: Any) -> list[Any]:
    return [ASKED, {"role": "assistant", "content": None, "tool_calls": [call], **more}, RESULT]


def answered(content: Any) -> list[Any]:
    return [ASKED, {"role": "assistant", "content": None, "tool_calls": [CALL]}, {**RESULT, "content": content}]


IMAGE = {"type": "image_url", "image_url": {"url": PNG}}
SEEN = say([*text("What?"), IMAGE])
# A form, and its plain spelling.
FORMS: dict[str, tuple[Callable[[], Any], Any]] = {
    "a text": (lambda: "Where?", [ASKED]),
    "one dict": (lambda: ASKED, [ASKED]),
    "texts": (lambda: ["Where?"], [ASKED]),
    "a tuple": (lambda: (ASKED,), [ASKED]),
    "a deque": (lambda: deque([ASKED]), [ASKED]),
    "a generator": (lambda: (message for message in [ASKED]), [ASKED]),
    "a mapping": (lambda: [MappingProxyType(ASKED)], [ASKED]),
    "an ordered dict": (lambda: [OrderedDict(ASKED)], [ASKED]),
    "a dataclass": (lambda: [Said("user", "Where?")], [ASKED]),
    "a named tuple": (lambda: [Spoken("user", "Where?")], [ASKED]),
    "an object": (lambda: SimpleNamespace(role="user", content="Where?"), [ASKED]),
    "an object with slots": (lambda: [Slotted()], [ASKED]),
    "an SDK's object": (lambda: [Dumped(role="user", content="Where?")], [ASKED]),
    "a role of an enum": (lambda: [{"role": Role.USER, "content": "Where?"}], [ASKED]),
    "None for what is not there": (lambda: [{**ASKED, "name": None, "tool_calls": None}], [ASKED]),
    "a blank name": (lambda: [{**ASKED, "name": " "}], [ASKED]),
    "bytes": (lambda: say("Où?".encode()), say("Où?")),
    "a number": (lambda: say(9), say("9")),
    "a list of texts": (lambda: say(["a", "b"]), say(text("a", "b"))),
    "a number among texts": (lambda: say(["a", 9]), say(text("a", "9"))),
    "bytes among texts": (lambda: say(["a", b"b"]), say(text("a", "b"))),
    "one part and no list": (lambda: say({"type": "text", "text": "a"}), say(text("a"))),
    "a part that is an object": (lambda: say([SimpleNamespace(type="text", text="a")]), say(text("a"))),
    "None among parts": (lambda: say([None, *text("a")]), say(text("a"))),
    "an empty text among parts": (lambda: say(text("", "a")), say(text("a"))),
    "input_text": (lambda: say([{"type": "input_text", "text": "a"}]), say(text("a"))),
    "output_text": (
        lambda: [ASKED, {"role": "assistant", "content": [{"type": "output_text", "text": "a"}]}, ASKED],
        [ASKED, {"role": "assistant", "content": text("a")}, ASKED],
    ),
    "a response": (
        lambda: [ASKED, ModelResponse("There."), ASKED],
        [ASKED, {"role": "assistant", "content": "There."}, ASKED],
    ),
    "no calls": (
        lambda: [ASKED, {"role": "assistant", "content": "a", "tool_calls": []}, ASKED],
        [ASKED, {"role": "assistant", "content": "a"}, ASKED],
    ),
    "an SDK's calls": (lambda: [ASKED, Dumped(role="assistant", tool_calls=[CALL]), RESULT], called(CALL)),
    "calls as objects": (
        lambda: [
            ASKED,
            Said(
                "assistant", None, None, [SimpleNamespace(**{**CALL, "function": SimpleNamespace(**CALL["function"])})]
            ),  # type: ignore[dict-item]
            SimpleNamespace(**RESULT),
        ],
        called(CALL),
    ),
    "our own calls": (lambda: called(ToolCall("c1", "find", {"port": "Calais"})), called(CALL)),
    "arguments as an object": (
        lambda: called({**CALL, "function": {"name": "find", "arguments": {"port": "Calais"}}}),
        called(CALL),
    ),
    "no arguments": (
        lambda: called({**CALL, "function": {"name": "find", "arguments": None}}),
        called({**CALL, "function": {"name": "find", "arguments": "{}"}}),
    ),
    "a call without a type": (lambda: called({"id": "c1", "function": CALL["function"]}), called(CALL)),
    "a flat call": (lambda: called({"id": "c1", "name": "find", "arguments": '{"port": "Calais"}'}), called(CALL)),
    "a call of the Responses API": (
        lambda: called({"type": "function_call", "call_id": "c1", "name": "find", "arguments": '{"port": "Calais"}'}),
        called(CALL),
    ),
    "one call and no list": (
        lambda: [ASKED, {"role": "assistant", "content": None, "tool_calls": CALL}, RESULT],
        called(CALL),
    ),
    "a call without an id": (
        lambda: [
            ASKED,
            {"role": "assistant", "content": None, "tool_calls": [{"function": CALL["function"]}]},
            {"role": "tool", "tool_name": "find", "content": "at nine"},
        ],
        [
            ASKED,
            {"role": "assistant", "content": None, "tool_calls": [{**CALL, "id": "call_0"}]},
            {"role": "tool", "tool_call_id": "call_0", "tool_name": "find", "content": "at nine"},
        ],
    ),
    "function_call": (
        lambda: [
            ASKED,
            {"role": "assistant", "content": None, "function_call": CALL["function"]},
            {"role": "function", "name": "find", "content": "at nine"},
        ],
        [
            ASKED,
            {"role": "assistant", "content": None, "tool_calls": [{**CALL, "id": "call_0"}]},
            {"role": "tool", "tool_call_id": "call_0", "name": "find", "content": "at nine"},
        ],
    ),
    "a result that is a dict": (lambda: answered({"at": "nine"}), answered('{"at": "nine"}')),
    "a result of rows": (lambda: answered([{"port": "Calais"}]), answered('[{"port": "Calais"}]')),
    "a result of texts": (lambda: answered(["a", "b"]), answered('["a", "b"]')),
    "a result that is a number": (lambda: answered(9), answered("9")),
    "a result that is true": (lambda: answered(True), answered("true")),
    "no result": (lambda: answered(None), answered("")),
    "a result that is empty": (lambda: answered([]), answered("[]")),
    "a result in bytes": (lambda: answered(b"at nine"), answered("at nine")),
    "a result that is a dataclass": (
        lambda: answered(Spoken("user", "x")),
        answered('["user", "x"]'),
    ),
    "a result that failed": (lambda: answered(ValueError("no port")), answered("Error: ValueError: no port")),
    "a result with a type of its own": (lambda: answered({"type": "ferry"}), answered('{"type": "ferry"}')),
    "a result of parts": (lambda: answered([SimpleNamespace(type="text", text="a")]), answered(text("a"))),
}
IMAGES: dict[str, Any] = {
    "a text": {"type": "image_url", "image_url": PNG},
    "url beside": {"type": "image_url", "url": PNG},
    "AgentScope's": {"type": "image", "url": PNG},
    "of chat templates": {"type": "image", "image": PNG},
    "Anthropic's": {
        "type": "image",
        "source": {"type": "base64", "media_type": "image/png", "data": BARE},
    },
    "MCP's": {"type": "image", "data": BARE, "mimeType": "image/png"},
    "of the Responses API": {"type": "input_image", "image_url": PNG},
    "an object": SimpleNamespace(type="image_url", image_url=SimpleNamespace(url=PNG)),
}
SEEING = [name for name in MODEL_TYPES if name != "dashscope_chat"]


@pytest.mark.parametrize("model_type", MODEL_TYPES)
@pytest.mark.parametrize("form", FORMS)
def test_a_form_is_sent_as_its_plain_spelling(form: str, model_type: str) -> None:
    build, plain = FORMS[form]
    assert send(model_type, build()) == send(model_type, plain)


@pytest.mark.parametrize("model_type", SEEING)
@pytest.mark.parametrize("form", IMAGES)
def test_images_of_any_form(form: str, model_type: str) -> None:
    assert send(model_type, say([*text("What?"), IMAGES[form]])) == send(model_type, SEEN)


@pytest.mark.parametrize("model_type", SEEING)
@pytest.mark.parametrize("image", [PNG, BARE], ids=["data URI", "base64"])
def test_images_beside_the_content(image: str, model_type: str) -> None:
    assert send(model_type, say("What?", images=[image])) == send(model_type, SEEN)


OWN_BLOCKS = ("anthropic_chat", "post_api_chat")  # thoughts may be what a private service knows


@pytest.mark.parametrize("model_type", [name for name in MODEL_TYPES if name not in OWN_BLOCKS])
def test_blocks_of_anthropics_conversations(model_type: str) -> None:
    blocks = [
        ASKED,
        {
            "role": "assistant",
            "content": [
                {"type": "thinking", "thinking": "Hm.", "signature": "s"},
                {"type": "text", "text": "Let me see."},
                {"type": "tool_use", "id": "c1", "name": "find", "input": {"port": "Calais"}},
            ],
        },
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "c1", "content": "at nine"}]},
    ]
    plain = [ASKED, {"role": "assistant", "content": text("Let me see."), "tool_calls": [CALL]}, RESULT]
    assert send(model_type, blocks) == send(model_type, plain)


REFUSED: dict[str, tuple[Any, str]] = {
    "a number": (5, "messages must be"),
    "bytes": (b"hi", "messages must be"),
    "a set": ({"hi"}, "messages must be"),
    "a number among messages": ([ASKED, 5], r"messages\[1\] must be"),
    "no role": ([{"content": "x"}], r"messages\[0\] needs a role"),
    "an unknown role": ([{"role": "human", "content": "x"}], r"messages\[0\] needs a role.*human"),
    "a role that is a list": ([{"role": ["user"], "content": "x"}], r"messages\[0\] needs a role"),
    "no content": ([ASKED, {"role": "user"}], r"messages\[1\] \(user\) has no content"),
    "a set as content": (say({"a"}), r"messages\[0\]\.content\[0\] must be"),
    "a dict without a type": (say([{}]), r"messages\[0\]\.content\[0\] needs a type"),
    "a text that is a list": (say([{"type": "text", "text": ["a"]}]), r"messages\[0\]\.content\[0\]\.text must be"),
    "bytes that are no text": (say(b"\xff\xfe"), r"messages\[0\]\.content is bytes"),
    "an image without a url": (say([{"type": "image_url"}]), r"messages\[0\]\.content\[0\] needs image_url"),
    "a call without a name": (called({"id": "c1", "function": {}}), r"messages\[1\]\.tool_calls\[0\]\.function needs"),
    "a call that is a number": (called(5), r"messages\[1\]\.tool_calls\[0\] must be"),
    "arguments that are a set": (
        called({"id": "c1", "function": {"name": "find", "arguments": {"a": {1}}}}),
        r"messages\[1\]\.tool_calls\[0\]\.function\.arguments holds",
    ),
}


# Who has a form of their own in what is no message for others: parts without types, contents without a role.
OWN_FORMS = {
    "a dict without a type": ("gemini_chat", "post_api_chat", "dashscope_chat", "dashscope_multimodal"),
    "no role": ("gemini_chat",),
}


@pytest.mark.parametrize(
    ("form", "model_type"), [(f, t) for f in REFUSED for t in MODEL_TYPES if t not in OWN_FORMS.get(f, ())]
)
def test_what_is_no_message_is_refused_with_its_place(form: str, model_type: str) -> None:
    messages, place = REFUSED[form]
    model, replay = build_model(model_type)
    with pytest.raises(BadRequestError, match=place) as caught:
        model(messages)
    assert caught.value.config_name == "m"
    assert replay.requests == []


def test_what_is_passed_in_is_not_changed() -> None:
    for build, _ in FORMS.values():
        given = build()
        if isinstance(given, list):
            before = repr(given)
            normalize_messages(given)
            assert repr(given) == before


SCALARS: Any = st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text() | st.binary()
KEYS = st.sampled_from(
    [
        "type",
        "text",
        "image_url",
        "url",
        "image",
        "data",
        "source",
        "role",
        "content",
        "name",
        "id",
        "input",
        "arguments",
        "function",
        "tool_calls",
        "parts",
        "input_audio",
        "file",
        "file_data",
        "tool_call_id",
        "function_call",
        "images",
        "custom",
        "refusal",
        "cache_control",
    ]
)
KINDS = st.sampled_from(
    [
        "text",
        "image_url",
        "image",
        "input_audio",
        "audio",
        "file",
        "video_url",
        "tool_use",
        "tool_result",
        "thinking",
        "refusal",
        "document",
        "x",
    ]
)
VALUES: Any = st.recursive(
    SCALARS | KINDS | st.sets(st.integers(), max_size=1),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(KEYS, inner, max_size=4)
        | st.fixed_dictionaries(
            {"type": KINDS}, optional={"text": inner, "image_url": inner, "file": inner, "id": inner}
        )
    ),
    max_leaves=8,
)
ROLES = st.sampled_from(["system", "developer", "user", "assistant", "tool", "function"])
MESSAGES: Any = st.lists(
    st.fixed_dictionaries(
        {"role": ROLES | st.text(max_size=3)},
        optional={
            "content": VALUES,
            "tool_calls": VALUES,
            "name": VALUES,
            "tool_call_id": VALUES,
            "function_call": VALUES,
        },
    )
    | VALUES,
    max_size=4,
)


@pytest.mark.parametrize("model_type", MODEL_TYPES)
@given(messages=MESSAGES)
@settings(max_examples=40)
def test_anything_is_sent_or_refused(model_type: str, messages: Any) -> None:
    model, replay = build_model(model_type)
    before = repr(messages)
    try:
        model(messages)
    except BadRequestError as error:
        assert error.config_name == "m"
        assert replay.requests == []
    else:
        json.loads((replay.requests[0].body or b"").decode("utf-8"))
    assert repr(messages) == before


@given(messages=MESSAGES)
def test_the_neutral_form_is_its_own(messages: Any) -> None:
    try:
        once = normalize_messages(messages)
    except BadRequestError:
        return
    assert repr(normalize_messages(once)) == repr(once)


MARKED = say([{"type": "text", "text": "a", "cache_control": {"type": "ephemeral"}}])
# Who is sent the mark, and where; the others refuse the word or have no such thing.
MARKS = {
    "anthropic_chat": ("messages", 0, "content", 0),
    "dashscope_multimodal": ("input", "messages", 0, "content", 0),
    "litellm_chat": ("messages", 0, "content", 0),
    "post_api_chat": ("messages", 0, "content", 0),
}


@pytest.mark.parametrize("model_type", MODEL_TYPES)
def test_marks_of_what_is_to_be_kept(model_type: str) -> None:
    body = send(model_type, MARKED)
    if model_type not in (*MARKS, "dashscope_chat"):
        assert "cache_control" not in json.dumps(body)
        return
    assert json.dumps(body).count("cache_control") == 1
    for step in MARKS.get(model_type, ()):
        body = body[step]
    assert model_type == "dashscope_chat" or body["cache_control"] == {"type": "ephemeral"}


def call_ferry(*idents: str) -> dict[str, Any]:
    calls = [{"id": i, "type": "function", "function": {"name": "find_ferry", "arguments": "{}"}} for i in idents]
    return {"role": "assistant", "content": None, "tool_calls": calls}


def show_order(messages: list[dict[str, Any]]) -> str:
    """Messages in short: the ids of calls and of results, and what else was said."""
    shown = []
    for message in messages:
        idents = [f"+{call['id']}" for call in message.get("tool_calls", ())]
        shown.append("".join(idents) or f"-{message.get('tool_call_id', '')}{message['content']}")
    return " ".join(shown)


ORDERS: dict[str, tuple[list[Any], str]] = {
    "as they should be": (["Hi", "+ab", "-a", "-b", "So"], "-Hi +a+b -a -b -So"),
    "in another order": (["+ab", "-b", "-a"], "+a+b -b -a"),
    "a user between": (["+ab", "-a", "So", "-b"], "+a+b -a -b -So"),
    "a user before": (["+a", "So", "-a"], "+a -a -So"),
    "two answers that call, then their results": (["+a", "+b", "-a", "-b"], "+a -a +b -b"),
    "results of none": (["-x", "Hi", "+a", "-a", "-y"], "-x -Hi +a -a -y"),
    "a result twice": (["+a", "-a", "Hi", "-a"], "+a -a -Hi -a"),
    "no results": (["+ab", "Hi"], "+a+b -Hi"),
}


@pytest.mark.parametrize(("given", "wanted"), ORDERS.values(), ids=ORDERS)
def test_results_follow_the_answer_that_called(given: list[str], wanted: str) -> None:
    messages = [
        call_ferry(*item[1:])
        if item[0] == "+"
        else {"role": "tool", "content": "", "tool_call_id": item[1:]}
        if item[0] == "-"
        else {"role": "user", "content": item}
        for item in given
    ]
    assert show_order(restore_turns(normalize_messages(messages), None, None)) == wanted


def test_an_output_that_is_nested_too_deep_is_refused_with_its_place() -> None:
    deep: dict[str, Any] = {}
    inside = deep
    for _ in range(50_000):
        inside["a"] = inside = {}
    with pytest.raises(BadRequestError, match=r"^messages\[1\]\.content: .* nested too deep"):
        normalize_messages([call_ferry("a"), {"role": "tool", "tool_call_id": "a", "content": deep}])
