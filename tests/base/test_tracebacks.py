"""Tracebacks of modelhub's errors end at the line of the program that called, and show its own code that was called."""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import modelhub
from modelhub import ModelHubError, ModelRegistry, ModelWrapperBase, ResponseParsingError, ToolCall
from modelhub.testing import MockServer

from ..paths import ROOT

README = (ROOT / "README.md").read_text("utf-8")
TYPO = {"config_name": "gpt", "model_type": "openai_chat", "temprature": 1}


class Asking(ModelWrapperBase):
    model_type = "asking"

    def __init__(self, config_name: str, **kwargs: Any) -> None:
        super().__init__(config_name, **kwargs)
        self.model: Any = None

    def __call__(self, text: str) -> Any:
        return self.model(text)


class Awaiting(Asking):
    model_type = "awaiting"

    async def acall(self, text: str) -> Any:
        return await self.model.acall(text)


def refuse(response: Any) -> None:
    raise ResponseParsingError("no")


async def complete(model: Any) -> None:
    await (await model.acall("echo: one two three", stream=True)).complete()


async def iterate(model: Any) -> None:
    async for _ in await model.acall("echo: one two three", stream=True):
        pass


PROGRAMS: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "a config that is wrong": ("ok", lambda hub: modelhub.init(TYPO)),
    "a registry of it": ("ok", lambda hub: ModelRegistry(TYPO)),
    "no such name": ("ok", lambda hub: hub.get_model("gtp")),
    "no such chat": ("ok", lambda hub: hub.chat("gtp")),
    "a name in the default registry": ("ok", lambda hub: modelhub.get_model("gtp")),
    "a call": ("500", lambda hub: hub.get_model("gpt")("hi")),
    "an awaited call": ("500", lambda hub: asyncio.run(hub.get_model("gpt").acall("hi"))),
    "a stream": ("cut", lambda hub: list(hub.get_model("gpt")("echo: one two three", stream=True))),
    "the text of a stream": ("cut", lambda hub: hub.get_model("gpt")("echo: one two three", stream=True).text),
    "an async stream": ("cut", lambda hub: asyncio.run(iterate(hub.get_model("gpt")))),
    "all of an async stream": ("cut", lambda hub: asyncio.run(complete(hub.get_model("gpt")))),
    "a wrapper": ("500", lambda hub: hub.get_model("own")("hi")),
    "a wrapper in a thread": ("500", lambda hub: asyncio.run(hub.get_model("own").acall("hi"))),
    "an awaited wrapper": ("500", lambda hub: asyncio.run(hub.get_model("awaited").acall("hi"))),
    "tokens": ("ok", lambda hub: hub.get_model("gpt").count_tokens("hi", tools=5)),
    "awaited tokens": ("ok", lambda hub: asyncio.run(hub.get_model("gpt").acount_tokens("hi", tools=5))),
    "what is explained": ("ok", lambda hub: hub.explain("gtp")),
    "what can be done": ("ok", lambda hub: hub.capabilities("gtp")),
    "the targets": ("ok", lambda hub: hub.reach("gtp")),
    "the tree": ("ok", lambda hub: hub.tree("gtp")),
    "the costs of no registry": ("ok", lambda hub: modelhub.stats()),
    "a tool": ("ok", lambda hub: ToolCall("1", "refuse", {"answer": 1}).run([refuse])),
    "a parse_func": ("ok", lambda hub: hub.get_model("gpt")("hi", parse_func=refuse, max_retries=1)),
}


@pytest.mark.parametrize("program", PROGRAMS)
def test_only_the_program_is_shown(program: str, server: MockServer) -> None:
    fault, run = PROGRAMS[program]
    server.script(fault)
    gpt = {"config_name": "gpt", "model_type": "openai_chat", "api_key": "k", "retry": {"max_attempts": 1}}
    configs: list[dict[str, Any]] = [
        {**gpt, "client_args": {"base_url": f"{server.url}/v1"}},
        {"config_name": "own", "model_type": "asking", "retry": {"max_attempts": 1}},
        {"config_name": "awaited", "model_type": "awaiting", "retry": {"max_attempts": 1}},
    ]
    with ModelRegistry(configs, wrappers=[Asking, Awaiting]) as hub:
        for name in ("own", "awaited"):
            hub.get_model(name).model = hub.get_model("gpt")  # type: ignore[attr-defined]
        with pytest.raises(ModelHubError) as caught:
            run(hub)
    frames = [frame for frame, _ in traceback.walk_tb(caught.value.__traceback__)]
    assert not [frame for frame in frames if frame.f_globals["__name__"].startswith("modelhub.")]
    own = {"a wrapper": "__call__", "a wrapper in a thread": "__call__", "an awaited wrapper": "acall"}
    own["a parse_func"] = "refuse"
    assert own.get(program, "<lambda>") in [frame.f_code.co_name for frame in frames]


@pytest.mark.parametrize("flags", [[], ["-X", "dev", "-W", "ignore"]], ids=["short", "whole"])
def test_the_first_program_without_a_key(flags: list[str], tmp_path: Path) -> None:
    blocks = re.findall(r"^```\w+\n# models.yaml\n(.*?)^```\n\n```python\n(.*?)^```$", README, re.M | re.S)
    (tmp_path / "models.yaml").write_text(blocks[0][0])
    (tmp_path / "program.py").write_text(blocks[0][1])
    command = [sys.executable, *flags, "program.py"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    _, place, line, *more, message = [line for line in done.stderr.splitlines() if line.strip(" ^~")]
    assert "program.py" in place and "get_model" in line
    assert message.endswith("set OPENAI_API_KEY, or write ${OPENAI_API_KEY:-default}")
    assert bool(more) == bool(flags)
