"""The explain command: where each value of a config comes from, and which models a composite may ask."""

from __future__ import annotations

import json
from typing import Any

import click
import orjson

from modelhub.cli.drawing import build_document, build_worst_case, draw, write_worst_case
from modelhub.cli.listings import Listing, format_option, print_listing
from modelhub.cli.printing import find_width, print_json
from modelhub.cli.sources import config_option, find_configs, profile_option, python_option
from modelhub.diagnostics.wording import did_you_mean
from modelhub.errors import ModelHubError
from modelhub.registry import ModelRegistry
from modelhub.registry.explain import DEFAULT, Beaten, Explained
from modelhub.validation import suggest

_HEAD = ("key", "value", "from", "notes")
_LONGEST = 60  # characters of a value that stands on one line


@click.command()
@click.argument("target", metavar="NAME[.KEY]")
@config_option
@profile_option
@python_option
@format_option
def explain(target: str, paths: tuple[str, ...], profile: str | None, allow_python: bool, style: str) -> None:
    """For each value of the config called NAME: where it was written, and what it beat; secrets masked.

    \b
    modelhub explain gpt -c models.yaml
    modelhub explain gpt.generate_args -c models.yaml --profile prod

    Of a fallback, router, cascade or chain also the tree of the models that it may ask, and the worst case of a call.
    """
    with ModelRegistry(find_configs(paths), profile=profile, allow_python=allow_python) as hub:
        name, key = _split(target, hub)
        explained = hub.explain(name)
        tree = None if key else hub.tree(name)
    wanted = [each for each in explained if not key or f"{each.key}.".startswith(f"{key}.")]
    if not wanted:
        near = suggest(key, [each.key for each in explained])
        hint = did_you_mean(f"{name}.{near}") if near else f"`modelhub explain {name}` lists what it has"
        raise ModelHubError(f"config {name!r} has no value at {key!r}; {hint}")
    if style == "json":
        values = [_build_document(each) for each in wanted]
        tree_too = tree and {"tree": build_document(tree), "worst_case": build_worst_case(tree)}
        print_json({"config_name": name, "values": values, **tree_too} if tree_too else values)
        return
    rows = [_build_row(each) for each in wanted]
    columns = len(_HEAD) - (not any(row[-1] for row in rows))
    print_listing(Listing(name, _HEAD[:columns], [row[:columns] for row in rows], None), style)
    if tree is not None:
        drawn = "\n".join(draw(tree, find_width()))
        click.echo(f"\n```text\n{drawn}\n```" if style == "markdown" else f"\n{drawn}")
        click.echo(f"\nworst case: {write_worst_case(tree)}")


def _split(target: str, hub: ModelRegistry) -> tuple[str, str]:
    """The config_name, which may hold dots itself, and the key after it."""
    names = [name for name in hub.names() if f"{target}.".startswith(f"{name}.")]
    name = max(names, key=len, default=target)
    return name, target[len(name) + 1 :]


def _build_row(explained: Explained) -> list[str]:
    value = "(removed)" if explained.removed else _write(explained.value)
    source = "default" if explained.source == DEFAULT else explained.source
    notes = [explained.layer] if explained.layer else []
    notes += [f"{_spell(name)} ({'set' if there else 'not set'})" for name, there in explained.references.items()]
    if explained.beaten:
        notes.append(f"(beat: {', '.join(map(_describe, explained.beaten))})")
    return [explained.key, value, source, "  ".join(notes)]


def _describe(beaten: Beaten) -> str:
    return " ".join([*([beaten.layer] if beaten.layer else []), beaten.source, "=", _write(beaten.value)])


def _spell(reference: str) -> str:
    return reference if reference.startswith("file:") else f"${reference}"


def _write(value: Any) -> str:
    if isinstance(value, str) and value.isprintable():
        return value
    text = orjson.dumps(value).decode()
    return text if len(text) <= _LONGEST else json.dumps(value, ensure_ascii=False)  # which can be folded


def _build_document(explained: Explained) -> dict[str, Any]:
    return {
        "key": explained.key,
        "path": list(explained.path),
        "value": explained.value,
        "removed": explained.removed,
        "source": explained.source,
        "layer": explained.layer,
        "references": explained.references,
        "beat": [{"layer": low.layer, "source": low.source, "value": low.value} for low in explained.beaten],
    }
