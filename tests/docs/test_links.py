"""Links of the pages: each leads to another page or picture of docs/, to a heading that is there, or to the web."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ..paths import ROOT

READMES = [ROOT / "README.md", ROOT / "README.zh-CN.md"]
PAGES = [*READMES, *sorted((ROOT / "docs").rglob("*.md"))]
LINK = re.compile(r"!?\[[^\]]*\]\(\s*<?([^)\s>]+)[^)]*\)|^\[[^\]]+\]:\s*(\S+)|(?:href|src)=\"([^\"]+)\"", re.M)


def without_code(text: str) -> str:
    """A page less its blocks and spans of code."""
    return re.sub(r"`[^`\n]+`", "", re.sub(r"^```.*?^```$", "", text, flags=re.M | re.S))


def find_links(text: str) -> list[str]:
    return ["".join(found) for found in LINK.findall(without_code(text))]


def find_anchors(text: str) -> set[str]:
    """The anchors of the headings of a page, as sites for Markdown make them, and those that stand there."""
    plain = re.sub(r"^```.*?^```$", "", text, flags=re.M | re.S)
    anchors = set(re.findall(r"<a (?:id|name)=\"([^\"]+)\"", plain))
    for heading in re.findall(r"^#+ +(.*?)(?: +#+)?$", plain, re.M):
        words = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).strip().lower()
        anchor = re.sub(r"[^\w\- ]", "", words).replace(" ", "-")
        anchors.add(anchor if anchor not in anchors else f"{anchor}-1")
    return anchors


def find_dead(page: Path, text: str) -> list[str]:
    """The links of a page that a site of docs/ cannot follow."""
    dead = []
    for link in find_links(text):
        if re.match(r"https?://[\w.-]+", link):
            continue
        place, _, anchor = link.partition("#")
        target = (page.parent / place).resolve() if place else page
        known = target.suffix in (".md", ".png") and target.is_relative_to(ROOT / "docs")
        inside = known or target == page or {page, target} <= {*READMES}
        there = inside and target.is_file()
        if not there or (anchor and anchor not in find_anchors(text if target == page else target.read_text("utf-8"))):
            dead.append(link)
    return dead


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_somewhere(page: Path) -> None:
    assert find_dead(page, page.read_text("utf-8")) == []


def test_there_are_links() -> None:
    assert len(PAGES) > 10
    assert sum(len(find_links(page.read_text("utf-8"))) for page in PAGES) > 60


@pytest.mark.parametrize(
    "text",
    [
        "[x](../modelhub/wire)",
        "[x](../tests)",
        "[x](../README.md)",
        "[x](/docs/configs.md)",
        "[x](nowhere.md)",
        "[x](configs.md#nowhere)",
        "[x](#nowhere)",
        "[x](ftp://example.com)",
        "[x][y]\n\n[y]: ../schemas/_vendors.json",
        '<a href="../LICENSE">x</a>',
        "![x](../picture.png)",
    ],
)
def test_what_leads_nowhere_is_found(text: str) -> None:
    assert len(find_dead(ROOT / "docs" / "plugins.md", text)) == 1


@pytest.mark.parametrize(
    "text",
    [
        "[x](https://example.com/a#b)",
        "[x](configs.md)",
        "# A: `b` & c\n[x](#a-b--c)",
        "`[x](../y)`",
        "![x](load-test.png)",
    ],
)
def test_what_leads_somewhere_is_not(text: str) -> None:
    assert find_dead(ROOT / "docs" / "plugins.md", text) == []
