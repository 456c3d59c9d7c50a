"""The site of the documentation: scripts/site builds it, every link leads somewhere, and a real browser shows it."""

from __future__ import annotations

import asyncio
import importlib
import json
import os
import re
import subprocess
import sys
from collections import defaultdict
from collections.abc import Awaitable, Callable
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

import pytest

import modelhub
from modelhub.diagnostics import EXPLANATIONS
from modelhub.overriding import override

from ..model_servers.chromium import Tab, run_chromium
from ..paths import ROOT

SCRIPT = ROOT / "scripts" / "site"
PHONE, DESK = (390, 844), (1280, 900)


class Page(HTMLParser):
    """What a page says of itself, loads and links to."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.lang = ""
        self.anchors: set[str] = set()
        self.links: list[str] = []
        self.loads: list[str] = []
        self.feed(path.read_text("utf-8"))

    @override
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.anchors |= {given[name] for name in ("id", "name") if name in given}
        if tag == "html":
            self.lang = given.get("lang", "")
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
        elif "src" in given or (tag == "link" and "href" in given):
            self.loads.append(given.get("src") or given["href"])


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("docs") / "site"
    done = subprocess.run([sys.executable, SCRIPT, out], capture_output=True, text=True, timeout=300)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"{out / 'index.html'}\n"
    return out


@pytest.fixture(scope="module")
def pages(site: Path) -> dict[str, Page]:
    return {path.relative_to(site).as_posix(): Page(path) for path in sorted(site.rglob("*.html"))}


def test_every_page_is_there_and_says_its_language(pages: dict[str, Page]) -> None:
    docs = {path.relative_to(ROOT / "docs").with_suffix(".html").as_posix() for path in (ROOT / "docs").rglob("*.md")}
    assert docs | {"index.html", "changelog.html", "search.html", "zh/search.html"} <= pages.keys()
    languages = {name: page.lang for name, page in pages.items()}
    assert languages == {name: "zh-CN" if name.startswith("zh/") else "en" for name in pages}


def test_every_link_leads_somewhere(site: Path, pages: dict[str, Page]) -> None:
    dead = []
    for name, page in pages.items():
        for link in page.links + page.loads:
            parts = urlsplit(link)
            if link in page.links and parts.scheme in ("http", "https"):
                continue
            target = (site / name).parent / unquote(parts.path) if parts.path else site / name
            known = pages.get(target.resolve().relative_to(site).as_posix()) if target.is_file() else None
            lost = parts.fragment and known and parts.fragment not in known.anchors
            if parts.scheme or not target.is_file() or lost:
                dead.append(f"{name}: {link}")
    assert dead == []
    assert sum(len(page.links) for page in pages.values()) > 2000


def test_every_page_is_in_the_navigation_of_its_language(pages: dict[str, Page]) -> None:
    english = {urlsplit(link).path for link in pages["index.html"].links}
    chinese = {f"zh/{urlsplit(link).path}" for link in pages["zh/index.html"].links}
    unlisted = {"index.html", "search.html", "zh/index.html", "zh/search.html"}
    assert pages.keys() - english - chinese - unlisted == set()


def test_a_page_leads_to_the_other_language(pages: dict[str, Page]) -> None:
    links = {name: [urlsplit(link).path.removeprefix("./") for link in page.links] for name, page in pages.items()}
    for name in (name for name in pages if name.startswith("zh/")):
        assert f"../{name.removeprefix('zh/')}" in links[name], name
        assert name in links[name.removeprefix("zh/")], name
    assert "../zh/index.html" in links["vendors/openai.html"]  # which is in English alone


def test_every_code_and_every_public_name_has_an_anchor(pages: dict[str, Page]) -> None:
    assert {code.lower() for code in EXPLANATIONS} - pages["codes.html"].anchors == set()
    names = {f"modelhub.{name}" for name in modelhub.__all__ if not name.startswith("_")}
    names |= {f"modelhub.{part}.{name}" for part in ("base", "testing") for name in find_names(part)}
    assert names - pages["python.html"].anchors == set()
    assert {"modelhub.ModelResponse.text", "modelhub.ModelRegistry.reload"} <= pages["python.html"].anchors


def find_names(part: str) -> list[str]:
    return list(importlib.import_module(f"modelhub.{part}").__all__)


def test_links_of_the_repository_become_links_of_the_site(tmp_path: Path) -> None:
    docs = tmp_path / "docs"
    (docs / "zh").mkdir(parents=True)
    (tmp_path / "README.md").write_text(
        "[a](docs/a.md#x) `[a](docs/a.md)` [z](README.zh-CN.md) [w](https://a.b/docs/a.md)"
    )
    (tmp_path / "README.zh-CN.md").write_text("[a](docs/a.md) [b](docs/zh/b.md)\n\n```md\n[a](docs/a.md)\n```\n")
    (docs / "a.md").write_text("# A\n")
    (docs / "zh" / "b.md").write_text("[a](../a.md) ![p](../p.png)")
    (tmp_path / "out").mkdir()
    code = "import sys, pathlib; from manual.sources import lay_out; lay_out(*map(pathlib.Path, sys.argv[1:]))"
    command = [sys.executable, "-c", code, str(tmp_path), str(tmp_path / "out")]
    subprocess.run(command, check=True, timeout=60, env=os.environ | {"PYTHONPATH": str(ROOT / "scripts")})
    home = (tmp_path / "out" / "index.md").read_text()
    chinese = (tmp_path / "out" / "zh" / "index.md").read_text()
    assert home.startswith("[a](a.md#x) `[a](docs/a.md)` [z](zh/index.html){.external} [w](https://a.b/docs/a.md)")
    assert home.endswith("```{toctree}\n:hidden:\n:caption: More\n\na\n```\n") and "zh/b" not in home
    assert chinese.startswith("[a](../a.html){.external} [b](b.md)\n\n```md\n[a](docs/a.md)\n```\n")
    assert chinese.endswith("```{toctree}\n:hidden:\n:caption: 其他\n\nb\n```\n")


def test_a_folder_that_is_no_site_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("kept")
    done = subprocess.run([sys.executable, SCRIPT, tmp_path], capture_output=True, text=True, timeout=60)
    assert done.returncode == 1 and "is no site" in done.stderr
    assert (tmp_path / "letter.txt").read_text() == "kept"


@pytest.mark.skipif(sys.version_info[:2] != (3, 11), reason="other versions of Python print some signatures otherwise")
def test_the_generated_pages_are_not_stale() -> None:
    command = [sys.executable, ROOT / "scripts" / "generate_docs", "--check", "python", "command-line"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, ""), "run scripts/generate_docs"


@pytest.mark.servers("chromium")
def test_a_browser_shows_every_page(site: Path, pages: dict[str, Page]) -> None:
    """Nothing is loaded from elsewhere, the console has no errors, and nothing is wider than a phone."""
    wide: dict[str, list[str]] = defaultdict(list)

    async def look(tab: Tab) -> None:
        for name in pages:
            await tab.set_size(*PHONE, mobile=True)
            await tab.open((site / name).as_uri())
            for size in (PHONE, DESK):
                await tab.set_size(*size, mobile=size == PHONE)
                width = await tab.ask("Math.max(document.documentElement.scrollWidth, window.innerWidth)")
                if width > size[0]:
                    wide[name].append(f"{width} of {size[0]}")

    tab = asyncio.run(show(look))
    assert (wide, tab.errors) == ({}, [])
    assert [address for address in tab.requests if not address.startswith(("file://", "data:"))] == []


@pytest.mark.servers("chromium")
def test_the_search_finds(site: Path) -> None:
    """Each page with an excerpt that has what was searched for, though the pages are files."""

    async def look(tab: Tab) -> None:
        for search, words, found in SEARCHES:
            await tab.open(f"{(site / search).as_uri()}?q={quote(words)}")
            shown = {re.sub(r"[?#].*", "", link): said for link, said in json.loads(await tab.ask(RESULTS))}
            assert found in shown, (words, shown)
            assert words.lower() in shown[found].lower(), (words, shown[found])

    assert asyncio.run(show(look)).errors == []


SEARCHES = [
    ("search.html", "temperature", "configs.html"),
    ("search.html", "budgets", "usage-and-budgets.html"),
    ("search.html", "ModelRegistry", "python.html"),
    ("zh/search.html", "私有模型", "private-models.html"),
    ("zh/search.html", "模型", "tutorial.html"),
]
# The links of the results and what is shown with them, when all of it has come.
RESULTS = """
new Promise((done) => {
  const look = () => {
    const found = [...document.querySelectorAll("ul.search li")];
    const whole = document.querySelector(".search-summary")?.textContent && found.every((item) => item.children[1]);
    const rows = found.map((item) => [item.querySelector("a").getAttribute("href"), item.textContent]);
    return whole ? done(JSON.stringify(rows)) : setTimeout(look, 50);
  };
  look();
})
"""


@pytest.mark.servers("chromium")
def test_code_can_be_copied_and_what_it_prints_not(site: Path) -> None:
    async def look(tab: Tab) -> None:
        await tab.open((site / "tutorial.html").as_uri())
        kinds = json.loads(await tab.ask(COPIED))
        assert {"highlight-sh", "highlight-python", "highlight-yaml"} == set(kinds)

    assert asyncio.run(show(look)).errors == []


COPIED = """
JSON.stringify(
  [...document.querySelectorAll("button.copybtn")].map((one) => one.closest("[class^=highlight-]").classList[0]),
)
"""


async def show(look: Callable[[Tab], Awaitable[None]]) -> Tab:
    """Have a browser, and look with it; the tab has what its console has said and what it has loaded."""
    async with run_chromium() as tab:
        await look(tab)
    return tab
