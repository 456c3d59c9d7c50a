"""What is shipped: a sdist to test and build from, and a wheel made from it with every module and no more."""

from __future__ import annotations

import subprocess
import sys
import tarfile
import tomllib
from configparser import ConfigParser
from pathlib import Path, PurePosixPath
from shutil import copytree, ignore_patterns, rmtree
from zipfile import ZipFile

import pytest

from ..paths import ROOT

# Where the files of each installed package come from.
SOURCES = {
    "modelhub": "modelhub",
    "modelhub/authoring/examples": "scripts/examples",
    "modelhub/docs": "docs",
    "modelhub/wrappers": "wrappers",
    "modelhub/schemas": "schemas",
}
SHIPPED = {".py", ".json", ".jsonl", ".md", ".png", ".typed", ".txt", ".yaml"}
# What scripts/site has put there before the wheel is made goes along.
SITE = {"modelhub/site/index.html", "modelhub/site/_static/styles/furo.css"}
LEFTOVERS = ("build", "dist", "*.egg-info", "__pycache__", ".*_cache", ".hypothesis", ".venv", "venv", ".git")


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with the sdist and the wheel, built in a copy: leftovers of earlier builds would be packed too."""
    folder = tmp_path_factory.mktemp("packaging")
    source = copytree(ROOT, folder / "source", ignore=ignore_patterns(*LEFTOVERS))
    rmtree(source / "modelhub" / "site", ignore_errors=True)
    for name in SITE:
        page = source / name
        page.parent.mkdir(parents=True, exist_ok=True)
        page.write_text("<p>")
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder / "dist"), str(source)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder / "dist"


@pytest.fixture(scope="session")
def wheel(built: Path) -> dict[str, bytes]:
    """The files of the wheel."""
    (path,) = built.glob("modelhub_registry-*.whl")
    with ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.fixture(scope="session")
def sdist(built: Path) -> set[str]:
    """The names of the files of the sdist, below its one folder."""
    (path,) = built.glob("modelhub_registry-*.tar.gz")
    with tarfile.open(path) as archive:
        return {member.name.partition("/")[2] for member in archive if member.isfile()}


def files_below(*folders: str, suffixes: set[str] | None = None) -> set[str]:
    """The files of the source tree in these folders, without what running it left there."""
    found = (path for folder in folders for path in (ROOT / folder).rglob("*") if path.is_file())
    kept = (path for path in found if not any(path.relative_to(ROOT).match(f"**/{name}/**") for name in LEFTOVERS))
    names = (path for path in kept if "__pycache__" not in path.parts and path.suffix != ".pyc")
    names = (path for path in names if not path.is_relative_to(ROOT / "modelhub" / "site"))
    return {path.relative_to(ROOT).as_posix() for path in names if suffixes is None or path.suffix in suffixes}


def expected_modules() -> set[str]:
    """The files that the source tree says the package consists of."""
    return {
        f"{package}{name.removeprefix(folder)}"
        for package, folder in SOURCES.items()
        for name in files_below(folder, suffixes=SHIPPED)
    }


def entry_points(wheel: dict[str, bytes]) -> dict[str, str]:
    (text,) = (content for name, content in wheel.items() if name.endswith(".dist-info/entry_points.txt"))
    parser = ConfigParser(delimiters=("=",))
    parser.read_string(text.decode())
    return dict(parser["modelhub.wrappers"])


def test_the_wheel_holds_modelhub_alone(wheel: dict[str, bytes]) -> None:
    tops = {PurePosixPath(name).parts[0] for name in wheel}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"modelhub"}
    assert len(tops) == 2


def test_the_wheel_holds_every_module_and_schema(wheel: dict[str, bytes]) -> None:
    assert {name for name in wheel if name.startswith("modelhub/")} == expected_modules() | SITE
    assert {"modelhub/py.typed", "modelhub/schemas/_common.json", "modelhub/wrappers/openai.py"} <= wheel.keys()
    assert "modelhub/authoring/skeleton/wrapper/package/schemas/type.json.txt" in wheel


def test_every_folder_of_modules_is_a_package() -> None:
    folders = {path.parent for path in (ROOT / "modelhub").rglob("*.py")}
    assert [folder.name for folder in folders if not (folder / "__init__.py").is_file()] == []


def test_the_wheel_holds_the_license(wheel: dict[str, bytes]) -> None:
    assert [name for name in wheel if name.endswith("LICENSE")] != []


def test_the_sdist_holds_what_it_takes_to_test_and_change_it(sdist: set[str]) -> None:
    folders = ("tests", "scripts", "model_configs", "wrappers", "schemas", "modelhub")
    assert files_below(*folders) - sdist == set()
    names = (
        "LICENSE CHANGELOG.md CONTRIBUTING.md README.md README.zh-CN.md justfile pyproject.toml setup.cfg MANIFEST.in"
    )
    assert set(names.split()) - sdist == set()
    for folder in folders:
        assert any(name.startswith(f"{folder}/") for name in sdist), folder


def test_the_sdist_holds_no_leftovers(sdist: set[str]) -> None:
    assert [name for name in sdist if name.endswith(".pyc") or "__pycache__" in name or "/build/" in name] == []


def test_the_wheel_has_the_entry_points_of_the_project(wheel: dict[str, bytes]) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert entry_points(wheel) == project["entry-points"]["modelhub.wrappers"]
