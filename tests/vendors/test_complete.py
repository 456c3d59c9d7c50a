"""Every model_type is complete: entry point, class, schema, example, and something that proves its wire format."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from shutil import copy, copytree
from typing import Any

import pytest

from modelhub import configs

from ..paths import ROOT, TESTS

UNFINISHED = "FILL IN"  # what scripts/new_wrapper writes where a person has to think


def entry_points(root: Path) -> dict[str, str]:
    project = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["project"]
    rows: dict[str, str] = project["entry-points"]["modelhub.wrappers"]
    return rows


def declared_types(root: Path) -> dict[str, set[str]]:
    """The entry points that would do for each class in wrappers/ that declares a ``model_type`` itself."""
    trees = {path.stem: ast.parse(path.read_text("utf-8")).body for path in (root / "wrappers").glob("*.py")}
    declared: dict[str, set[str]] = {}
    for stem, body in trees.items():
        for node in body:
            for statement in node.body if isinstance(node, ast.ClassDef) else ():
                match statement:
                    case ast.Assign(targets=[ast.Name(id="model_type")], value=ast.Constant(value=str(name))) if name:
                        assert isinstance(node, ast.ClassDef)
                        stems = {stem, *(other for other in trees if imports(trees[other], node.name))}
                        declared[name] = {f"modelhub.wrappers.{stem}:{node.name}" for stem in stems}
    return declared


def imports(body: list[ast.stmt], name: str) -> bool:
    """Whether a module offers a class of a sibling as its own, at once or when it is first asked for."""
    late = [node for part in body if isinstance(part, ast.If) for node in part.body]
    siblings = [node for node in (*body, *late) if isinstance(node, ast.ImportFrom) and node.level == 1]
    return any(alias.name == alias.asname == name for node in siblings for alias in node.names)


def find_missing(root: Path) -> list[str]:
    """What is still to be done for the model_types of a source tree, each as ``file: what``."""
    gaps = set(missing_pairs(root))
    for model_type, target in entry_points(root).items():
        gaps.update(missing_files(root, model_type, target))
    return sorted(gaps)


def missing_pairs(root: Path) -> Iterator[str]:
    """Rows without a class, classes and schemas without a row."""
    rows, declared = entry_points(root), declared_types(root)
    for name, target in rows.items():
        if target not in declared.get(name, ()):
            module, _, cls = target.partition(":")
            yield f"wrappers/{module.rpartition('.')[2]}.py: a class {cls} with model_type {name!r}"
    for name in declared.keys() - rows.keys():
        yield f'pyproject.toml: {name} = "{min(declared[name])}" among the entry points'
    for path in (root / "schemas").glob("*.json"):
        if not path.stem.startswith("_") and path.stem not in rows:
            yield f"pyproject.toml: an entry point for schemas/{path.name}"


def missing_files(root: Path, model_type: str, target: str) -> Iterator[str]:
    """What one row of the entry points lacks."""
    vendor = target.partition(":")[0].rpartition(".")[2]
    schema = root / "schemas" / f"{model_type}.json"
    if not schema.is_file():
        yield f"schemas/{model_type}.json: it does not exist"
    else:
        content = json.loads(schema.read_text("utf-8"))
        if content["properties"]["model_type"].get("const") != model_type:
            yield f"schemas/{model_type}.json: model_type must be the constant {model_type!r}"
        if "x-capabilities" not in content:
            yield f"schemas/{model_type}.json: x-capabilities"
    examples = {entry.config.get("model_type") for entry in configs.load(root / "model_configs").entries}
    if model_type not in examples:
        yield f"model_configs/{vendor}.yaml: an example of {model_type}"
    recordings, adapter = root / "tests" / "recordings" / vendor, root / "tests" / "sdk" / f"{vendor}.py"
    if not (root / "tests" / "wrappers" / f"test_{vendor}.py").is_file():
        if not any(recordings.glob("*.json")):
            yield f"tests/recordings/{vendor}: a recording, or tests/wrappers/test_{vendor}.py in its place"
        elif not adapter.is_file():
            yield f"tests/sdk/{vendor}.py: it does not exist, so the recordings are not replayed"
    for path in (root / "wrappers" / f"{vendor}.py", schema, root / "model_configs" / f"{vendor}.yaml", adapter):
        if path.is_file() and UNFINISHED in path.read_text("utf-8"):
            yield f"{path.relative_to(root).as_posix()}: {UNFINISHED}"
    if (recordings / "README.md").is_file() and UNFINISHED in (recordings / "README.md").read_text("utf-8"):
        yield f"tests/recordings/{vendor}/README.md: {UNFINISHED}"


def test_nothing_is_missing() -> None:
    missing = find_missing(ROOT)
    assert not missing, "still to be done:\n" + "\n".join(missing)


def test_every_folder_of_recordings_is_replayed() -> None:
    for folder in (TESTS / "recordings").iterdir():
        adapters = [TESTS / "sdk" / f"{folder.name}.py", TESTS / "wrappers" / f"test_{folder.name}.py"]
        assert any(path.is_file() for path in adapters), f"tests/recordings/{folder.name} is read by nobody"


# scripts/new_wrapper, in a copy of the tree.


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for folder in ("wrappers", "schemas", "model_configs", "tests/sdk", "scripts/skeleton"):
        copytree(ROOT / folder, tmp_path / folder)
    for name in ("pyproject.toml", "scripts/new_wrapper"):
        copy(ROOT / name, tmp_path / name)
    (tmp_path / "tests" / "wrappers").mkdir()
    for test in (TESTS / "wrappers").glob("test_*.py"):
        (tmp_path / "tests" / "wrappers" / test.name).touch()
    for folder in (TESTS / "recordings").iterdir():
        (tmp_path / "tests" / "recordings" / folder.name).mkdir(parents=True)
        (tmp_path / "tests" / "recordings" / folder.name / "one.json").touch()
    return tmp_path


def start(tree: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(tree / "scripts" / "new_wrapper"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_a_new_vendor_lacks_exactly_what_a_person_must_do(tree: Path) -> None:
    before = find_missing(tree)
    done = start(tree, "acme_ai", "acme_ai_chat", "acme_ai_embedding", "acme_ai_image")
    assert (done.returncode, done.stderr) == (0, "")
    written = [
        "model_configs/acme_ai.yaml",
        "schemas/acme_ai_chat.json",
        "schemas/acme_ai_embedding.json",
        "schemas/acme_ai_image.json",
        "tests/recordings/acme_ai/README.md",
        "tests/sdk/acme_ai.py",
        "wrappers/acme_ai.py",
    ]
    for name in written:
        assert f"\n  {name}\n" in done.stdout
    to_do = [f"{name}: FILL IN" for name in written]
    to_do.append("tests/recordings/acme_ai: a recording, or tests/wrappers/test_acme_ai.py in its place")
    assert [gap for gap in find_missing(tree) if gap not in before] == sorted(to_do)
    rows = list(entry_points(tree))
    assert rows[: rows.index("acme_ai_image") + 1] == ["acme_ai_chat", "acme_ai_embedding", "acme_ai_image"]
    assert entry_points(tree)["acme_ai_chat"] == "modelhub.wrappers.acme_ai:AcmeAiChatWrapper"
    for name in written:
        path = tree / name
        if path.name == "README.md":
            path.unlink()
        else:
            path.write_text(path.read_text("utf-8").replace("FILL IN", "done"), "utf-8")
    (tree / "tests" / "recordings" / "acme_ai" / "chat.json").write_text("{}")
    assert find_missing(tree) == before


@pytest.mark.parametrize("types", [["acme_chat"], ["acme_embedding"], ["acme_image"], ["acme_chat", "acme_dall_e"]])
def test_what_is_written_is_sound(tree: Path, types: list[str]) -> None:
    assert start(tree, "acme", *types).returncode == 0
    source = (tree / "wrappers" / "acme.py").read_text("utf-8")
    command = [sys.executable, "-m", "ruff"]
    settings = ["--config", str(ROOT / "pyproject.toml"), "--stdin-filename", "acme.py", "-"]
    for check in (["check"], ["format", "--check"]):
        done = subprocess.run([*command, *check, *settings], input=source, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
    names: dict[str, Any] = {"__name__": "modelhub.wrappers.acme", "__package__": "modelhub.wrappers"}
    exec(compile(source, "acme.py", "exec"), names)
    for model_type in types:
        cls = names[entry_points(tree)[model_type].partition(":")[2]]
        assert cls.model_type == model_type
        model = cls("x", api_key="k-1")
        assert model.endpoint.headers["Authorization"] == "Bearer k-1"
        schema = json.loads((tree / "schemas" / f"{model_type}.json").read_text("utf-8"))
        assert schema["properties"]["model_type"]["const"] == model_type


def test_what_is_written_passes_the_type_checkers(tree: Path) -> None:
    assert start(tree, "acme", "acme_chat", "acme_embedding", "acme_image").returncode == 0
    path = str(tree / "wrappers" / "acme.py")
    for checker in (["mypy"], ["pyright", "--pythonpath", sys.executable]):
        command = [sys.executable, "-m", *checker, path]
        done = subprocess.run(command, cwd=tree, capture_output=True, text=True, check=False, timeout=300)
        assert done.returncode == 0, done.stdout + done.stderr


REFUSED = [
    (["openai", "openai_chat"], "wrappers/openai.py exists"),
    (["acme", "openai_chat"], "openai_chat does not begin with acme_"),
    (["Acme", "acme_chat"], "'Acme' is no name"),
    (["acme", "acme_chat", "acme_chat"], "acme_chat is named twice"),
    (["../acme", "../acme_chat"], "is no name"),
]


@pytest.mark.parametrize(("arguments", "reason"), REFUSED, ids=lambda value: str(value)[:30])
def test_nothing_is_overwritten(tree: Path, arguments: list[str], reason: str) -> None:
    before = {path: path.read_bytes() for path in tree.rglob("*") if path.is_file()}
    done = start(tree, *arguments)
    assert done.returncode == 1
    assert reason in done.stderr
    assert {path: path.read_bytes() for path in tree.rglob("*") if path.is_file()} == before
