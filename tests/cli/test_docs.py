"""The docs command: it opens the pages that the package has, and prints the address where that cannot be."""

from __future__ import annotations

import webbrowser
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from modelhub.cli.app import cli
from modelhub.cli.commands import docs
from modelhub.cli.commands.docs import REPOSITORY, find_address


@pytest.fixture
def site(tmp_path: Path) -> Path:
    for name in ("index", "tutorial", "codes", "zh/tutorial"):
        page = tmp_path / "a site" / f"{name}.html"
        page.parent.mkdir(parents=True, exist_ok=True)
        page.write_text("<p>")
    return tmp_path / "a site"


@pytest.mark.parametrize(
    ("page", "found"),
    [
        ("index", "index.html"),
        ("tutorial", "tutorial.html"),
        ("tutorial.md#first-call", "tutorial.html#first-call"),
        ("zh/tutorial", "zh/tutorial.html"),
        ("MH103", "codes.html#mh103"),
        ("mh103", "codes.html#mh103"),
    ],
)
def test_pages_of_the_package(site: Path, page: str, found: str) -> None:
    assert find_address(site, page) == f"{site.as_uri()}/{found}"


def test_pages_of_the_repository(tmp_path: Path) -> None:
    assert find_address(tmp_path, "index") == REPOSITORY
    assert find_address(tmp_path, "MH103") == f"{REPOSITORY}/docs/codes.md#mh103"


@pytest.mark.parametrize(("page", "said"), [("tutorail", "did you mean 'tutorial'?"), ("../secret", "the pages are: ")])
def test_a_page_that_is_not_there(site: Path, page: str, said: str) -> None:
    with pytest.raises(click.UsageError, match="there is no page") as caught:
        find_address(site, page)
    assert said in caught.value.message


@pytest.mark.parametrize(
    ("arguments", "opens", "there", "printed"),
    [
        ([], True, True, False),
        (["tutorial"], False, True, True),  # a machine without a browser
        (["--print"], True, True, True),
        ([], True, False, True),  # installed without the pages
    ],
)
def test_what_is_opened_and_what_is_printed(
    site: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], opens: bool, there: bool, printed: bool
) -> None:
    opened: list[str] = []
    monkeypatch.setattr(webbrowser, "open", lambda address: opened.append(address) or opens)
    monkeypatch.setattr(docs, "SITE", site if there else site / "nowhere")
    done = CliRunner().invoke(cli, ["docs", *arguments])
    address = find_address(docs.SITE, *(arguments if arguments == ["tutorial"] else ["index"]))
    assert (done.exit_code, done.stdout) == (0, f"{address}\n" if printed else "")
    assert opened == ([address] if there and "--print" not in arguments else [])
