"""Names the environment variable in which a secret of a config should be kept."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from modelhub.diagnostics import Finding, Path
from modelhub.patterns import expression
from modelhub.validation.rules.contests import find_bare_type
from modelhub.validation.walk import last_key

if TYPE_CHECKING:
    from modelhub.vendors import Vendor

_CAMEL = expression(r"(?<=[a-z0-9])(?=[A-Z])")


def name_reference(path: Path, config: Mapping[str, Any]) -> str:
    """Write the reference that could stand at ``path`` of ``config``: ``${OPENAI_API_KEY}``."""
    key = last_key(path)
    if key.lower() == "authorization":
        return "Bearer ${API_TOKEN}"
    if key == "api_key" and (vendor := _find_vendor(config)):
        return f"${{{vendor.key_variables[0]}}}"
    name = re.sub(r"\W", "_", _CAMEL.sub("_", key)).upper()
    return f"${{{name if name[:1].isalpha() else f'MY_{name}'}}}"


def find_missing_key(config: Mapping[str, Any]) -> Iterator[Finding]:
    """Yield a fault if ``config`` has no key and the variable of its ``vendor`` is not set."""
    import os

    vendor, args = _find_vendor(config) if "vendor" in config else None, config.get("client_args")
    is_elsewhere = isinstance(args, dict) and args.get("base_url")
    if vendor is None or vendor.key_optional or config.get("api_key") or is_elsewhere:
        return
    if not any(map(os.environ.get, vendor.key_variables)):
        variable = vendor.key_variables[0]
        message = f"the key of {vendor.title} is missing: environment variable {variable} is not set"
        yield Finding("MH301", message, ("vendor",), hint=f"set {variable}, or write api_key")


def find_own_variable(config: Mapping[str, Any]) -> str | None:
    """The variable that a config without a key takes it from: the vendor's own, if it is set."""
    import os

    vendor = find_own_vendor(config)
    return next(filter(os.environ.get, vendor.key_variables), None) if vendor else None


def find_own_vendor(config: Mapping[str, Any]) -> Vendor | None:
    """The vendor whose variable a config takes its key from; None if it has a key, or asks another server."""
    args = config.get("client_args")
    is_elsewhere = isinstance(args, dict) and args.get("base_url")
    return None if config.get("api_key") or is_elsewhere else _find_vendor(config)


def _find_vendor(config: Mapping[str, Any]) -> Vendor | None:
    """The vendor that a config of OpenAI's types names; without one, the vendor at the start of its model_type."""
    model_type, named = config.get("model_type"), config.get("vendor")
    if not isinstance(model_type, str):
        return None
    from modelhub.vendors import find_vendor

    own = find_bare_type(model_type).partition("_")[0]
    return find_vendor(named if own == "openai" and isinstance(named, str) else own)
