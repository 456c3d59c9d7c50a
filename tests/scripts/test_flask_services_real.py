"""The Flask services of scripts/ as processes, with transformers and ModelScope and a model whose answers are known.

They run in the environment that ``scripts/fetch_engines_for_tests transformers`` makes.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import requests

import modelhub
from modelhub import errors

from ..model_servers.asking import WAYS, ask_all
from ..model_servers.chosen import needs
from ..model_servers.environments import get_environment
from ..model_servers.process import Engine, run_engine
from ..model_servers.questions import load_questions
from ..paths import ROOT, TESTS

pytestmark = needs("transformers")

SCRIPTS = ROOT / "scripts"
LEASH = TESTS / "model_servers" / "leash.py"
TINY = TESTS / "models" / "tiny"
QUESTIONS = load_questions(TINY.with_name("known_answers.json"))
(WEATHER,) = (question for question in QUESTIONS if question.answer.calls)
LISTENING = r"listening on http://([\d.:]+)\n"
HELLO = {"messages": [{"role": "user", "content": "hello"}]}
GREETING = "Hello! How can I help you?"
# No look-up may leave the machine: whoever tries meets a port where nothing is.
ENVIRONMENT = {**os.environ, "HTTPS_PROXY": "http://127.0.0.1:9", "HTTP_PROXY": "http://127.0.0.1:9", "NO_PROXY": ""}
ENVIRONMENT["OMP_NUM_THREADS"] = "1"  # more would only be in each other's way


def find_program(name: str) -> str:
    """A program of the environment that has the libraries."""
    return str(get_environment("transformers") / name)


def build_command(kind: str, model: Path | str, *options: str) -> list[str]:
    server = SCRIPTS / f"flask_{kind}" / "server.py"
    return [find_program("python"), str(server), "--model", str(model), "--port", "0", "--device", "cpu", *options]


@pytest.fixture(scope="module", params=["transformers", "modelscope"])
def kind(request: pytest.FixtureRequest) -> str:
    return request.param  # type: ignore[no-any-return]


@pytest.fixture(scope="module")
def engine(kind: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """A service; a slash at the end of its folder changes nothing about its name."""
    log = tmp_path_factory.mktemp(kind) / "service.log"
    command = [sys.executable, str(LEASH), *build_command(kind, f"{TINY}/")]
    with run_engine(command, log, LISTENING, "/health", ENVIRONMENT) as engine:
        yield engine
    assert "hello" not in log.read_text("utf-8")  # neither prompts nor answers are logged
    assert "Traceback" not in log.read_text("utf-8")


@pytest.fixture(scope="module")
def endless(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same model, which does not know when to stop."""
    folder = tmp_path_factory.mktemp("endless") / "endless"
    shutil.copytree(TINY, folder)
    changes = {"config.json": 0, "generation_config.json": 0, "tokenizer_config.json": "<|endoftext|>"}
    for name, end in changes.items():
        settings = json.loads((folder / name).read_text("utf-8"))
        settings["eos_token" if name.startswith("tokenizer") else "eos_token_id"] = end
        (folder / name).chmod(0o644)
        (folder / name).write_text(json.dumps(settings))
    return folder


@pytest.fixture
def build_model(engine: Engine) -> Iterator[Callable[..., Any]]:
    hubs = []

    def build(model_type: str = "openai_chat", **keys: Any) -> Any:
        address = {"client_args": {"base_url": f"{engine.url}/v1"}, "model_name": "tiny", "api_key": "none"}
        if model_type == "post_api_chat":
            address = {"api_url": f"{engine.url}/llm/"}
        config = {"config_name": "tiny", "model_type": model_type, "retry": {"max_attempts": 1}, **address, **keys}
        hubs.append(modelhub.ModelRegistry([config]))
        return hubs[-1].get_model("tiny")

    yield build
    for hub in hubs:
        hub.close()


@pytest.mark.parametrize("way", WAYS)
def test_known_answers(build_model: Callable[..., Any], way: Any) -> None:
    answers = ask_all(build_model(), way, QUESTIONS)
    wrong = [(n, answer) for n, answer in enumerate(answers) if answer != QUESTIONS[n].answer]
    assert len(answers) == 38 and wrong == []


@pytest.mark.parametrize("way", WAYS)
def test_known_answers_at_llm(build_model: Callable[..., Any], way: Any) -> None:
    some = QUESTIONS[9:20]
    assert ask_all(build_model("post_api_chat"), way, some) == [question.answer for question in some]


@pytest.mark.parametrize("model_type", ["openai_chat", "post_api_chat"])
def test_a_tool_loop(build_model: Callable[..., Any], model_type: str) -> None:
    model = build_model(model_type)
    (call,) = model(WEATHER.messages, tools=WEATHER.tools).tool_calls
    function = {"name": call.name, "arguments": json.dumps(call.arguments)}
    turns = [
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [{"type": "function", "id": call.id, "function": function}],
        },
        {"role": "tool", "tool_call_id": call.id, "content": "sunny"},
    ]
    assert model(WEATHER.messages + turns, tools=WEATHER.tools).text == "It is sunny in Paris."


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("model_type", ["openai_chat", "post_api_chat"])
def test_an_answer_that_is_cut_off(build_model: Callable[..., Any], model_type: str, stream: bool) -> None:
    response = build_model(model_type)("Count to ten.", max_tokens=5, stream=stream)
    assert (response.text, response.finish_reason) == ("1 2 3", "length")  # the spaces are tokens too
    assert response.usage.completion_tokens == 5


@pytest.mark.parametrize("stop", [", blue", [", blue", "!"]])
def test_an_answer_that_is_stopped(build_model: Callable[..., Any], stop: Any) -> None:
    response = build_model()("Name three colours.", stop=stop)
    assert (response.text, response.finish_reason) == ("red, green", "stop")


def test_a_seed_repeats_an_answer_whatever_runs_beside_it(build_model: Callable[..., Any]) -> None:
    model = build_model(generate_args={"temperature": 2, "max_tokens": 12})
    with ThreadPoolExecutor(4) as threads:
        texts = list(threads.map(lambda seed: model("hello", seed=seed).text, [1, 2, 1, 3, 1]))
    assert texts[0] == texts[2] == texts[4]
    assert len(set(texts)) > 1
    assert model("hello", temperature=2, top_k=1).text.startswith(GREETING[:10])


def test_parallel_requests_are_all_answered(build_model: Callable[..., Any]) -> None:
    with ThreadPoolExecutor(8) as threads:
        assert {answer.text for answer in threads.map(build_model(), ["hello"] * 8)} == {GREETING}


@pytest.mark.parametrize(
    ("keys", "options", "error", "match"),
    [
        ({"model_name": "nope"}, {}, errors.NotFoundError, "no model 'nope' here, only 'tiny'"),
        ({}, {"extra_body": {"temperature": "hot"}}, errors.BadRequestError, "'temperature'"),
        ({}, {"frobnicate": 1}, errors.BadRequestError, "'frobnicate'"),
        ({}, {"tool_choice": "required", "tools": WEATHER.tools}, errors.BadRequestError, "'tool_choice'"),
    ],
)
def test_errors(build_model: Callable[..., Any], keys: Any, options: Any, error: Any, match: str, caller: Any) -> None:
    with pytest.raises(error, match=match) as caught:
        caller.call(build_model(**keys), "hello", **options)
    assert not caught.value.retryable and caught.value.request_id


@pytest.mark.parametrize("model_type", ["openai_chat", "post_api_chat"])
def test_a_prompt_that_is_too_long(build_model: Callable[..., Any], model_type: str) -> None:
    with pytest.raises(errors.ContextLengthError, match="context of 2048"):
        build_model(model_type)("hello " * 3000)


# What was wrong with AgentScope's services, one test for each.


def test_fault_1_completion_tokens_are_the_new_ones_alone(engine: Engine, build_model: Callable[..., Any]) -> None:
    data = requests.post(f"{engine.url}/llm/", json=HELLO, timeout=60).json()["data"]
    counts = {name: data[name] for name in ("prompt_tokens", "completion_tokens", "total_tokens")}
    assert counts == data["response"]["usage"] == {"prompt_tokens": 14, "completion_tokens": 9, "total_tokens": 23}
    for model_type in ("openai_chat", "post_api_chat"):
        for stream in (False, True):
            response = build_model(model_type)("hello", stream=stream)
            assert response.text == GREETING
            assert (response.usage.prompt_tokens, response.usage.completion_tokens) == (14, 9)


@pytest.mark.parametrize("keys", [{}, {"model_name": "x"}, {"json_args": {"model": "tiny", "max_length": 4096}}])
def test_fault_2_the_shipped_configs_work_with_a_model_or_without(build_model: Callable[..., Any], keys: Any) -> None:
    json_args = {"max_length": 4096, "temperature": 0.5}
    assert build_model("post_api_chat", **{"json_args": json_args, **keys})("hello").text == GREETING


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"inputs": "hello"}, 200),
        ({"inputs": HELLO["messages"]}, 200),
        ({"messages": "hello"}, 200),
        ({}, 400),
        ({"messages": HELLO["messages"], "inputs": "hello"}, 400),
        ({**HELLO, "frobnicate": 1}, 400),
        ({**HELLO, "stream": "yes"}, 400),
        ({"messages": 5}, 400),
        (b"{", 400),
    ],
)
def test_fault_3_every_request_is_answered_in_json(engine: Engine, body: Any, status: int) -> None:
    data = body if isinstance(body, bytes) else json.dumps(body)
    response = requests.post(f"{engine.url}/llm/", data, timeout=60)
    assert (response.status_code, response.headers["Content-Type"]) == (status, "application/json")
    if status == 200:
        assert response.json()["data"]["response"]["choices"][0]["message"]["content"] == GREETING
    else:
        assert response.json()["error"]["message"]


def test_fault_4_content_in_parts_is_read_and_images_are_refused(engine: Engine) -> None:
    parts = [{"type": "text", "text": "hello"}]
    body = {"messages": [{"role": "user", "content": parts}]}
    assert requests.post(f"{engine.url}/llm/", json=body, timeout=60).json()["data"]["prompt_tokens"] == 14
    parts.append({"type": "image_url", "image_url": {"url": "http://127.0.0.1/x.png"}})  # type: ignore[dict-item]
    refused = requests.post(f"{engine.url}/llm/", json=body, timeout=60)
    assert (refused.status_code, refused.json()["error"]["param"]) == (400, "messages[0].content")


def test_fault_5_arguments_do_what_they_say(engine: Engine, build_model: Callable[..., Any]) -> None:
    model = build_model("post_api_chat")
    assert model("hello", max_length=5).usage.completion_tokens == 5  # the prompt of 14 does not count
    assert len({model("hello", temperature=2, seed=seed, max_tokens=9).text for seed in range(4)}) > 1
    assert requests.get(f"{engine.url}/health", timeout=60).status_code == 200
    assert requests.get(f"{engine.url}/v1/models", timeout=60).json()["data"][0]["id"] == "tiny"


@pytest.mark.parametrize(("kind", "server"), [("transformers", "gunicorn"), ("modelscope", "waitress-serve")])
def test_fault_6_wsgi_servers_import_it(kind: str, server: str, endless: Path, tmp_path: Path) -> None:
    """And there it has a key, and a limit, too."""
    command = {
        "gunicorn": "gunicorn -b 127.0.0.1:0 -k gthread --threads 8 -t 0 --graceful-timeout 1 server:create_app()",
        "waitress-serve": "waitress-serve --listen 127.0.0.1:0 --channel-request-lookahead=1 server:application",
    }[server].split()
    environment = {**ENVIRONMENT, "PYTHONPATH": str(SCRIPTS / f"flask_{kind}"), "MODELHUB_SERVICE_QUEUE": "0"}
    environment |= {"MODELHUB_SERVICE_MODEL": str(endless), "MODELHUB_SERVICE_API_KEY": "sesame"}
    command = [sys.executable, str(LEASH), find_program(command[0]), *command[1:]]
    with run_engine(
        command, tmp_path / "log", r"(?:Listening at:|Serving on) http://([\d.:]+)", "/health", environment
    ) as engine:
        url, key = f"{engine.url}/v1/chat/completions", {"Authorization": "Bearer sesame"}
        assert requests.post(url, json=HELLO, timeout=60).status_code == 401
        with requests.post(url, json={**HELLO, "stream": True}, headers=key, stream=True, timeout=60) as response:
            lines = response.iter_lines()  # which closes the connection once nobody has it any more
            assert next(lines).startswith(b'data: {"id"')
            busy = requests.post(url, json=HELLO, headers=key, timeout=60)
            assert (busy.status_code, busy.headers["Retry-After"]) == (429, "1")
        while (done := requests.post(url, json={**HELLO, "max_tokens": 3}, headers=key, timeout=60)).status_code == 429:
            pass
        assert done.json()["usage"]["completion_tokens"] == 3


def test_fault_7_the_readme_says_what_is_true(kind: str, engine: Engine) -> None:
    text = (SCRIPTS / f"flask_{kind}" / "README.md").read_text("utf-8")
    for path in ("/v1/chat/completions", "/llm/"):
        assert f"`POST {path}`" in text
        assert requests.post(engine.url + path, json=HELLO, timeout=60).status_code == 200
    (start,) = re.findall(r"^python (\S+) --model", text, re.M)
    assert (ROOT / start).exists()


@pytest.mark.parametrize(
    ("model", "options", "code", "message"),
    [
        (TINY, ["--frobnicate"], 2, "unrecognized arguments: --frobnicate"),
        (TINY, ["--queue", "-1"], 2, "queue must be a whole number"),
        ("/nowhere/at/all", [], 1, "there is no folder /nowhere/at/all"),
        (SCRIPTS, [], 1, "cannot load the model: "),
        (TINY, ["--host", "192.0.2.1"], 1, "cannot listen on 192.0.2.1:0"),
    ],
)
def test_fault_8_a_bad_start_has_a_reason_and_a_code(
    kind: str, model: Any, options: Any, code: int, message: str
) -> None:
    done = subprocess.run(
        build_command(kind, model, *options), capture_output=True, text=True, env=ENVIRONMENT, timeout=120
    )
    assert (done.returncode, done.stdout) == (code, "")
    assert message in done.stderr and "Traceback" not in done.stderr
    if code == 1:
        assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("kind", "number", "code"), [("transformers", signal.SIGINT, 130), ("modelscope", signal.SIGTERM, 0)]
)
def test_a_signal_ends_it_in_the_middle_of_an_answer(
    kind: str, endless: Path, tmp_path: Path, number: int, code: int
) -> None:
    log = tmp_path / "log"
    with run_engine(build_command(kind, endless, "--name", "other"), log, LISTENING, "/health", ENVIRONMENT) as engine:
        url = f"{engine.url}/v1/chat/completions"
        body = {**HELLO, "model": "other", "stream": True}
        with requests.post(url, json=body, stream=True, timeout=60) as response:
            lines = response.iter_lines()  # which closes the connection once nobody has it any more
            assert next(lines).startswith(b'data: {"id"')
            engine.process.send_signal(number)
            assert engine.process.wait(60) == code
        assert not engine.is_alive()
        assert "Traceback" not in log.read_text("utf-8")


def test_closing_a_generation_stops_it(endless: Path) -> None:
    program = f"""
import sys
sys.path[:0] = [{str(SCRIPTS)!r}, {str(SCRIPTS / "flask_transformers")!r}]
import server
from flask_service.arguments import Arguments
from flask_service.settings import Settings
model = server.service.load(Settings({str(endless)!r}, "m", "cpu"))
prompt = model.build_prompt([{{"role": "user", "content": "hello"}}], None)
looks = []
tokens = model.generate(prompt, Arguments(), 2000, lambda: looks.append(1) is not None)
first = [next(tokens) for _ in range(3)]
tokens.close()
stopped_at = len(looks)
tokens = model.generate(prompt, Arguments(repetition_penalty=2), 3, lambda: False)
print(len(first), stopped_at < 1000, len(list(tokens)), model.context)
model._tokenizer.chat_template = None
print(model.decode(model.build_prompt([{{"role": "user", "content": "hello"}}], None)))
"""
    done = subprocess.run(
        [find_program("python"), "-c", program], capture_output=True, text=True, timeout=120, env=ENVIRONMENT
    )
    assert done.stdout.splitlines() == ["3 True 3 2048", "user: hello", "assistant:"], done.stderr


def test_what_is_not_installed_is_named(kind: str) -> None:
    bare = subprocess.run(
        [sys.executable, "-S", "-I", str(SCRIPTS / f"flask_{kind}" / "server.py"), "--model", str(TINY)],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert bare.returncode == 3
    (line,) = bare.stderr.splitlines()
    assert line.startswith("flask, torch, transformers") and "pip install flask torch transformers" in line


@pytest.mark.parametrize("kind", ["transformers"])
def test_without_waitress_it_is_flasks_own_server(kind: str, tmp_path: Path) -> None:
    _, server, *options = build_command(kind, TINY)
    hide = (
        "import importlib.util as u; find = u.find_spec; u.find_spec = lambda n: None if n == 'waitress' else find(n)"
    )
    program = f"{hide}; import runpy, sys; sys.argv[:1] = []; runpy.run_path({server!r}, run_name='__main__')"
    command = [find_program("python"), "-c", program, server, *options]
    with run_engine(command, tmp_path / "log", LISTENING, "/health", ENVIRONMENT) as engine:
        answer = requests.post(f"{engine.url}/v1/chat/completions", json=HELLO, timeout=60).json()
        assert answer["choices"][0]["message"]["content"] == GREETING
        engine.process.send_signal(signal.SIGTERM)
        assert engine.process.wait(60) == 0
    assert "waitress is not installed" in (tmp_path / "log").read_text("utf-8")
