"""The explain command: where each value of a config comes from."""

from __future__ import annotations

from typing import Any

import click
import orjson

from modelhub.cli.printing import print_json, print_table
from modelhub.cli.sources import config_option, find_configs, profile_option
from modelhub.diagnostics.wording import did_you_mean
from modelhub.errors import ModelHubError
from modelhub.registry import ModelRegistry
from modelhub.registry.explain import Beaten, Explained
from modelhub.validation import suggest


@click.command()
@click.argument("target", metavar="NAME[.KEY]")
@config_option
@profile_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def explain(target: str, path: str | None, profile: str | None, as_json: bool) -> None:
    """For each value of the config called NAME: where it was written, and what it beat; secrets masked.

    \b
    modelhub explain gpt -c models.yaml
    modelhub explain gpt.generate_args -c models.yaml --profile prod
    """
    with ModelRegistry(find_configs(path), profile=profile) as hub:
        name, key = _split(target, hub)
        explained = hub.explain(name)
    wanted = [each for each in explained if not key or f"{each.key}.".startswith(f"{key}.")]
    if not wanted:
        near = suggest(key, [each.key for each in explained])
        hint = did_you_mean(f"{name}.{near}") if near else f"`modelhub explain {name}` lists what it has"
        raise ModelHubError(f"config {name!r} has no value at {key!r}; {hint}")
    if as_json:
        print_json([_build_document(each) for each in wanted])
    else:
        print_table([_build_row(each) for each in wanted])


def _split(target: str, hub: ModelRegistry) -> tuple[str, str]:
    """The config_name, which may hold dots itself, and the key after it."""
    names = [name for name in hub.names() if f"{target}.".startswith(f"{name}.")]
    name = max(names, key=len, default=target)
    return name, target[len(name) + 1 :]


def _build_row(explained: Explained) -> list[str]:
    value = "(removed)" if explained.removed else f"= {_write(explained.value)}"
    notes = [explained.layer] if explained.layer else []
    notes += [f"{_spell(name)} ({'set' if there else 'not set'})" for name, there in explained.references.items()]
    if explained.beaten:
        notes.append(f"(beat: {', '.join(map(_describe, explained.beaten))})")
    return [f"{explained.key} {value}", explained.source, "  ".join(notes)]


def _describe(beaten: Beaten) -> str:
    return " ".join([*([beaten.layer] if beaten.layer else []), beaten.source, "=", _write(beaten.value)])


def _spell(reference: str) -> str:
    return reference if reference.startswith("file:") else f"${reference}"


def _write(value: Any) -> str:
    return value if isinstance(value, str) and value.isprintable() else orjson.dumps(value).decode()


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
