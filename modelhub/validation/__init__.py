"""Check configs against the schemas of their types and say precisely what is wrong; nothing here raises or prints."""

from modelhub.diagnostics import CODES
from modelhub.diagnostics.suggest import suggest
from modelhub.diagnostics.wording import looks_secret
from modelhub.validation.check import SchemaOf, check
from modelhub.validation.deprecations import Spellings, modernize
from modelhub.validation.environment import check_environment, check_resolved
from modelhub.validation.placing import place_problem
from modelhub.validation.price_lists import check_prices
from modelhub.validation.rules.model_references import find_edges
from modelhub.validation.rules.references import typed_references
from modelhub.validation.schema.capabilities import find_capabilities
from modelhub.validation.schema.derive import derive_from_class, derive_from_source, derive_schema
from modelhub.validation.schema.secrets import find_secret_places
from modelhub.validation.schema.store import load_bundle, load_schema
from modelhub.validation.schema.view import View

__all__ = [
    "CODES",
    "SchemaOf",
    "Spellings",
    "View",
    "check",
    "check_environment",
    "check_prices",
    "check_resolved",
    "derive_from_class",
    "derive_from_source",
    "derive_schema",
    "find_capabilities",
    "find_edges",
    "find_secret_places",
    "load_bundle",
    "load_schema",
    "looks_secret",
    "modernize",
    "place_problem",
    "suggest",
    "typed_references",
]
