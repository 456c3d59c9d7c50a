"""Lists have heads, fit the terminal, align wide characters, and come as JSON and Markdown, too."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from modelhub.cli.app import cli
from modelhub.cli.tables import print_columns
from modelhub.cli.widths import measure, pad, wrap

CONFIGS = """\
- {config_name: 风控模型, model_type: openai_chat, model_name: 大模型, tags: [生产], description: "a|b *c*"}
- {config_name: gpt, model_type: openai_chat, api_key: "${NOT_SET_ANYWHERE}"}
- {config_name: plain, model_type: openai_chat, api_key: "${NOT_SET_ANYWHERE:-k}", tags: [a, b]}
- {config_name: local, model_type: ollama_chat, model_name: qwen3}
"""


def run(*arguments: str) -> str:
    done = CliRunner().invoke(cli, arguments)
    assert done.exit_code == 0, done.output
    return done.stdout


@pytest.fixture
def path(tmp_path: Path) -> str:
    (tmp_path / "m.yaml").write_text(CONFIGS, "utf-8")
    return str(tmp_path / "m.yaml")


def test_wide_characters_are_aligned(path: str) -> None:
    assert run("list", path).splitlines() == [
        "name      type         model   key      tags",
        "风控模型  openai_chat  大模型  not set  生产",
        "gpt       openai_chat          not set",
        "plain     openai_chat          set      a, b",
        "local     ollama_chat  qwen3",
    ]


def test_a_page_of_markdown(path: str) -> None:
    assert run("list", path, "--format", "markdown").splitlines()[:5] == [
        "# Models",
        "",
        "| name | type | model | key | tags | description |",
        "|---|---|---|---|---|---|",
        r"| 风控模型 | openai_chat | 大模型 | not set | 生产 | a\|b \*c\* |",
    ]


def test_the_same_for_programs(path: str) -> None:
    document = json.loads(run("list", path, "--format", "json"))
    assert document == json.loads(run("list", path, "--json"))
    assert [each["key"] for each in document] == ["not set", "not set", "set", None]
    assert (document[0]["tags"], document[0]["config_name"]) == (["生产"], "风控模型")


@pytest.mark.parametrize("command", ["types", "plugins", "explain gpt -c {path}", "list {path}"])
def test_every_list_has_all_forms(command: str, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(Path(path).parent)
    arguments = command.format(path=Path(path).name).split()
    assert run(*arguments, "--format", "markdown").startswith("# ")
    json.loads(run(*arguments, "--format", "json"))
    assert all(measure(line) <= 80 for line in run(*arguments).splitlines())


TEXT = st.text("ab c-大模，型🙂é", max_size=60)


@given(TEXT, st.integers(8, 40))
def test_wrapped_lines_are_short_and_whole(text: str, width: int) -> None:
    lines = wrap(text, width, "  ")
    assert "".join("".join(lines).split()) == "".join(text.split())
    longest = max((len(word) for word in text.split()), default=0)
    assert all(measure(line) <= max(width, 2 * longest + 2) for line in lines)
    assert measure(pad(text, 200)) == 200


@given(st.lists(st.lists(TEXT, min_size=3, max_size=3), min_size=1, max_size=3))
def test_nothing_of_a_table_is_lost(rows: list[list[str]]) -> None:
    import contextlib
    import io

    with contextlib.redirect_stdout(io.StringIO()) as printed:
        print_columns(["one", "two", "three"], rows)
    letters = sorted("".join(char for row in [["one", "two", "three"], *rows] for char in "".join(row).split()))
    assert sorted("".join(printed.getvalue().split())) == sorted("".join(letters))
