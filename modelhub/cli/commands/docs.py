"""The docs command: the pages of the documentation that the package has, in a browser or on the terminal."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import click

from modelhub.cli.tables import print_table
from modelhub.diagnostics import CODES
from modelhub.diagnostics.wording import suggest_name

_PACKAGE = Path(__file__).resolve().parents[2]
SITE = _PACKAGE / "site"  # scripts/site puts it there before a wheel is made
TEXTS = shipped if (shipped := _PACKAGE / "docs").is_dir() else _PACKAGE.parent / "docs"  # of a wheel, of a checkout
_HOME = "index"


@click.command()
@click.argument("page", default=_HOME)
@click.option("--print", "only_print", is_flag=True, help="Print the address, and open nothing.")
def docs(page: str, only_print: bool) -> None:
    """Open the documentation in a browser, or show it on the terminal.

    PAGE is the name of a page, perhaps with an anchor, or the code of a problem.

    \b
    modelhub docs
    modelhub docs tutorial
    modelhub docs python#modelhub.get_model
    modelhub docs MH103

    The pages are those of this version and need no network. Where modelhub was installed without the site, they are
    texts in Markdown: a terminal shows the one that is named, or the list of them. Where there is neither a browser
    nor a terminal, the address of the file is printed.
    """
    name, _, anchor = page.partition("#")
    if name.upper() in CODES:
        name, anchor = "codes", name.lower()
    path = find_page(SITE, TEXTS, name.removesuffix(".html").removesuffix(".md"))
    address = path.as_uri() + (anchor and f"#{anchor}")
    if only_print or not (path.suffix == ".html" or sys.stdout.isatty()):
        click.echo(address)
    elif path.is_dir():
        print_table(list_pages(path))
    elif path.suffix == ".md":
        click.echo_via_pager(cut_page(path.read_text("utf-8"), anchor))
    elif not _open(address):
        click.echo(address)


def find_page(site: Path, texts: Path, name: str) -> Path:
    """The file of a page: that of ``site`` where it is, else the text; the first page of texts is their folder.

    Raises UsageError where there is no such page.
    """
    folder, suffix = (site, ".html") if site.is_dir() else (texts, ".md")
    names = {path.relative_to(folder).with_suffix("").as_posix() for path in folder.rglob(f"*{suffix}")}
    if suffix == ".md" and name == _HOME:
        return folder
    if name not in names:
        raise click.UsageError(f"there is no page {name!r}; {suggest_name(name, sorted(names), 'pages')}")
    return folder / f"{name}{suffix}"


def list_pages(folder: Path) -> list[tuple[str, str]]:
    """The name and the title of each text."""
    titles = {path: path.read_text("utf-8").partition("\n")[0].removeprefix("# ") for path in folder.rglob("*.md")}
    return sorted((path.relative_to(folder).with_suffix("").as_posix(), title) for path, title in titles.items())


def cut_page(text: str, anchor: str) -> str:
    """A text from an anchor on: one that stands in it, or that of a heading; all of it where it is not there."""
    for found in re.finditer(r'^(?:#+ (.+)|<a id="(.+)"></a>)$', text, re.M):
        heading = re.sub(r"[^\w\- ]", "", (found[1] or "").lower()).replace(" ", "-")
        if anchor and anchor in (heading, found[2]):
            return text[found.start() :]
    return text


def _open(address: str) -> bool:
    """Open it; whether there is a browser."""
    import webbrowser

    try:
        return webbrowser.open(address)
    except webbrowser.Error:
        return False
