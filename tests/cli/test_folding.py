"""What commands print for people is as wide as a terminal: folded at words, with nothing lost."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from modelhub.cli.app import cli
from modelhub.cli.tables import fold

WORDS = st.lists(st.text("abcdefgh-_/=", min_size=1, max_size=30), max_size=12).map(" ".join)


@given(st.lists(WORDS, max_size=6))
def test_rows_are_folded_at_words(cells: list[str]) -> None:
    lines = fold(cells)
    assert " ".join(" ".join(cells).split()) == " ".join(" ".join(lines).split())
    assert all(len(line) <= 80 for line in lines)
    assert all(line.startswith("    ") for line in lines[1:])


def test_a_word_that_is_too_long_is_whole() -> None:
    address = "https://" + "a" * 90
    assert fold(["key = value", address, "file:1:2"]) == ["key = value", f"    {address}", "    file:1:2"]


LONG = f"""\
- config_name: {"a-long-name-" * 3}
  model_type: openai_chat
  model_name: {"a-long-model-" * 4}
  description: {"many words " * 30}
"""


@pytest.mark.parametrize("command", ["types", "plugins", "explain-code", "list -c m.yaml", "explain -c m.yaml {name}"])
def test_the_lists_fit_80_columns(command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "m.yaml").write_text(LONG)
    done = CliRunner().invoke(cli, command.format(name="a-long-name-" * 3).split())
    assert done.exit_code == 0 and done.output
    assert [line for line in done.output.splitlines() if len(line) > 80 and " " in line.strip()] == []


def test_a_table_that_fits_is_in_columns(tmp_path: Path) -> None:
    (tmp_path / "m.yaml").write_text(
        "- {config_name: a, model_type: openai_chat, model_name: m}\n- {config_name: longer, model_type: openai_chat}\n"
    )
    done = CliRunner().invoke(cli, ["list", "-c", str(tmp_path / "m.yaml")])
    assert done.output.splitlines() == [
        "name    type         model  key      tags",
        "a       openai_chat  m      not set",
        "longer  openai_chat         not set",
    ]
