"""The fault for text that is nested too deep or too large; it is the same for every parser."""

import re

from modelhub.configs.readers.json_types import MAX_DEPTH
from modelhub.configs.readers.positions import TextFault
from modelhub.patterns import expression

_REFUSAL = expression(
    r"(nesting|recursion) (depth|level|limit)|(depth|level|stack) limit|nested (too|more)|too deep", re.I
)
_TOKEN = expression(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"?|\'[^\'\n]*+\'|[\[{\]}]', re.DOTALL)


def is_limit(error: BaseException) -> bool:
    """Whether a parser gave up because of depth or size; each parser has its own error for it."""
    return isinstance(error, RecursionError | MemoryError) or _REFUSAL.search(str(error)) is not None


def build_limit_fault(text: str, offset: int = 0) -> TextFault:
    """Build the fault for a text that a parser has given up: at the bracket that is too deep, else at ``offset``."""
    depth = 0
    for match in _TOKEN.finditer(text):
        depth += {"{": 1, "[": 1, "}": -1, "]": -1}.get(match[0], 0)
        if depth > MAX_DEPTH:
            return build_depth_fault(match.start())
    return TextFault("MH106", "this is too large or nested too deep to be read", offset)


def build_depth_fault(offset: int) -> TextFault:
    """Build the fault for a value at ``offset`` that is nested too deep."""
    return TextFault("MH106", f"nested deeper than {MAX_DEPTH} levels", offset)
