"""The adapter try command: one call, with all that goes over the wire."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import click

from modelhub.cli.asking import options_option
from modelhub.cli.exchanges import Shower
from modelhub.cli.findings import list_findings
from modelhub.cli.printing import colour, find_width, write_json
from modelhub.cli.sources import config_option, find_configs, profile_option, python_option
from modelhub.cli.streams import plugins_apart, read_input
from modelhub.cli.tracing import TracingDrivers
from modelhub.cli.widths import measure, pad, wrap
from modelhub.errors import ModelCallError
from modelhub.printable import printable
from modelhub.registry import ModelRegistry
from modelhub.response import ModelResponse

_WIDEST = 26  # columns of an expression that stands beside what it finds


@click.command("try")
@click.argument("name")
@click.argument("text")
@config_option
@profile_option
@python_option
@click.option("--stream", is_flag=True, help="Ask for the answer as it comes.")
@options_option
def try_(
    name: str,
    text: str,
    paths: tuple[str, ...],
    profile: str | None,
    allow_python: bool,
    stream: bool,
    options: dict[str, Any],
) -> None:
    """Ask the model called NAME, and show the request as it is sent, the reply as it comes, and what was found in it.

    Secrets are masked. TEXT of - is read from stdin.

    \b
    modelhub adapter try risk-model "Hello" -c models.yaml
    modelhub adapter try risk-model "Hello" -c models.yaml --stream -o temperature=0.2

    Exit code: 0 an answer came, 1 the call failed, 2 wrong usage.
    """
    if text == "-":
        text = read_input().decode(errors="replace")
    given = options | ({"stream": True} if stream else {})
    with plugins_apart(), ModelRegistry(find_configs(paths), profile=profile, allow_python=allow_python) as hub:
        model: Any = hub.get_model(name)
        drivers = TracingDrivers()
        asked: list[Any] = [hub.get_model(each) for each in hub.reach(name)]
        for each in asked:
            each.drivers = drivers
        failure: ModelCallError | None = None
        response: Any = None
        try:
            response = model(text, **given)
            if stream:
                for _ in response:
                    pass
        except ModelCallError as error:
            failure = error
        finally:
            drivers.close()
        config = hub.build_config(name)
        secrets = [secret for each in asked if hasattr(each, "find_secrets") for secret in each.find_secrets()]
        reply = config.get("response")
        shower = Shower(secrets, config.get("auth"), reply.get("charset") if isinstance(reply, dict) else None)
        _show(shower, drivers)
        _show_findings(config, model, drivers, shower)
    if failure is not None:
        raise failure
    _title("answer")
    click.echo(write_json(_drop_nulls(response)))


def _drop_nulls(response: Any) -> Any:
    """The response as JSON types, without what is not there and without what stands above."""
    if not isinstance(response, ModelResponse):
        return response
    above = ("raw", "trail", "config_name", "cached")
    document = {name: value for name, value in response.to_dict().items() if value is not None and name not in above}
    usage = document.get("usage")
    if isinstance(usage, dict):
        document["usage"] = {name: number for name, number in usage.items() if number is not None}
    return document


def _show(shower: Shower, drivers: TracingDrivers) -> None:
    exchanges = drivers.exchanges
    shower.learn(exchanges)
    if not exchanges:
        click.echo("nothing was sent over HTTP")
    for number, exchange in enumerate(exchanges, 1):
        which = f" {number}" if len(exchanges) > 1 else ""
        _title(f"request{which}")
        _echo(shower.show_request(exchange))
        _title(f"reply{which}")
        _echo(shower.show_reply(exchange))


def _show_findings(config: dict[str, Any], model: Any, drivers: TracingDrivers, shower: Shower) -> None:
    if not any(key in config for key in ("response", "error", "poll")) and not isinstance(config.get("stream"), dict):
        return
    found = list_findings(config, model, drivers.exchanges)
    if found:
        _title("found")
        rows = [(each.key, printable(each.expression), shower.scrub(each.found)) for each in found]
        for line in lay_out([("key", "expression", "found"), *rows], find_width()):
            click.echo(line)
        click.echo()


def lay_out(rows: Sequence[tuple[str, str, str]], width: int) -> Iterator[str]:
    """Three columns; what does not fit beside the others stands below them."""
    first = max(len(key) for key, _, _ in rows)
    fitting = [wide for _, expression, _ in rows if (wide := measure(expression)) <= _WIDEST]
    second = max(fitting, default=_WIDEST)
    for key, expression, found in rows:
        line = f"{key.ljust(first)}  {pad(expression, second)}  {found}"
        if measure(expression) <= second and measure(line) <= width:
            yield line.rstrip()
        else:
            yield f"{key.ljust(first)}  {expression}"
            yield from (f"    {line}" for line in wrap(found, width - 4))


def _title(text: str) -> None:
    click.echo(colour(f"--- {text}", bold=True))


def _echo(lines: Iterable[str]) -> None:
    for line in lines:
        click.echo(line)
    click.echo()
