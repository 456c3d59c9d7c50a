"""The tutorial, the guides and the pages of vendors: all that they show runs, and prints what they say."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

import pytest

from modelhub.registry import default
from modelhub.server.mock.point import KEY
from modelhub.testing import MockServer
from modelhub.vendors import list_vendors

from ..paths import ROOT
from .pages import run_page

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


@pytest.mark.parametrize("name", ["tutorial", *(f"vendors/{name}" for name in VENDORS)])
def test_a_page(name: str, url: str, tmp_path: Path) -> None:
    assert run_page(ROOT / "docs" / f"{name}.md", tmp_path, url)
