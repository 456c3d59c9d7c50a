"""Translates the values of another program's config: references are rewritten, and no secret is kept."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

from modelhub.authoring.importers.notes import Notes
from modelhub.authoring.importers.references import translate
from modelhub.authoring.variables import Variables, spell
from modelhub.configs import Document
from modelhub.configs.readers.positions import Path
from modelhub.secrets import is_secret_name, redact, reference_names
from modelhub.validation import View, load_schema
from modelhub.validation.rules.plaintext import is_harmless

_PREFIXED = re.compile(r"(?i)(?:aws|azure|vertex|watsonx|anthropic|openai|s3)_")


class Owner(NamedTuple):
    """Whose secrets they are: a model, and its vendor with the variable that has the key."""

    name: str
    vendor: str
    key: str


class Values:
    """Translates values; a secret in plain text gets one variable, the same at every place.

    ``translate`` writes the references of the other program as modelhub's.
    """

    def __init__(self, notes: Notes, translate: Callable[[str], str] = translate) -> None:
        self._notes = notes
        self.translate = translate
        self.variables = Variables()

    def reserve(self, value: Any) -> None:
        """Keep the variables that ``value`` refers to, and the variables that it sets."""
        if isinstance(value, str):
            self.variables.take(reference_names(self.translate(value)))
        told = value.get("environment_variables") if isinstance(value, dict) else None
        for name, secret in told.items() if isinstance(told, dict) else ():
            self.variables.take([name])
            self.variables.names.setdefault(str(secret), name)
        for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
            self.reserve(item)

    def read(self, value: Any, document: Document, path: Path, owner: Owner, *, name: str = "") -> Any:
        """The value at ``path`` in modelhub's form, with a variable for each secret, as ``owner`` calls it.

        ``name`` is what the value is called here, which the last step of ``path`` may call otherwise.
        """
        if isinstance(value, dict):
            return {step: self.read(item, document, (*path, step), owner) for step, item in value.items()}
        if isinstance(value, list):
            return [self.read(item, document, (*path, n), owner) for n, item in enumerate(value)]
        step = next((step for step in reversed(path) if isinstance(step, str)), "")
        name = name or step
        is_named = is_secret_name(name) or name in _find_secret_keys()
        is_secret = is_named and value is not None and not isinstance(value, bool)
        text = str(value) if is_secret else value
        if not isinstance(text, str):
            return value
        found = self.translate(text)
        if (is_secret and not is_harmless(found)) or redact({"": found})[""] != found:
            wanted = owner.key if name == "api_key" else _name_variable(owner.vendor, name)
            variable = self.variables.choose(text, wanted, owner.name)
            self._notes.add(document, path, f"{step} is not copied, as it holds a secret: set {variable} to it")
            return f"${{{variable}}}"
        return found


@cache
def _find_secret_keys() -> frozenset[str]:
    """The options of LiteLLM whose values are secrets, whatever they are called."""
    schema = load_schema("litellm_chat") or {}
    options = View.of(schema).child("generate_args")
    children = {key: options.child(key) for key in options.properties} if options else {}
    return frozenset(key for key, child in children.items() if child and child.secret)


def _name_variable(vendor: str, key: str) -> str:
    return spell(key if _PREFIXED.match(key) else f"{vendor}_{key}")
