"""docs/plugins.md: its package works, and its commands print what it says."""

from __future__ import annotations

import inspect
import os
import re
import subprocess
import sys
import tomllib
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from modelhub import base, errors
from modelhub.authoring.new_plugin import build_package
from modelhub.cli.trial import GROUPS
from modelhub.hooks import Specs

from ..paths import ROOT

PAGE = (ROOT / "docs" / "plugins.md").read_text("utf-8")


def install(project: dict[str, Any], folder: Path) -> None:
    """Do what pip would do with a project whose modules are in the folder."""
    info = folder / f"{project['name'].replace('-', '_')}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n")
    groups = project["entry-points"].items()
    lines = [f"[{group}]\n" + "".join(f"{k} = {v}\n" for k, v in points.items()) for group, points in groups]
    (info / "entry_points.txt").write_text("".join(lines))


def test_the_examples(tmp_path: Path) -> None:
    blocks = re.findall(r"^```(\w*)\n(.*?)^```$", PAGE, re.M | re.S)
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PYTHONPATH": str(tmp_path), "PATH": path, "NO_COLOR": "1"}
    environment["XDG_CACHE_HOME"] = str(tmp_path / "cache")
    said = []
    for kind, text in blocks:
        name = text.partition("\n")[0].removeprefix("# ")
        if kind not in ("sh", ""):
            (tmp_path / name).write_text(text)
        if name.startswith("pyproject"):
            install(tomllib.loads(text)["project"], tmp_path)
        if kind == "sh":
            run = ["sh", "-c", text.replace("\n", ";")]
            done = subprocess.run(run, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
            assert done.stderr == "", text
            said.append(done.stdout)
    assert said == [text for kind, text in blocks if kind == ""]


def list_rows(header: str) -> dict[str, str]:
    """The first cells of the table under a header, and what stands behind each."""
    table = PAGE.split(f"| {header} |", 1)[1].split("\n\n", 1)[0]
    rows = [line.strip("| ").split(" | ", 1) for line in table.splitlines()[2:]]
    return {name.strip("`"): more for first, more in rows for name in first.split(", ")}


def test_every_group_has_its_row() -> None:
    assert list(list_rows("group of entry points")) == [GROUPS[n].group for n in (0, 2, 3, 1)]


def test_every_hook_has_its_row_and_its_example() -> None:
    rows = list_rows("hook")
    specs = {name: spec for name, spec in vars(Specs).items() if not name.startswith("_")}
    assert sorted(rows) == sorted(specs)
    for name, spec in specs.items():
        told = re.findall(r"`(\w+): ([^`]+)`", rows[name].partition(" | ")[0].replace("\\|", "|"))
        wanted = {key: str(kind) for key, kind in inspect.get_annotations(spec).items() if key != "return"}
        assert dict(told) == wanted, name
        assert f"### {name}\n" in PAGE
        assert re.search(rf"@hookimpl\ndef {name}\(", PAGE), name


def test_what_is_named_is_there() -> None:
    for name in list_rows("class"):
        assert name in base.__all__, name
    for name in list_rows("method"):
        assert hasattr(base.ChatWrapper, name), name
    for name in list_rows("attribute"):
        assert hasattr(base.ChatWrapper, name), name
    raised = set(re.findall(r"`(\w+Error)`", PAGE.split("### What goes wrong", 1)[1].split("###", 1)[0]))
    assert len(raised) > 8
    assert raised <= set(vars(errors))
    kinds = re.findall(r"`(?:type\[)?([A-Z]\w+)\]?`", " ".join(list_rows("attribute").values()))
    assert set(kinds) <= {*base.__all__, "SSEDecoder", "LineDecoder"}


def test_authors_import_from_few_places() -> None:
    public = {"modelhub", "modelhub.base", "modelhub.errors", "modelhub.events", "modelhub.hooks", "modelhub.testing"}
    texts = re.findall(r"^```python\n(.*?)^```$", PAGE.replace("from modelhub.wrappers.openai", ""), re.M | re.S)
    for package in (build_package("acme", "wrapper"), build_package("acme", "adapter")):
        texts += [text for path, text in package[1].items() if path.endswith(".py")]
    assert len(texts) > 10
    for text in texts:
        for module, names in re.findall(r"^ *from (modelhub(?:\.[\w.]+)?) import \(?([^)]*?)\)?$", text, re.M):
            assert module in public or module == "modelhub.testing.conformance", module
            if module == "modelhub.base":
                assert {name for name in re.split(r"[,\s]+", names) if name} <= set(base.__all__)


def test_the_files_of_a_new_package_are_listed() -> None:
    _, package = build_package("acme", "wrapper")
    rows = list_rows("file")
    assert all(any(fnmatch(path, row) for path in package) for row in rows)
    assert f"modelhub-acme has {len(package)} files" in PAGE
