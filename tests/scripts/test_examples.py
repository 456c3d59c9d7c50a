"""The programs of scripts/examples do what their comments say, as a reader of them would run them."""

from __future__ import annotations

import asyncio
import base64
import json
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from modelhub import ModelRegistry
from modelhub.cli.app import cli
from modelhub.testing import MockServer

from ..model_servers.chosen import needs
from ..model_servers.llama_server import run_llama_server
from ..paths import TESTS
from .example_programs import EXAMPLES, find_command, load
from .example_programs import folder as folder
from .example_programs import run as run

PROGRAMS = sorted(path.name for path in EXAMPLES.glob("*.py") if path.name != "web.py")  # which does not end


@pytest.fixture(scope="module")
def mock_url() -> Iterator[str]:
    """The address of `modelhub mock`, as the comments say to start it."""
    command = [sys.executable, "-m", "modelhub", "mock", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield re.findall(r"http://\S+", process.stdout.readline())[0]
        finally:
            process.terminate()


def test_there_are_examples() -> None:
    assert PROGRAMS == ["chat.py", "classify.py", "react_agent.py", "search.py", "vision.py"]
    assert len((EXAMPLES / "react_agent.py").read_text("utf-8").splitlines()) < 100


@pytest.mark.parametrize(
    ("profile", "said"), [([], "11 configs ok; base, mock ok\n"), (["--profile", "mock"], "11 configs ok\n")]
)
def test_the_configs_are_valid(profile: list[str], said: str) -> None:
    done = CliRunner().invoke(cli, ["validate", str(EXAMPLES / "models.yaml"), "--strict", *profile])
    assert (done.exit_code, done.output) == (0, said)


@pytest.mark.parametrize("program", PROGRAMS)
def test_the_first_comment_runs_with_modelhub_mock(
    run: Any, mock_url: str, program: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert find_command(EXAMPLES / program).startswith(f"python {program}")
    monkeypatch.setenv("MOCK_URL", mock_url)
    done = run(program, input="echo: hello\n")
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() or program == "classify.py"
    assert "Error" not in done.stdout + done.stderr


@pytest.mark.parametrize("program", PROGRAMS)
def test_without_a_key_one_line_says_which(run: Any, program: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MODELHUB_PROFILE")
    done = run(program, input="hello\n")
    assert done.returncode == 1
    assert "OPENAI_API_KEY" in done.stderr and "Traceback" not in done.stderr


# The agent.


def test_the_agent_calls_tools_at_once_and_answers_with_json(run: Any, server: MockServer) -> None:
    cities = ["Paris", "Atlantis"]
    calls: list[dict[str, Any]] = [
        {"id": f"call_{city}", "name": "get_weather", "arguments": {"city": city}} for city in cities
    ]
    calls.append({"id": "call_time", "name": "get_time", "arguments": {"city": "Paris", "hours": 1}})
    calls.append({"id": "call_nothing", "name": "get_rich", "arguments": {}})
    server.reply(
        {"text": "Let me look. ", "tool_calls": calls},
        "It is sunny in Paris.",
        '{"answer": "Sunny", "complete": false}',
    )
    done = run("react_agent.py")
    words, _, document = done.stdout.partition("\n")
    assert words == "Let me look. It is sunny in Paris."
    assert json.loads(document) == {"answer": "Sunny", "complete": False}
    assert set(done.stderr.splitlines()) == {
        '[get_weather {"city": "Paris"}]',
        '[get_weather {"city": "Atlantis"}]',
        '[get_time {"city": "Paris", "hours": 1}]',
        "[get_rich {}]",
    }
    first, second, third = (request.json for request in server.requests)
    assert [tool["function"]["name"] for tool in first["tools"]] == ["get_weather", "get_time"]
    assert first["tools"][1]["function"]["parameters"] == {
        "type": "object",
        "properties": {"city": {"type": "string"}, "seconds": {"type": "boolean", "default": False}},
        "required": ["city"],
        "additionalProperties": False,
    }
    assert first["stream"] and second["stream"]
    assert second["messages"][:-4] == [
        *first["messages"],
        {
            "role": "assistant",
            "content": "Let me look. ",
            "tool_calls": [
                {
                    "id": call["id"],
                    "type": "function",
                    "function": {"name": call["name"], "arguments": json.dumps(call["arguments"])},
                }
                for call in calls
            ],
        },
    ]
    results = {message["tool_call_id"]: message["content"] for message in second["messages"][-4:]}
    assert list(results) == [call["id"] for call in calls]
    assert results["call_Paris"] == "sunny"
    assert results["call_Atlantis"].startswith("Error: ValueError: no weather station in Atlantis")
    assert results["call_time"].startswith("Error: ") and "hours" in results["call_time"]
    assert "get_rich" in results["call_nothing"]
    assert third["response_format"]["json_schema"]["name"] == "Answer" and "tools" not in third
    assert [message["role"] for message in third["messages"]] == ["user", "assistant", "user"]


@pytest.mark.parametrize("name", ["claude", "gemini", "qwen", "llama"])
def test_the_agent_with_other_vendors(run: Any, server: MockServer, name: str) -> None:
    done = run("react_agent.py", f"-m {name} --tool get_weather")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("The tool says: sunny\n{")
    assert len(server.requests) == 3


def test_the_agent_stops_at_its_limit(run: Any, server: MockServer) -> None:
    again = {"tool_calls": [{"name": "get_weather", "arguments": {"city": "Paris"}}]}
    server.reply(*[again] * 5)
    done = run("react_agent.py", "--steps 2")
    assert (done.returncode, len(server.requests)) == (1, 2)
    assert done.stderr.endswith("there was no answer after 2 steps\n")


def test_the_tools_run_at_the_same_time(server: MockServer) -> None:
    meeting = threading.Barrier(2, timeout=20)  # which one tool alone never passes

    def meet(who: str) -> str:
        """Wait for the other one"""
        meeting.wait()
        return f"{who} was there"

    calls = [{"id": f"call_{who}", "name": "meet", "arguments": {"who": who}} for who in ("ann", "bob")]
    server.reply({"tool_calls": calls}, "Done.")
    config = {"config_name": "m", "model_type": "openai_chat", "client_args": {"base_url": f"{server.url}/v1"}}
    with ModelRegistry(config) as hub:
        messages = asyncio.run(load("react_agent.py").run_agent(hub.get_model("m"), "Meet!", [meet]))
    assert [message["content"] for message in messages[2:]] == ["ann was there", "bob was there", "Done."]


@needs("llama-server")
def test_the_agent_with_a_real_engine(folder: Path, tmp_path: Path) -> None:
    """llama.cpp's server with the model that has learnt this question, this tool and its output, and nothing else."""
    with run_llama_server(tmp_path, TESTS / "models" / "tiny.gguf") as engine:
        config = {
            "config_name": "tiny",
            "model_type": "openai_chat",
            "client_args": {"base_url": f"{engine.url}/v1"},
            "generate_args": {"temperature": 0, "max_tokens": 80},
        }
        (folder / "tiny.json").write_text(json.dumps(config))
        command = [sys.executable, "react_agent.py", "What is the weather in Paris?", "--config", "tiny.json"]
        command += ["--model", "tiny", "--tool", "get_weather", "--plain"]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stdout) == (0, "It is sunny in Paris.\n")
    assert done.stderr == '[get_weather {"city": "Paris"}]\n'


# The search.


def test_search_by_meaning_in_batches(run: Any, server: MockServer) -> None:
    done = run("search.py", "--batch 4 -k 2")
    best, second = done.stdout.splitlines()
    assert best.split("  ")[1] == "tea.txt:2" and "steep for three to five minutes" in best
    assert float(second[:5]) < float(best[:5]) <= 1
    assert [len(request.json["input"]) for request in server.requests] == [4, 4, 1, 1]


def test_the_same_text_is_found_with_a_score_of_one(run: Any, folder: Path) -> None:
    (folder / "texts" / "more").mkdir()
    (folder / "texts" / "more" / "question.txt").write_text("\n\nHow long should\ntea steep?\n")
    assert run("search.py", "-k 1").stdout == "1.000  more/question.txt:2  How long should tea steep?\n"


def test_search_where_there_is_nothing(run: Any, folder: Path) -> None:
    shutil.rmtree(folder / "texts")
    done = run("search.py")
    assert (done.returncode, done.stderr) == (1, "search: there are no .txt files in texts\n")


# The pictures.


@pytest.mark.parametrize("name", ["gpt", "claude", "gemini"])
def test_pictures_are_files_or_urls(run: Any, server: MockServer, name: str) -> None:
    done = run("vision.py", f"-m {name}")
    assert done.returncode == 0 and done.stdout.strip(), done.stderr
    sent = server.requests[0].bytes
    data = base64.b64encode((EXAMPLES / "picture.png").read_bytes())
    assert data in sent and b"https://www.python.org/static/img/python-logo.png" in sent and b"image/png" in sent
    assert b"What do these pictures show?" in sent


def test_a_picture_that_is_not_there(run: Any, server: MockServer) -> None:
    done = run("vision.py", "nowhere.png")
    assert (done.returncode, server.requests) == (1, [])
    assert "nowhere.png" in done.stderr and "Traceback" not in done.stderr
