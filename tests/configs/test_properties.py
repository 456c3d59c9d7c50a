"""Whatever JSON can say loads from JSON, YAML and TOML as it is, and every value of it is found where it stands."""

import json
import re
import tomllib
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from modelhub import ModelRegistry
from modelhub.configs import Document, Entry, Sources, load_text

from .places import FILES, check, cut, unify, walk

ONE = {"config_name": "a", "model_type": "openai_chat"}
TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\x85\u2028\u2029\ufeff"), max_size=8)
SCALARS = (
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False, allow_infinity=False) | TEXT
)
DATA = st.recursive(SCALARS, lambda of: st.lists(of, max_size=4) | st.dictionaries(TEXT, of, max_size=4), max_leaves=12)
# What these say is about the file or about other configs, and no value of the config itself.
DECLARING = {"abstract", "defaults", "extends", "include", "models", "profiles"}
KEYS = TEXT.filter(lambda key: key not in DECLARING)
CONFIGS = st.dictionaries(KEYS, DATA, min_size=1, max_size=4).map(lambda data: {**ONE, **data})


def located(text: str, format: str, data: Any) -> Iterator[tuple[Any, str, Document, tuple[str | int, ...]]]:
    [entry] = (loaded := load_text(text.encode(), name="x", format=format)).entries
    assert (entry.config, loaded.problems) == (data, [])
    for path, value in walk(data):
        yield value, cut(text, entry.document.locate(path)), entry.document, path


@settings(deadline=None)
@given(CONFIGS, st.sampled_from([None, 1, "\t"]), st.booleans())
def test_any_json(data: Any, indent: int | str | None, ascii: bool) -> None:
    text = json.dumps(data, indent=indent, ensure_ascii=ascii)
    for value, source, document, path in located(text, "json", data):
        assert json.loads(source) == value
        if path and isinstance(path[-1], str):
            assert json.loads(cut(text, document.locate(path, key=True))) == path[-1]


@settings(deadline=None)
@given(CONFIGS, st.sampled_from([None, True, False]), st.booleans())
def test_any_yaml(data: Any, flow: bool | None, unicode: bool) -> None:
    text = yaml.safe_dump(data, default_flow_style=flow, allow_unicode=unicode, sort_keys=False)
    for value, source, document, path in located(text, "yaml", data):
        if isinstance(value, dict | list) and source[0] not in "{[":
            span = document.locate(path)
            assert span is not None
            source = " " * (span.column - 1) + source
        # A block mapping starts at its first key, not at the "? " that PyYAML writes before an empty or a long one.
        assert "? " in text or yaml.safe_load(source) == value


@settings(deadline=None)
@given(
    st.dictionaries(
        KEYS, st.recursive(st.integers() | st.booleans() | TEXT, lambda of: st.lists(of), max_leaves=9)
    ).map(lambda data: {**ONE, **data})
)
def test_any_toml(data: Any) -> None:
    pairs = [(json.dumps(key, ensure_ascii=False), json.dumps(data[key], ensure_ascii=False)) for key in data]
    text = "".join(f"{key} = {value} # end\n" for key, value in pairs).replace("\x7f", "\\u007f")
    for value, source, _, path in located(text, "toml", data):
        assert not path or json.loads(source) == value


PIECES = [b"", b"\0", b"\t", b"\r", b"\n", b"'", b'"', b"[", b"{", b"&a ", b"*a", b"<<: *a\n", b"!!x ", b"\xef\xbb\xbf"]


@st.composite
def mutated(draw: st.DrawFn) -> tuple[bytes, str]:
    """A file of the corpus with bytes replaced, cut out or put in from another one, and the format to read it as."""
    name = draw(st.sampled_from(list(FILES)))
    content = FILES[name]
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(content)))
        end = start + draw(st.integers(0, 12))
        other = draw(st.sampled_from(list(FILES.values())))
        at = draw(st.integers(0, len(other)))
        fillings = st.binary(max_size=3) | st.sampled_from(PIECES) | st.just(other[at : at + 40])
        rest = b"" if draw(st.integers(0, 4)) == 4 else content[end:]
        content = content[:start] + draw(fillings) + rest
    return content, draw(st.sampled_from([name.rpartition(".")[2]] * 8 + ["yaml", "json", "toml"]))


@settings(deadline=None, max_examples=300)
@given(mutated())
@example((b"{config_name: a, m\rn: b, model_type: openai_chat}\n", "yaml"))
def test_mutated_files(found: tuple[bytes, str]) -> None:
    content, format = found
    loaded = load_text(content, name="x", format=format)
    check(loaded, content)
    for entry in loaded.entries:
        check_places(entry, unify(content), format)


@pytest.mark.parametrize("name", FILES)
def test_files_as_they_are(name: str) -> None:
    format = name.rpartition(".")[2]
    for entry in load_text(FILES[name], name=name, format=format).entries:
        check_places(entry, unify(FILES[name]), format)


def check_places(entry: Entry, text: str, format: str) -> None:
    """What stands at the place of a key or a scalar of a config means just that key or scalar."""
    for path, value in walk(entry.config):
        if entry.origins and path == ("config_name",):  # which may be the key that an overlay stands under
            continue
        document, place = entry.origins.locate(path) if entry.origins else (entry.document, (*entry.path, *path))
        if not isinstance(value, dict | list | None):
            source = cut(text, document.locate(place))
            assert means(source, value, format), (path, value, source)
        if path and isinstance(path[-1], str):
            source = cut(text, document.locate(place, key=True))
            assert means(source, path[-1], format, key=True), (path, source)


def means(source: str, value: Any, format: str, *, key: bool = False) -> bool:
    """Whether ``source`` is a way to write ``value``."""
    if format == "json":
        return bool(json.loads(source) == value)
    if format == "toml":
        data = tomllib.loads(f"{source} = 1" if key else f"x = {source}")
        found = next(iter(data)) if key else data["x"]
        return bool(found == value or getattr(found, "isoformat", str)() == value)
    if source.startswith("*"):  # what an alias stands for has been looked at where it is
        return True
    if source[:1] not in "|>":  # in braces a key may go on in a line that is not indented
        source = re.sub(r"\r\n?|\n", "\n  ", source)
    loader = yaml.CBaseLoader if isinstance(value, str) else yaml.CSafeLoader
    found = yaml.load(f"- {source}", Loader=loader)[0]
    if isinstance(value, str):
        return bool(found.rstrip() == value.rstrip())
    return bool(found == value or yaml.safe_load(found) == value)  # !!int '7', whose tag stands before it


WORDS = [
    "abstract",
    "config_name",
    "defaults",
    "extends",
    "include",
    "models",
    "profiles",
    "all",
    "prod",
    "gpt",
    "openai",
    "openai_chat",
    "opnai_chat",
    "ollama_chat",
    "model_type",
    "type",
    "name",
    "model",
    "model_name",
    "timeout",
    "options",
]
ODD = st.recursive(
    st.none() | st.booleans() | st.integers(0, 1) | st.sampled_from([*WORDS, "${X}", "${X:-soon}", "é", ""]),
    lambda of: st.lists(of, max_size=3) | st.dictionaries(st.sampled_from(WORDS), of, max_size=5),
    max_leaves=25,
)
SOURCES = st.fixed_dictionaries(
    {},
    optional={
        "defaults": st.dictionaries(st.sampled_from(WORDS), ODD, max_size=4) | ODD,
        "profiles": st.dictionaries(st.sampled_from(["prod", "dev"]), st.lists(ODD, max_size=3) | ODD) | ODD,
        "models": st.lists(st.dictionaries(st.sampled_from(WORDS), st.sampled_from(WORDS) | ODD), max_size=4) | ODD,
    },
)


@settings(deadline=None, max_examples=200)
@example([{"defaults": {"all": {"model_type": ["x"]}}, "models": [{"config_name": "a"}]}], "")
@given(st.lists(SOURCES | ODD, min_size=1, max_size=2), st.sampled_from(["prod", ""]))
def test_any_layers_become_configs_and_problems(data: Any, profile: str) -> None:
    text = "---\n".join(json.dumps(each) + "\n" for each in data)
    sources = Sources()
    sources.add_text(text.encode(), name="x.yaml", format="yaml")
    loaded = ModelRegistry(profile=profile).read(sources, environment=True)
    lines = text.split("\n")
    for problem in loaded.problems:
        if problem.line is None or problem.column is None:  # that the profile does not exist
            assert problem.file is None
            continue
        assert problem.column <= len(lines[problem.line - 1]) + 1
