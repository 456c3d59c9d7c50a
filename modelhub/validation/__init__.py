"""Check configs against the schemas of their types and say precisely what is wrong; nothing here raises or prints."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelhub.faces import build_face
from modelhub.validation.check import check as check

if TYPE_CHECKING:
    from modelhub.diagnostics import CODES as CODES
    from modelhub.diagnostics.suggest import suggest as suggest
    from modelhub.diagnostics.wording import looks_secret as looks_secret
    from modelhub.validation.check import SchemaOf as SchemaOf
    from modelhub.validation.deprecations import Spellings as Spellings
    from modelhub.validation.deprecations import modernize as modernize
    from modelhub.validation.environment import check_environment as check_environment
    from modelhub.validation.environment import check_resolved as check_resolved
    from modelhub.validation.placing import place_problem as place_problem
    from modelhub.validation.price_lists import check_prices as check_prices
    from modelhub.validation.rules.model_references import find_edges as find_edges
    from modelhub.validation.rules.references import typed_references as typed_references
    from modelhub.validation.schema.capabilities import find_capabilities as find_capabilities
    from modelhub.validation.schema.capabilities import find_task as find_task
    from modelhub.validation.schema.derive import derive_from_class as derive_from_class
    from modelhub.validation.schema.derive import derive_from_source as derive_from_source
    from modelhub.validation.schema.derive import derive_schema as derive_schema
    from modelhub.validation.schema.secrets import find_secret_places as find_secret_places
    from modelhub.validation.schema.store import load_bundle as load_bundle
    from modelhub.validation.schema.store import load_schema as load_schema
    from modelhub.validation.schema.view import View as View

_HOMES = {
    "CODES": "modelhub.diagnostics",
    "SchemaOf": "check",
    "Spellings": "deprecations",
    "View": "modelhub.validation.schema.view",
    "check_environment": "environment",
    "check_prices": "modelhub.validation.price_lists",
    "check_resolved": "environment",
    "derive_from_class": "modelhub.validation.schema.derive",
    "derive_from_source": "modelhub.validation.schema.derive",
    "derive_schema": "modelhub.validation.schema.derive",
    "find_capabilities": "modelhub.validation.schema.capabilities",
    "find_task": "modelhub.validation.schema.capabilities",
    "find_edges": "modelhub.validation.rules.model_references",
    "find_secret_places": "modelhub.validation.schema.secrets",
    "load_bundle": "modelhub.validation.schema.store",
    "load_schema": "modelhub.validation.schema.store",
    "looks_secret": "modelhub.diagnostics.wording",
    "modernize": "deprecations",
    "place_problem": "placing",
    "suggest": "modelhub.diagnostics.suggest",
    "typed_references": "modelhub.validation.rules.references",
}

__all__ = ["check", *_HOMES]  # pyright: ignore[reportUnsupportedDunderAll]

if not TYPE_CHECKING:
    __getattr__ = build_face(__name__, _HOMES)
