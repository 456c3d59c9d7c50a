"""The hooks at work: pre-commit installs them from a clone of this repository and runs them in a sample one."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from ..paths import ROOT

if shutil.which("git") is None:
    pytest.skip("git is not installed", allow_module_level=True)

FOLDERS = ("modelhub", "wrappers", "schemas", "scripts/examples", "docs")
FILES = (".pre-commit-hooks.yaml", "pyproject.toml", "setup.cfg", "README.md", "LICENSE", "MANIFEST.in")
GOOD = "- config_name: gpt\n  model_type: openai_chat\n  api_key: ${OPENAI_API_KEY}\n"
BAD = f"{GOOD}  temprature: 1\n"
ME = {
    "GIT_AUTHOR_NAME": "a",
    "GIT_AUTHOR_EMAIL": "a@example.com",
    "GIT_COMMITTER_NAME": "a",
    "GIT_COMMITTER_EMAIL": "a@example.com",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
}


def run(folder: Path, *command: str, home: Path | None = None) -> subprocess.CompletedProcess[str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    env = {**inherited, **ME, **({"PRE_COMMIT_HOME": str(home)} if home else {}), "PRE_COMMIT_COLOR": "never"}
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False, timeout=300)


def commit(folder: Path) -> None:
    """Make a repository of a folder."""
    for command in ("init -q", "add -A", "commit -q -m all"):
        done = run(folder, "git", *command.split())
        assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def hooks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository with the files that the hooks are installed from."""
    clone = tmp_path_factory.mktemp("clone")
    for folder in FOLDERS:
        shutil.copytree(ROOT / folder, clone / folder, ignore=shutil.ignore_patterns("__pycache__"))
    for name in FILES:
        shutil.copy(ROOT / name, clone / name)
    commit(clone)
    return clone


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where pre-commit keeps what it has installed."""
    return tmp_path_factory.mktemp("home")


def find_revision(hooks: Path) -> str:
    """The only commit of this clone; what is installed from it is there for all tests."""
    return run(hooks, "git", "rev-parse", "HEAD").stdout.strip()


def read_snippet(hooks: Path) -> str:
    """The file of docs/ci.md, about this clone and its only commit."""
    (text,) = re.findall(
        r"^```yaml\n# \.pre-commit-config\.yaml\n(.*?)^```$", (ROOT / "docs" / "ci.md").read_text(), re.M | re.S
    )
    assert text.count("https://git.example.com/modelhub") == 1
    assert text.count("<full commit sha>") == 1
    text = text.replace("https://git.example.com/modelhub", hooks.as_uri())
    return str(text.replace("<full commit sha>", find_revision(hooks)))


def test_the_hooks_are_what_pre_commit_wants() -> None:
    done = run(ROOT, sys.executable, "-m", "pre_commit", "validate-manifest", ".pre-commit-hooks.yaml")
    assert (done.returncode, done.stderr) == (0, "")


def test_the_hook_of_the_page(hooks: Path, home: Path, tmp_path: Path) -> None:
    (tmp_path / ".pre-commit-config.yaml").write_text(read_snippet(hooks))
    (tmp_path / "models.yaml").write_text(BAD)
    (tmp_path / "other.yaml").write_text("not: a config\n")
    commit(tmp_path)
    failed = run(tmp_path, sys.executable, "-m", "pre_commit", "run", "--all-files", home=home)
    assert failed.returncode == 1, failed.stdout + failed.stderr
    assert "\nmodels.yaml:4:3: MH103 " in failed.stdout and "other.yaml" not in failed.stdout
    (tmp_path / "models.yaml").write_text(GOOD)
    passed = run(tmp_path, sys.executable, "-m", "pre_commit", "run", "--all-files", home=home)
    assert passed.returncode == 0, passed.stdout + passed.stderr
    assert re.search(r"validate model configs\.+Passed", passed.stdout)


def test_the_hooks_as_they_are(hooks: Path, home: Path, tmp_path: Path) -> None:
    ids = ["modelhub-validate", "modelhub-validate-folder"]
    repos = [{"repo": hooks.as_uri(), "rev": find_revision(hooks), "hooks": [{"id": name} for name in ids]}]
    (tmp_path / ".pre-commit-config.yaml").write_text(yaml.safe_dump({"repos": repos}))
    folder = tmp_path / "model_configs"
    folder.mkdir()
    (folder / "base.yaml").write_text("- {config_name: base, model_type: openai_chat, abstract: true}\n")
    (folder / "gpt.yaml").write_text("- {config_name: gpt, extends: base, timeout: 5}\n")
    commit(tmp_path)
    passed = run(tmp_path, sys.executable, "-m", "pre_commit", "run", "--all-files", home=home)
    assert passed.returncode == 0, passed.stdout + passed.stderr
    (folder / "base.yaml").write_text("- {config_name: other, model_type: openai_chat, abstract: true}\n")
    assert run(tmp_path, "git", "add", "-A").returncode == 0
    failed = run(tmp_path, sys.executable, "-m", "pre_commit", "run", home=home)  # of what has changed
    assert failed.returncode == 1
    assert re.search(r"validate model configs\.+Passed", failed.stdout), failed.stdout
    assert "\nmodel_configs/gpt.yaml:1:31: MH303 " in failed.stdout
