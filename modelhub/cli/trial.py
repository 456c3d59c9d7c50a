"""Tries plugins out, each in a process of its own, so that one that hangs or ends the process harms nothing else."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from modelhub.formatters.installed import FORMATTERS
from modelhub.plugins import Plugin, PluginGroup
from modelhub.plugins.hooks import HOOKS
from modelhub.registry.installed import WRAPPERS
from modelhub.registry.observers import OBSERVERS

GROUPS: tuple[PluginGroup[Any], ...] = (WRAPPERS, HOOKS, FORMATTERS, OBSERVERS)
# What the other process runs: it finds modules where this one does, however that was set up.
_CODE = "import json, sys; sys.path[:] = json.loads(sys.argv[1]); from modelhub.cli.trial import answer; answer()"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of a trial: ``flaw`` says what is wrong, None if nothing is; ``about`` what the plugin is good for."""

    flaw: str | None
    about: str = ""


def try_all(found: Sequence[tuple[PluginGroup[Any], Plugin]], seconds: float) -> list[Verdict]:
    """Try plugins out side by side; each has ``seconds``."""
    with ThreadPoolExecutor(min(16, max(4, 2 * (os.cpu_count() or 1)))) as pool:
        return list(pool.map(lambda each: try_out(each[0], each[1], seconds), found))


def try_out(group: PluginGroup[Any], plugin: Plugin, seconds: float) -> Verdict:
    """Import a plugin in a process of its own and see what comes of it."""
    flags = [f"-W{option}" for option in sys.warnoptions]
    which = [group.group, plugin.name, plugin.entry_point.value, plugin.distribution]
    with tempfile.TemporaryDirectory() as folder, Path(folder, "out").open("w+b") as out:
        told = Path(folder, "told")
        command = [sys.executable, *flags, "-c", _CODE, json.dumps(sys.path), str(told), *which]
        alone: dict[str, Any] = {} if os.name == "nt" else {"start_new_session": True}
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.DEVNULL, **alone)
        try:
            status = process.wait(seconds)
        except subprocess.TimeoutExpired:
            return Verdict(f"importing it takes more than {seconds:g} seconds")
        finally:
            _end(process)
        if not told.exists():
            return Verdict(f"importing it ended the process, {_describe_end(status)}")
        verdict = Verdict(**json.loads(told.read_bytes()))
        printed = _read(out)
    if verdict.flaw is None and printed:
        return Verdict(f"importing it prints on standard output, where only answers belong: {printed}")
    return verdict


def answer() -> None:
    """What the other process does: load one plugin, write down what came of it, and end at once."""
    told, name, *which = sys.argv[2:]
    group = next(group for group in GROUPS if group.group == name)
    plugin = next(each for each in group.plugins if [each.name, each.entry_point.value, each.distribution] == which)
    try:
        flaw = group.try_out(plugin)
    except KeyboardInterrupt:
        flaw = "importing it raised KeyboardInterrupt"
    verdict = {"flaw": flaw, "about": "" if flaw else group.describe(plugin)}
    Path(told).write_text(json.dumps(verdict), "utf-8")
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            stream.flush()
    os._exit(0)  # threads that a plugin has started, and what it has registered for the exit, are not waited for


def _end(process: subprocess.Popen[Any]) -> None:
    """End a process and those that it has started."""
    if process.poll() is None:
        process.kill()
    if os.name != "nt":
        with suppress(ProcessLookupError, PermissionError):  # when nothing is left of them
            os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _describe_end(status: int) -> str:
    if status >= 0:
        return f"exit status {status}"
    try:
        return f"signal {signal.Signals(-status).name}"
    except ValueError:
        return f"signal {-status}"


def _read(out: IO[bytes], most: int = 60) -> str:
    """The beginning of what was printed, as a literal."""
    out.seek(0)
    text = out.read(10 * most).decode("utf-8", "replace")
    return repr(text if len(text) <= most else f"{text[:most]}...") if text else ""
