"""The Chinese pages: their code is that of the English ones, which runs; only comments are translated."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ..paths import ROOT
from .pages import FILE, find_blocks

DOCS = ROOT / "docs"
PAGES = [ROOT / "README.zh-CN.md", *sorted((DOCS / "zh").glob("*.md"))]
WHOLE = sorted({path.name for path in (DOCS / "zh").glob("*.md")} - {"private-models.md"})
NAMES_DRAWN = re.compile(r"[│▼]  ([\w ]+?)  ")
LANGUAGE = "\n## The language\n"  # the part of private-models.md that is in English alone


def read_code(page: Path) -> list[tuple[str, str, str]]:
    """The language, the name of the file and the code of each block, less comments."""
    blocks = []
    for kind, text in find_blocks(page):
        name = FILE.match(text)
        if kind != "text":
            text = re.sub(r"[ \t]*(?<!\S)# .*", "", text)
        elif names := NAMES_DRAWN.findall(text):
            text = " ".join(names)  # the words beside them are translated
        blocks.append((kind, name[1] if name else "", text))
    return blocks


@pytest.mark.parametrize("name", WHOLE)
def test_a_page_has_the_same_code(name: str) -> None:
    assert read_code(DOCS / "zh" / name) == read_code(DOCS / name)


def test_the_story_of_private_models_has_the_same_code(tmp_path: Path) -> None:
    story = tmp_path / "story.md"
    story.write_text((DOCS / "private-models.md").read_text("utf-8").partition(LANGUAGE)[0], "utf-8")
    assert read_code(DOCS / "zh" / "private-models.md") == read_code(story)


def test_the_readme_has_code_of_the_english_one_in_the_same_order() -> None:
    english = iter(read_code(ROOT / "README.md"))
    blocks = read_code(ROOT / "README.zh-CN.md")
    assert len(blocks) > 12
    for block in blocks:
        assert block in english, block


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_is_chinese_and_names_the_english_one(page: Path) -> None:
    head, _, text = page.read_text("utf-8").partition("\n\n")
    name = "README.md" if page.name.startswith("README") else f"../{page.name}"
    assert head.startswith("# ") and text.startswith(f"[English]({name})\n")
    assert len(re.findall(r"[\u4e00-\u9fff]", text)) > 300


def test_every_row_and_heading_is_translated() -> None:
    for name in WHOLE:
        chinese, english = ((folder / name).read_text("utf-8") for folder in (DOCS / "zh", DOCS))
        for mark in (r"^#+ ", r"^\| ", r"^[*-] "):
            assert len(re.findall(mark, chinese, re.M)) == len(re.findall(mark, english, re.M)), (name, mark)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_leads_to_chinese_ones_where_they_are(page: Path) -> None:
    links = {(page.parent / link).resolve() for link in re.findall(r"\]\(([^)#:]+\.md)", page.read_text("utf-8"))}
    translated = {DOCS / chinese.name for chinese in (DOCS / "zh").glob("*.md")}
    assert links & translated - {DOCS / page.name} == set()
