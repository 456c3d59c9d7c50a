"""The start scripts with the engines themselves: the configs that they print get the answers that are known."""

from __future__ import annotations

import os
import signal
import socket
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from modelhub import ModelRegistry

from ..model_servers.chosen import needs
from ..model_servers.environments import get_environment
from ..model_servers.ollama import TEMPLATE, get_ollama
from ..model_servers.questions import Answer, Question, load_questions
from ..paths import TESTS
from .start_script import Started, linux

pytestmark = linux

MODELS = TESTS / "models"
GREEDY = {"temperature": 0, "max_tokens": 80}
ASKED = ["hello", "Unicode", "Name three colours.", "What is the weather in Paris?"]
QUESTIONS = [
    question
    for question in load_questions(MODELS / "known_answers.json")
    if len(question.messages) == 1
    and question.messages[0]["content"] in ASKED
    and bool(question.tools) == ("weather" in question.messages[0]["content"])
]
(HELLO,) = (question for question in QUESTIONS if question.messages[0]["content"] == "hello")
START_SECONDS = 300.0


@dataclass(frozen=True)
class Engine:
    """How a script is to be run here: with whose interpreter, and what is after the ``--``."""

    script: str
    needs: str
    model: Path = MODELS / "tiny"
    extra: str = ""
    tools: bool = True
    others: tuple[str, ...] = ()  # what is served besides chat


ENGINES = [
    Engine("llama_cpp", "llama-server", model=MODELS / "tiny.gguf"),
    Engine(*("ollama", "Ollama", MODELS / "tiny.gguf", "--template {folder}/template"), others=("ollama_embedding",)),
    Engine("transformers_serve", "transformers"),
    Engine("flask_transformers", "transformers", others=("post_api_chat",)),
    Engine("flask_modelscope", "transformers", others=("post_api_chat",)),
    Engine(
        *("fastchat", "fastchat", MODELS / "tiny", "--conv-template qwen-7b-chat", False), others=("openai_embedding",)
    ),
    Engine(
        "vllm", "vllm", extra="--dtype float32 --max-model-len 1024 --enable-auto-tool-choice --tool-call-parser hermes"
    ),
]


def find_env(engine: Engine, folder: Path) -> dict[str, str]:
    """The variables with which to run a script."""
    env = {"HOME": str(folder), "HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1"}
    if engine.needs == "Ollama":
        binary = get_ollama()
        libraries = binary.parent.with_name("lib")
        path = f"{binary.parent}{os.pathsep}{os.environ['PATH']}"
        return {**env, "PATH": path, **({"LD_LIBRARY_PATH": str(libraries)} if libraries.is_dir() else {})}
    if engine.needs == "llama-server":
        return {**env, "PYTHON": sys.executable}
    python = str(get_environment(engine.needs) / "python")
    return {**env, "PYTHON": python, "VLLM_CPU_KVCACHE_SPACE": "1", "VLLM_NO_USAGE_STATS": "1"}


@pytest.fixture(scope="module", params=[pytest.param(e, marks=needs(e.needs), id=e.script) for e in ENGINES])
def serving(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Engine, list[dict[str, Any]]]]:
    """An engine that serves the tiny model, and the configs that its script has written."""
    engine: Engine = request.param
    folder = tmp_path_factory.mktemp(engine.script)
    (folder / "template").write_text(TEMPLATE)
    env = find_env(engine, folder)
    path = folder / "models.yaml"
    arguments = ["-m", str(engine.model), "-p", str(find_free_ports()), "--device", "cpu", "--write-config", str(path)]
    if engine.extra:
        arguments += ["--", *engine.extra.replace("{folder}", str(folder)).split()]
    started = Started(engine.script, *arguments, env=env)
    try:
        started.wait_for("; ctrl-C stops it", START_SECONDS)
        yield engine, yaml.safe_load(path.read_text("utf-8"))
        assert started.end(signal.SIGINT) == 0
        assert started.find_processes() == []
        assert started.process.stdout is not None
        assert started.process.stdout.read() == path.read_text("utf-8")
    finally:
        started.close()


def find_free_ports() -> int:
    """A port that nothing listens on, as on the two above it, which FastChat needs."""
    while True:
        with socket.socket() as first, socket.socket() as second, socket.socket() as third:
            first.bind(("127.0.0.1", 0))
            port = int(first.getsockname()[1])
            try:
                second.bind(("127.0.0.1", port + 1))
                third.bind(("127.0.0.1", port + 2))
            except (OSError, OverflowError):
                continue
            return port


def read(response: Any) -> Answer:
    calls = [(call.name, call.arguments) for call in response.tool_calls or []]
    return Answer(response.text or "", calls, response.finish_reason or "")


def test_the_questions() -> None:
    assert sorted(question.messages[0]["content"] for question in QUESTIONS) == sorted(ASKED)


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question.messages[0]["content"].split()[0])
def test_known_answers(serving: tuple[Engine, list[dict[str, Any]]], caller: Any, question: Question) -> None:
    engine, (config, *_) = serving
    answer = question.answer if engine.tools or not question.tools else Answer("I do not know.", [], "stop")
    if engine.script == "ollama":
        config = {**config, "options": {**config["options"], "repeat_penalty": 1.0}}
    with ModelRegistry({**config, "generate_args": GREEDY}) as hub:
        model = hub.get_model(config["config_name"])
        assert read(caller.call(model, question.messages, tools=question.tools)) == answer
        deltas, response = caller.deltas(model, question.messages, tools=question.tools)
        assert read(response) == answer
        assert "".join(delta.text or "" for delta in deltas) == answer.text


def test_what_else_is_served(serving: tuple[Engine, list[dict[str, Any]]], caller: Any) -> None:
    engine, (_, *others) = serving
    assert tuple(config["model_type"] for config in others) == engine.others
    with ModelRegistry(others) as hub:
        for name in hub.names():
            response = caller.call(hub.get_model(name), "hello")
            if name.endswith("-embedding"):
                assert [len(vector) for vector in response.embedding] == [64]
            else:
                assert response.text == HELLO.answer.text
