"""Msg objects: what they hold, what they refuse, and what each vendor is sent when a model is called with them."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

import modelhub
from modelhub import Msg
from modelhub.messages.msg import guess_kind
from modelhub.testing import MockServer

from ..served import build_model, read_turns

PNG = "data:image/png;base64,AAAA"


def test_a_text() -> None:
    msg = Msg("Alice", "hi", "user", metadata={"turn": 1})
    assert (msg.name, msg.content, msg.role, msg.metadata) == ("Alice", "hi", "user", {"turn": 1})
    assert re.fullmatch(r"[0-9a-f]{32}", msg.id)
    assert msg.id != Msg("Alice", "hi", "user").id
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", msg.timestamp)
    assert msg.get_text_content() == "hi"
    assert msg.get_content_blocks() == [{"type": "text", "text": "hi"}]
    assert repr(msg) == "Msg(name='Alice', content='hi', role='user')"


def test_blocks() -> None:
    image = {"type": "image", "url": PNG}
    msg = Msg("Alice", [{"type": "text", "text": "a"}, image, {"type": "text", "text": "b"}], "user")
    assert msg.get_text_content() == "ab"
    assert msg.get_content_blocks("image") == msg.get_content_blocks(block_type="image") == [image]
    assert len(msg.get_content_blocks()) == 3
    assert Msg("Alice", [image], "user").get_text_content() is None


def test_the_results_of_tools_need_no_name_and_may_be_anything() -> None:
    msg = Msg("system", [{"type": "tool_result", "id": "c1", "output": {"k": [1]}}], "system")
    assert msg.get_content_blocks("tool_result") == [{"type": "tool_result", "id": "c1", "output": {"k": [1]}}]


def test_content_that_is_neither_text_nor_blocks(caplog: pytest.LogCaptureFixture) -> None:
    assert Msg("Alice", None, "user").content == []
    assert caplog.messages == []
    assert Msg("Alice", {"a": 1}, "user").content == "{'a': 1}"
    assert "'Alice' is a dict: its str is taken" in caplog.text


def test_roles() -> None:
    msg = Msg("Alice", "hi", "user")
    for role in ("tool", None, ["user"]):
        with pytest.raises(ValueError, match="must be one of system, user, assistant, not"):
            Msg("Alice", "hi", role)  # type: ignore[arg-type]
        with pytest.raises(ValueError, match="must be one of"):
            msg.role = role  # type: ignore[assignment]
    assert msg.role == "user"
    with pytest.raises(ValueError, match="name of a message must be a str, not int"):
        Msg(3, "hi", "user")  # type: ignore[arg-type]


BAD_BLOCKS = [
    ("text", r"content\[1\] of a message from 'Alice' must be a block of type text, image, .*, not a str"),
    ({"type": "sound", "url": "a"}, r"content\[1\] .* not one of type 'sound'"),
    ({"type": ["text"]}, r"not one of type \['text'\]"),
    ({"text": "a"}, "not one of type None"),
    ({"type": "text"}, "a text block needs 'text'"),
    ({"type": "image", "url": None}, "'url' of a image block cannot be a NoneType"),
    ({"type": "tool_use", "id": "c1", "name": "f", "input": "{}"}, "'input' of a tool_use block cannot be a str"),
    ({"type": "tool_result", "id": "c1", "name": "f"}, "a tool_result block needs 'output'"),
    ({"type": "tool_result", "id": "c1", "name": 3, "output": ""}, "'name' of a tool_result block cannot be a int"),
]


@pytest.mark.parametrize(("block", "reason"), BAD_BLOCKS, ids=lambda value: str(value)[:40])
def test_blocks_that_are_none(block: Any, reason: str) -> None:
    good = {"type": "text", "text": "hi"}
    with pytest.raises(ValueError, match=reason):
        Msg("Alice", [good, block], "user")
    msg = Msg("Alice", [good], "user")
    with pytest.raises(ValueError, match=reason):
        msg.content = [good, block]
    assert msg.content == [good]


def test_metadata_must_fit_into_json() -> None:
    with pytest.raises(TypeError, match="'Alice' does not fit into JSON"):
        Msg("Alice", "hi", "user", metadata={"a": {1}})


def test_echo(capsys: pytest.CaptureFixture[str]) -> None:
    Msg("Alice", "hi", "user", echo=True)
    assert capsys.readouterr().out == "Alice: hi\n"


KINDS = {
    "https://example.com/a.PNG": "image",
    "https://example.com/a.gif": "image",
    "https://example.com/a/b.png?sig=1.txt#top": "image",
    "/tmp/a.webp": "image",
    "C:\\images\\a.jpg": "image",
    "a.mp3": "audio",
    "https://example.com/a.wav?x": "audio",
    "clip.mp4": "video",
    "https://example.com/image": "file",
    "https://example.com/a.pdf": "file",
    "https://example.png/": "file",
    PNG: "image",
    "data:audio/wav;base64,AAAA": "audio",
    "data:video/mp4;base64,AAAA": "video",
    "data:application/pdf;base64,AAAA": "file",
    "": "file",
}


@pytest.mark.parametrize(("url", "kind"), KINDS.items())
def test_kinds_of_urls(url: str, kind: str) -> None:
    assert guess_kind(url) == kind


def test_urls_become_blocks() -> None:
    with pytest.warns(DeprecationWarning, match="write content blocks"):
        msg = Msg("Alice", "look", "user", url=["a.gif", "b.mp3"])
    assert msg.content == [
        {"type": "text", "text": "look"},
        {"type": "image", "url": "a.gif"},
        {"type": "audio", "url": "b.mp3"},
    ]
    with pytest.warns(DeprecationWarning):
        assert Msg("Alice", None, "user", url=PNG).content == [{"type": "image", "url": PNG}]


def test_through_json() -> None:
    msg = Msg("Alice", [{"type": "text", "text": "ä"}], "assistant", metadata=[1])
    data = json.loads(json.dumps(msg.to_dict()))
    again = Msg.from_dict(data)
    assert again == msg
    assert (again.id, again.timestamp, again.metadata) == (msg.id, msg.timestamp, [1])
    assert again != Msg("Alice", msg.content, "assistant", metadata=[1])
    assert Msg.from_dict({**data, "__module__": "agentscope.message.msg"}).id == msg.id  # as AgentScope stored it


@pytest.mark.parametrize(
    "data", [{"name": "a", "role": "user"}, {"__name__": "Tht", "name": "", "content": "", "role": ""}]
)
def test_what_is_no_stored_message(data: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"no message that Msg.to_dict wrote: it (lacks content|is a 'Tht')"):
        Msg.from_dict(data)


# Calls with Msg objects.

TURNS = [
    Msg("system", "Be brief.", "system"),
    Msg("Alice", [{"type": "text", "text": "look"}, {"type": "image", "url": PNG}], "user"),
    Msg("bot", [{"type": "tool_use", "id": "c1", "name": "see", "input": {"wo": "hier äh"}}], "assistant"),
    Msg("system", [{"type": "tool_result", "id": "c1", "name": "see", "output": {"k": [1, 2]}}], "system"),
    Msg("Alice", "echo: done", "user"),
]
CALL = {"id": "c1", "type": "function", "function": {"name": "see", "arguments": '{"wo": "hier äh"}'}}
OPENAI = [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": [{"type": "text", "text": "look"}, {"type": "image_url", "image_url": {"url": PNG}}]},
    {"role": "assistant", "content": None, "tool_calls": [CALL]},
    {"role": "tool", "tool_call_id": "c1", "content": '{"k": [1, 2]}', "name": "see"},
    {"role": "user", "content": "echo: done"},
]
BARE = {"type": "image_url", "image_url": {"url": "AAAA"}}  # ZhipuAI's form of data
SENT: dict[str, Any] = {
    "openai_chat": OPENAI,
    "post_api_chat": OPENAI,
    "litellm_chat": OPENAI,
    "yi_chat": OPENAI,
    "zhipuai_chat": [OPENAI[0], {"role": "user", "content": [{"type": "text", "text": "look"}, BARE]}, *OPENAI[2:]],
    "ollama_chat": [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "look", "images": ["AAAA"]},
        {"role": "assistant", "tool_calls": [{"function": {"name": "see", "arguments": {"wo": "hier äh"}}}]},
        {"role": "tool", "content": '{"k": [1, 2]}', "tool_name": "see"},
        {"role": "user", "content": "echo: done"},
    ],
    "dashscope_multimodal": [
        {"role": "system", "content": [{"text": "Be brief."}]},
        {"role": "user", "content": [{"text": "look"}, {"image": PNG}]},
        {"role": "assistant", "content": [], "tool_calls": [CALL]},
        {"role": "tool", "content": [{"text": '{"k": [1, 2]}'}], "tool_call_id": "c1", "name": "see"},
        {"role": "user", "content": [{"text": "echo: done"}]},
    ],
    "gemini_chat": [
        {"role": "user", "parts": [{"text": "look"}, {"inlineData": {"mimeType": "image/png", "data": "AAAA"}}]},
        {"role": "model", "parts": [{"functionCall": {"name": "see", "args": {"wo": "hier äh"}, "id": "c1"}}]},
        {
            "role": "user",
            "parts": [{"functionResponse": {"name": "see", "id": "c1", "response": {"k": [1, 2]}}}],
        },
        {"role": "user", "parts": [{"text": "echo: done"}]},
    ],
    "anthropic_chat": [
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "look"},
                {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AAAA"}},
            ],
        },
        {
            "role": "assistant",
            "content": [{"type": "tool_use", "id": "c1", "name": "see", "input": {"wo": "hier äh"}}],
        },
        {
            "role": "user",
            "content": [
                {"type": "tool_result", "tool_use_id": "c1", "content": '{"k": [1, 2]}'},
                {"type": "text", "text": "echo: done"},
            ],
        },
    ],
}


@pytest.mark.parametrize("model_type", SENT)
def test_every_vendor_takes_them(model_type: str, server: MockServer, caller: Any) -> None:
    model = build_model(model_type, server.url)
    assert caller.call(model, TURNS).text == "done"
    body = server.requests[-1].json
    assert read_turns(body) == SENT[model_type]
    assert body.get("system", "Be brief.") == "Be brief."
    deltas, response = caller.deltas(model, TURNS[-1])
    assert "".join(delta.text for delta in deltas) == response.text == "done"


@pytest.mark.parametrize("model_type", ["openai_chat", "dashscope_multimodal", "gemini_chat", "anthropic_chat"])
def test_files_that_are_here_are_sent_as_data(model_type: str, server: MockServer, tmp_path: Path) -> None:
    (tmp_path / "a b.wav").write_bytes(b"RIFF0000WAVE")
    (tmp_path / "a.pdf").write_bytes(b"%PDF-1.7")
    paths = {"audio": str(tmp_path / "a b.wav"), "file": f"file://{tmp_path}/a.pdf"}
    kind = {"dashscope_multimodal": "audio", "anthropic_chat": "file"}
    model = build_model(model_type, server.url)
    found = {}
    for name in [kind[model_type]] if model_type in kind else paths:
        model(Msg("Alice", [{"type": "text", "text": "hi"}, {"type": name, "url": paths[name]}], "user"))
        turn = read_turns(server.requests[-1].json)[-1]
        found[name] = (turn.get("content") or turn["parts"])[1]
    wav, pdf = "UklGRjAwMDBXQVZF", "JVBERi0xLjc="
    wanted: dict[str, Any] = {
        "openai_chat": {
            "audio": {"type": "input_audio", "input_audio": {"data": wav, "format": "wav"}},
            "file": {
                "type": "file",
                "file": {"file_data": f"data:application/pdf;base64,{pdf}", "filename": "a.pdf"},
            },
        },
        "gemini_chat": {
            "audio": {"inlineData": {"mimeType": "audio/wav", "data": wav}},
            "file": {"inlineData": {"mimeType": "application/pdf", "data": pdf}},
        },
        "dashscope_multimodal": {"audio": {"audio": f"data:audio/wav;base64,{wav}"}},
        "anthropic_chat": {
            "file": {
                "type": "document",
                "title": "a.pdf",
                "source": {"type": "base64", "media_type": "application/pdf", "data": pdf},
            }
        },
    }
    assert found == wanted[model_type]


REMOTE = {
    "dashscope_multimodal": ("audio", {"audio": "https://example.com/a.mp3?x=1"}),
    "gemini_chat": ("audio", {"fileData": {"fileUri": "https://example.com/a.mp3?x=1", "mimeType": "audio/mpeg"}}),
    "openai_chat": ("video", {"type": "video_url", "video_url": {"url": "https://example.com/a.mp3?x=1"}}),
    "anthropic_chat": (
        "file",
        {"type": "document", "source": {"type": "url", "url": "https://example.com/a.mp3?x=1"}},
    ),
}


@pytest.mark.parametrize("model_type", REMOTE)
def test_what_is_elsewhere_is_fetched_by_the_vendor(model_type: str, server: MockServer) -> None:
    kind, part = REMOTE[model_type]
    build_model(model_type, server.url)(
        Msg("Alice", [{"type": "text", "text": "hi"}, {"type": kind, "url": "https://example.com/a.mp3?x=1"}], "user")
    )
    turn = read_turns(server.requests[-1].json)[-1]
    assert (turn.get("content") or turn["parts"])[1] == part


def test_the_audio_of_a_data_uri_is_bare(server: MockServer) -> None:
    build_model("openai_chat", server.url)(
        Msg("Alice", [{"type": "audio", "url": "data:audio/mpeg;base64,AAAA"}], "user")
    )
    part = {"type": "input_audio", "input_audio": {"data": "AAAA", "format": "mp3"}}
    assert server.requests[-1].json["messages"][0]["content"] == [part]


def test_a_file_that_cannot_be_read(server: MockServer) -> None:
    with pytest.raises(
        modelhub.errors.BadRequestError, match=r"content\[0\] \(file\): the file '/no/such.pdf' cannot be"
    ):
        build_model("openai_chat", server.url)(Msg("a", [{"type": "file", "url": "/no/such.pdf"}], "user"))
    assert server.requests == []


def test_msgs_stand_beside_dicts(server: MockServer) -> None:
    messages = [{"role": "system", "content": "s"}, Msg("a", None, "user"), {"role": "user", "content": None}]
    build_model("openai_chat", server.url)(messages)
    assert server.requests[-1].json["messages"] == [
        {"role": "system", "content": "s"},
        {"role": "user", "content": ""},
        {"role": "user", "content": ""},
    ]
