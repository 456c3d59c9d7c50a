"""What a schema says about one place in a config; each ``$ref`` and ``allOf`` is followed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from copy import copy
from functools import cache
from typing import Any

from modelhub.validation.schema.store import Schema, load_file, resolve

Part = tuple[Schema, Schema]  # a schema and the file its local references are looked up in

_ALTERNATIVES = ("anyOf", "oneOf")
_CONDITIONS = ("then", "else")
_MOST_CHILDREN = 1000  # keys and indexes of configs that are remembered at one place


class View:
    """Every subschema about one place: those in ``always`` must hold, those in ``sometimes`` may hold."""

    def __init__(self, parts: Sequence[Part], maybe: Sequence[Part] = (), *, secret: bool = False) -> None:
        self.always: list[Part] = []
        self.sometimes: list[Part] = []
        seen: set[int] = set()
        for part in parts:
            self._gather(part, self.always, seen)
        for part in maybe:
            self._gather(part, self.sometimes, seen)
        self.properties = {key for part in self._parts() for key in part.get("properties", ())}
        self.open = any(part.get("x-open") is True for part in self._parts())
        self.deprecated = any(part.get("deprecated") is True for part, _ in self.always)
        self.secret = secret or any(part.get("writeOnly") is True for part in self._parts())
        self._children: dict[str | int, View | None] = {}

    @classmethod
    def of(cls, schema: Schema) -> View:
        """The view of a whole schema; that of a built-in one is made once, for all threads."""
        name = str(schema.get("$id", "")).rpartition("/")[2]
        return _view_file(name) if name and load_file(name) is schema else cls([(schema, schema)])

    def _gather(self, part: Part, into: list[Part], seen: set[int]) -> None:
        schema, root = part
        if not isinstance(schema, dict) or id(schema) in seen:
            return
        seen.add(id(schema))
        into.append(part)
        if isinstance(reference := schema.get("$ref"), str):
            with suppress(LookupError):  # jsonschema will say so
                self._gather(resolve(reference, root), into, seen)
        for sub in schema.get("allOf", ()):
            self._gather((sub, root), into, seen)
        for sub in [sub for keyword in _ALTERNATIVES for sub in schema.get(keyword, ())]:
            self._gather((sub, root), self.sometimes, seen)
        for sub in [
            *(schema[word] for word in _CONDITIONS if word in schema),
            *schema.get("dependentSchemas", {}).values(),
        ]:
            self._gather((sub, root), self.sometimes, seen)

    def _parts(self) -> Iterator[Schema]:
        for schema, _ in (*self.always, *self.sometimes):
            yield schema

    def child(self, step: str | int) -> View | None:
        """Return the view of a key or an index below, None when the schema says nothing about it."""
        children = self._children
        if step not in children:
            if len(children) >= _MOST_CHILDREN:
                children = self._children = {}
            always = [part for parent in self.always for part in _below(parent, step)]
            maybe = [part for parent in self.sometimes for part in _below(parent, step)]
            children[step] = View(always, maybe, secret=self.secret) if always or maybe else None
        return children[step]

    def at(self, path: Sequence[str | int]) -> View | None:
        """Return the view of a place further below."""
        view: View | None = self
        for step in path:
            view = view.child(step) if view else None
        return view

    def narrow(self, path: Sequence[str | int], part: Part) -> View:
        """The same view, in which only ``part`` is about the place at ``path``."""
        if not path:
            return View([part], secret=self.secret)
        twin = copy(self)
        child = self.child(path[0])
        twin._children = {**self._children, path[0]: child.narrow(path[1:], part) if child else None}
        return twin

    def first(self, keyword: str) -> Any:
        """Return the value of this keyword in the outermost subschema that has it; None if no subschema has it."""
        return next((part[keyword] for part in self._parts() if keyword in part), None)

    def tightest(self, keyword: str, choose: Any) -> Any:
        """Return the strictest of all bounds with this keyword; ``choose`` is min or max."""
        bounds = [part[keyword] for part, _ in self.always if keyword in part]
        return choose(bounds) if bounds else self.first(keyword)

    @property
    def types(self) -> set[str]:
        """The JSON types that are allowed at this place; empty if any type is allowed."""
        found: set[str] = set()
        for part in self._parts():
            named = part.get("type", ())
            found.update([named] if isinstance(named, str) else named)
        return found

    @property
    def old_types(self) -> set[str]:
        """The JSON types that are allowed here, but had a meaning in the past alone (``x-deprecated-types``)."""
        old: set[str] = set()
        for part in self._parts():
            old.update(part.get("x-deprecated-types", ()))
        if old:
            for part in self._parts():
                if "x-deprecated-types" not in part:
                    named = part.get("type", ())
                    old.difference_update([named] if isinstance(named, str) else named)
        return old

    @property
    def current(self) -> list[str]:
        """The keys known here, without the deprecated ones."""
        return [key for key in sorted(self.properties) if not ((child := self.child(key)) and child.deprecated)]


@cache
def _view_file(name: str) -> View:
    schema = load_file(name) or {}
    return View([(schema, schema)])


def _below(part: Part, step: str | int) -> Iterator[Part]:
    schema, root = part
    if isinstance(step, int):
        prefix = schema.get("prefixItems", ())
        if step < len(prefix):
            yield prefix[step], root
        elif "items" in schema:
            yield schema["items"], root
        return
    matched = [sub for pattern, sub in schema.get("patternProperties", {}).items() if re.search(pattern, step)]
    if step in schema.get("properties", {}):
        matched.append(schema["properties"][step])
    yield from ((sub, root) for sub in matched or [schema.get("additionalProperties")] if isinstance(sub, dict))
