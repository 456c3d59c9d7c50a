"""The layers of the design: who may import whom, and what an import may cost."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import modelhub.wrappers
import pytest

import modelhub

PACKAGE = Path(modelhub.__file__).parent
WRAPPERS = Path(modelhub.wrappers.__file__).parent

# The heavy libraries, and the modules that may import them.
HOMES = {
    "requests": ("modelhub.sync",),
    "urllib3": ("modelhub.sync",),
    "aiohttp": ("modelhub.aio", "modelhub.server.mock", "modelhub.testing"),
    "yaml": ("modelhub.configs",),
    "jsonschema": ("modelhub.validation",),
    "click": ("modelhub.cli",),
    "pluggy": ("modelhub.plugins", "modelhub.hooks"),
}
PURE = (
    "modelhub.errors",
    "modelhub.wire",
    "modelhub.response.tool_calls",
    "modelhub.response.accumulator",
    "modelhub.response",
)
# What each layer must not reach up to.
FORBIDDEN = {
    PURE: (
        "modelhub.engine",
        "modelhub.base",
        "modelhub.sync",
        "modelhub.aio",
        "modelhub.registry",
        "modelhub.configs",
    ),
    (
        "modelhub.policies.retry",
        "modelhub.engine.classify",
        "modelhub.engine.effects",
        "modelhub.engine",
        "modelhub.engine.stream",
    ): (
        "modelhub.base",
        "modelhub.sync",
        "modelhub.aio",
    ),
    ("modelhub.secrets",): (
        "modelhub.diagnostics",
        "modelhub.configs",
        "modelhub.validation",
        "modelhub.base",
        "modelhub.engine",
        "modelhub.registry",
    ),
    ("modelhub.diagnostics",): (
        "modelhub.configs",
        "modelhub.validation",
        "modelhub.base",
        "modelhub.registry",
        "modelhub.cli",
    ),
    ("modelhub.configs", "modelhub.validation"): (
        "modelhub.base",
        "modelhub.engine",
        "modelhub.registry",
        "modelhub.plugins",
    ),
    ("modelhub.base", "modelhub.sync", "modelhub.aio", "modelhub.plugins"): ("modelhub.registry", "modelhub.cli"),
    ("modelhub.registry.checking", "modelhub.registry.installed", "modelhub.registry.types"): (
        "modelhub.base",
        "modelhub.registry",
        "modelhub.cli",
    ),
    ("modelhub.wrappers",): (
        "modelhub.sync",
        "modelhub.aio",
        "modelhub.registry",
        "modelhub.configs",
        "modelhub.validation",
    ),
}
NO_IO = {"socket", "ssl", "asyncio", "threading", "subprocess", "http", "urllib.request", "pathlib", "io"}


def find_modules() -> dict[str, ast.Module]:
    modules = {}
    for root, prefix in ((PACKAGE, "modelhub"), (WRAPPERS, "modelhub.wrappers")):
        for path in root.rglob("*.py"):
            steps = [step for step in path.relative_to(root).with_suffix("").parts if step != "__init__"]
            modules[".".join([prefix, *steps])] = ast.parse(path.read_text("utf-8"))
    return modules


MODULES = find_modules()


def find_imports(tree: ast.Module) -> set[str]:
    """The modules that ``tree`` imports when it runs; imports for type checkers alone do not count."""
    names: set[str] = set()
    todo: list[ast.AST] = [tree]
    while todo:
        node = todo.pop()
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            todo += node.orelse
            continue
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names |= {node.module or ""} | {f"{node.module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add("." * node.level + (node.module or ""))
        todo += ast.iter_child_nodes(node)
    return names


def inside(name: str, homes: tuple[str, ...]) -> bool:
    return any(name == home or name.startswith((home + ".", home + "_")) for home in homes)


def test_there_is_something_to_check() -> None:
    assert len(MODULES) > 40
    assert "modelhub.wrappers.openai" in MODULES


@pytest.mark.parametrize("library", HOMES)
def test_heavy_libraries_stay_at_home(library: str) -> None:
    users = {name for name, tree in MODULES.items() if any(inside(i, (library,)) for i in find_imports(tree))}
    assert users
    assert {name for name in users if not inside(name, HOMES[library])} == set()


@pytest.mark.parametrize(("layer", "above"), FORBIDDEN.items(), ids=lambda value: value[0])
def test_no_layer_reaches_up(layer: tuple[str, ...], above: tuple[str, ...]) -> None:
    wrong = {
        (name, target)
        for name, tree in MODULES.items()
        if inside(name, layer)
        for target in find_imports(tree)
        if inside(target, above)
    }
    assert wrong == set()


def test_plugins_know_nothing_of_what_is_plugged_in() -> None:
    allowed = ("modelhub.plugins", "modelhub.errors", "modelhub.hooks")
    for name, tree in MODULES.items():
        if inside(name, ("modelhub.plugins",)):
            ours = {target for target in find_imports(tree) if inside(target, ("modelhub",))}
            assert {target for target in ours if not inside(target, allowed)} == set(), name


def test_wrappers_only_describe() -> None:
    for name, tree in MODULES.items():
        if not name.startswith("modelhub.wrappers."):
            continue
        imports = find_imports(tree)
        assert imports & NO_IO == set(), name
        assert not any(target.startswith("modelhub.wrappers") for target in imports), f"{name}: siblings by `from .x`"
        assert not any(isinstance(node, ast.AsyncFunctionDef | ast.Await) for node in ast.walk(tree)), name
        assert not any(isinstance(node, ast.Name) and node.id == "open" for node in ast.walk(tree)), name


def test_nothing_imports_a_wrapper_by_name() -> None:
    for name, tree in MODULES.items():
        wrong = [target for target in find_imports(tree) if target.startswith("modelhub.wrappers.")]
        assert not wrong, f"{name} imports {wrong}"


def modules_after(program: str) -> set[str]:
    """The modules that are loaded once ``program`` has run in a fresh interpreter."""
    program += "\nimport sys; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return set(done.stdout.split("\n")[-2].split())


def test_import_loads_next_to_nothing() -> None:
    extra = modules_after("import modelhub") - modules_after("")
    assert extra <= {"modelhub", "typing", "__future__", "collections.abc"} | modules_after("import typing"), extra


def test_init_and_get_model_load_only_what_they_need(tmp_path: Path) -> None:
    path = tmp_path / "models.yaml"
    path.write_text("- config_name: a\n  model_type: openai_chat\n  model_name: m\n  api_key: ${X}\n")
    loaded = modules_after(f"import modelhub; modelhub.init({str(path)!r}); modelhub.get_model('a')")
    assert "modelhub.wrappers.openai" in loaded
    heavy = {
        "aiohttp",
        "click",
        "requests",
        "urllib3",
        "jsonschema",
        "pluggy",
        "ssl",
        "modelhub.wrappers.ollama",
        "modelhub.server.mock",
    }
    assert loaded & heavy == set()


def test_calling_one_way_does_not_load_the_other() -> None:
    loaded = modules_after("import modelhub.sync")
    assert "aiohttp" not in loaded
    loaded = modules_after("import modelhub.aio")
    assert "requests" not in loaded
