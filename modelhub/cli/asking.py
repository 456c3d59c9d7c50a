"""What a question on the command line is made of: a text, instructions, options, and files."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])
_PARTS = {"image": "image", "audio": "input_audio", "video": "video"}  # all else is a file


def options_option(command: F) -> F:
    """The ``-o`` option: options of the call."""
    return click.option(
        "-o",
        "--option",
        "options",
        multiple=True,
        metavar="KEY=VALUE",
        callback=_read_options,
        help="An option of the call, such as temperature=0; JSON, else a text.",
    )(command)


def ask_options(command: F) -> F:
    """The options of every command that asks a model: ``-s`` and ``-o``."""
    return click.option("-s", "--system", metavar="TEXT", help="What the model is told before the question.")(
        options_option(command)
    )


def _read_options(ctx: click.Context, parameter: click.Parameter, given: Sequence[str]) -> dict[str, Any]:
    """The options by name; a value that is JSON is that, else it is a text."""
    options = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not name or not equals:
            raise click.BadParameter(f"an option is KEY=VALUE, not {text!r}")
        try:
            options[name] = json.loads(value)
        except ValueError:
            options[name] = value
    return options


def build_input(text: str, system: str | None = None, attached: Sequence[str] = ()) -> Any:
    """What a model is called with: the text itself, or messages with instructions and files.

    A usage error for a file that is not there.
    """
    content: Any = text
    if attached:
        content = [*map(_build_part, attached), *([{"type": "text", "text": text}] if text.strip() else [])]
    asked: dict[str, Any] = {"role": "user", "content": content}
    if system:
        return [{"role": "system", "content": system}, asked]
    return [asked] if attached else text


def _build_part(path: str) -> dict[str, Any]:
    """The part of a message that a file, or what an address names, is sent as."""
    from modelhub.media.kinds import UNKNOWN, find_family, guess_type, guess_url_type  # other calls need none of it

    is_url = path.startswith(("http://", "https://", "data:"))
    if not is_url and not Path(path).expanduser().is_file():
        raise click.UsageError(f"there is no file {path!r}")
    if path.startswith("data:"):
        kind = path[len("data:") :].partition(";")[0].partition(",")[0]
    else:
        kind = (guess_url_type(path) if is_url else _look_at(path) or guess_type(path)) or UNKNOWN
    family = _PARTS.get(find_family(kind), "file")
    return {"type": family, "url": path}


def _look_at(path: str) -> str | None:
    """The media type that the first bytes of a file tell; None if they tell none, or cannot be read."""
    from modelhub.media.kinds import LOOKED_AT, find_signature

    try:
        with Path(path).expanduser().open("rb") as file:
            return find_signature(file.read(LOOKED_AT))
    except OSError:
        return None
