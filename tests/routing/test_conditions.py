"""Whether a call fits a route: every combination of conditions is judged as a plain reading of the rules judges it."""

from __future__ import annotations

import re
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelhub import Msg
from modelhub.engine.effects import Invoke
from modelhub.errors import BadRequestError, ConfigError
from modelhub.messages.tokens import estimate_tokens
from modelhub.routing.asked import Asked
from modelhub.routing.conditions import When

WORDS = ("python", "SQL", "cat", "", "a longer text of several words", "\n")
PARTS: dict[str, dict[str, Any]] = {
    "image": {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}},
    "audio": {"type": "input_audio", "input_audio": {"data": "AAAA", "format": "wav"}},
    "video": {"type": "video_url", "video_url": {"url": "https://example.com/a.mp4"}},
    "file": {"type": "file", "file": {"file_id": "f-1"}},
}
TOOL = {"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}
TEXTS = st.sampled_from(WORDS)
CONTENTS = st.one_of(
    TEXTS,
    st.lists(
        st.one_of(TEXTS.map(lambda text: {"type": "text", "text": text}), st.sampled_from([*PARTS.values()])),
        min_size=1,
    ),
)
MESSAGES = st.lists(
    st.fixed_dictionaries({"role": st.sampled_from(["user", "assistant", "system"]), "content": CONTENTS}),
    min_size=1,
    max_size=4,
)
OPTIONS = st.fixed_dictionaries(
    {},
    optional={
        "tools": st.sampled_from([None, [], [TOOL]]),
        "tags": st.one_of(st.none(), st.lists(st.sampled_from("xyz"))),
        "user": st.just("ann"),
    },
)
WHENS = st.fixed_dictionaries(
    {},
    optional={
        "input": st.lists(st.sampled_from([*PARTS]), min_size=1, unique=True),
        "min_tokens": st.integers(0, 40),
        "max_tokens": st.integers(0, 40),
        "tools": st.booleans(),
        "tags": st.lists(st.sampled_from("xyz"), min_size=1, unique=True),
        "matches": st.sampled_from([r"(?i)\b(python|sql)\b", "cat", "^$", "^a", "."]),
    },
)


def judge(when: When, asked: Asked) -> bool:
    """The verdict; searches are made at once."""
    flow = when.holds(asked)
    try:
        effect = next(flow)
        while True:
            assert isinstance(effect, Invoke)
            effect = flow.send(effect.invoke())
    except StopIteration as done:
        return bool(done.value)


def expect(when: dict[str, Any], messages: list[dict[str, Any]], options: dict[str, Any]) -> bool:
    """The rules, read plainly."""
    texts, kinds = [], set()
    for message in messages:
        content = message["content"]
        parts = [{"type": "text", "text": content}] if isinstance(content, str) else content
        kinds |= {kind for kind, part in PARTS.items() if part in parts}
        text = "\n".join(part["text"] for part in parts if part["type"] == "text" and part["text"])
        if message["role"] == "user" and text:
            texts.append(text)
    tokens = estimate_tokens(messages, options.get("tools"))
    verdicts = {
        "input": lambda wanted: any(kind in kinds for kind in wanted),
        "min_tokens": lambda wanted: tokens >= wanted,
        "max_tokens": lambda wanted: tokens <= wanted,
        "tools": lambda wanted: bool(options.get("tools")) == wanted,
        "tags": lambda wanted: any(tag in (options.get("tags") or []) for tag in wanted),
        "matches": lambda wanted: re.search(wanted, texts[-1] if texts else "") is not None,
    }
    return all(verdicts[key](wanted) for key, wanted in when.items())


@given(WHENS, MESSAGES, OPTIONS)
def test_every_combination(when: dict[str, Any], messages: list[dict[str, Any]], options: dict[str, Any]) -> None:
    expected = expect(when, messages, options)
    assert judge(When(when, "r"), Asked((messages,), options)) is expected
    assert judge(When(when, "r"), Asked((), {"messages": messages, **options})) is expected
    if "tools" in options:  # which may be passed by place
        rest = {name: value for name, value in options.items() if name != "tools"}
        assert judge(When(when, "r"), Asked((messages, None, options["tools"]), rest)) is expected


@given(WHENS, st.lists(st.sampled_from(WORDS[:4]), min_size=1), OPTIONS)
def test_texts_to_embed_are_what_a_user_says(when: dict[str, Any], texts: list[str], options: dict[str, Any]) -> None:
    messages = [{"role": "user", "content": text} for text in texts]
    expected = expect(when, messages, options)
    assert judge(When(when, "r"), Asked((texts,), options, "embedding")) is expected
    assert judge(When(when, "r"), Asked((), {"texts": texts, **options}, "embedding")) is expected


FORMS = {
    "a text": ("the cat", frozenset(), "the cat"),
    "Msg": (Msg("Ann", "the cat", "user"), frozenset(), "the cat"),
    "an image of Msg": (
        [Msg("Ann", [{"type": "image", "url": "https://example.com/a.png"}], "user")],
        frozenset({"image"}),
        "",
    ),
    "an image of Anthropic": (
        [
            {
                "role": "user",
                "content": [{"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AA"}}],
            }
        ],
        frozenset({"image"}),
        "",
    ),
    "a document": (
        [
            {
                "role": "user",
                "content": [{"type": "document", "source": {"type": "url", "url": "https://e/a.pdf"}}, "cat"],
            }
        ],
        frozenset({"file"}),
        "cat",
    ),
    "an image of Ollama": (
        [{"role": "user", "content": "the cat", "images": ["AAAA" * 5]}],
        frozenset({"image"}),
        "the cat",
    ),
    "a part that only one vendor has": (
        [{"role": "user", "content": [{"text": "the cat"}, {"cachePoint": {"type": "x"}}]}],
        frozenset(),
        "the cat",
    ),
    "a message of Gemini": ([{"role": "user", "parts": [{"text": "the cat"}]}], frozenset(), "the cat"),
    "results of tools": (
        [
            {"role": "user", "content": "the cat"},
            {
                "role": "assistant",
                "tool_calls": [{"id": "1", "type": "function", "function": {"name": "f", "arguments": "{}"}}],
            },
            {"role": "tool", "tool_call_id": "1", "content": "the dog"},
        ],
        frozenset(),
        "the cat",
    ),
}


@pytest.mark.parametrize("form", FORMS)
def test_messages_of_any_form(form: str) -> None:
    given, media, text = FORMS[form]
    asked = Asked((given,), {})
    assert (asked.media, asked.last_text) == (media, text)


def test_what_is_no_message_is_refused() -> None:
    for wrong in (None, 3, [3]):
        with pytest.raises(BadRequestError):
            assert Asked((wrong,), {}).media
    for tags in ("sensitive", 3, {"a": 1}):
        with pytest.raises(BadRequestError, match="tags must be a list of str"):
            assert Asked(("hi",), {"tags": tags}).tags


@pytest.mark.parametrize("text", ["(", "(?P<a>x)(?P=b)", "[z-a]", "*", "(?<=a+b"])
def test_an_expression_that_cannot_be_compiled(text: str) -> None:
    with pytest.raises(ConfigError, match=r"r\.matches"):
        When({"matches": text}, "r")


def test_tools_of_any_form_have_a_length() -> None:
    plain = Asked(("hi",), {}).tokens
    mcp = SimpleNamespace(name="find", description="Finds a cat " * 40, inputSchema={"type": "object"})
    for tools in (
        [mcp],
        [{"name": "find", "description": "x" * 400, "input_schema": {"type": "object"}}],
        [object()] * 20,
    ):
        asked = Asked(("hi",), {"tools": tools})
        assert asked.has_tools
        assert asked.tokens > plain + 50
    assert Asked(("hi",), {"tools": []}).tokens == plain
