"""The pages of the site: where each comes from, in which part of the navigation it is, and its links on the site."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Set
from fnmatch import fnmatch
from pathlib import Path
from shutil import copyfile

# The folders whose first page has a navigation of its own: its parts, and the pages of each in order. The first pattern
# that fits a page takes it.
NAVIGATION = {
    "": {
        "Start": ("tutorial", "messages", "tools", "configs", "calls"),
        "Models": ("vendors/index", "local-servers", "private-models", "routing", "embedding"),
        "Coming from": ("from-openai", "from-*", "importing"),
        "Guides": (
            *("fastapi", "flask", "notebooks", "commands", "live-configuration"),
            *("bulk", "batch-apis", "formatting", "typing"),
        ),
        "Testing": ("pytest", "testing", "mock", "ci", "load-tests"),
        "Operating": ("usage-and-budgets", "gateway", "observability", "observers", "opentelemetry"),
        "Reference": ("python", "command-line", "reference", "codes"),
        "Inside": ("plugins", "architecture", "changelog"),
        "More": ("*",),
    },
    "vendors/": {"": ("*",)},
    "zh/": {
        "入门": ("tutorial", "tools", "configs", "calls", "pytest"),
        "模型": ("local-servers", "private-models", "routing"),
        "迁移": ("from-*",),
        "其他": ("*",),
    },
}
LANGUAGES = {"": "en", "zh/": "zh_CN"}
"""The language of each site, by its folder."""
# The pages that are not in docs/, and where the site has them.
MOVED = {"README.md": "index.md", "CHANGELOG.md": "changelog.md", "README.zh-CN.md": "zh/index.md"}
# How deep the headings are that a page lists of itself, where not all of them are worth it.
DEPTHS = {"python.md": 3}
CODE = re.compile(r"^(?P<fence>```+).*?^(?P=fence)$|`[^`\n]+`", re.M | re.S)
LINK = re.compile(r"(?P<before>\]\()(?P<target>[^)\s#:]+)(?P<after>(?:#[^)\s]*)?\))")


def lay_out(root: Path, folder: Path) -> None:
    """Write what the generator reads into ``folder``: the pages of the repository ``root``, with links of the site."""
    places = find_places(root)
    for source, place in places.items():
        target = folder / place
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.suffix == ".md":
            head = f"---\ntocdepth: {DEPTHS[place]}\n---\n\n" if place in DEPTHS else ""
            target.write_text(head + move_links(source.read_text("utf-8"), source, places), "utf-8")
        else:
            copyfile(source, target)
    pages = {place.removesuffix(".md") for place in places.values() if place.endswith(".md")}
    for home in NAVIGATION:
        if f"{home}index" in pages:
            with (folder / home / "index.md").open("a", encoding="utf-8") as page:
                page.write(build_navigation(home, pages))


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
        target, mark = os.path.relpath(place, Path(here).parent), ""
        if find_language(place) != find_language(here):
            target, mark = target.removesuffix(".md") + ".html", "{.external}"
        return link["before"] + target + link["after"] + mark

    here = places[source]
    return "".join(piece if code else LINK.sub(move, piece) for code, piece in split_code(text))


def split_code(text: str) -> Iterator[tuple[bool, str]]:
    """The pieces of a page: whether it is code, and its text."""
    end = 0
    for code in CODE.finditer(text):
        yield False, text[end : code.start()]
        yield True, code[0]
        end = code.end()
    yield False, text[end:]


def find_language(place: str) -> str:
    """The language of a page."""
    return LANGUAGES["zh/" if place.startswith("zh/") else ""]


def build_navigation(home: str, pages: Set[str]) -> str:
    """The tables of contents that the first page of a folder has and does not show: every page is in one."""
    own = {page for page in pages if page.startswith(home)} - {f"{home}index"}
    for inner in NAVIGATION.keys() - {home}:
        if inner.startswith(home):
            entry = set() if inner in LANGUAGES else {f"{inner}index"}
            own = {page for page in own if not page.startswith(inner)} | (own & entry)
    left = {page.removeprefix(home) for page in own}
    lines = []
    for part, patterns in NAVIGATION[home].items():
        entries: list[str] = []
        for pattern in patterns:
            entries += sorted(page for page in left if fnmatch(page, pattern))
            left -= {*entries}
        if entries:
            caption = [f":caption: {part}"] if part else []
            lines += ["", "```{toctree}", ":hidden:", *caption, "", *entries, "```"]
    return "\n".join(lines) + "\n"
