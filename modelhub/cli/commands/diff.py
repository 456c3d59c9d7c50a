"""The diff command: what has changed from one set of configs to another, and whether callers notice."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import click
import orjson

from modelhub.authoring.comparing import Change, Changed, Comparison, Uncomparable, compare, read_configs
from modelhub.cli.patterns import expand
from modelhub.cli.printing import colour, print_json
from modelhub.cli.sources import profile_option, python_option
from modelhub.cli.streams import plugins_apart
from modelhub.cli.tables import fold
from modelhub.printable import printable, shorten
from modelhub.registry.types import KnownTypes
from modelhub.secrets import mask_keys

_MARKS = {"added": ("+", "green"), "removed": ("-", "red"), "changed": ("~", "yellow")}
_LONGEST = 60  # characters of a value


@click.command()
@click.argument("old")
@click.argument("new")
@profile_option
@python_option
@click.option("--format", "style", type=click.Choice(["text", "json"]), default="text", help="The default is text.")
def diff(old: str, new: str, profile: str | None, allow_python: bool, style: str) -> None:
    """What has changed from the configs of OLD to those of NEW - files, folders or addresses - under each profile.

    What is compared is what is in effect: how it is written, and in which order, means nothing. Secrets are masked.

    \b
    modelhub diff models.yaml new.yaml
    modelhub diff configs/ ../other/configs/ --profile prod

    Exit code: 0 the same, 1 changed, 3 callers break: a config_name is gone or does another task, 2 wrong usage.
    """
    types = KnownTypes({}, allow_python=allow_python)
    try:
        with plugins_apart():
            before, after = (read_configs(expand([path])[0] or [path], types, profile) for path in (old, new))
            found = compare(before, after)
    except Uncomparable as error:
        from modelhub.cli.reports import report_problems  # it brings what checks configs

        click.echo(report_problems(error.problems), err=True)
        raise click.exceptions.Exit(2) from None
    if style == "json":
        print_json(_build_document(found))
    else:
        for line in _write(found):
            click.echo(mask_keys(line))
    if not found.is_same:
        raise click.exceptions.Exit(3 if found.breaks_callers else 1)


def _write(found: Comparison) -> Iterator[str]:
    if found.is_same:
        yield "no change"
        return
    for layer, changes in found.layers.items():
        news = "added" if layer in found.added else "removed" if layer in found.removed else ""
        if not (changes or news):
            continue
        mark, style = _MARKS[news] if news else ("", "")
        yield colour(f"{_tame(layer)}{f' ({news})' if news else ''}", bold=True, **({"fg": style} if mark else {}))
        for each in changes:
            yield from _write_changed(each)
    broken = dict.fromkeys(each.config_name for changes in found.layers.values() for each in changes if each.breaks)
    if broken:
        yield from fold([f"callers break: {', '.join(map(_tame, broken))}"])


def _write_changed(changed: Changed) -> Iterator[str]:
    mark, style = _MARKS[changed.kind]
    note = f"  callers break: {changed.breaks}" if changed.breaks else ""
    yield f"  {colour(f'{mark} {_tame(changed.config_name)}', fg=style)}{note}"
    for key in changed.keys:
        for n, line in enumerate(fold([f"    {_MARKS[key.kind][0]} {_write_key(key)}"])):
            yield line if n == 0 else f"    {line}"


def _write_key(change: Change) -> str:
    values = [_tame(_show(value)) for value in (change.old, change.new)]
    if change.kind == "changed" and values[0] == values[1]:
        values[1] = f"another {values[1]}"
    if change.kind == "changed":
        return f"{_tame(change.key)}: {values[0]} -> {values[1]}"
    return f"{_tame(change.key)}: {values[change.kind == 'added']}"


def _show(value: Any) -> str:
    return value if isinstance(value, str) else orjson.dumps(value, default=str).decode()


def _tame(text: str) -> str:
    return shorten(printable(text), _LONGEST)


def _build_document(found: Comparison) -> dict[str, Any]:
    return {
        "same": found.is_same,
        "breaks_callers": found.breaks_callers,
        "profiles_added": found.added,
        "profiles_removed": found.removed,
        "changes": [
            {
                "profile": layer,
                "config_name": each.config_name,
                "change": each.kind,
                "breaks": each.breaks,
                "keys": [{"key": k.key, "change": k.kind, "old": k.old, "new": k.new} for k in each.keys],
            }
            for layer, changes in found.layers.items()
            for each in changes
        ],
    }
