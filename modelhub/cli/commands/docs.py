"""The docs command: the documentation in a browser, from the installed package where it has it."""

from __future__ import annotations

from pathlib import Path

import click

from modelhub.diagnostics import CODES
from modelhub.diagnostics.wording import suggest_name

SITE = Path(__file__).parents[2] / "site"  # scripts/site puts it there before a wheel is made
REPOSITORY = "https://git.example.com/modelhub"  # what stands for its address in README.md, too
_HOME = "index"


@click.command()
@click.argument("page", default=_HOME)
@click.option("--print", "only_print", is_flag=True, help="Print the address, and open nothing.")
def docs(page: str, only_print: bool) -> None:
    """Open the documentation in a browser, or print its address where there is none.

    PAGE is the name of a page, perhaps with an anchor, or the code of a problem.

    \b
    modelhub docs
    modelhub docs tutorial
    modelhub docs python#modelhub.get_model
    modelhub docs MH103

    The pages are those of this version and need no network. Where modelhub was installed without them, the address is
    that of the page in its repository, which is only printed.
    """
    address = find_address(SITE, page)
    if only_print or not address.startswith("file:") or not _open(address):
        click.echo(address)


def find_address(site: Path, page: str) -> str:
    """The address of a page: a file of ``site``, else one of the repository. Raises UsageError for no page."""
    name, _, anchor = page.partition("#")
    if name.upper() in CODES:
        name, anchor = "codes", name.lower()
    name, fragment = name.removesuffix(".html").removesuffix(".md"), anchor and f"#{anchor}"
    names = {path.relative_to(site).with_suffix("").as_posix() for path in site.rglob("*.html")}
    if not names:
        return REPOSITORY if name == _HOME else f"{REPOSITORY}/docs/{name}.md{fragment}"
    if name not in names:
        raise click.UsageError(f"there is no page {name!r}; {suggest_name(name, sorted(names), 'pages')}")
    return (site / f"{name}.html").as_uri() + fragment


def _open(address: str) -> bool:
    """Open it; whether there is a browser."""
    import webbrowser

    try:
        return webbrowser.open(address)
    except webbrowser.Error:
        return False
