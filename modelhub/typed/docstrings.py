"""What a docstring says: its text, and what each parameter is, as Google, NumPy or reST's ``:param`` write it."""

from __future__ import annotations

import inspect
import re
from itertools import pairwise

_SECTION = re.compile(
    r"(args|arguments|parameters|params|keyword args|keyword arguments|other parameters|attributes|returns?|yields?|"
    r"raises|examples?|notes?|references|see also|todo|warnings?|warns):\s*",
    re.IGNORECASE,
)
_DESCRIBING = frozenset(
    {"args", "arguments", "parameters", "params", "keyword args", "keyword arguments", "other parameters", "attributes"}
)
_ITEM = re.compile(r"\*{0,2}(\w+)\s*(?:\([^)]*(?:\([^)]*\)[^)]*)*\))?\s*:(?:\s+(.*)|$)")
_RULE = re.compile(r"-{3,}\s*")
_FIELD = re.compile(r":(\w+)(?:\s+([^:]*))?:(?:\s+(.*)|\s*$)")
_OF_PARAMETERS = frozenset({"param", "parameter", "arg", "argument", "key", "keyword", "ivar", "var", "cvar"})


def read_docstring(text: str | None) -> tuple[str, dict[str, str]]:
    """The text before the sections of a docstring, and the description of each parameter by its name."""
    told: list[str] = []
    parameters: dict[str, list[str]] = {}
    section, indent = "", None
    current: list[str] | None = told
    lines = inspect.cleandoc(text or "").splitlines()
    ruled = False  # whether a line is drawn below the name of the section, as NumPy does; its items are not indented
    for line, below in pairwise([*lines, ""]):
        bare, depth = line.strip(), len(line) - len(line.lstrip())
        drawn = _RULE.fullmatch(below) is not None
        if depth == 0 and (found := _SECTION.fullmatch(f"{line}:" if drawn else line)):
            section, indent, current, ruled = found[1].lower(), None, None, drawn
        elif ruled and section in _DESCRIBING:
            if bare and not depth:
                current = []
                parameters |= dict.fromkeys(re.findall(r"\w+", bare.partition(":")[0]), current)
            elif current is not None:
                current.append(bare)
        elif found := _FIELD.match(bare):
            section, name = "field", (found[2] or "").split()[-1:]
            current = parameters.setdefault(name[0].lstrip("*\\"), []) if found[1] in _OF_PARAMETERS and name else []
            current.append(found[3] or "")
        elif section in _DESCRIBING:
            if not bare:
                continue
            if depth == 0:  # text after the section
                section, current = "text", None
                continue
            indent = depth if indent is None else indent
            if depth <= indent and (found := _ITEM.match(bare)):
                current = parameters.setdefault(found[1], [])
                current.append(found[2] or "")
            elif current is not None:
                current.append(bare)
        elif section == "field" and not bare:
            current = None
        elif current is not None and section in ("", "field"):
            current.append(bare if section else line)
    described = {name: " ".join(filter(None, lines)) for name, lines in parameters.items()}
    return "\n".join(told).strip(), {name: text for name, text in described.items() if text}
