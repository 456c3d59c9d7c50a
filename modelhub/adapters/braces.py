"""Names in braces within texts: each is put in once, and nothing else in braces means anything."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

from modelhub.patterns import expression

_NAME = expression(r"(?<!\$)\{([A-Za-z_][A-Za-z0-9_]*)\}")
_BRACES = expression(r"(?<!\$)\{[^{}]*\}?|(?<!\$)\}")


def split(text: str, names: Collection[str] | None = None) -> list[str]:
    """Texts and names in turn, a text first: only ``names`` count as such, without them all that could be names do."""
    pieces = [""]
    end = 0
    for match in _NAME.finditer(text):
        if names is None or match[1] in names:
            pieces[-1] += text[end : match.start()]
            pieces += (match[1], "")
            end = match.end()
    pieces[-1] += text[end:]
    return pieces


def fill(text: str, values: Mapping[str, Any], quote: Callable[[str], str] = str) -> str:
    """``text`` with the ``values`` of the names in braces, each as ``quote`` writes it; other names stand as written.

    Nothing is formatted, and braces in values mean nothing.
    """
    pieces = split(text, values.keys())
    pieces[1::2] = [quote(str(values[name])) for name in pieces[1::2]]
    return "".join(pieces)


def find_strange(text: str, names: Collection[str] | None = None) -> str | None:
    """The first braces in ``text`` that hold no name, or none of ``names``; None if there are none.

    Those of a reference, as in ``${NAME}``, do not count.
    """
    pieces = split(text, names)[::2] if names is not None else split(text)[::2]
    return next((found[0] for piece in pieces if (found := _BRACES.search(_without_references(piece)))), None)


def _without_references(text: str) -> str:
    return _REFERENCE.sub("", text)


_REFERENCE = expression(r"\$\{[^{}]*\}")
