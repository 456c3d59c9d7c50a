"""The docs command: it opens or shows the pages that the package has, and prints the address where that cannot be."""

from __future__ import annotations

import sys
import webbrowser
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from modelhub.cli.app import cli
from modelhub.cli.commands import docs
from modelhub.cli.commands.docs import cut_page, find_page, list_pages

CODES = "# Codes\n\n## MH102\n\none\n\n## MH103\n\ntwo\n"


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package with the site and the texts."""
    for name in ("index", "tutorial", "codes", "zh/tutorial"):
        for folder, suffix, text in (("a site", "html", "<p>"), ("texts", "md", f"# About {name}\n")):
            page = tmp_path / folder / f"{name}.{suffix}"
            page.parent.mkdir(parents=True, exist_ok=True)
            page.write_text(text, "utf-8")
    (tmp_path / "texts" / "index.md").unlink()
    (tmp_path / "texts" / "codes.md").write_text(CODES, "utf-8")
    monkeypatch.setattr(docs, "SITE", tmp_path / "a site")
    monkeypatch.setattr(docs, "TEXTS", tmp_path / "texts")
    return tmp_path / "a site"


@pytest.fixture
def texts(site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package with the texts alone."""
    monkeypatch.setattr(docs, "SITE", tmp_path / "nowhere")
    return tmp_path / "texts"


PAGES = [
    ("index", "index.html"),
    ("tutorial", "tutorial.html"),
    ("tutorial.md#first-call", "tutorial.html#first-call"),
    ("zh/tutorial", "zh/tutorial.html"),
    ("MH103", "codes.html#mh103"),
    ("mh103", "codes.html#mh103"),
]


@pytest.mark.parametrize(("page", "found"), PAGES)
def test_the_address_of_a_page(site: Path, page: str, found: str) -> None:
    assert CliRunner().invoke(cli, ["docs", page, "--print"]).stdout == f"{site.as_uri()}/{found}\n"


@pytest.mark.parametrize(("page", "found"), PAGES)
def test_the_address_of_a_text(texts: Path, page: str, found: str) -> None:
    name = found.replace(".html", ".md")
    address = texts.as_uri() if page == "index" else f"{texts.as_uri()}/{name}"
    assert CliRunner().invoke(cli, ["docs", page]).stdout == f"{address}\n"  # where there is no terminal


@pytest.mark.parametrize(("page", "said"), [("tutorail", "did you mean 'tutorial'?"), ("../secret", "the pages are: ")])
@pytest.mark.parametrize("there", [True, False])
def test_a_page_that_is_not_there(site: Path, page: str, said: str, there: bool) -> None:
    with pytest.raises(click.UsageError, match="there is no page") as caught:
        find_page(site if there else site / "nowhere", docs.TEXTS, page)
    assert said in caught.value.message


@pytest.mark.parametrize(
    ("arguments", "opens", "printed"),
    [
        ([], True, False),
        (["tutorial"], False, True),  # a machine without a browser
        (["--print"], True, True),
    ],
)
def test_what_is_opened_and_what_is_printed(
    site: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], opens: bool, printed: bool
) -> None:
    opened: list[str] = []
    monkeypatch.setattr(webbrowser, "open", lambda address: opened.append(address) or opens)
    done = CliRunner().invoke(cli, ["docs", *arguments])
    address = (site / ("tutorial.html" if arguments == ["tutorial"] else "index.html")).as_uri()
    assert (done.exit_code, done.stdout) == (0, f"{address}\n" if printed else "")
    assert opened == ([] if "--print" in arguments else [address])


def test_a_terminal_shows_the_list_and_the_texts(
    texts: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shown: list[str] = []
    monkeypatch.setattr(click, "echo_via_pager", shown.append)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    for page in ("index", "zh/tutorial", "MH103"):
        docs.docs.callback(page, only_print=False)  # type: ignore[misc]
    assert shown == ["# About zh/tutorial\n", "## MH103\n\ntwo\n"]
    assert [line.split() for line in capsys.readouterr().out.splitlines()] == [
        ["codes", "Codes"],
        ["tutorial", "About", "tutorial"],
        ["zh/tutorial", "About", "zh/tutorial"],
    ]


@pytest.mark.parametrize(
    ("anchor", "begin"),
    [
        ("", "# A page"),
        ("nowhere", "# A page"),
        ("a-b--c", "## A: `b` & c"),
        ("modelhub.get_model", '<a id="modelhub.get_model"></a>'),
    ],
)
def test_a_text_begins_at_its_anchor(anchor: str, begin: str) -> None:
    text = '# A page\n\n## A: `b` & c\n\n<a id="modelhub.get_model"></a>\n\n### get_model\n'
    assert cut_page(text, anchor).splitlines()[0] == begin


def test_the_texts_of_this_version_are_there() -> None:
    pages = dict(list_pages(docs.TEXTS))
    assert pages["codes"] == "Codes of problems"
    assert {"tutorial", "python", "vendors/openai", "zh/tutorial"} <= pages.keys()
