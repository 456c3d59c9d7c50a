"""Write what is known of a vendor for its page, from the schemas, the table of vendors and the example configs."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from modelhub.authoring.template import build_sketch
from modelhub.authoring.yaml_writer import write_inline
from modelhub.validation.schema.capabilities import capabilities_of, summarize
from modelhub.validation.schema.store import Schema
from modelhub.vendors import Vendor

BEGIN = "<!-- written by scripts/generate_docs -->"
END = "<!-- until here -->"

_ABILITIES = {
    "tools": "tools",
    "stream": "streams",
    "schema": "answers after a JSON Schema",
    "think": "thinking",
    "count": "counts of tokens",
}


def replace_facts(page: str, facts: str) -> str:
    """``page`` with ``facts`` between its two marks; raises ValueError for one that lacks them."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"the page has no {BEGIN} and {END}")
    return f"{before}{begin}\n{facts}{end}{after}"


def build_facts(
    schemas: Mapping[str, Schema],
    vendor: Vendor | None,
    example: tuple[str, str],
    batched: Collection[str],
) -> str:
    """What the vendor's types can do, its address and keys, the smallest configs and fuller ones, in Markdown.

    ``schemas`` are those of its types, ``example`` the path and the text of its file in model_configs/, and ``batched``
    the types that have a batch API.
    """
    return "\n".join(_write_facts(schemas, vendor, example, batched)) + "\n"


def _write_facts(
    schemas: Mapping[str, Schema], vendor: Vendor | None, example: tuple[str, str], batched: Collection[str]
) -> Iterator[str]:
    yield from ("| model_type | takes | gives | besides |", "|---|---|---|---|")
    for name, schema in schemas.items():
        modalities, abilities = summarize(capabilities_of(name, schema=schema))
        takes, _, gives = modalities.partition(" > ")
        besides = [_ABILITIES[word] for word in abilities.split()] + ["a batch API"] * (name in batched)
        row = (f"[`{name}`](../reference.md#{name})", _list(takes), _list(gives), ", ".join(besides))
        yield f"| {' | '.join(row)} |".replace("  ", " ")
    if vendor is not None:
        yield from ("", *_write_address(vendor))
    yield from ("", "## The smallest config", "", "```yaml", "# models.yaml")
    for name, schema in schemas.items():
        for number, key in enumerate(key for key in build_sketch(name, schema) if key.used):
            yield f"{'  ' if number else '- '}{key.name}: {write_inline(key.value)}"
    yield "```"
    path, text = example
    kind = path.rpartition(".")[2]
    told = f"# {path}\n" if kind == "yaml" else ""
    yield from ("", "## A fuller one", "", f"`{path}` has these, and the tests call each of them:", "")
    yield from (f"```{kind}", f"{told}{text.rstrip()}", "```", "")


def _write_address(vendor: Vendor) -> Iterator[str]:
    keys = " or ".join(f"`{name}`" for name in vendor.key_variables)
    yield from ("| | |", "|---|---|")
    yield f"| `api_key`, where it is left out | {keys}{', or none' * vendor.key_optional} |"
    address = f"`{vendor.base_url}`"
    yield f"| address | {address}, or what `{vendor.base_url_variable}` says |"
    if vendor.batch_size:
        yield f"| texts to embed in one request | {vendor.batch_size:,}; a longer list takes several |"
    yield f"| its own documentation | <{vendor.docs}> |"


def _list(words: str) -> str:
    return ", ".join(words.split("+"))
