"""The watch command: reloads of config files as they happen."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import suppress
from queue import Empty, SimpleQueue

import click

from modelhub.cli.printing import colour, count
from modelhub.cli.reports import report_text
from modelhub.cli.sources import config_option, find_configs, profile_option, python_option
from modelhub.configs import show
from modelhub.errors import ConfigError
from modelhub.overriding import override
from modelhub.printable import printable, shorten
from modelhub.registry import ModelRegistry
from modelhub.registry.report import ReloadReport
from modelhub.secrets import mask_keys

_LONGEST = 100  # characters of a config_name


@click.command()
@click.argument("files", nargs=-1, metavar="[PATHS]...")
@config_option
@profile_option
@python_option
def watch(files: tuple[str, ...], paths: tuple[str, ...], profile: str | None, allow_python: bool) -> None:
    """Show what a program that has these configs with watch=True does as they change: what is new, what is refused.

    PATHS are files, folders, quoted patterns or addresses such as etcd://host/key; without any, what the other commands
    read. Ctrl-C ends it.

    \b
    modelhub watch models.yaml
    modelhub watch configs/ --profile prod
    """
    named = find_configs([*paths, *files])
    if "-" in named:
        raise click.UsageError("standard input cannot be watched; name files or folders")
    logging.getLogger("modelhub").addHandler(logging.NullHandler())  # what it would say is printed
    told: SimpleQueue[ReloadReport | ConfigError | str] = SimpleQueue()
    centres = logging.getLogger("modelhub.centres")
    centres.setLevel(logging.INFO)
    centres.addHandler(_Listener(told))
    with ModelRegistry(named, profile=profile, watch=True, allow_python=allow_python) as hub:
        hub.on_reload(told.put)
        shown = printable(", ".join(map(show, named)))
        click.echo(f"watching {shown}: {count(len(hub), 'model')}, generation {hub.generation}")
        while True:
            with suppress(Empty):
                news = told.get(timeout=1)  # so that ctrl-C is heard on every system
                click.echo(mask_keys("\n".join(describe(news))))


class _Listener(logging.Handler):
    """Hears that a centre is out of reach, and that it is back."""

    def __init__(self, told: SimpleQueue[ReloadReport | ConfigError | str]) -> None:
        super().__init__()
        self._told = told

    @override
    def emit(self, record: logging.LogRecord) -> None:
        self._told.put(record.getMessage())


def describe(news: ReloadReport | ConfigError | str) -> Iterator[str]:
    """The lines that tell what a reload has changed, or why it was refused; or what else there is to tell."""
    if isinstance(news, str):
        yield printable(news)
        return
    if isinstance(news, ConfigError):
        yield f"{colour('refused', fg='red', bold=True)}, the last good configs stay in use"
        yield report_text(news.problems, 0).rpartition("\n")[0]
        return
    if not (news.added or news.changed or news.removed):
        yield f"nothing changed, still generation {news.generation}"
        return
    yield f"{colour('reloaded', fg='green', bold=True)}: generation {news.generation}, {len(news.unchanged)} unchanged"
    for what, names, style in (
        ("added", news.added, "green"),
        ("changed", news.changed, "yellow"),
        ("removed", news.removed, "red"),
    ):
        for name in names:
            yield f"  {colour(what, fg=style)} {shorten(printable(name), _LONGEST)}"
