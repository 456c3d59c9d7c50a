"""Templates: objects, lists and texts of a config, in which a text that begins with ``=`` is an expression."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from modelhub.adapters.expressions import Expression, ExpressionFault, compile_expression
from modelhub.errors import BadRequestError, ConfigError
from modelhub.printable import shorten


class _Absent:
    """The type of ABSENT."""


ABSENT: Final = _Absent()
"""What a template stands for whose expression finds nothing."""

Fill = Callable[[Any], Any]


class Template:
    """A template, to be called with a document for what it stands for there; ABSENT where it finds nothing.

    ``expressions`` are those in it. What holds none of them is the config's own: nobody may change it. Calling it
    raises BadRequestError, which names the place, when an expression fails.
    """

    __slots__ = ("_constant", "_fill", "expressions")

    def __init__(self, raw: Any, resolved: Any, where: str) -> None:
        self.expressions: list[Expression] = []
        self._constant = resolved
        self._fill = self._build(raw, resolved, where)
        if self._fill is None:
            self._constant = _unescape(raw, resolved)

    def __call__(self, document: Any) -> Any:
        """What the template stands for with this document."""
        return self._constant if self._fill is None else self._fill(document)

    def _build(self, raw: Any, resolved: Any, where: str) -> Fill | None:
        """What fills the template, None where there is nothing to fill."""
        if isinstance(raw, str) and isinstance(resolved, str):
            return self._build_expression(raw, resolved, where) if is_expression(raw) else None
        if isinstance(raw, dict) and isinstance(resolved, dict):
            parts = [
                (name, self._build(part, value, f"{where}.{name}"), _unescape(part, value))
                for part, (name, value) in zip(raw.values(), resolved.items(), strict=False)
            ]
            return _fill_object(parts) if any(fill for _, fill, _ in parts) else None
        if isinstance(raw, list) and isinstance(resolved, list):
            items = [
                (self._build(part, value, f"{where}[{number}]"), _unescape(part, value))
                for number, (part, value) in enumerate(zip(raw, resolved, strict=False))
            ]
            return _fill_list(items) if any(fill for fill, _ in items) else None
        return None

    def _build_expression(self, raw: str, resolved: str, where: str) -> Fill:
        try:
            compiled = compile_expression(resolved[1:], where)
        except ConfigError:
            if raw == resolved:
                raise
            shown = f"{where}: {shorten(raw, 80)!r} is no expression when its references are filled in"
            raise ConfigError(shown) from None
        self.expressions.append(compiled)

        def find(document: Any) -> Any:
            try:
                value = compiled(document)
            except ExpressionFault as fault:
                raise BadRequestError(f"{where}: the expression {shorten(raw, 80)!r} fails: {fault}") from None
            return ABSENT if value is None else value

        return find


def compile_template(raw: Any, resolved: Any, where: str) -> Template:
    """The template at the place ``where`` of a config.

    ``resolved`` is ``raw`` with its references filled in: what a secret holds is never an expression. Raises
    ConfigError for an expression that is none.
    """
    return Template(raw, resolved, where)


def is_expression(text: str) -> bool:
    """Whether a text of a template is an expression; one that begins with ``==`` is text."""
    return text[:1] == "=" and text[:2] != "=="


def _unescape(raw: Any, resolved: Any) -> Any:
    """What is no expression, as it is meant: ``==`` at the beginning of a text is one ``=``."""
    if isinstance(raw, str) and isinstance(resolved, str):
        return resolved[1:] if raw[:2] == "==" else resolved
    if isinstance(raw, dict) and isinstance(resolved, dict):
        pairs = zip(raw.values(), resolved.items(), strict=False)
        return {name: _unescape(part, value) for part, (name, value) in pairs}
    if isinstance(raw, list) and isinstance(resolved, list):
        return [_unescape(part, value) for part, value in zip(raw, resolved, strict=False)]
    return resolved


def _fill_object(parts: list[tuple[str, Fill | None, Any]]) -> Fill:
    def fill(document: Any) -> dict[str, Any]:
        filled = {}
        for name, find, constant in parts:
            value = constant if find is None else find(document)
            if value is not ABSENT:
                filled[name] = value
        return filled

    return fill


def _fill_list(items: list[tuple[Fill | None, Any]]) -> Fill:
    def fill(document: Any) -> list[Any]:
        values = [constant if find is None else find(document) for find, constant in items]
        return [value for value in values if value is not ABSENT]

    return fill
