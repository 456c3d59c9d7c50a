"""Whatever JSON can say loads from JSON, YAML and TOML as it is, and every value of it is found where it stands."""

import json
from collections.abc import Iterator
from typing import Any

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from modelhub.configs import Document, Span, load_text

ONE = {"config_name": "a", "model_type": "openai_chat"}
TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\x85\u2028\u2029\ufeff"), max_size=8)
SCALARS = (
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False, allow_infinity=False) | TEXT
)
DATA = st.recursive(SCALARS, lambda of: st.lists(of, max_size=4) | st.dictionaries(TEXT, of, max_size=4), max_leaves=12)
CONFIGS = st.dictionaries(TEXT.filter(lambda key: key != "models"), DATA, min_size=1, max_size=4).map(
    lambda data: {**ONE, **data}
)


def walk(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    yield path, value
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, item in items:
        yield from walk(item, (*path, step))


def cut(text: str, span: Span | None) -> str:
    assert span is not None
    lines = text.split("\n")[span.line - 1 : span.end_line]
    lines[-1] = lines[-1][: span.end_column - 1]
    lines[0] = lines[0][span.column - 1 :]
    return "\n".join(lines)


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
        TEXT, st.recursive(st.integers() | st.booleans() | TEXT, lambda of: st.lists(of), max_leaves=9)
    ).map(lambda data: {**ONE, **data})
)
def test_any_toml(data: Any) -> None:
    pairs = [(json.dumps(key, ensure_ascii=False), json.dumps(data[key], ensure_ascii=False)) for key in data]
    text = "".join(f"{key} = {value} # end\n" for key, value in pairs).replace("\x7f", "\\u007f")
    for value, source, _, path in located(text, "toml", data):
        assert not path or json.loads(source) == value
