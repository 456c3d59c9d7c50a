"""The mock command: a server to talk to without a key."""

from __future__ import annotations

import sys
from io import UnsupportedOperation

import click

from modelhub.errors import ConfigError
from modelhub.server.mock import MockSettings, serve
from modelhub.server.mock.scenario.shape import ALL_WELL
from modelhub.server.mock.showing import Output


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=8080, show_default=True, type=click.IntRange(0, 65535), help="0 picks a free one.")
@click.option("--seed", default=0, show_default=True, help="Another seed gives other answers.")
@click.option("--latency", default=0.0, metavar="SECONDS", help="Wait before each reply.")
@click.option("--chunk-delay", default=0.0, metavar="SECONDS", help="Wait between the events of a stream.")
@click.option("--chunk-bytes", type=int, metavar="N", help="Cut streams into pieces of N bytes.")
@click.option(
    "--faults", default="", metavar="LIST", help="What goes wrong, one for each request: 429,429,cut,hang ..."
)
@click.option("--scenario", metavar="FILE", help="What goes wrong, when and how often; see docs/mock.md.")
@click.option("--retry-after", default="1", show_default=True, help="Retry-After of 429 and 503 replies.")
@click.option("--batch-seconds", type=float, metavar="N", help="Batches are done after N seconds, not at the 2nd look.")
@click.option("--stats", is_flag=True, help="At the end, print what was asked of each model, and how it ended.")
@click.option("--quiet", is_flag=True, help="Do not list the formats, and show no requests.")
@click.option("--api-key", help="Refuse requests that do not carry this key.")
def mock(
    host: str,
    port: int,
    seed: int,
    latency: float,
    chunk_delay: float,
    chunk_bytes: int | None,
    faults: str,
    scenario: str | None,
    retry_after: str,
    batch_seconds: float | None,
    stats: bool,
    quiet: bool,
    api_key: str | None,
) -> None:
    """Serve made-up models on this machine, in the vendors' wire formats, the same answers for the same seed.

    \b
    modelhub mock --port 8080
    modelhub mock --faults 429,500,ok,cut --retry-after 0.2
    modelhub mock --latency 0.5 --chunk-delay 0.05
    modelhub mock --scenario outage.yaml

    Point client_args.base_url at http://127.0.0.1:8080/v1 (openai_*), host at http://127.0.0.1:8080 (ollama_*) or
    api_url at http://127.0.0.1:8080/llm/ (post_api_*); all addresses are listed at the start. Each request is a line
    of the output when it is over. A request header `X-Mock-Fault: 429` makes one request fail.
    """
    try:
        settings = MockSettings(
            seed=seed,
            latency=latency,
            chunk_delay=chunk_delay,
            chunk_bytes=chunk_bytes,
            faults=[fault.strip() for fault in faults.split(",") if fault.strip()],
            retry_after=retry_after,
            api_key=api_key,
            batch_seconds=batch_seconds,
            scenario=ALL_WELL if scenario is None else scenario,
        )
    except ConfigError as error:
        from modelhub.cli.reports import report_problems  # it brings what checks configs

        click.echo(report_problems(error.problems), err=True)
        raise click.exceptions.Exit(1) from None
    show = None if quiet else _open_output().write
    serve(settings, host=host, port=port, announce=click.echo, stats=stats, show=show)


def _open_output() -> Output:
    """The standard output, where there is one."""
    try:
        return Output(sys.stdout.fileno())
    except (AttributeError, UnsupportedOperation, ValueError):
        return Output(-1)
