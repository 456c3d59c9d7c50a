"""The pages of the site: where each comes from, in which part of the navigation it is, and its links on the site."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from fnmatch import fnmatch
from pathlib import Path
from shutil import copyfile

# The parts of the navigation, and the pages of each in order: the first pattern that fits a page takes it.
PARTS = {
    "Start": ("tutorial", "configs", "calls", "messages", "tools", "embedding"),
    "Vendors": ("vendors/index", "vendors/*", "local-servers", "private-models"),
    "Coming from": ("from-*", "formatting"),
    "中文": ("zh/index", "zh/tutorial", "zh/*"),
    "Reference": ("python", "command-line", "reference", "codes"),
    "Guides": (
        *("fastapi", "flask", "notebooks", "guides/*"),
        *("routing", "usage-and-budgets", "live-configuration", "bulk", "batch-apis", "gateway"),
    ),
    "Testing": ("pytest", "testing", "mock", "load-tests", "ci"),
    "Watching": ("observability", "observers", "opentelemetry"),
    "Inside": ("plugins", "architecture", "changelog"),
    "More": ("*",),
}
# The pages that are not in docs/, and where the site has them.
MOVED = {"README.md": "index.md", "CHANGELOG.md": "changelog.md", "README.zh-CN.md": "zh/index.md"}
ORDER = ("Start", "Guides", "Vendors", "Coming from", "Testing", "Watching", "Reference", "Inside", "More", "中文")
CODE = re.compile(r"^(?P<fence>```+).*?^(?P=fence)$|`[^`\n]+`", re.M | re.S)
LINK = re.compile(r"(?P<before>\]\()(?P<target>[^)\s#:]+)(?P<after>(?:#[^)\s]*)?\))")


def lay_out(root: Path, folder: Path) -> None:
    """Write what the generator reads into ``folder``: the pages of the repository ``root``, with links of the site."""
    places = find_places(root)
    for source, place in places.items():
        target = folder / place
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.suffix == ".md":
            target.write_text(move_links(source.read_text("utf-8"), source, places), "utf-8")
        else:
            copyfile(source, target)
    pages = [place.removesuffix(".md") for place in places.values() if place.endswith(".md")]
    with (folder / "index.md").open("a", encoding="utf-8") as home:
        home.write(build_navigation(pages))


def find_places(root: Path) -> dict[Path, str]:
    """Each file with its place on the site: those of docs/ as they lie there, and those of ``MOVED``."""
    places = {root / name: place for name, place in MOVED.items()}
    docs = root / "docs"
    places |= {path: path.relative_to(docs).as_posix() for path in sorted(docs.rglob("*")) if path.is_file()}
    return {path.resolve(): place for path, place in places.items() if path.exists()}


def move_links(text: str, source: Path, places: Mapping[Path, str]) -> str:
    """A page whose links to other files lead to where these are on the site; code stays as it is."""

    def move(link: re.Match[str]) -> str:
        place = places.get((source.parent / link["target"]).resolve())
        if place is None:
            return link[0]
        return link["before"] + os.path.relpath(place, Path(places[source]).parent) + link["after"]

    return "".join(piece if code else LINK.sub(move, piece) for code, piece in split_code(text))


def split_code(text: str) -> Iterator[tuple[bool, str]]:
    """The pieces of a page: whether it is code, and its text."""
    end = 0
    for code in CODE.finditer(text):
        yield False, text[end : code.start()]
        yield True, code[0]
        end = code.end()
    yield False, text[end:]


def build_navigation(pages: list[str]) -> str:
    """The tables of contents that the home page has and does not show: every page is in one."""
    left = sorted(set(pages) - {"index"})
    parts: dict[str, list[str]] = {}
    for part, patterns in PARTS.items():
        parts[part] = []
        for pattern in patterns:
            parts[part] += [page for page in left if fnmatch(page, pattern)]
            left = [page for page in left if not fnmatch(page, pattern)]
    lines = []
    for part in ORDER:
        if parts[part]:
            lines += ["", "```{toctree}", ":hidden:", f":caption: {part}", "", *parts[part], "```"]
    return "\n".join(lines) + "\n"
