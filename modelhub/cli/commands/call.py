"""The call command: one question to one model."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click

from modelhub.cli.asking import ask_options, build_input
from modelhub.cli.printing import print_json, write_answer
from modelhub.cli.sources import config_option, find_configs, profile_option, python_option
from modelhub.cli.streams import plugins_apart, read_input
from modelhub.registry import ModelRegistry
from modelhub.response import ModelResponse


@click.command()
@click.argument("name")
@click.argument("text", required=False)
@config_option
@profile_option
@python_option
@ask_options
@click.option("-a", "--attach", "attached", multiple=True, metavar="FILE", help="An image, a sound or a file to send.")
@click.option("--stream", is_flag=True, help="Print the answer as it comes.")
@click.option("--json", "as_json", is_flag=True, help="Print the whole response as JSON.")
@click.option("--mock", "mocked", is_flag=True, help="Ask a mock server instead, without key and network.")
def call(
    name: str,
    text: str | None,
    paths: tuple[str, ...],
    profile: str | None,
    allow_python: bool,
    system: str | None,
    options: dict[str, Any],
    attached: tuple[str, ...],
    stream: bool,
    as_json: bool,
    mocked: bool,
) -> None:
    """Ask the model called NAME; without TEXT, or where it is -, standard input is read.

    \b
    modelhub call gpt "Why is the sky blue?" -c models.yaml --stream
    git diff | modelhub call gpt -s "Review this." -o temperature=0
    modelhub call gpt "What is this?" -a photo.jpg
    modelhub call gpt "Hello" --mock          any config, no key
    """
    sources = find_configs(paths)
    asked = build_input(read_input().decode(errors="replace") if text in (None, "-") else str(text), system, attached)
    with plugins_apart(), _open(sources, profile, allow_python, mocked) as hub:
        model: Any = hub.get_model(name)  # whose options are what the reader says
        response = model(asked, **({"stream": True} if stream else {}), **options)
        if stream and not as_json:
            try:
                for delta in response:
                    click.echo(write_answer(delta.text or ""), nl=False)
            finally:
                click.echo()
        else:
            for _ in response if isinstance(response, ModelResponse) else ():
                pass
    if as_json:
        print_json(response.to_dict() if isinstance(response, ModelResponse) else response)
    elif not stream:
        click.echo(write_answer(_summary(response)))


@contextmanager
def _open(sources: list[str], profile: str | None, allow_python: bool, is_mocked: bool) -> Iterator[ModelRegistry]:
    """The registry of the configs; if ``is_mocked``, all its models ask a mock server."""
    with ModelRegistry(sources, profile=profile, allow_python=allow_python) as hub:
        if is_mocked:
            from modelhub.testing import mocked  # it loads aiohttp, which other calls do without

            with mocked(hub):
                yield hub
        else:
            yield hub


def _summary(response: Any) -> str:
    """The parts of a response that a person wants to see."""
    if not isinstance(response, ModelResponse):
        return str(response)
    if response.embedding is not None:
        return "\n".join(
            f"[{', '.join(f'{v:.4g}' for v in vector[:4])}, ...] {len(vector)} numbers" for vector in response.embedding
        )
    if response.image_urls is not None:
        return "\n".join(response.image_urls)
    calls = [f"{call.name}({call.arguments})" for call in response.tool_calls or ()]
    words = response.text or response.refusal
    return "\n".join([*([words] if words else []), *calls]) or str(response.raw)
