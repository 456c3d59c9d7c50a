"""Which servers the tests are run against: llama.cpp's, which pip installs, and those that --servers names.

What another server is needed for is deselected and counted. What is named must be there, and its tests must run.
"""

from __future__ import annotations

import os
import platform
import shutil
import sys
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from .centre_servers import find_centre
from .chromium import find_chromium
from .environments import find_environment
from .ollama import find_ollama
from .postgres_server import find_postgres
from .redis_server import find_redis

ALWAYS = "llama-server"
ENVIRONMENTS = ("transformers", "fastchat", "litellm_proxy", "vllm", "huggingface", "modelscope", "phoenix")
# Each server with the script that fetches it.
SERVERS = {
    "ollama": "scripts/fetch_ollama_for_tests",
    **{name: f"scripts/fetch_engines_for_tests {name}" for name in ENVIRONMENTS},
    "yaml-language-server": "scripts/fetch_yaml_language_server_for_tests",
    "redis": "scripts/fetch_redis_for_tests",
    "ray": "pip install 'ray[data]'",
    "postgres": "apt-get install postgresql",
    "etcd": "scripts/fetch_centres_for_tests etcd",
    "consul": "scripts/fetch_centres_for_tests consul",
    "chromium": "scripts/fetch_chromium_for_tests",
}
# Where the name of a running engine is not that of the server, with perhaps a task behind it.
_SERVER_OF = {
    "Ollama": "ollama",
    "FastChat": "fastchat",
    "a broken FastChat": "fastchat",
    "LiteLLM": "litellm_proxy",
    "vLLM": "vllm",
}


def needs(engine: str) -> pytest.MarkDecorator:
    """The mark of a test that asks the engine of that name."""
    name = _SERVER_OF.get(engine, engine.partition(" ")[0])
    assert name == ALWAYS or name in SERVERS, name
    return pytest.mark.servers(name)


def find_language_server() -> Path | None:
    """The yaml-language-server, which editors use; None when it is not here, or Node.js is not."""
    folder = os.environ.get("MODELHUB_TEST_YAML_LANGUAGE_SERVER") or "~/.cache/modelhub-tests/yaml-language-server"
    path = Path(folder).expanduser() / "node_modules" / "yaml-language-server" / "bin" / "yaml-language-server"
    return path if path.exists() and shutil.which("node") else None


def find_ray() -> Path | None:
    """Ray, which is a library; None where it is not installed."""
    found = find_spec("ray")
    return Path(found.origin) if found and found.origin else None


_FIND: dict[str, Callable[[], Path | None]] = {
    "ollama": find_ollama,
    "yaml-language-server": find_language_server,
    "redis": find_redis,
    "ray": find_ray,
    "postgres": find_postgres,
    "etcd": lambda: find_centre("etcd"),
    "consul": lambda: find_centre("consul"),
    "chromium": find_chromium,
}


def is_here(name: str) -> bool:
    """Whether a server can be run."""
    if name in ENVIRONMENTS:
        return find_environment(name) is not None
    try:
        return _FIND[name]() is not None
    except FileNotFoundError:  # the folder that the environment names has none
        return False


def parse_names(text: str) -> frozenset[str]:
    """The servers that --servers names; raises UsageError for one that is not here."""
    if text == "here":
        return frozenset(filter(is_here, SERVERS))
    names = frozenset(text.split(",")) - {""}
    for name in sorted(names):
        if name not in SERVERS:
            raise pytest.UsageError(f"--servers: there is no server {name!r}; choose among {', '.join(SERVERS)}")
        if not is_here(name):
            raise pytest.UsageError(f"--servers: there is no {name} here: run {SERVERS[name]} once")
    return names


def find_needs(item: pytest.Item) -> set[str]:
    """The servers that a test needs."""
    return {name for mark in item.iter_markers("servers") for name in mark.args}


def find_idle(chosen: Collection[str], ran: Mapping[str, int]) -> list[str]:
    """The servers that were chosen and that no test has asked."""
    return sorted(name for name in chosen if not ran.get(name))


class Choice:
    """The choice of one run, as a plugin of pytest."""

    def __init__(self, chosen: frozenset[str]) -> None:
        self.chosen = chosen
        self.count = 0
        self.left_out: dict[str, int] = defaultdict(int)
        self.ran: dict[str, int] = defaultdict(int)
        self.idle: list[str] = []

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        kept, left_out = [], []
        for item in items:
            missing = find_needs(item) - self.chosen - {ALWAYS}
            (left_out if missing else kept).append(item)
            for name in missing:
                self.left_out[name] += 1
            if ALWAYS in find_needs(item) and (sys.platform, platform.machine()) != ("linux", "x86_64"):
                item.add_marker(pytest.mark.skip(reason="xllamacpp is installed on Linux on x86-64 alone"))
        if left_out:
            self.count = len(left_out)
            config.hook.pytest_deselected(items=left_out)
            items[:] = kept

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item, call: pytest.CallInfo[None]) -> Any:
        report: pytest.TestReport = yield
        if report.when == "call" and not report.skipped:
            for name in find_needs(item):
                self.ran[name] += 1
        return report

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Add up what one of several processes has done."""
        told = getattr(node, "workeroutput", {}).get("choice")
        if told is not None:
            self.left_out.update(told["left_out"])
            self.count = told["count"]
            for name, count in told["ran"].items():
                self.ran[name] += count

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Let a run of all the tests fail when a server was chosen for nothing."""
        config = session.config
        told = getattr(config, "workeroutput", None)
        if told is not None:  # one of several processes, which do not know of each other
            told["choice"] = {"left_out": dict(self.left_out), "ran": dict(self.ran), "count": self.count}
            return
        is_whole = config.args_source is not config.ArgsSource.ARGS and not config.option.keyword
        if is_whole and not config.option.collectonly and not session.shouldstop:
            self.idle = find_idle(self.chosen, self.ran)
            if self.idle and session.exitstatus == pytest.ExitCode.OK:
                session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        for name in self.idle:
            terminalreporter.write_line(f"no test has run against {name}, which --servers names", red=True)
        if self.count:
            names = ", ".join(f"{name} {count}" for name, count in self.left_out.items())
            terminalreporter.write_line(
                f"{self.count} tests against servers deselected ({names}): scripts/test --servers runs them"
            )
