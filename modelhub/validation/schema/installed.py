"""Find the schema of a type from another package: a file in the package, or a schema derived from its source."""

from __future__ import annotations

import json

from modelhub.plugins.modules import read_file
from modelhub.validation.schema.extend import combine
from modelhub.validation.schema.lineage import Known, read_line
from modelhub.validation.schema.store import Schema


def find_installed_schema(module: str, name: str, model_type: str, known: Known = lambda *_: None) -> Schema | None:
    """The schema of the class ``name`` in ``module``, without importing the module; None if there is no schema.

    ``known`` finds the schema of a class that it may extend. Raises ValueError, or an error of reading files, if the
    schema file does not hold a schema.
    """
    schema = find_schema_file(module.partition(".")[0], model_type)
    return combine(read_line(module, name, known), model_type) if schema is None else schema


def find_schema_file(package: str, model_type: str) -> Schema | None:
    """The schema file of a type in a package; None if there is no file."""
    found = read_file(package, "schemas", f"{model_type}.json")
    if found is None:
        return None
    path, data = found
    try:
        schema = json.loads(data)
    except ValueError as error:
        raise ValueError(f"{path} is not JSON: {error}") from None
    if not isinstance(schema, dict):
        raise ValueError(f"{path} holds no JSON object")
    return schema
