"""AgentScope's names: programs written for it run unmodified, and what is not offered is said."""

from __future__ import annotations

import json
import logging
import re
import subprocess
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import modelhub
import modelhub.compat.agentscope as compat
from modelhub import ConfigWarning, ModelRegistry, ModelResponse, ModelWrapperBase, errors
from modelhub.compat.agentscope import models, tokens, utils
from modelhub.compat.agentscope.file_manager import FileManager
from modelhub.compat.agentscope.manager import ASManager, ModelManager, MonitorManager
from modelhub.compat.agentscope.message import Msg, Tht
from modelhub.telemetry import invocations
from modelhub.testing import MockServer
from modelhub.validation import deprecations as spellings

from ..paths import ROOT, TESTS

PROJECT = TESTS / "compat" / "project"
MAIN = """
import runpy, sys
from modelhub.compat import agentscope
agentscope.install()
runpy.run_path(sys.argv[1], run_name="__main__")
"""
GPT = {"config_name": "gpt", "model_type": "openai_chat", "api_key": "sk-private-123"}


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    """One process has one run: it begins and ends empty."""
    ASManager.get_instance().flush()
    yield
    ASManager.get_instance().flush()
    invocations.ignore(FileManager.get_instance().save_invocation)
    assert invocations.HOOKS == []


def run(program: str, cwd: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-W", "ignore::UserWarning", "-c", program, *arguments]
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd, check=False, timeout=60)


class TestProject:
    """Programs in AgentScope's style, as they are, in a process of their own."""

    @pytest.fixture
    def report(self, request: pytest.FixtureRequest, tmp_path: Path, server: MockServer) -> dict[str, Any]:
        old = request.param == "old_style"
        configs = [
            {
                "config_name": "my_gpt",
                "model_type": "openai" if old else "openai_chat",
                "model_name": "gpt-4o",
                "api_key": "sk-private-123",
                "organization": "{your_organization}",
                "client_args": {"base_url": f"{server.url}/v1"},
                "generate_args": {"temperature": 0.5},
            },
            {
                "config_name": "private",
                "model_type": "PostAPIChatWrapper" if old else "post_api_chat",
                "api_url": f"{server.url}/v1/chat/completions",
                "json_args": {"model": "m"},
            },
        ]
        if not old:
            configs.append({"config_name": "mine", "model_type": "project_echo", "model_name": "e", "prefix": "> "})
        (tmp_path / "model_configs.json").write_text(json.dumps(configs))
        done = run(MAIN, tmp_path, str(PROJECT / f"{request.param}.py"))
        assert done.returncode == 0, done.stderr
        report: dict[str, Any] = json.loads(done.stdout)
        return report

    @pytest.mark.parametrize("report", ["new_style"], indirect=True)
    def test_new_style(self, report: dict[str, Any], tmp_path: Path) -> None:
        assert report["agents"] == []
        assert report["text"] == report["str"] == "hello"
        assert report["stream"][-1] == [True, "hello"] and not any(last for last, _ in report["stream"][:-1])
        assert (report["parsed"], report["raw_response"]) == (42, "x")
        assert (report["mine"], report["private"]) == ("> hi", "hello")
        assert report["unknown"].startswith("Cannot find [unknown] in loaded configurations")
        assert report["config"] == "openai_chat"
        assert report["tokens"] == [14, True, True]
        assert (report["converted"], report["serialized"], report["image"]) == ('{"a": "ä"}', "hi", "image")
        rows = {row["model_name"]: row for row in report["usage"]["text_and_embedding"]}
        assert (rows["gpt-4o"]["times"], rows["e"]["times"]) == (4, 1)
        assert [row[:2] for row in report["hooks"]] == [["my_gpt", True]] * 4 + [["mine", True], ["private", True]]
        assert all(usage["type"] == "chat" for _, _, usage in report["hooks"])
        assert report["run"][:3] == ["port", "first", True]
        assert re.fullmatch(r"run_\d{8}-\d{6}_first", report["run"][3])
        name = r"model_(OpenAIChatWrapper|EchoWrapper|PostAPIChatWrapper)_\d{8}-\d{6}_[A-Za-z0-9]{6}\.json"
        assert len(report["records"]) == 6 and all(re.fullmatch(name, record) for record in report["records"])
        assert "sk-private-123" not in report["record_text"]
        invoke = tmp_path / "runs" / report["run"][3] / "invoke"
        record = json.loads((invoke / report["records"][0]).read_text("utf-8"))
        assert list(record) == ["model_class", "timestamp", "arguments", "response", "usage"]
        assert [path.name for path in (tmp_path / "runs" / report["run"][3]).iterdir()] == ["invoke"]

    @pytest.mark.parametrize("report", ["old_style"], indirect=True)
    def test_old_style(self, report: dict[str, Any], tmp_path: Path) -> None:
        assert report["msg"] == ["assistant", "echo: hello", None]
        assert report["text"] == "hello"
        assert (report["counted"], report["counter"]) == (["yes", "yes"], 2.0)
        assert report["quota"] == "Metric [counted.call_counter] exceeds quota."
        assert report["tokens"] == [True, 8192]
        assert report["records"] is True
        assert report["cleared"].startswith("No model configs loaded")
        written = [path.read_text("utf-8") for path in tmp_path.rglob("*.json") if "invoke" in path.parts]
        assert len(written) == 4 and "sk-private-123" not in "".join(written)


# Importing.


def test_install_refuses_to_hide_the_real_one(monkeypatch: pytest.MonkeyPatch) -> None:
    real = ModuleType("agentscope")
    real.__file__ = "/site-packages/agentscope/__init__.py"
    monkeypatch.setitem(sys.modules, "agentscope", real)
    with pytest.raises(ImportError, match=r"imported already, from /site-packages.*install\(\) before"):
        compat.install()
    assert sys.modules["agentscope"] is real


def test_install_twice(tmp_path: Path) -> None:
    program = "from modelhub.compat import agentscope as a; assert a.install() is a.install(); import agentscope.models"
    assert run(program, tmp_path).returncode == 0


def test_nothing_is_installed_without_being_asked(tmp_path: Path) -> None:
    done = run("import modelhub.compat.agentscope, agentscope", tmp_path)
    assert "No module named 'agentscope'" in done.stderr


OUTSIDE = [
    "from agentscope.agents import DialogAgent",
    "import agentscope.pipelines",
    "import agentscope.server.launcher",
    "from agentscope import msghub",
    "from agentscope import rag",
    "from modelhub.compat.agentscope.service import ServiceToolkit",
    "import agentscope; agentscope.whatever",
    "import agentscope.models; agentscope.models.StableDiffusionWrapper",
    "import agentscope; agentscope.init(agent_configs=[{'class': 'DialogAgent'}])",
]


@pytest.mark.parametrize("statement", OUTSIDE)
def test_what_is_not_offered_names_the_guide(statement: str, tmp_path: Path) -> None:
    done = run(f"from modelhub.compat import agentscope; agentscope.install()\n{statement}", tmp_path)
    last = done.stderr.strip().split("\n")[-1]
    assert re.match(r"(ModuleNotFound|Import|Attribute|NotImplemented)Error: agentscope\.\w+", last)
    assert last.endswith(
        "is not part of modelhub, which has AgentScope's model layer only: see docs/from-agentscope.md"
    )
    assert (ROOT / "docs" / "from-agentscope.md").is_file()


def test_every_wrapper_is_offered() -> None:
    from modelhub.registry.installed import WRAPPERS

    offered = {getattr(models, name) for name in models.__all__}
    ours = {
        WRAPPERS.load(name) for name, plugin in WRAPPERS.by_name.items() if plugin.distribution == "modelhub-registry"
    }
    assert {cls.__name__ for cls in ours - offered} <= {"PostAPIWrapper"} | NEW
    others = {models.ChatUsage, ModelResponse}
    assert all(issubclass(cls, ModelWrapperBase) for cls in offered - others)


@pytest.mark.parametrize("name", sorted(set(models.__all__) & set(spellings._TYPES)))
def test_the_name_of_a_class_is_an_old_model_type(name: str) -> None:
    cls = getattr(models, name)  # that it is imported must not matter
    required = {"api_url": "http://localhost/x"} if name.startswith("PostAPI") else {"model_name": "m"}
    with pytest.warns(ConfigWarning, match=f"MH109 model_type '{name}' is the old name of"):
        hub = ModelRegistry({"config_name": "a", "model_type": name, **required})
    assert isinstance(hub.get_model("a"), cls)


def test_nothing_else_imports_these_names() -> None:
    package = Path(modelhub.__file__).parent
    modules = [path for path in package.rglob("*.py") if path.relative_to(package).parts[0] != "compat"]
    assert len(modules) > 50
    assert [path for path in modules if "modelhub.compat" in path.read_text("utf-8")] == []


NEW: set[str] = {
    "CascadeWrapper",
    "ChainWrapper",
    "FallbackWrapper",
    "RouterWrapper",
}  # wrappers that AgentScope never had


# Configs.


def test_configs_are_loaded_one_after_the_other() -> None:
    manager = ModelManager.get_instance()
    with pytest.raises(ValueError, match="No model configs loaded"):
        manager.get_model_by_config_name("gpt")
    manager.load_model_configs(GPT)
    model = manager.get_model_by_config_name("gpt")
    with pytest.warns(ConfigWarning, match=r"Config name \[gpt\] already exists"):
        manager.load_model_configs([{**GPT, "model_name": "other"}, {**GPT, "config_name": "two"}])
    assert manager.get_model_by_config_name("gpt") is model
    assert manager.get_config_by_name("gpt") == GPT
    assert manager.state_dict() == {
        "model_configs": {"gpt": {**GPT, "api_key": "***"}, "two": {**GPT, "api_key": "***", "config_name": "two"}}
    }
    manager.load_model_configs({**GPT, "config_name": "three"}, clear_existing=True)
    with pytest.raises(ValueError, match=r"Cannot find \[gpt\]"):
        manager.get_model_by_config_name("gpt")
    state = manager.state_dict()
    manager.flush()
    with pytest.warns(ConfigWarning, match="api_key is a placeholder"):  # the state holds no key
        manager.load_dict(state)
    assert manager.get_config_by_name("three") is not None


def test_a_bad_load_changes_nothing(tmp_path: Path) -> None:
    manager = ModelManager.get_instance()
    manager.load_model_configs(GPT)
    with pytest.raises(ValueError, match="MH107") as caught:
        compat.init({**GPT, "model_type": "opnai_chat"}, save_dir=str(tmp_path))
    assert isinstance(caught.value, errors.ConfigError)
    with pytest.raises(FileNotFoundError, match="nowhere"):
        compat.init(str(tmp_path / "nowhere.json"))
    manager.load_model_configs({**GPT, "config_name": "two"})
    assert manager.get_model_by_config_name("gpt") is not None
    assert list(tmp_path.iterdir()) == []


def test_registering_classes() -> None:
    class Mine(ModelWrapperBase):
        model_type = "compat_mine"

        def __call__(self, *args: Any) -> ModelResponse:
            return ModelResponse("mine")

    class Replacement(ModelWrapperBase):
        model_type = "openai_chat"

        def __call__(self, *args: Any) -> ModelResponse:
            return ModelResponse("replaced")

    manager = ModelManager()
    with pytest.raises(TypeError, match="subclass of ModelWrapperBase"):
        manager.register_model_wrapper_class(dict)
    with pytest.raises(ValueError, match="model_type"):
        manager.register_model_wrapper_class(type("Untyped", (ModelWrapperBase,), {}))
    manager.register_model_wrapper_class(Mine)
    with pytest.raises(ValueError, match=r'"compat_mine" already exists.*exist_ok=True'):
        manager.register_model_wrapper_class(Mine)
    with pytest.raises(ValueError, match="already exists"):
        manager.register_model_wrapper_class(Replacement)
    manager.load_model_configs([GPT, {"config_name": "m", "model_type": "compat_mine"}])
    manager.register_model_wrapper_class(Replacement, exist_ok=True)
    assert manager.get_model_by_config_name("gpt")().text == "replaced"
    assert manager.get_model_by_config_name("m")().text == "mine"
    mapping = manager.model_wrapper_mapping
    assert mapping["openai_chat"] is Replacement and mapping["compat_mine"] is Mine
    assert mapping["ollama_chat"].__name__ == "OllamaChatWrapper"


# A run.


def test_a_studio_is_told_nothing(server: MockServer) -> None:
    with pytest.warns(UserWarning, match=r"init\(studio_url=\.\.\.\) is not part of modelhub.*from-agentscope.md"):
        compat.init(GPT, studio_url=server.url)
    assert server.requests == []
    assert ModelManager.get_instance().get_config_by_name("gpt") is not None
    assert compat.state_dict()["studio_url"] is None


def test_small_functions_that_programs_import() -> None:
    assert re.fullmatch(r"\d{4}", utils._get_timestamp("%Y"))
    assert re.fullmatch(r"[A-Z0-9]{8}", utils._generate_random_code(8))


def test_init_and_state(tmp_path: Path) -> None:
    assert compat.init(GPT, "p", "n", save_dir=str(tmp_path), runtime_id="run_1", logger_level="DEBUG") == []
    state = compat.state_dict()
    assert {name: state[name] for name in ("project", "name", "run_id", "disable_saving", "studio_url")} == {
        "project": "p",
        "name": "n",
        "run_id": "run_1",
        "disable_saving": False,
        "studio_url": None,
    }
    assert state["file"]["run_dir"] == str(tmp_path / "run_1")
    assert state["model"]["model_configs"]["gpt"]["api_key"] == "***"
    assert (state["logger"], state["monitor"]) == ({"level": "DEBUG"}, {"use_monitor": True, "path_db": None})
    manager = ASManager.get_instance()
    assert (manager.project, manager.pid) == ("p", state["pid"])
    manager.flush()
    assert (manager.run_id, manager.disable_saving, manager.pid) == ("", True, -1)
    with pytest.warns(ConfigWarning, match="api_key is a placeholder"):
        manager.load_dict(state)
    assert compat.state_dict() == state
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(AttributeError):
        manager.nothing  # noqa: B018


def test_disable_saving(server: MockServer) -> None:
    config = {**GPT, "client_args": {"base_url": f"{server.url}/v1"}}
    compat.init(config, disable_saving=True, save_api_invoke=True, use_monitor=True)
    assert ModelManager.get_instance().get_model_by_config_name("gpt")("echo: hi").text == "hi"
    assert compat.print_llm_usage() == {"text_and_embedding": [], "image": []}
    assert FileManager.get_instance().save_api_invocation("x", {}) is None
    assert invocations.HOOKS == []


def test_a_record_that_cannot_be_written_disturbs_nothing(
    server: MockServer, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "runs").write_text("a file where the folder should be")
    config = {**GPT, "client_args": {"base_url": f"{server.url}/v1"}}
    compat.init(config, save_dir=str(tmp_path / "runs"), save_api_invoke=True)
    with caplog.at_level(logging.WARNING, "modelhub"):
        assert ModelManager.get_instance().get_model_by_config_name("gpt")("echo: hi").text == "hi"
    assert "the record of a call cannot be saved" in caplog.text


def test_records_hold_what_json_has_not(tmp_path: Path) -> None:
    manager = FileManager.get_instance()
    manager.initialize(str(tmp_path), save_api_invoke=True)
    names = {manager.save_api_invocation("mine", {"response": {1, 2}, "text": "ä"}) for _ in range(50)}
    assert len(names) == 50
    assert sorted(path.name for path in (tmp_path / "invoke").iterdir()) == sorted(str(name) for name in names)
    text = (tmp_path / "invoke" / str(names.pop())).read_text("utf-8")
    assert json.loads(text) == {"response": "{1, 2}", "text": "ä"} and "ä" in text
    assert manager.file_dir == str(tmp_path / "file") and Path(manager.file_dir).is_dir()


def test_usage_is_printed(caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]) -> None:
    monitor = MonitorManager.get_instance()
    monitor.initialize(True)
    monitor.update_text_and_embedding_tokens("m", 1, 2)
    monitor.update_image_tokens("d", "512x512", 3)
    with caplog.at_level(logging.INFO, "modelhub"):
        usage = compat.print_llm_usage()
    assert usage["image"] == [{"model_name": "d", "resolution": "512x512", "times": 1, "image_count": 3}]
    assert "prompt_tokens 1 | completion_tokens 2 | total_tokens 3" in caplog.text
    with caplog.at_level(logging.WARNING, "modelhub"):  # as it is in a program that has not asked for more
        assert compat.print_llm_usage() == usage
    assert [line.split() for line in capsys.readouterr().err.replace("|", "").splitlines()] == [
        ["model_name", "times", "prompt_tokens", "completion_tokens", "total_tokens"],
        ["m", "1", "1", "2", "3"],
        ["model_name", "resolution", "times", "image_count"],
        ["d", "512x512", "1", "3"],
    ]
    monitor.rm_database()
    assert monitor.show_image_tokens() == []


# Messages, responses, tokens.


def test_messages_are_read_by_item() -> None:
    msg = Msg("Bob", "hi", "user", timestamp="2024-01-01 00:00:00", more=1)
    assert (msg["name"], msg["content"], msg.get("role"), msg.get("url", 0)) == ("Bob", "hi", "user", 0)
    assert msg.timestamp == "2024-01-01 00:00:00"
    assert (Tht("hm").role, Tht("hm").content) == ("assistant", "hm")
    with pytest.raises(KeyError):
        msg["nothing"]
    assert isinstance(msg, __import__("modelhub.messages.msg").msg.Msg)


def test_a_response_in_positional_order() -> None:
    response = ModelResponse("t", [[1.0]], ["u"], {"r": 1}, {"p": 1}, None, [])
    fields = (response.text, response.embedding, response.image_urls, response.raw, response.parsed, response.stream)
    assert fields == ("t", [[1.0]], ["u"], {"r": 1}, {"p": 1}, None)
    assert json.loads(str(response)) == {
        "text": "t",
        "embedding": [[1.0]],
        "image_urls": ["u"],
        "parsed": {"p": 1},
        "raw": {"r": 1},
    }
    assert response.is_stream_exhausted is False
    with pytest.warns(DeprecationWarning, match="old name of .parsed"):
        assert response.json == {"p": 1}


class TestStream:
    """A response made from an iterator of the texts so far."""

    @pytest.fixture
    def response(self) -> ModelResponse:
        return ModelResponse(stream=iter(["a", "ab", "abc"]))

    def test_text_follows_the_iteration(self, response: ModelResponse) -> None:
        pairs = response.stream
        assert pairs is not None
        seen = [(last, text, response.text) for last, text in pairs]
        assert seen == [(False, "a", "a"), (False, "ab", "ab"), (True, "abc", "abc")]
        assert list(response.stream or ()) == []
        assert response.is_stream_exhausted

    def test_a_part_stays_a_part(self, response: ModelResponse) -> None:
        for _last, _text in response.stream or ():
            break
        assert (response.text, response.is_stream_exhausted) == ("a", False)
        assert list(response.stream or ()) == [(False, "ab"), (True, "abc")]
        assert response.text == "abc"

    def test_each_access_goes_on(self, response: ModelResponse) -> None:
        assert [next(response.stream or iter(())) for _ in range(3)] == [(False, "a"), (False, "ab"), (True, "abc")]

    def test_text_drains(self, response: ModelResponse) -> None:
        assert response.text == "abc"
        assert json.loads(str(ModelResponse(stream=iter(["x"]))))["text"] == "x"

    def test_a_list_is_no_iterator(self) -> None:
        with pytest.raises(TypeError):
            list(ModelResponse(stream=["a"]).stream or ())  # type: ignore[arg-type]

    def test_a_failure_while_iterating(self) -> None:
        def texts() -> Iterator[str]:
            yield "a"
            raise LookupError("gone")

        response = ModelResponse(stream=texts())
        with pytest.raises(LookupError, match="gone"):
            list(response.stream or ())


def test_counting_tokens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokens, "_COUNTERS", {})
    messages = [{"role": "user", "content": "Why is the sky blue?"}]
    counters = (
        tokens.count_openai_tokens,
        tokens.count_gemini_tokens,
        tokens.count_dashscope_tokens,
        tokens.count_huggingface_tokens,
    )
    assert {counter("gpt-4o", messages) for counter in counters} == {tokens.count("qwen-max", messages)}
    with pytest.raises(ValueError, match="no counter for 'llama'"):
        tokens.count("llama", messages)
    tokens.register_model(["llama", "gpt-4o"], lambda name, messages: len(name))
    assert (tokens.count("llama", messages), tokens.count("gpt-4o", messages)) == (5, 6)
    assert tokens.supported_models() == ["gpt-.*", "gemini-.*", "qwen-.*", "llama", "gpt-4o"]
    for wrong in ((1, messages), ("gpt-4", "text"), ("gpt-4", ["text"])):
        with pytest.raises(TypeError):
            tokens.count(*wrong)  # type: ignore[arg-type]


# Config files of the releases.


def test_old_configs_give_one_warning_for_each_old_thing(tmp_path: Path) -> None:
    assert models.OllamaChatWrapper.model_type == "ollama_chat"  # that it is imported must not matter
    path = tmp_path / "old.json"
    old = [
        {"config_name": "a", "model_type": "openai", "model_name": "gpt-4", "api_key": "{your_api_key}", "budget": 9},
        {"config_name": "b", "model_type": "tongyi_chat", "model_name": "{model_name}", "messages_key": "x"},
        {"config_name": "c", "model_type": "post_api_dalle", "api_url": "https://example.com/x"},
        {"config_name": "d", "model_type": "post_api", "api_url": "https://example.com/x", "parameters": {"x": 1}},
        {"config_name": "e", "model_type": "OllamaChatWrapper", "model": "llama2", "options": {"seed": "123"}},
    ]
    path.write_text("[\n" + ",\n".join(json.dumps(config) for config in old) + "\n]")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        compat.init(str(path), disable_saving=True)
    told = [str(warning.message) for warning in caught if issubclass(warning.category, ConfigWarning)]
    found = sorted((int(text.split(":")[1]), text.split()[1]) for text in told)
    assert all(text.startswith(f"{path}:") for text in told)
    assert found == [
        (2, "MH109"),
        (2, "MH109"),
        (2, "MH402"),
        (3, "MH109"),
        (3, "MH109"),
        (3, "MH402"),
        (4, "MH109"),
        (5, "MH109"),
        (6, "MH109"),
        (6, "MH109"),
        (6, "MH109"),
    ]
    for config in old:
        assert ModelManager.get_instance().get_model_by_config_name(config["config_name"]).config_name
