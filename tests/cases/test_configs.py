"""What people wrote into configs and asked of commands; each case is a folder in ``configs``.

``case.json`` has steps: a command, run by bash in a copy of the folder, and what is ``right``, a Python expression over
``rc``, ``out``, ``err``, ``text`` (both), ``P`` (the problems of ``--format json``) and ``secs``. The shell has ``$MH``
(the command), ``$PY`` and ``$ECHO`` (a server that answers with what it was sent). What is in ``plugins`` is installed
by pip into an environment of the case's own.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import sysconfig
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
CASES = sorted(path.parent for path in (HERE / "configs").glob("*/case.json"))


@pytest.fixture(scope="module")
def echo() -> Iterator[str]:
    """The address of a server that answers with what it was sent."""
    process = subprocess.Popen([sys.executable, HERE / "echo_server.py"], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    yield f"http://127.0.0.1:{process.stdout.readline().strip()}"
    process.terminate()
    process.wait()
    process.stdout.close()


def build_wheel(source: Path, to: Path) -> Path:
    """A wheel of ``source``, a folder NAME-VERSION with ``src`` and ``entry_points.txt``."""
    name, _, version = source.name.rpartition("-")
    stem = f"{name.replace('-', '_')}-{version}"
    files = {
        file.relative_to(source / "src").as_posix(): file.read_bytes()
        for file in (source / "src").rglob("*")
        if file.is_file()
    }
    files[f"{stem}.dist-info/METADATA"] = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n".encode()
    files[f"{stem}.dist-info/WHEEL"] = b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    files[f"{stem}.dist-info/entry_points.txt"] = (source / "entry_points.txt").read_bytes()
    rows = "".join(f"{file},,\n" for file in (*files, f"{stem}.dist-info/RECORD"))
    path = to / f"{stem}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as wheel:
        for file, data in {**files, f"{stem}.dist-info/RECORD": rows.encode()}.items():
            wheel.writestr(file, data)
    return path


def install_plugins(case: Path, tmp_path: Path) -> Path:
    """A Python that has this modelhub and the plugins of the case."""
    venv, wheels = tmp_path / "venv", tmp_path / "wheels"
    wheels.mkdir()
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", venv], check=True)
    python = venv / "bin" / "python"
    ask = [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]
    site = Path(subprocess.run(ask, check=True, capture_output=True, text=True).stdout.strip())
    (site / "modelhub-of-the-tests.pth").write_text(sysconfig.get_path("purelib") + "\n")
    built = [build_wheel(source, wheels) for source in sorted((case / "plugins").iterdir())]
    pip = [sys.executable, "-m", "pip", "--python", python, "install", "-q", "--no-deps", "--no-index", *built]
    subprocess.run(pip, check=True, capture_output=True)
    return python


def run_step(step: dict[str, Any], work: Path, env: dict[str, str]) -> dict[str, Any]:
    """What came of one command, under the names that ``right`` knows."""
    start = time.monotonic()
    process = subprocess.Popen(
        ["bash", "-c", step["run"]],
        cwd=work,
        env={**env, **step.get("env", {})},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        printed = process.communicate(timeout=step.get("limit", 60))
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        printed = process.communicate()
    out, err = (stream.decode("utf-8", "replace") for stream in printed)
    secs = time.monotonic() - start
    found = {"rc": process.returncode, "out": out, "err": err, "text": out + err, "secs": secs}
    return {**found, "P": read_problems(out), "json": json, "re": re}


def read_problems(out: str) -> list[Any]:
    """The problems that ``--format json`` printed; none for other output."""
    try:
        found = json.loads(out)
    except ValueError:
        return []
    return found if isinstance(found, list) and all(isinstance(problem, dict) for problem in found) else []


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.name)
def test_case(case: Path, tmp_path: Path, echo: str) -> None:
    work = tmp_path / "work"
    shutil.copytree(case, work, symlinks=True, ignore=shutil.ignore_patterns("case.json", "plugins"))
    python = Path(sys.executable)
    if (case / "plugins").is_dir():
        python = install_plugins(case, tmp_path)
    script = python.with_name("modelhub")
    env = {"PATH": os.environ.get("PATH", ""), "HOME": str(work), "LANG": "C.UTF-8", "NO_COLOR": "1", "ECHO": echo}
    env |= {"PY": str(python), "MH": str(script) if script.exists() else f"{python} -m modelhub"}
    spec = json.loads((case / "case.json").read_text("utf-8"))
    for step in spec["steps"]:
        found = run_step(step, work, env)
        assert eval(step["right"], dict(found)), f"{spec['right']}\n{step}\n{found['rc']}\n{found['text'][:3000]}"
