"""The law of the house: rooms stand on floors, import downwards alone, and keep what is theirs."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from .code import PACKAGE, ROOT, find_imports, find_modules, is_inside, load_house

HOUSE = load_house()
FLOORS = HOUSE.read_floors(HOUSE.LAW.read_text("utf-8"))

# The heavy libraries, and the modules that may import them.
HOMES = {
    "requests": ("modelhub.sync",),
    "urllib3": ("modelhub.sync",),
    "aiohttp": ("modelhub.aio", "modelhub.server"),
    "yaml": ("modelhub.configs", "modelhub.authoring"),
    "jsonschema": ("modelhub.validation", "modelhub.engine.structured", "modelhub.authoring", "modelhub.routing"),
    "jmespath": ("modelhub.adapters", "modelhub.routing"),
    "matplotlib": ("modelhub.load",),
    "regex": ("modelhub.routing",),
    "click": ("modelhub.cli", "modelhub.hooks"),  # in hooks for its type
    "pluggy": ("modelhub.plugins", "modelhub.hooks"),
}
NO_IO = {"socket", "ssl", "asyncio", "threading", "subprocess", "http", "urllib.request", "pathlib", "io"}
VAGUE = {"utils", "helpers", "handler", "misc", "common"}


def test_nothing_goes_up_sideways_or_in_a_circle() -> None:
    assert HOUSE.find_faults(ROOT, FLOORS) == []


def write(root: Path, **modules: str) -> None:
    for name, text in modules.items():
        path = root / (name.replace("__", "/") + ".py")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


@pytest.mark.parametrize(
    ("modules", "fault"),
    [
        ({"modelhub__low": "import modelhub.high\n"}, "low -> high: modelhub/low.py:1 imports modelhub.high"),
        ({"modelhub__low": "def f():\n    from modelhub import high\n"}, "low -> high: modelhub/low.py:2"),
        ({"modelhub__low": "if TYPE_CHECKING:\n    from modelhub.high import X\n"}, "low -> high"),
        ({"modelhub__beside": "import modelhub.low\n"}, "beside -> low"),
        ({"modelhub__new": ""}, "new stands on no floor"),
        (
            {"modelhub__low__a": "from modelhub.low.b import x\n", "modelhub__low__b": "from modelhub.low import a\n"},
            "a circle of modules: modelhub.low.a, modelhub.low.b",
        ),
    ],
)
def test_what_breaks_the_law_is_found(tmp_path: Path, modules: dict[str, str], fault: str) -> None:
    (tmp_path / "wrappers").mkdir()
    write(tmp_path, **{"modelhub__high": "", "modelhub__low": "", "modelhub__beside": "", **modules})
    if "modelhub__low__a" in modules:
        (tmp_path / "modelhub" / "low.py").unlink()
    faults = HOUSE.find_faults(tmp_path, [["high"], ["low", "beside"]])
    assert any(found.startswith(fault) for found in faults), faults


@pytest.mark.parametrize("library", HOMES)
def test_heavy_libraries_stay_at_home(library: str) -> None:
    users = {name for name, tree in find_modules().items() if any(is_inside(i, (library,)) for i in find_imports(tree))}
    assert users
    assert {name for name in users if not is_inside(name, HOMES[library])} == set()


def test_wrappers_only_describe() -> None:
    for name, tree in find_modules().items():
        if not name.startswith("modelhub.wrappers."):
            continue
        imports = find_imports(tree)
        assert imports & NO_IO == set(), name
        assert not any(target.startswith("modelhub.wrappers") for target in imports), f"{name}: siblings by `from .x`"
        assert not any(isinstance(node, ast.AsyncFunctionDef | ast.Await) for node in ast.walk(tree)), name
        assert not any(isinstance(node, ast.Name) and node.id == "open" for node in ast.walk(tree)), name


def test_nothing_imports_a_wrapper_by_name() -> None:
    for name, tree in find_modules().items():
        wrong = [target for target in find_imports(tree) if target.startswith("modelhub.wrappers.")]
        assert not wrong, f"{name} imports {wrong}"


def test_names_say_what_a_module_is_about() -> None:
    names = {step for name in find_modules() for step in name.split(".")}
    assert {"engine", "openai"} <= names
    # AgentScope has a module of utilities, whose name its programs import.
    ours = {step for name in find_modules() if not is_inside(name, ("modelhub.compat",)) for step in name.split(".")}
    assert ours & (VAGUE - {"common"}) == set()


def test_modules_say_in_one_sentence_what_they_are() -> None:
    for name, tree in find_modules().items():
        assert ast.get_docstring(tree), f"{name} has no docstring"


def test_faces_stay_small() -> None:
    for path in PACKAGE.glob("*/__init__.py"):
        statements = [node for node in ast.parse(path.read_text("utf-8")).body if not isinstance(node, ast.ImportFrom)]
        assert len(statements) <= 8, f"{path.parent.name}: the face of a room hands on what is inside, no more"
