"""What ``dir`` names, and what an editor offers, is what users need: the names in names.json, and no others."""

from __future__ import annotations

import inspect
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

import modelhub
from modelhub import ModelRegistry, ModelResponse, ModelWrapperBase, ToolCall, ToolCallDelta
from modelhub.base import call_options, public
from modelhub.base.own import HANDED, OWN
from modelhub.engine.parse_func import PARSING

from ..paths import ROOT

NAMES: dict[str, list[str]] = json.loads((Path(__file__).parent / "names.json").read_text("utf-8"))
CONFIGS = [
    {"config_name": "gpt", "model_type": "openai_chat"},
    {"config_name": "emb", "model_type": "openai_embedding"},
    {"config_name": "img", "model_type": "openai_dall_e"},
    {"config_name": "safe", "model_type": "fallback", "models": ["gpt"]},
]
PROGRAM = """\
import modelhub
hub = modelhub.init("models.yaml")
model = modelhub.get_model("gpt")
chat = hub.chat("gpt")
embedding = hub.embedding("emb")
reply = model("Hello")
calls = reply.tool_calls or []
for delta in chat("Hello", stream=True):
    pieces = delta.tool_calls or []
"""
# What is completed in PROGRAM, which are names in NAMES.
COMPLETED = {
    "modelhub": "modelhub",
    "hub": "registry",
    "model": "model",
    "chat": "chat",
    "embedding": "model",
    "reply": "reply",
    "delta": "reply",
    "calls[0]": "tool call",
    "pieces[0]": "piece of a tool call",
}
# Their types are what the caller's schema says, the vendor, the speaker, or the function that is called.
OF_ANY_TYPE = {"ModelResponse.parsed", "ModelResponse.json", "ModelResponse.raw", "Msg.metadata", "ToolCall.run"}


class Plain(ModelWrapperBase):
    def __init__(self, config_name: str, size: int) -> None:
        super().__init__(config_name)
        self.size = size

    def __call__(self, text: str) -> str:
        return text


def see(thing: object) -> list[str]:
    return [name for name in dir(thing) if not name.startswith("_")]


def test_dir() -> None:
    with ModelRegistry(CONFIGS) as hub:
        assert see(hub) == NAMES["registry"]
        assert see(hub.get_model("gpt")) == see(hub.get_model("safe")) == NAMES["chat"]
        assert see(hub.get_model("emb")) == see(hub.get_model("img")) == NAMES["model"]
    assert see(Plain("plain", 1)) == sorted([*NAMES["model"], "size"])
    assert see(modelhub) == NAMES["modelhub"]
    assert see(ModelResponse("Hello")) == see(ModelResponse(stream=iter(["Hello"]))) == NAMES["reply"]
    assert see(ToolCall("1", "f", {})) == NAMES["tool call"]
    assert see(ToolCallDelta()) == NAMES["piece of a tool call"]


@contextmanager
def language_server(folder: Path) -> Iterator[Any]:
    """A function that asks pyright's language server about the files of a folder."""
    command = [str(Path(sys.executable).with_name("pyright-langserver")), "--stdio"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        to, of = server.stdin, server.stdout

        def send(**message: Any) -> None:
            body = json.dumps({"jsonrpc": "2.0", **message}).encode()
            to.write(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
            to.flush()

        def receive() -> Any:
            length = 0
            while header := of.readline().strip():
                name, _, value = header.partition(b":")
                length = int(value) if name.lower() == b"content-length" else length
            return json.loads(of.read(length))

        def ask(method: str, **params: Any) -> Any:
            send(id=method, method=method, params=params)
            while (message := receive()).get("id") != method:
                if message.get("method") == "workspace/configuration":
                    asked = [each.get("section") for each in message["params"]["items"]]
                    settings = [{"pythonPath": sys.executable} if name == "python" else {} for name in asked]
                    send(id=message["id"], result=settings)
                elif "id" in message:
                    send(id=message["id"], result=None)
            return message["result"]

        def tell(method: str, **params: Any) -> None:
            send(method=method, params=params)

        place = {"uri": folder.as_uri(), "name": "folder"}
        able = {"workspace": {"configuration": True, "workspaceFolders": True}}
        ask("initialize", processId=os.getpid(), rootUri=place["uri"], capabilities=able, workspaceFolders=[place])
        tell("initialized")
        try:
            yield ask, tell
        finally:
            server.kill()


@pytest.mark.skipif(os.name == "nt", reason="needs POSIX pipes")
def test_what_an_editor_offers(tmp_path: Path) -> None:
    text = PROGRAM + "".join(f"    {name}.\n" for name in COMPLETED)
    file = {"uri": (tmp_path / "program.py").as_uri()}
    offered = {}
    with language_server(tmp_path) as (ask, tell):
        tell("textDocument/didOpen", textDocument={**file, "languageId": "python", "version": 1, "text": text})
        for line, name in enumerate(COMPLETED, PROGRAM.count("\n")):
            place = {"line": line, "character": len(name) + 5}
            found = ask("textDocument/completion", textDocument=file, position=place)
            labels = [item["label"] for item in (found["items"] if isinstance(found, dict) else found)]
            offered[name] = sorted(label for label in labels if not label.startswith("_"))
    offered["modelhub"].remove("TYPE_CHECKING")  # without which checkers would not see the rest
    assert offered == {name: NAMES[kind] for name, kind in COMPLETED.items()}


def find_annotations(name: str, cls: type) -> Iterator[tuple[str, object]]:
    """The public attributes of a class, with what they are, or return, as it is written."""
    annotations = {
        key: kind for base in reversed(cls.__mro__) for key, kind in vars(base).get("__annotations__", {}).items()
    }
    for key in [key for key in {*dir(cls), *annotations} if not key.startswith("_") or key == "__call__"]:
        value = inspect.getattr_static(cls, key, None)
        value = value.fget if isinstance(value, property) else getattr(value, "__func__", value)
        told = getattr(value, "__annotations__", {}).get("return") if inspect.isfunction(value) else None
        yield f"{name}.{key}", annotations.get(key, told)


def test_nothing_public_is_of_any_type() -> None:
    found: dict[str, object] = {}
    for name in modelhub.__all__:
        value = getattr(public, name, None) or getattr(modelhub, name)
        if inspect.isclass(value) and name != "HTTPModelWrapperBase":  # which is for authors
            found |= find_annotations(name, value)
        elif inspect.isfunction(value):
            found[name] = value.__annotations__["return"]
    assert len(found) > 100
    assert {name for name, kind in found.items() if kind == "Any"} <= OF_ANY_TYPE


@pytest.mark.parametrize("options", ["AnyOptions", "ChatOptions", "EmbeddingOptions", "ImageOptions"])
def test_options_are_ours_or_in_a_schema(options: str) -> None:
    known = set(OWN | HANDED | PARSING)
    for path in (ROOT / "schemas").glob("[!_]*.json"):
        about = json.loads(path.read_text("utf-8")).get("properties", {}).get("generate_args", {})
        known |= about.get("properties", {}).keys()
    typed = getattr(call_options, options).__annotations__.keys()
    assert {"timeout", "extra_body", "user"} <= typed <= known
