"""The source of the package, read once."""

from __future__ import annotations

import ast
import importlib.util
from functools import cache
from importlib.machinery import SourceFileLoader
from typing import Any

from ..paths import ROOT as ROOT

PACKAGE = ROOT / "modelhub"
WRAPPERS = ROOT / "wrappers"


def load_house() -> Any:
    """The script that measures the house, as a module."""
    loader = SourceFileLoader("house", str(ROOT / "scripts" / "house"))
    spec = importlib.util.spec_from_loader("house", loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module


@cache
def find_modules() -> dict[str, ast.Module]:
    """Every module by its dotted name."""
    modules = {}
    for root, prefix in ((PACKAGE, "modelhub"), (WRAPPERS, "modelhub.wrappers")):
        for path in root.rglob("*.py"):
            steps = [step for step in path.relative_to(root).with_suffix("").parts if step != "__init__"]
            modules[".".join([prefix, *steps])] = ast.parse(path.read_text("utf-8"))
    return modules


def find_imports(tree: ast.Module) -> set[str]:
    """All modules that ``tree`` imports, those inside functions and for type checkers among them."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names |= {"." * node.level + (node.module or ""), f"{node.module}.{node.names[0].name}"}
            names |= {f"{node.module}.{alias.name}" for alias in node.names if not node.level}
    return names


def is_inside(name: str, homes: tuple[str, ...]) -> bool:
    """Whether a module is one of ``homes`` or in one."""
    return any(name == home or name.startswith(f"{home}.") for home in homes)
