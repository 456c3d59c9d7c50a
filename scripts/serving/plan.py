"""What an engine's ``build_plan`` returns: the processes to run, in order, and the configs that call them."""

from __future__ import annotations

import http.client
import importlib.util
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

_ANSWER_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Need:
    """What must be there before a process can run: modules of this interpreter, programs on the PATH."""

    install: str
    modules: tuple[str, ...] = ()
    programs: tuple[str, ...] = ()

    def find_missing(self) -> list[str]:
        """What is not there, in words."""
        missing = [f"the module {name} of {sys.executable}" for name in self.modules if not has_module(name)]
        return missing + [f"the program {name}" for name in self.programs if not shutil.which(name)]

    def is_met(self) -> bool:
        return not self.find_missing()


@dataclass(frozen=True, slots=True)
class Ready:
    """A server is up when ``url`` answers 200 with ``contains`` in the body."""

    url: str
    method: str = "GET"
    contains: str = ""

    def is_answered(self) -> bool:
        """Ask once; a proxy in the environment is not for the server's own machine."""
        parts = urlsplit(self.url)
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=_ANSWER_SECONDS)
        try:
            connection.request(self.method, parts.path)
            reply = connection.getresponse()
            return reply.status == 200 and self.contains in reply.read().decode(errors="replace")
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()


@dataclass(frozen=True, slots=True)
class Process:
    """A command to run: a server until it is ``ready``, or a task, which has no such thing, to its end.

    ``listens`` is the address to find free before. One that ``may_run_already`` is not started when it answers.
    """

    name: str
    command: list[str]
    ready: Ready | None = None
    need: Need | None = None
    listens: tuple[str, int] | None = None
    may_run_already: bool = False
    env: Mapping[str, str] = field(default_factory=dict)
    wait: float = 1800.0


@dataclass(frozen=True, slots=True)
class Plan:
    """The processes that make a server, in the order to start them, and the configs of what it serves."""

    processes: list[Process]
    configs: list[dict[str, Any]]


def has_module(name: str) -> bool:
    """Whether this interpreter could import ``name``, which is not imported."""
    spec = importlib.util.find_spec(name)
    return spec is not None and spec.origin is not None  # a folder of that name is no module


def build_openai_config(name: str, model: str, url: str, **keys: Any) -> dict[str, Any]:
    """The config of a chat model behind an OpenAI-compatible server that asks for no key."""
    config = {"config_name": name, "model_type": "openai_chat", "model_name": model, "api_key": "EMPTY", **keys}
    return {**config, "client_args": {"base_url": f"{url}/v1"}}
