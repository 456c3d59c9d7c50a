"""Runs the pages of docs/ as a reader would: their files, commands and programs, in order, against one mock server."""

from __future__ import annotations

import ast
import asyncio
import contextlib
import inspect
import io
import re
import runpy
import shlex
import sys
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from click.testing import CliRunner

from modelhub.cli.app import cli
from modelhub.registry import default

BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.M | re.S)
FILE = re.compile(r"# (\S+\.\w+)\n")
ADDRESS = re.compile(r"(?:http://)?127\.0\.0\.1:(?:8080|4000|11434|8000)")
READERS = (
    *("mkdir ", "cd ", "python3 -m venv", ". .venv/", "pip install"),
    *("modelhub mock", "modelhub serve", "flask ", "uvicorn "),
)
"""How the commands begin that are for the reader's own machine: what they do is done for the tests, or never ends."""


def find_blocks(page: Path) -> list[tuple[str, str]]:
    """The language and the text of each block of code."""
    return BLOCK.findall(page.read_text("utf-8"))


def run_page(page: Path, folder: Path, url: str) -> str:
    """Run all of a page in ``folder``, which is the working folder, with the server at ``url``; what was printed.

    A block whose first line is a comment with a file's name is that file. A ``text`` block is what the block before it
    prints; ``...`` stands for anything.
    """
    names: dict[str, Any] = {"__name__": "page"}
    printed = last = ""
    blocks = find_blocks(page)
    for number, (kind, source) in enumerate(blocks):
        text = ADDRESS.sub(url, source)
        if name := FILE.match(text):
            (folder / name[1]).parent.mkdir(parents=True, exist_ok=True)
            (folder / name[1]).write_text(text, "utf-8")
        elif kind in ("yaml", "json", "toml"):
            continue  # a part of a file, to look at
        elif kind == "text":
            wanted = re.escape(source.rstrip()).replace(r"\.\.\.", ".*")
            assert re.fullmatch(wanted, last.replace(url, "...").rstrip(), re.S), last
        else:
            shown = blocks[number + 1 : number + 2]
            run = {"python": _run_python, "sh": _run_shell}[kind]
            last = run(text, names, folder, bool(shown) and shown[0][0] == "text")
            printed += last
    return printed


def _run_python(text: str, names: dict[str, Any], folder: Path, shown: bool) -> str:
    """A cell, as a notebook runs it: it may await."""
    with contextlib.redirect_stdout(io.StringIO()) as out:
        coroutine = eval(compile(text, "page", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True), names)
        if inspect.iscoroutine(coroutine):
            asyncio.run(coroutine)
    return out.getvalue()


def _run_shell(text: str, names: dict[str, Any], folder: Path, shown: bool) -> str:
    """Commands, in this process; one may only fail where the page shows how."""
    said = ""
    for line in text.splitlines():
        if not line.startswith(READERS):
            program, *arguments = shlex.split(line, comments=True)
            status, output = _PROGRAMS[program](arguments, folder)
            assert status == 0 or (shown and status == 1), (line, output)
            said += output
    return said


def _run_modelhub(arguments: list[str], folder: Path) -> tuple[int, str]:
    done = CliRunner().invoke(cli, arguments)
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done.exit_code, done.output


def _run_program(arguments: list[str], folder: Path) -> tuple[int, str]:
    with (
        patch.object(sys, "argv", arguments),
        patch.object(default, "_default", None),
        contextlib.redirect_stdout(io.StringIO()) as out,
    ):
        runpy.run_path(arguments[0], run_name="__main__")
    return 0, out.getvalue()


def _run_pytest(arguments: list[str], folder: Path) -> tuple[int, str]:
    modules = set(sys.modules)
    with patch.object(sys, "path", [str(folder), *sys.path]), contextlib.redirect_stdout(io.StringIO()) as out:
        status = pytest.main(
            [*arguments, "-p", "no:cacheprovider", "-c", "/dev/null", f"--rootdir={folder}", str(folder)]
        )
    for name in set(sys.modules) - modules:  # modules of the page, which another page may have, too
        if str(getattr(sys.modules[name], "__file__", "")).startswith(str(folder)):
            del sys.modules[name]
    return int(status), out.getvalue()


_PROGRAMS = {"modelhub": _run_modelhub, "python": _run_program, "pytest": _run_pytest}
