"""The serve command: the models of the configs behind the vendors' own protocols."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import nullcontext

import click

from modelhub.cli.commands.watch import describe
from modelhub.cli.printing import count, write_json
from modelhub.cli.sources import config_option, find_configs, list_imported, profile_option, python_option
from modelhub.cli.streams import say
from modelhub.errors import ConfigWarning
from modelhub.overriding import override
from modelhub.secrets import mask_keys
from modelhub.server.gateway.loopback import is_loopback
from modelhub.server.gateway.reloading import News
from modelhub.server.gateway.settings import GRACE, Settings


@click.command()
@config_option
@profile_option
@python_option
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=4000, show_default=True, type=click.IntRange(0, 65535), help="0 picks a free one.")
@click.option("--workers", default=1, show_default=True, type=click.IntRange(1, 256), help="Processes that serve.")
@click.option("--keys", metavar="FILE", help="Who may ask: a list of {name, hash, models, budget, limits}.")
@click.option("--watch", is_flag=True, help="Read changed files by itself, as SIGHUP does.")
@click.option(
    "--grace",
    default=GRACE,
    show_default=True,
    type=click.FloatRange(0),
    metavar="SECONDS",
    help="What is under way may last as long after SIGTERM.",
)
@click.option("--new-key", "new_key", metavar="NAME", help="Print a new key and its entry for --keys, and end.")
def serve(
    paths: tuple[str, ...],
    profile: str | None,
    allow_python: bool,
    host: str,
    port: int,
    workers: int,
    keys: str | None,
    watch: bool,
    grace: float,
    new_key: str | None,
) -> None:
    """Serve the models of the configs to OpenAI's, Anthropic's and Ollama's clients: `model` is a config_name.

    \b
    modelhub serve -c models.yaml
    modelhub serve --new-key search-team
    modelhub serve -c models.yaml --host 0.0.0.0 --keys keys.yaml --workers 4 --watch

    Point base_url at http://127.0.0.1:4000/v1 (OpenAI) or http://127.0.0.1:4000 (Anthropic, Ollama). Without --keys,
    only this machine is served. SIGHUP reads all files again, SIGTERM and Ctrl-C wait for what is under way.
    """
    if new_key is not None:
        _print_key(new_key)
        return
    if keys is None and not is_loopback(host):
        raise click.UsageError(f"--host {host} is reached from other machines: say who may ask with --keys FILE")
    from modelhub.server.gateway.metrics import counting_together  # --new-key needs no server
    from modelhub.server.gateway.workers import are_possible

    if workers > 1 and not are_possible():
        raise click.UsageError("this system does not let several processes listen at one port: use --workers 1")
    _log_on_stderr()
    settings = Settings(
        find_configs(paths), profile, allow_python, host, port, workers, keys, watch, grace, list_imported()
    )
    with counting_together() if workers > 1 else nullcontext():
        _serve(settings)


def _serve(settings: Settings) -> None:
    from modelhub.server.gateway import workers as several
    from modelhub.server.gateway.service import Service, find_absent, find_uncounted
    from modelhub.server.gateway.serving import run
    from modelhub.server.gateway.serving import serve as serve_alone

    workers = settings.workers
    service = Service(settings)
    hub, callers = service.hub, service.gateway.callers
    for name, model in find_absent(hub, callers):
        warnings.warn(f"caller {name!r} may ask for {model!r}, which no config is called", ConfigWarning, stacklevel=2)
    if workers > 1:
        for who, key in find_uncounted(hub, callers):
            what = f"the {key} of {who} are counted in memory, by each of {workers} workers for itself"
            if who.startswith("caller"):
                raise click.UsageError(f"{what}: give them a store that all share, or use --workers 1")
            say(f"warning: {what}; a store that all share counts them together")
    whom = count(len(callers.all), "caller") if callers.all else "no keys, this machine alone"
    protocols = ", ".join(service.gateway.protocols)

    def announce(url: str) -> None:
        click.echo(f"modelhub serve is listening on {url} ({count(len(hub), 'model')}; {whom}; {protocols})")

    try:
        if workers > 1:
            run(several.watch_over(settings, service, announce, _tell))
        else:
            run(serve_alone(settings, service, announce, _tell))
    except KeyboardInterrupt:
        return


def _print_key(name: str) -> None:
    from modelhub.server.gateway.keys import make_key

    made = make_key(name)
    click.echo(f"key: {made.key}\n\n- name: {write_json(made.entry['name'])}\n  hash: {made.entry['hash']}")
    say("Give the key to whom it is for; the entry, which does not tell it, goes into the file of --keys.")


def _tell(news: News) -> None:
    say(mask_keys("\n".join(describe(news))))


class _OnStderr(logging.Handler):
    """Prints what is logged as all else; refused reloads are told apart."""

    @override
    def emit(self, record: logging.LogRecord) -> None:
        if record.module != "watching":
            say(mask_keys("\n".join(_write(record))))


def _write(record: logging.LogRecord) -> Iterator[str]:
    yield record.getMessage()
    if record.exc_info:
        yield logging.Formatter().formatException(record.exc_info)


def _log_on_stderr() -> None:
    log = logging.getLogger("modelhub")
    log.addHandler(_OnStderr(logging.WARNING))
    log.propagate = False
