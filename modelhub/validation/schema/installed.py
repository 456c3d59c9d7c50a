"""Find the schema of a type from another package: a file in the package, or a schema derived from its source."""

from __future__ import annotations

import ast
import importlib.util
import json
from pathlib import Path

from modelhub.validation.schema.derive import derive_from_source
from modelhub.validation.schema.store import Schema


def find_installed_schema(module: str, name: str, model_type: str) -> Schema | None:
    """The schema of the class ``name`` in ``module``, without importing the module; None if there is no schema.

    Raises ValueError, or an error of reading files, if the schema file does not hold a schema.
    """
    return _load_schema(module.partition(".")[0], model_type) or _derive(module, name)


def _load_schema(package: str, model_type: str) -> Schema | None:
    """The schema file of a type in a package; None if there is no file."""
    spec = importlib.util.find_spec(package)
    for folder in (spec and spec.submodule_search_locations) or ():
        path = Path(folder, "schemas", f"{model_type}.json")
        if path.is_file():
            try:
                schema = json.loads(path.read_bytes())
            except ValueError as error:
                raise ValueError(f"{path} is not JSON: {error}") from None
            if not isinstance(schema, dict):
                raise ValueError(f"{path} holds no JSON object")
            return schema
    return None


def _derive(module: str, name: str, hops: int = 3) -> Schema | None:
    """The schema that follows from the ``__init__`` of a class, whose source may be in another module."""
    path = _find_source(module)
    if path is None:
        return None
    source = path.read_text("utf-8", "replace")
    schema = derive_from_source(source, name)
    if schema is not None or not hops:
        return schema
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    origin = _find_import(source, name, package)
    return _derive(*origin, hops - 1) if origin is not None else None


def _find_import(source: str, name: str, package: str) -> tuple[str, str] | None:
    """Where a module of ``package`` imports ``name`` from: the other module, and the name there."""
    try:
        imports = [node for node in ast.parse(source).body if isinstance(node, ast.ImportFrom)]
        for node in imports:
            for alias in node.names:
                if (alias.asname or alias.name) == name:
                    relative = "." * node.level + (node.module or "")
                    return importlib.util.resolve_name(relative, package), alias.name
    except (SyntaxError, ValueError, ImportError):
        pass  # importing it will say so
    return None


def _find_source(module: str) -> Path | None:
    """The file of a module. Only the top-level package is searched for, since this does not import anything."""
    top, *steps = module.split(".")
    spec = importlib.util.find_spec(top)
    if spec is None:
        return None
    if not steps:
        return Path(spec.origin) if spec.origin and spec.origin.endswith(".py") else None
    stems = [Path(folder, *steps) for folder in spec.submodule_search_locations or ()]
    found = (path for stem in stems for path in (stem.with_name(f"{stem.name}.py"), stem / "__init__.py"))
    return next((path for path in found if path.is_file()), None)
