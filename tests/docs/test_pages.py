"""The tutorial, the guides and the pages of vendors: all that they show runs, and prints what they say."""

from __future__ import annotations

import runpy
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from modelhub.authoring.vendor_page import BEGIN, END, replace_facts
from modelhub.registry import default
from modelhub.server.mock.point import KEY
from modelhub.testing import MockServer
from modelhub.vendors import list_vendors

from ..paths import ROOT
from .pages import run_page

generators = cache(lambda: runpy.run_path(str(ROOT / "scripts" / "generate_docs"))["GENERATORS"])
VENDORS = sorted(path.stem for path in (ROOT / "docs" / "vendors").glob("*.md") if path.stem != "index")


@pytest.fixture
def url(tmp_path: Path, server: MockServer, monkeypatch: pytest.MonkeyPatch) -> str:
    """The mock's address, which is that of every vendor; the working folder has a picture."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(default, "_default", None)
    (tmp_path / "cat.png").write_bytes((ROOT / "scripts" / "examples" / "picture.png").read_bytes())
    for vendor in list_vendors():
        monkeypatch.setenv(vendor.key_variables[0], KEY)
        if vendor.base_url_variable:
            monkeypatch.setenv(vendor.base_url_variable, server.url + urlsplit(vendor.base_url or "").path)
    return server.url


GUIDES = [
    *("tutorial", "zh/tutorial", "configs", "tools", "fastapi", "flask", "notebooks", "pytest", "from-openai", "ci"),
]


@pytest.mark.parametrize("name", [*GUIDES, *(f"vendors/{name}" for name in VENDORS)])
def test_a_page(name: str, url: str, tmp_path: Path) -> None:
    assert run_page(ROOT / "docs" / f"{name}.md", tmp_path, url)


@pytest.mark.parametrize("name", VENDORS)
def test_what_is_known_of_a_vendor_is_what_would_be_generated(name: str) -> None:
    path, build = generators()[f"vendors/{name}"]
    assert build() == (ROOT / path).read_text("utf-8"), "run scripts/generate_docs"


def test_a_page_without_marks_is_not_written() -> None:
    with pytest.raises(ValueError, match=f"has no {BEGIN} and {END}"):
        replace_facts(f"# A vendor\n\n{END}\n", "facts")
    assert replace_facts(f"a\n{BEGIN}\nold\n{END}\nb\n", "new\n") == f"a\n{BEGIN}\nnew\n{END}\nb\n"
