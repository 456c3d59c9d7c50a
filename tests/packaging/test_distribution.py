"""The name of the distribution: nothing tells to install another project's, and where that one lies, we say so."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
import warnings
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import pytest

import modelhub
from modelhub import foreign

from ..paths import ROOT

LEFT_OUT = {".git", ".venv", "venv", "build", "dist", "__pycache__", ".hypothesis"}
TOOLS = r"(?:pip3?|pipx|uv|poetry|pdm|conda|mamba|rye|hatch)"
# A tool that installs, then a name that the index resolves: no path, no address, nothing longer.
FROM_THE_INDEX = re.compile(
    rf"\b(?:{TOOLS}\s[^\n;&|#`(]*?\b(?:install|add|run)|uvx)\s[^\n;&|#`(]*?"
    r"(?<![\w/.-])modelhub(?:-registry)?(?![\w/.-])(?:\[[^\]]*\])?+(?! @ )",
    re.I,
)
# The other project as a requirement, wherever it stands.
REQUIREMENT = re.compile(r"(?<![\w/.-])modelhub(?:\[[a-z, ]+\]|\s*(?:==|~=|>=|<=|!=|@)\s*\w)")
TEXT = "the distribution modelhub 3.0.10 in {} is another project with the same import name and command"


def find_files() -> Iterator[Path]:
    """The files of the source tree, without what running it left there."""
    for folder, folders, names in os.walk(ROOT):
        folders[:] = [name for name in folders if name not in LEFT_OUT and not name.endswith(("_cache", ".egg-info"))]
        yield from (Path(folder, name) for name in names if not name.endswith(".pyc"))


def find_advice(text: str) -> list[str]:
    """The parts of a text that would have the other project installed."""
    lines = re.sub(r"[\"',]|\\\n", "", text).split("\n")  # a list of words is a command line, too
    return [line.strip() for line in lines if FROM_THE_INDEX.search(line) or REQUIREMENT.search(line)]


@pytest.mark.parametrize(
    "text",
    [
        "pip install modelhub",
        "python -m pip install -U modelhub",
        "pip install 'modelhub[litellm]'",
        'pip install "modelhub"',
        "pip install -q \\\n    modelhub",
        "pip install modelhub-registry",
        "pip3 install requests modelhub==3.0.10",
        "uv add modelhub",
        "uvx modelhub validate",
        "uv tool install modelhub",
        "uv run --with modelhub python",
        '[sys.executable, "-m", "pip", "install", "modelhub"]',
        'dependencies = ["modelhub[litellm]"]',
        "modelhub>=0.1",
        "modelhub @ git+https://git.example.com/modelhub",
    ],
)
def test_what_would_be_found(text: str) -> None:
    assert find_advice(text) != []


@pytest.mark.parametrize(
    "text",
    [
        "pip install .",
        "pip install '.[litellm]' && modelhub validate models.yaml",
        'pip install "modelhub-registry @ git+https://git.example.com/modelhub"',
        'pip install "modelhub-registry[litellm] @ git+https://git.example.com/modelhub"',
        "run `pip uninstall modelhub`, then install modelhub-registry again",
        "pip install /a/clone/of/modelhub",
        "pip install modelhub-acme",
        "pip install litellm  # modelhub asks for it at the first call",
        "installs modelhub into it",
    ],
)
def test_what_would_not_be_found(text: str) -> None:
    assert find_advice(text) == []


def test_nothing_has_the_other_project_installed() -> None:
    found = {}
    for path in find_files():
        advice = [] if path == Path(__file__).resolve() else find_advice(path.read_bytes().decode("utf-8", "replace"))
        if advice:
            found[path.relative_to(ROOT).as_posix()] = advice
    assert found == {}


def test_no_project_requires_the_other_one() -> None:
    projects = [path for path in find_files() if path.name == "pyproject.toml"]
    assert len(projects) > 10
    for path in projects:
        project = tomllib.loads(path.read_text("utf-8"))["project"]
        extras = project.get("optional-dependencies", {}).values()
        needs = [*project.get("dependencies", []), *(need for extra in extras for need in extra)]
        assert [need for need in needs if re.match(r"modelhub\b(?!-)", need)] == [], path


def test_the_version_is_that_of_our_distribution() -> None:
    assert modelhub.__version__ == version("modelhub-registry")
    name = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["name"]
    assert name == foreign.DISTRIBUTION == "modelhub-registry"


@pytest.fixture
def other(tmp_path: Path) -> Path:
    """A folder where the other project's distribution is installed."""
    info = tmp_path / "other" / "modelhub-3.0.10.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: modelhub\nVersion: 3.0.10\n")
    return info.parent


@pytest.fixture
def afresh() -> Iterator[None]:
    """A process that has not looked for the other project yet."""
    for cached in (foreign.describe_foreign, foreign.warn_of_foreign):
        cached.cache_clear()
    yield
    for cached in (foreign.describe_foreign, foreign.warn_of_foreign):
        cached.cache_clear()


def test_init_warns_of_the_other_project_once(other: Path, afresh: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(other))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        modelhub.init([])
        modelhub.init([])
    (warning,) = caught
    said = str(warning.message)
    assert said.startswith(TEXT.format(other)) and "\n" not in said
    assert "run `pip uninstall modelhub`, then install modelhub-registry again" in said
    assert (warning.category, warning.filename) == (UserWarning, __file__)


def test_plugins_and_what_is_not_there_are_not_the_other_project(
    tmp_path: Path, afresh: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("modelhub_acme-1.4.0.dist-info", "modelhub_registry-0.1.0.dist-info", "modelhub"):
        (tmp_path / name).mkdir()
    (tmp_path / "zipped.zip").write_bytes(b"")
    monkeypatch.setattr(
        sys, "path", [str(tmp_path), str(tmp_path / "zipped.zip"), str(tmp_path / "nowhere"), *sys.path]
    )
    assert foreign.describe_foreign() is None


def run(folder: Path, *arguments: str, path: Path | None = None) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, **({"PYTHONPATH": str(path)} if path else {})}
    command = [sys.executable, "-W", "error", "-m", "modelhub", *arguments]
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False, timeout=60)


@pytest.mark.parametrize("arguments", [["types"], ["--version"], ["show", "nobody"]])
def test_the_command_says_so_in_one_line_and_goes_on(other: Path, tmp_path: Path, arguments: list[str]) -> None:
    plain, done = run(tmp_path, *arguments), run(tmp_path, *arguments, path=other)
    assert (done.stdout, done.returncode) == (plain.stdout, plain.returncode)
    line, _, rest = done.stderr.partition("\n")
    assert line.startswith("modelhub: " + TEXT.format(other)) and rest == plain.stderr


def test_a_program_in_a_checkout_is_told_that_it_hides_the_package(tmp_path: Path) -> None:
    (tmp_path / "modelhub").symlink_to(ROOT / "modelhub")
    (tmp_path / "program.py").write_text(
        "import modelhub\nmodelhub.init({'config_name': 'm', 'model_type': 'openai_chat'}).get_model('m')\n"
    )
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONSAFEPATH"}
    command = [sys.executable, str(tmp_path / "program.py")]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.stderr.endswith(
        f"modelhub in {tmp_path} hide the package that is installed; keep programs in another folder\n"
    )
