"""A character of a value is found in the text that stands for the value in a file."""

from __future__ import annotations

import json

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from modelhub.diagnostics.spelling import Source

TEXTS = st.text(alphabet="ab=.[]'\"(é", min_size=1, max_size=12)


@given(text=TEXTS, data=st.data())
@pytest.mark.parametrize("format", ["yaml", "json"])
def test_a_character_of_a_quoted_value_is_found(format: str, text: str, data: st.DataObject) -> None:
    column = data.draw(st.integers(1, len(text)))
    written = yaml.safe_dump(text, default_style="'", allow_unicode=True) if format == "yaml" else json.dumps(text)
    offset = Source(written.strip(), format).find_offset(text, column)
    if offset is None:
        assert "\\u" in written
    else:
        assert written[offset] == text[column - 1]


@pytest.mark.parametrize(
    ("written", "value", "column", "offset"),
    [
        ("=mesages", "=mesages", 2, 1),
        ('"a\\tb("', "a\tb(", 4, None),
        (">-\n  a\n  b", "a b", 3, None),
        ("*alias", "a b", 3, None),
        ('"a"', "a", 2, 2),
    ],
)
def test_what_is_found_elsewhere(written: str, value: str, column: int, offset: int | None) -> None:
    assert Source(written, "yaml").find_offset(value, column) == offset
