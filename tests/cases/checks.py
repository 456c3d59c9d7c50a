"""What a case says of a request: one check looks at one place of its body, or at one of its headers."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

Json = dict[str, Any]
MISSING = object()
_KINDS: dict[str, Any] = {"str": str, "object": dict, "list": list, "number": (int, float), "bool": bool}


def look_up(body: Any, path: str) -> Any:
    """What is at the dotted ``path``; MISSING if nothing is. The empty path is all."""
    for step in path.split(".") if path else ():
        try:
            body = body[int(step)] if isinstance(body, list) else body[step]
        except (KeyError, IndexError, TypeError, ValueError):
            return MISSING
    return body


def fill(reply: Any, body: Any) -> Any:
    """``reply`` with what a request has in place of ``{at:PATH}``."""
    if isinstance(reply, str):
        return re.sub(r"\{at:([\w.]+)\}", lambda match: str(look_up(body, match[1])), reply)
    if isinstance(reply, list):
        return [fill(item, body) for item in reply]
    return {name: fill(value, body) for name, value in reply.items()} if isinstance(reply, dict) else reply


def walk(value: Any) -> Iterator[Any]:
    """A value and all that it holds."""
    yield value
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for item in inside:
        yield from walk(item)


def is_closed(schema: Any) -> bool:
    """Whether every object in a schema takes no more properties than it names."""
    objects = [part for part in walk(schema) if isinstance(part, dict) and part.get("type") == "object"]
    return bool(objects) and all(part.get("additionalProperties") is False for part in objects)


def is_kind(value: Any, kind: str) -> bool:
    """Whether a value is of a kind of JSON; True is no number."""
    return isinstance(value, _KINDS[kind]) and (kind == "bool" or not isinstance(value, bool))


def parse_text(value: Any) -> Any:
    """The value of JSON text; MISSING for anything else."""
    try:
        return json.loads(value)
    except (TypeError, ValueError):
        return MISSING


def is_whole(value: Any) -> bool:
    """Whether all texts of a value can be written as UTF-8."""
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True


# By its word, whether what was found fits what the check says.
_CHECKS: dict[str, Callable[[Any, Any], bool]] = {
    "equals": lambda found, wanted: found == wanted and type(found) is type(wanted),
    "in": lambda found, wanted: found in wanted,
    "absent": lambda found, _: found is MISSING,
    "present": lambda found, _: found is not MISSING and found not in (None, "", []),
    "not_empty": lambda found, _: found is MISSING or bool(found),
    "is": lambda found, kind: found is MISSING or is_kind(found, kind),
    "matches": lambda found, pattern: isinstance(found, str) and re.search(pattern, found) is not None,
    "if_there_matches": lambda found, pattern: (
        found is MISSING or (isinstance(found, str) and re.search(pattern, found) is not None)
    ),
    "unless_matches": lambda found, pattern: not isinstance(found, str) or re.search(pattern, found) is None,
    "json_equals": lambda found, wanted: parse_text(found) == wanted,
    "utf8": lambda found, _: is_whole(found),
    "closed": lambda found, _: found is not MISSING and is_closed(found),
    "without": lambda found, names: (
        not any(isinstance(p, dict) and not p.keys().isdisjoint(names) for p in walk(found))
    ),
    "greater_than": lambda found, least: found is not MISSING and found > least,
}


def find_fault(body: Any, check: Json, headers: Mapping[str, str] = {}) -> str | None:
    """What is wrong with a request, by one check; None if it passes."""
    if "any_of" in check:
        tries = [find_fault(body, other, headers) for other in check["any_of"]]
        return None if None in tries else " | ".join(map(str, tries))
    found = headers.get(check["header"], MISSING) if "header" in check else look_up(body, check["at"])
    if "each" in check:
        items = found if isinstance(found, list) else []
        return next((fault for item in items if (fault := find_fault(item, check["each"], headers))), None)
    if "same_as" in check:
        fits = found is not MISSING and found == look_up(body, check["same_as"])
    else:
        word = next(word for word in check if word in _CHECKS)
        fits = _CHECKS[word](found, check[word])
    return None if fits else f"the request has {found!r} at {check.get('header') or check['at']}: {check}"
