"""Ask jsonschema what is wrong with a config; the only module that imports it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING, Any

from modelhub.validation.schema.store import BASE, Schema, load_file

if TYPE_CHECKING:
    from jsonschema import ValidationError


def judge(schema: Schema, config: dict[str, Any]) -> Iterator[ValidationError]:
    """Yield the errors that jsonschema finds; for a broken schema, jsonschema's own exceptions are raised."""
    from jsonschema import Draft202012Validator

    if "$id" not in schema:
        schema = {"$id": f"{BASE}derived.json", **schema}
    yield from Draft202012Validator(schema, registry=_registry()).iter_errors(config)


@cache
def _registry() -> Any:
    from referencing import Registry, Resource
    from referencing.exceptions import NoSuchResource
    from referencing.jsonschema import DRAFT202012

    def retrieve(uri: str) -> Resource[Any]:
        schema = load_file(uri.rpartition("/")[2])
        if schema is None:
            raise NoSuchResource(ref=uri)  # type: ignore[call-arg]
        return Resource.from_contents(schema, default_specification=DRAFT202012)

    return Registry(retrieve=retrieve)  # type: ignore[call-arg]


def find_schema_fault(schema: dict[str, Any]) -> str | None:
    """What is wrong with a schema; None if it is one."""
    from jsonschema import Draft202012Validator, SchemaError

    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError as error:
        place = ".".join(map(str, error.path))
        return f"{place}: {error.message}" if place else str(error.message)
    except RecursionError:
        return "it is nested too deep"
    return None
