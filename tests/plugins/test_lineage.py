"""What an installed class takes is read from its source, and from that of what it extends, wherever that stands."""

from __future__ import annotations

import json
import re
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from modelhub.wrappers.ollama import OllamaChatWrapper
from modelhub.wrappers.openai import OpenAIChatWrapper

from modelhub import ModelRegistry
from modelhub.base import ModelWrapperBase
from modelhub.cli.app import cli
from modelhub.configs.layers.entry import Entry
from modelhub.configs.readers.document import Document
from modelhub.errors import ConfigError
from modelhub.registry.installed import InstalledWrappers
from modelhub.validation import check
from modelhub.validation.schema.capabilities import capabilities_of
from modelhub.validation.schema.view import View

from .conftest import Install

FROM = "from modelhub.wrappers.openai import OpenAIChatWrapper\n"
PLAIN = FROM + "class W(OpenAIChatWrapper):\n    model_type = 'odd'\n"
OWN = "class W(OpenAIChatWrapper):\n    def __init__(self, config_name, *, voice: str = 'x', {}**kwargs):\n        {}\n"
PASS = "super().__init__(config_name, **kwargs)"

# How a class may come to extend OpenAIChatWrapper: the files of its package; the entry point is odd:W.
EXTENDING = {
    "plain": {"odd.py": PLAIN},
    "module": {"odd.py": "from modelhub.wrappers import openai\nclass W(openai.OpenAIChatWrapper): ..."},
    "module as": {"odd.py": "import modelhub.wrappers.openai as oa\nclass W(oa.OpenAIChatWrapper): ..."},
    "whole path": {
        "odd.py": "import modelhub.wrappers.openai\nclass W(modelhub.wrappers.openai.OpenAIChatWrapper): ..."
    },
    "class as": {"odd.py": "from modelhub.wrappers.openai import OpenAIChatWrapper as B\nclass W(B): ..."},
    "assigned": {"odd.py": FROM + "B = OpenAIChatWrapper\nclass V(B): ...\nW = V"},
    "annotated": {"odd.py": FROM + "class V(OpenAIChatWrapper): ...\nW: type = V"},
    "the class itself": {"odd.py": FROM + "W = OpenAIChatWrapper"},
    "two steps": {"odd.py": FROM + "class V(OpenAIChatWrapper): ...\nclass W(V): ..."},
    "two modules": {"odd/__init__.py": "from .b import W", "odd/a.py": PLAIN, "odd/b.py": "from .a import *"},
    "star of stars": {"odd/__init__.py": "from .b import *", "odd/b.py": "from .a import *", "odd/a.py": PLAIN},
    "subpackage": {"odd/__init__.py": "from .x.y import W", "odd/x/__init__.py": "", "odd/x/y.py": PLAIN},
    "module of the package": {"odd/__init__.py": "from . import x\nW = x.W", "odd/x.py": PLAIN},
    "try": {
        "odd.py": "try:\n    "
        + FROM
        + "except ImportError:\n    OpenAIChatWrapper = object\nclass W(OpenAIChatWrapper): ..."
    },
    "if": {"odd.py": FROM + "if True:\n    class W(OpenAIChatWrapper): ...\nelse:\n    W = None"},
    "for type checkers": {
        "odd/__init__.py": "TYPE_CHECKING = False\nif TYPE_CHECKING:\n    from .x import W\ndef __getattr__(name): ...",
        "odd/x.py": PLAIN,
    },
    "mixin": {"odd.py": FROM + "class M:\n    def f(self): ...\nclass W(M, OpenAIChatWrapper): ..."},
    "mixin of the base": {
        "odd.py": FROM
        + "from modelhub import ModelWrapperBase\nclass M(ModelWrapperBase): ...\nclass W(M, OpenAIChatWrapper): ..."
    },
    "mixin with init": {
        "odd.py": FROM + "class M:\n    def __init__(self, *args, **kw):\n        super().__init__(*args, **kw)\n"
        "class W(M, OpenAIChatWrapper): ..."
    },
    "generic": {
        "odd.py": FROM
        + "from typing import Generic, TypeVar\nT = TypeVar('T')\n"
        + "class V(Generic[T], OpenAIChatWrapper): ...\nclass W(V[int]): ..."
    },
    "own init": {"odd.py": FROM + OWN.format("", PASS)},
    "named call": {"odd.py": FROM + OWN.format("", "OpenAIChatWrapper.__init__(self, config_name, **kwargs)")},
    "taken": {"odd.py": FROM + OWN.format("", f"self.tone = kwargs.pop('tone', 1); {PASS}")},
}


def properties(schema: dict[str, Any] | None) -> set[str]:
    return View([(schema or {}, schema or {})]).properties


def find_codes(schema: dict[str, Any] | None, **keys: Any) -> list[tuple[str, str | None]]:
    entry = Entry({"config_name": "x", "model_type": "odd", **keys}, Document([{}]), (0,))
    return [(each.code, each.hint) for each in check([entry], schema_of=lambda _: schema, model_types=["odd"])]


@pytest.mark.parametrize("way", EXTENDING)
def test_what_extends_a_built_in_is_checked_by_its_schema(install: Install, way: str) -> None:
    plugins = install({"odd": "odd:W"}, EXTENDING[way])
    schema = plugins.schema("odd")
    assert not [name for name in sys.modules if name.partition(".")[0] == "odd"]
    assert schema is not None and schema["properties"]["model_type"]["const"] == "odd"
    assert find_codes(schema, model_nmae="m", generate_args={"temprature": 9}) == [
        ("MH103", "did you mean 'model_name'?"),
        ("MH103", "did you mean 'temperature'?"),
    ]
    assert find_codes(schema, model_name="m", api_key="k", organization="o", generate_args={"temperature": 1}) == []
    assert View([(schema, schema)]).at(("api_key",)).secret  # type: ignore[union-attr]
    assert capabilities_of("odd", schema=schema)["tools"] is True
    assert [example["model_type"] for example in schema["examples"]] == ["odd"]
    if way == "own init":
        assert find_codes(schema, voic=1) == [("MH103", "did you mean 'voice'?")]
        assert find_codes(schema, voice=1) == [("MH104", "put it in quotes: '1'")]
    if way == "taken":
        assert find_codes(schema, tone=3, voice="y") == []
    if way != "for type checkers":
        assert issubclass(plugins.load("odd"), OpenAIChatWrapper)


@pytest.mark.parametrize(
    ("init", "said"),
    [
        # Other keys are used in ways that the source does not tell: all are allowed, and the known ones are checked.
        ("self.rest = kwargs; super().__init__(config_name, **kwargs)", [("MH103", "did you mean 'temperature'?")]),
        # Other keys get nowhere, and do no harm.
        ("super().__init__(config_name)", []),
    ],
)
def test_keys_that_an_init_may_use_are_allowed(install: Install, init: str, said: list[Any]) -> None:
    schema = install({"odd": "odd:W"}, {"odd.py": FROM + OWN.format("", init)}).schema("odd")
    assert find_codes(schema, anything=1, generate_args={"temprature": 1}) == said


def test_only_what_a_closed_init_takes_is_allowed(install: Install) -> None:
    init = "class W(OpenAIChatWrapper):\n    def __init__(self, config_name, generate_args=None, my_token=''): ..."
    schema = install({"odd": "odd:W"}, {"odd.py": FROM + init}).schema("odd")
    assert find_codes(schema, generate_args={"temprature": 9}) == [("MH103", "did you mean 'temperature'?")]
    assert [code for code, _ in find_codes(schema, organization="o")] == ["MH103"]
    assert capabilities_of("odd", schema=schema)["tools"] is True
    assert View([(schema or {}, schema or {})]).at(("my_token",)).secret  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "source",
    [
        "from modelhub.base import ChatWrapper as B",
        "from modelhub import HTTPModelWrapperBase as B",
        "from modelhub.wrappers.openai import OpenAIEndpoint as B",
    ],
)
def test_the_keys_of_every_type_are_checked_below_the_bases(install: Install, source: str) -> None:
    schema = install({"odd": "odd:W"}, {"odd.py": f"{source}\nclass W(B): ..."}).schema("odd")
    assert find_codes(schema, client_args={"base_ulr": "u"}) == [("MH103", "did you mean 'base_url'?")]
    assert [code for code, _ in find_codes(schema, timeout=-1)] == ["MH201"]
    assert find_codes(schema, anything=1) == []


def test_what_a_class_needs_follows_its_own_init(install: Install) -> None:
    ollama = (
        "from modelhub.wrappers.ollama import OllamaChatWrapper as B\nclass W(B):\n    def __init__(self, config_name, "
    )
    pairs = {"model_name='m', **kw": [], "voice, **kw": ["MH102", "MH102"]}
    for number, (parameters, codes) in enumerate(pairs.items()):
        source = f"{ollama}{parameters}):\n        super().__init__(config_name, **kw)"
        schema = install({f"odd{number}": f"odd{number}:W"}, {f"odd{number}.py": source}).schema(f"odd{number}")
        assert [code for code, _ in find_codes(schema)] == codes


def test_a_plugin_may_extend_another_one(install: Install) -> None:
    told = {"config_name": {}, "model_type": {}, "mood": {}}
    schema = json.dumps({"type": "object", "properties": told, "unevaluatedProperties": False})
    files = {
        "odd_a/__init__.py": "from .x import A",
        "odd_a/x.py": "from modelhub import ModelWrapperBase\nclass A(ModelWrapperBase): ...",
        "odd_a/schemas/first.json": schema,
        "odd_b.py": "from odd_a import A\nclass B(A): ...",
        "odd_c.py": "from odd_b import B as C",
    }
    plugins = install({"first": "odd_a:A", "second": "odd_b:B", "third": "odd_c:C"}, files)
    for name in ("first", "second", "third"):
        assert find_codes(plugins.schema(name), moood=1) == [("MH103", "did you mean 'mood'?")]
    assert not [name for name in sys.modules if name.startswith("odd")]


def test_classes_that_extend_each_other_in_a_circle_have_no_schema(install: Install) -> None:
    files = {"odd_a.py": "from odd_b import B\nclass A(B): ...", "odd_b.py": "from odd_a import A\nclass B(A): ..."}
    plugins = install({"one": "odd_a:A", "two": "odd_b:B"}, files)
    assert (plugins.schema("one"), plugins.schema("two")) == (None, None)


def test_a_built_in_class_under_another_name_keeps_its_schema(install: Install) -> None:
    schema = install({"odd": "modelhub.wrappers.ollama:OllamaChatWrapper"}, {}).schema("odd")
    assert [code for code, _ in find_codes(schema, model_name="m", optoins={})] == ["MH103"]


class Mine(OpenAIChatWrapper):
    model_type = "mine_chat"


class Voiced(Mine):
    model_type = "voiced_chat"

    def __init__(self, config_name: str, voice: str = "loud", **kwargs: Any) -> None:
        super().__init__(config_name, **kwargs)


class Keeping(ModelWrapperBase):
    model_type = "keeping_chat"

    def __init__(self, config_name: str, **kwargs: Any) -> None:
        super().__init__(config_name, **kwargs)


@pytest.mark.parametrize(
    ("cls", "keys", "codes"),
    [
        (Mine, {"generate_args": {"temprature": 9}}, ["MH103"]),
        (Mine, {"voice": "low"}, ["MH103"]),
        (Mine, {"organization": "o"}, []),
        (Voiced, {"voice": "low", "generate_args": {"temprature": 9}}, ["MH103"]),
        (Voiced, {"voice": 3}, ["MH104"]),
        (Voiced, {"voice": "low", "organization": "o"}, []),
        (Keeping, {"anything": 1}, []),
        (OllamaChatWrapper, {"model_name": "m", "optoins": {}}, ["MH103"]),
    ],
)
@pytest.mark.parametrize("known_by", ["registered", "defined"])
def test_classes_of_the_program_are_checked_alike(
    cls: type[ModelWrapperBase], keys: dict[str, Any], codes: list[str], known_by: str
) -> None:
    config = {"config_name": "x", "model_type": cls.model_type, **keys}
    wrappers = [cls] if known_by == "registered" else []
    try:
        with ModelRegistry(config, wrappers=wrappers) as hub:
            found = []
            assert isinstance(hub.get_model("x"), cls)
    except ConfigError as error:
        found = [problem.code for problem in error.problems]
    assert found == codes


def test_a_group_that_nobody_reads_is_told(install: Install, tmp_path: Path) -> None:
    install({"odd": "odd:W"}, {"odd.py": PLAIN})
    points = tmp_path / "odd-9.dist-info" / "entry_points.txt"
    points.write_text(points.read_text("utf-8").replace("modelhub.wrappers", "modelhub.wrapper"), "utf-8")
    said = " ".join(CliRunner().invoke(cli, ["plugins"]).output.split())
    assert "ignored odd 9: nothing reads the entry points in the group 'modelhub.wrapper'" in said
    assert "did you mean 'modelhub.wrappers'?" in said


@pytest.fixture
def zipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[dict[str, str]], InstalledWrappers]:
    """Puts the wheel of a plugin itself on the path, as zipapps and cluster jobs do."""

    def put(files: dict[str, str]) -> InstalledWrappers:
        points = "[modelhub.wrappers]\nodd = odd_zip:W\n"
        info = {"METADATA": "Metadata-Version: 2.1\nName: odd\nVersion: 9\n", "entry_points.txt": points}
        with zipfile.ZipFile(tmp_path / "odd.whl", "w") as wheel:
            for name, text in {**files, **{f"odd-9.dist-info/{key}": text for key, text in info.items()}}.items():
                wheel.writestr(name, text)
        monkeypatch.syspath_prepend(str(tmp_path / "odd.whl"))
        return InstalledWrappers()

    return put


@pytest.mark.parametrize(
    ("files", "key"),
    [
        ({"odd_zip.py": PLAIN}, "organization"),
        (
            {"odd_zip/__init__.py": "from .x.y import *", "odd_zip/x/__init__.py": "", "odd_zip/x/y.py": PLAIN},
            "organization",
        ),
        ({"odd_zip/__init__.py": "", "odd_zip/schemas/odd.json": '{"properties": {"told": {}}}'}, "told"),
        ({"odd_zip/schemas/odd.json": '{"properties": {"told": {}}}', "odd_zip/x.py": ""}, None),  # no code at all
    ],
)
def test_plugins_in_zips_are_read(
    zipped: Callable[[dict[str, str]], InstalledWrappers], files: dict[str, str], key: str | None
) -> None:
    plugins = zipped(files)
    if key is None:
        assert re.search("is gone|nothing but a folder is left", str(plugins.inspect(plugins.by_name["odd"])))
    else:
        assert key in properties(plugins.schema("odd"))
    assert "odd_zip" not in sys.modules
