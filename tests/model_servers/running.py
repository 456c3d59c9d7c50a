"""The servers that the tests of one session share, each started when it is first asked for."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from modelhub import ModelRegistry

from . import environments, llama_server, ollama, posted
from .pairs import MODEL, PAIRS
from .process import Engine

GGUF = MODEL.with_suffix(".gguf")
# The servers in environments: which one, and how they are run in a folder.
PLACES: dict[str, tuple[str, Callable[[Path], contextlib.AbstractContextManager[Engine]]]] = {
    "transformers": ("transformers", partial(environments.run_transformers, model=MODEL)),
    "FastChat": ("fastchat", partial(environments.run_fastchat, model=MODEL)),
    "a broken FastChat": ("fastchat", partial(environments.run_fastchat, model=MODEL, broken=True)),
    "vLLM": ("vllm", partial(environments.run_vllm, model=MODEL)),
    **{
        f"huggingface {task}": ("huggingface", partial(posted.run_huggingface, model=MODEL, task=task))
        for task in ("text-generation", "feature-extraction", "text-classification")
    },
    **{
        f"modelscope {task}": ("modelscope", partial(posted.run_modelscope, task=task))
        for task in ("text-classification", "sentence-embedding")
    },
}


class Engines:
    """Servers by name; what can run here is started in a folder of ``root`` and runs until ``close``."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._running: dict[str, Engine | Exception] = {}
        self._stack = contextlib.ExitStack()

    def get(self, name: str) -> Engine:
        """The running server of that name; raises RuntimeError where there is none to run."""
        if name not in self._running:
            try:
                self._running[name] = self._stack.enter_context(self.start(name))
            except (OSError, RuntimeError) as error:  # the next test need not wait for the same
                self._running[name] = error
        found = self._running[name]
        if isinstance(found, Exception):
            raise found
        return found

    @contextlib.contextmanager
    def start(self, name: str, *options: str) -> Iterator[Engine]:
        """A server of its own for the time of the block; raises RuntimeError where there is none to run."""
        folder = self.root / f"{name.replace(' ', '-')}-{len(list(self.root.iterdir()))}"
        folder.mkdir()
        if name == "llama-server":
            running = llama_server.run_llama_server(folder, GGUF, *options)
        elif name == "Ollama":
            running = ollama.run_ollama(ollama.get_ollama(), folder, GGUF)
        elif name == "LiteLLM":
            upstream = self.get("llama-server").url
            running = environments.run_litellm(folder, upstream, environments.find_free_port())
        else:
            running = PLACES[name][1](folder)
        with running as engine:
            yield engine

    def close(self) -> None:
        """Stop the servers, the last one first."""
        self._stack.close()


@pytest.fixture(scope="session")
def engines(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engines]:
    engines = Engines(tmp_path_factory.mktemp("engines"))
    yield engines
    engines.close()


@pytest.fixture
def build_model(engines: Engines) -> Iterator[Callable[..., Any]]:
    """Build the model of a pair, with more keys in its config, on its server unless another's URL is given."""
    hubs = []

    def build(name: str, url: str | None = None, **keys: Any) -> Any:
        pair = PAIRS[name]
        hubs.append(ModelRegistry([pair.build_config(url or engines.get(pair.engine).url, **keys)]))
        return hubs[-1].get_model("tiny")

    yield build
    for hub in hubs:
        hub.close()
