"""Odd installs: what the search for plugins makes of distributions that are laid out on a path by hand."""

from __future__ import annotations

import sys
import threading
from typing import Any

import pytest

from modelhub.errors import PluginError
from modelhub.registry.installed import InstalledWrappers

from .conftest import Install

WRAPPER = """
from modelhub.base import ModelWrapperBase


class OddWrapper(ModelWrapperBase):
    def __init__(self, config_name: str, size: int) -> None:
        self.size = size

    def __call__(self, text: str) -> str:
        return text
"""
BUILT_IN = ["openai_chat", "openai_embedding", "ollama_chat", "post_api", "post_api_chat"]


def properties(plugins: InstalledWrappers, model_type: str) -> dict[str, Any]:
    found: dict[str, Any] = (plugins.schema(model_type) or {}).get("properties", {})
    return found


def test_the_built_in_types_are_found() -> None:
    plugins = InstalledWrappers()
    assert {name for name, plugin in plugins.by_name.items() if plugin.built_in} >= set(BUILT_IN)
    assert all(plugins.by_name[name].distribution == "modelhub-registry" for name in BUILT_IN)
    assert "unevaluatedProperties" in (plugins.schema("openai_chat") or {})


def test_an_unknown_type_is_refused() -> None:
    with pytest.raises(PluginError, match="no installed wrapper has model_type 'nothing'; `modelhub types`"):
        InstalledWrappers().load("nothing")
    assert InstalledWrappers().schema("nothing") is None


@pytest.mark.parametrize(
    ("value", "file"),
    [
        ("odd:OddWrapper", "odd.py"),
        ("odd:OddWrapper", "odd/__init__.py"),
        ("odd.chat:OddWrapper", "odd/chat.py"),
        ("odd.chat:OddWrapper", "odd/chat/__init__.py"),
        ("odd.a.chat:OddWrapper", "odd/a/chat.py"),  # namespace packages
    ],
)
def test_the_init_is_read_wherever_the_class_is(install: Install, value: str, file: str) -> None:
    plugins = install({"odd": value}, {file: WRAPPER})
    assert properties(plugins, "odd")["size"] == {"type": "integer"}
    assert not [name for name in sys.modules if name.startswith("odd")]
    assert plugins.load("odd").__name__ == "OddWrapper"


def test_a_schema_wins_over_the_init(install: Install) -> None:
    files = {"odd/__init__.py": "", "odd/a/chat.py": WRAPPER, "odd/schemas/odd.json": '{"properties": {"told": {}}}'}
    plugins = install({"odd": "odd.a.chat:OddWrapper"}, files)
    assert properties(plugins, "odd") == {"told": {}}


@pytest.mark.parametrize(
    ("value", "files"),
    [
        ("odd:OddWrapper", {"odd/__init__.py": "from .chat import OddWrapper", "odd/chat.py": WRAPPER}),
        ("odd:OddWrapper", {"odd/__init__.py": "from odd.a.chat import OddWrapper", "odd/a/chat.py": WRAPPER}),
        ("odd:Wrapper", {"odd/__init__.py": "from .chat import OddWrapper as Wrapper", "odd/chat.py": WRAPPER}),
        ("odd.a:OddWrapper", {"odd/a.py": "from ._a import OddWrapper", "odd/_a.py": WRAPPER}),
    ],
)
def test_the_init_is_read_where_the_class_is_imported_from(install: Install, value: str, files: dict[str, str]) -> None:
    plugins = install({"odd": value}, files)
    assert properties(plugins, "odd")["size"] == {"type": "integer"}
    assert not [name for name in sys.modules if name.startswith("odd")]
    assert plugins.load("odd").__name__ == "OddWrapper"


@pytest.mark.parametrize(
    "source",
    [
        "from odd import OddWrapper",  # itself
        "from .missing import OddWrapper",
        "from ...above import OddWrapper",
        "from nowhere.at_all import OddWrapper",
        "from nowhere.at_all import Base\n\nclass OddWrapper(Base): ...",
        "import nowhere\n\nclass OddWrapper(nowhere.Base): ...",
        "class OddWrapper(make_base()): ...",
        "OddWrapper = lambda: 1",
        "def f(:",
        "\0",
    ],
)
def test_a_class_whose_init_cannot_be_read_has_no_schema(install: Install, source: str) -> None:
    plugins = install({"odd": "odd:OddWrapper"}, {"odd/__init__.py": source})
    assert plugins.schema("odd") is None
    assert plugins.quarantined == []


@pytest.mark.parametrize("schema", ["{", "", "[]", "null", '"text"', "\xff\xfe"])
def test_a_schema_that_is_no_object_quarantines(install: Install, schema: str) -> None:
    files = {"odd/__init__.py": WRAPPER, "odd/schemas/odd.json": schema}
    plugins = install({"odd": "odd:OddWrapper"}, files)
    for _ in range(2):
        with pytest.raises(PluginError, match=r"odd \(odd 9, odd:OddWrapper\).*schema.*odd\.json"):
            plugins.schema("odd")
    with pytest.raises(PluginError, match=r"odd\.json"):
        plugins.load("odd")
    assert [plugin.name for plugin in plugins.quarantined] == ["odd"]


def test_one_class_may_serve_two_types(install: Install) -> None:
    plugins = install({"odd": "odd:OddWrapper", "even": "odd:OddWrapper"}, {"odd.py": WRAPPER})
    assert plugins.load("odd") is plugins.load("even")
    assert plugins.quarantined == []


@pytest.mark.parametrize(
    ("value", "code", "reason"),
    [
        ("odd:OddWrapper", None, "its package 'odd' is gone"),
        ("odd:Missing", WRAPPER, "AttributeError: module 'odd' has no attribute 'Missing'"),
        ("odd:OddWrapper", "def f(:", "SyntaxError"),
        ("odd:OddWrapper", "import a_library_that_nobody_has", "No module named 'a_library_that_nobody_has'"),
        ("odd:OddWrapper", "raise ValueError('two\\n  lines')", "ValueError: two lines"),
        ("odd:OddWrapper", "raise GeneratorExit", "GeneratorExit"),
        ("odd:OddWrapper", "OddWrapper = None", "no subclass of modelhub.ModelWrapperBase"),
        ("odd:OddWrapper", "class OddWrapper: pass", "no subclass of modelhub.ModelWrapperBase"),
        ("odd", "", "names no class, and its package has no adapters/odd.yaml"),
        ("not a reference", "", ""),
    ],
)
def test_what_cannot_be_loaded_is_named_and_harms_nothing(
    install: Install, value: str, code: str | None, reason: str
) -> None:
    plugins = install({"odd": value}, {} if code is None else {"odd.py": code})
    plugins.load_all()
    assert [(p.name, p.distribution, p.version) for p in plugins.quarantined] == [("odd", "odd", "9")]
    with pytest.raises(PluginError) as caught:
        plugins.load("odd")
    assert reason in str(caught.value) and "odd 9" in str(caught.value)
    assert all(plugins.load(name) for name in BUILT_IN)


def test_ctrl_c_during_an_import_is_no_fault_of_the_plugin(install: Install, monkeypatch: pytest.MonkeyPatch) -> None:
    code = "import os\nif os.environ.get('ODD'):\n    raise KeyboardInterrupt\n"
    plugins = install({"odd": "odd:OddWrapper"}, {"odd.py": code + WRAPPER})
    monkeypatch.setenv("ODD", "1")
    with pytest.raises(KeyboardInterrupt):
        plugins.load("odd")
    assert plugins.quarantined == []
    monkeypatch.delenv("ODD")
    assert plugins.load("odd").__name__ == "OddWrapper"


@pytest.mark.parametrize("metadata", [None, "", "Name: odd"])
def test_a_distribution_without_metadata_is_still_named(install: Install, metadata: str | None) -> None:
    plugins = install({"odd": "odd:OddWrapper", "openai_chat": "odd:OddWrapper"}, {"odd.py": WRAPPER}, metadata)
    assert plugins.load("odd").__name__ == "OddWrapper"
    assert plugins.load("openai_chat").__name__ == "OpenAIChatWrapper"
    assert [plugin.name for plugin in plugins.quarantined] == ["openai_chat"]


def test_a_plugin_may_not_give_a_built_in_type_another_built_in_class(install: Install) -> None:
    plugins = install({"openai_chat": "modelhub.wrappers.ollama:OllamaChatWrapper"}, {}, "Name: a\nVersion: 1")
    assert plugins.load("openai_chat").__name__ == "OpenAIChatWrapper"
    assert len(plugins.quarantined) == 1


def test_a_built_in_class_may_get_another_name(install: Install) -> None:
    plugins = install({"my_chat": "modelhub.wrappers.openai:OpenAIChatWrapper"}, {})
    assert plugins.load("my_chat") is plugins.load("openai_chat")
    plugins.schema("my_chat")
    assert plugins.quarantined == []


def test_threads_that_load_at_once_get_the_same_class(install: Install) -> None:
    plugins = install({"odd": "odd:OddWrapper"}, {"odd.py": WRAPPER})
    found: list[Any] = []
    threads = [threading.Thread(target=lambda: found.append(plugins.load("odd"))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8 and len(set(found)) == 1
