"""What other packages may import: every name exists, stays where it was, and is enough for a wrapper of one's own."""

from __future__ import annotations

import ast
import importlib
import subprocess
import sys
from collections.abc import Iterator
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path

import pytest

import modelhub
from modelhub import base

from ..paths import ROOT

ACME = ROOT / "tests" / "plugins" / "acme" / "modelhub_acme" / "__init__.py"

PARTS = [
    "base",
    "compat",
    "errors",
    "events",
    "formatters",
    "hooks",
    "monitor",
    "msg",
    "registry",
    "response",
    "schemas",
    "testing",
]
PUBLIC = ["modelhub", *(f"modelhub.{part}" for part in PARTS)]
WRAPPERS = sorted(f"modelhub.wrappers.{path.stem}" for path in (ROOT / "wrappers").glob("[!_]*.py"))

# By the module that a name can be imported from as ever: the module that it is in now, and the names.
MOVED = {
    "modelhub.tasks": ("modelhub.base", "ChatWrapper EmbeddingWrapper ImageWrapper normalize_prompt normalize_texts"),
    "modelhub.parts": ("modelhub.base", "ToolCall ToolCallDelta Usage build_tool_call"),
    "modelhub.taxonomy": ("modelhub.base", "Codes build_error error_from_json find_request_id parse_error_body"),
    "modelhub.endpoint": ("modelhub.base", "Endpoint add_query"),
    "modelhub.msg": ("modelhub.messages.msg", "Msg"),
    "modelhub.monitor": ("modelhub.telemetry.usage", "MONITOR Monitor"),
    "modelhub.invocations": ("modelhub.telemetry.invocations", "Invocation ignore observe"),
}
# Those whose names are imported on first use.
FACES = [
    "modelhub." + ".".join(path.parent.relative_to(ROOT / "modelhub").parts)
    for path in (ROOT / "modelhub").rglob("*/__init__.py")
    if "build_face(" in path.read_text("utf-8")
]
SEEN = "modelhub.base.public"  # what type checkers see of models, in place of their classes
# What a wrapper, and the package it comes in, should need to know of modelhub.
ENOUGH = {"modelhub.base", "modelhub.errors", "modelhub.messages"}


def test_base_hands_out_what_it_names() -> None:
    assert base.__all__ == sorted(set(base.__all__))
    assert [name for name in base.__all__ if not hasattr(base, name)] == []


@pytest.mark.parametrize("name", [*PUBLIC, *WRAPPERS])
def test_public_modules_can_be_imported_first(name: str) -> None:
    done = subprocess.run([sys.executable, "-c", f"import {name}"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


MOVED_NAMES = [(old, new, name) for old, (new, names) in MOVED.items() for name in names.split()]


@pytest.mark.parametrize(("old", "new", "name"), MOVED_NAMES)
def test_old_import_paths_hand_out_the_same_objects(old: str, new: str, name: str) -> None:
    assert getattr(importlib.import_module(old), name) is getattr(importlib.import_module(new), name)


def test_partial_is_the_old_name_of_the_accumulator() -> None:
    from modelhub.partial import Partial

    assert Partial is base.Accumulator


def find_imported(source: str) -> Iterator[tuple[str, str, str]]:
    """What a module imports from others: the name of the module, the name there, and the name here."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and not node.level:
            yield from ((node.module or "", alias.name, alias.asname or alias.name) for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from ((alias.name, "", alias.asname or alias.name) for alias in node.names)


@pytest.mark.parametrize("name", sorted({"modelhub", *FACES}))
def test_names_that_are_imported_on_first_use_are_the_same_for_type_checkers(name: str) -> None:
    module = importlib.import_module(name)
    homes = {key: home if "." in home else f"{name}.{home}" for key, home in module._HOMES.items()}
    imported = list(find_imported(Path(str(module.__file__)).read_text("utf-8")))
    seen = {here: source for source, there, here in imported if source.startswith("modelhub.") and there == here}
    eager = seen.keys() - homes.keys()
    assert eager <= {"build_face", *getattr(module, "__all__", ())}
    seen |= {key: homes[key] for key in seen.keys() & homes if seen[key] == SEEN}
    assert {key: source for key, source in seen.items() if key not in eager} == homes
    for key, home in homes.items():
        assert getattr(module, key) is getattr(importlib.import_module(home), key)


def test_all_names_the_same() -> None:
    assert set(modelhub.__all__) == {"__version__", *modelhub._HOMES}
    assert set(modelhub.__all__) <= set(dir(modelhub))


def find_ours(source: str) -> set[str]:
    return {module for module, _, _ in find_imported(source) if module.partition(".")[0] == "modelhub"}


def test_the_sample_plugin_needs_no_more() -> None:
    assert find_ours(ACME.read_text("utf-8")) <= ENOUGH


@pytest.mark.parametrize("types", [["x_chat"], ["x_embedding"], ["x_image"], ["x_chat", "x_embedding", "x_image"]])
def test_a_new_wrapper_needs_no_more(types: list[str]) -> None:
    loader = SourceFileLoader("new_wrapper", str(ROOT / "scripts" / "new_wrapper"))
    spec = spec_from_loader("new_wrapper", loader)
    assert spec is not None
    script = module_from_spec(spec)
    loader.exec_module(script)
    source = script.build_files("x", types)["wrappers/x.py"]
    assert "modelhub.base" in find_ours(source)
    assert find_ours(source) <= ENOUGH
    assert {there for module, there, _ in find_imported(source) if module == "modelhub.base"} <= set(base.__all__)
