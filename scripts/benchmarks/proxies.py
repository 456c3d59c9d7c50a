"""Gateways in front of the fixed server, each a process of its own that does nothing but wait for requests."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.error import URLError
from urllib.request import urlopen

from benchmarks.contestants import KEY, MODEL
from benchmarks.fixed_server import EVENTS

MODELS = (MODEL, f"events-{EVENTS}")
PATIENCE = 120.0
"""Seconds in which a gateway must have started."""

OURS = """\
- config_name: {model}
  model_type: openai_chat
  api_key: sk-upstream
  client_args: {{base_url: "{url}"}}
"""
THEIRS = """\
- model_name: {model}
  litellm_params: {{model: openai/{model}, api_key: sk-upstream, api_base: "{url}"}}
"""


class Proxy:
    """A gateway that runs, on ``core`` if given, with its configs in ``folder``; a context manager."""

    name: str
    ready = "/readyz"

    def __init__(self, url: str, folder: Path, core: int | None, python: str = sys.executable) -> None:
        self._upstream = url
        self._folder = folder
        self._core = core
        self._bin = Path(python).parent

    def build_command(self, port: int) -> list[str]:
        """The command that serves ``MODELS`` on ``port``, with its files written."""
        raise NotImplementedError

    def take_cpu_time(self) -> float:
        """The seconds of CPU, user and system, that all its threads have taken so far."""
        words = Path(f"/proc/{self._process.pid}/stat").read_text("utf-8").rpartition(")")[2].split()
        return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")

    def read_memory(self) -> float:
        """The megabytes of memory that it has now."""
        pages = int(Path(f"/proc/{self._process.pid}/statm").read_text("utf-8").split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 1e6

    def __enter__(self) -> Self:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}/v1"
        command = self.build_command(port)
        if self._core is not None:
            command = ["taskset", "--cpu-list", str(self._core), *command]
        env = {
            **os.environ,
            "LITELLM_LOCAL_MODEL_COST_MAP": "True",
            "LITELLM_TELEMETRY": "False",
            "LITELLM_MODE": "PRODUCTION",
            "LITELLM_LOG": "ERROR",
            "DISABLE_ADMIN_UI": "True",
        }
        self._log = (self._folder / f"{self.name.split()[0]}.log").open("w+")
        self._process = subprocess.Popen(command, env=env, cwd=self._folder, stdout=self._log, stderr=self._log)
        end = time.monotonic() + PATIENCE
        while not self._answers(f"http://127.0.0.1:{port}{self.ready}"):
            if self._process.poll() is not None or time.monotonic() > end:
                self.__exit__(None, None, None)
                raise RuntimeError(f"{self.name} has not started:\n{Path(self._log.name).read_text('utf-8')[-3000:]}")
            time.sleep(0.1)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: TracebackType | None) -> None:
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._log.close()

    def _answers(self, url: str) -> bool:
        try:
            with urlopen(url, timeout=2) as reply:
                return int(reply.status) == 200
        except (URLError, OSError):
            return False


class ModelhubServe(Proxy):
    """``modelhub serve``."""

    name = "modelhub serve"

    def build_command(self, port: int) -> list[str]:
        """One process; nobody needs a key, as on a machine of one's own."""
        configs = self._folder / "models.yaml"
        configs.write_text("".join(OURS.format(model=model, url=self._upstream) for model in MODELS), "utf-8")
        return [str(self._bin / "modelhub"), "serve", "-c", str(configs), "--port", str(port)]


class LiteLLMProxy(Proxy):
    """LiteLLM's proxy, with one worker and a master key, without which it has no access control at all."""

    name = "litellm proxy"
    ready = "/health/readiness"

    def build_command(self, port: int) -> list[str]:
        """One process, without a database."""
        configs = self._folder / "litellm.yaml"
        models = "".join(THEIRS.format(model=model, url=self._upstream) for model in MODELS)
        configs.write_text(f"model_list:\n{models}general_settings: {{master_key: {KEY}}}\n", "utf-8")
        command = [str(self._bin / "litellm"), "--config", str(configs), "--host", "127.0.0.1", "--port", str(port)]
        return [*command, "--telemetry", "False", "--num_workers", "1"]
