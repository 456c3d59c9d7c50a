"""Names of tools and schemas in the letters that a vendor takes, always the same ones for the same name."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

_ALPHABETS = {"plain": re.compile(r"[a-zA-Z0-9_-]+"), "dotted": re.compile(r"[a-zA-Z_][a-zA-Z0-9_.:-]*")}
_KEY = re.compile(r"[a-zA-Z0-9_.-]{1,64}")  # what Anthropic wants of the properties of a tool
_OTHER = re.compile(r"[^a-zA-Z0-9_-]")
_NAMING = frozenset({"assistant", "tool", "function"})  # the roles of messages that name tools
_DIGITS = 10  # of the hash that tells changed names apart


@lru_cache(maxsize=4096)
def fit_name(name: str, alphabet: str, length: int) -> str:
    """``name``, or a name in the ``alphabet``, not longer than ``length``, that stands for it and for no other."""
    if len(name) <= length and _ALPHABETS[alphabet].fullmatch(name):
        return name
    plain = f"{'' if name[:1].isalpha() else '_'}{_OTHER.sub('_', name)}"[: length - _DIGITS - 1]
    return f"{plain}_{hashlib.sha256(name.encode('utf-8', 'surrogatepass')).hexdigest()[:_DIGITS]}"


def find_odd_key(keys: Iterable[str]) -> str | None:
    """The first name of a property that Anthropic does not take; None if there is none."""
    return next((key for key in keys if not _KEY.fullmatch(key)), None)


def mend_name(name: Any, otherwise: str) -> str:
    """A name for a schema; what is not a letter, a digit, ``_`` or ``-`` becomes ``_``."""
    plain = _OTHER.sub("_", name)[:64] if isinstance(name, str) else ""
    return plain if plain.strip("_") else otherwise


def fit_turns(turns: list[dict[str, Any]], alphabet: str, length: int) -> list[dict[str, Any]]:
    """``turns`` with the names of tools, in calls and in results, as the vendor takes them."""
    fitted: list[dict[str, Any]] | None = None
    for n, turn in enumerate(turns):
        if turn["role"] in _NAMING:
            new = _fit_turn(turn, alphabet, length)
            if new is not turn:
                fitted = fitted or list(turns)
                fitted[n] = new
    return fitted or turns


def _fit_turn(turn: dict[str, Any], alphabet: str, length: int) -> dict[str, Any]:
    if turn["role"] != "assistant":
        return rename(turn, alphabet, length)
    calls, content = turn.get("tool_calls"), turn.get("content")
    if isinstance(calls, list) and calls:
        fitted = [_fit_call(call, alphabet, length) for call in calls]
        if any(one is not other for one, other in zip(fitted, calls, strict=True)):
            turn = {**turn, "tool_calls": fitted}
    if isinstance(content, list):
        blocks = [rename(part, alphabet, length) if _is_call(part) else part for part in content]
        if any(one is not other for one, other in zip(blocks, content, strict=True)):
            turn = {**turn, "content": blocks}
    return turn


def _is_call(part: Any) -> bool:
    return isinstance(part, dict) and part.get("type") == "tool_use"


def _fit_call(call: Any, alphabet: str, length: int) -> Any:
    for kind in ("function", "custom"):
        holder = call.get(kind) if isinstance(call, dict) else None
        if isinstance(holder, dict):
            renamed = rename(holder, alphabet, length)
            return call if renamed is holder else {**call, kind: renamed}
    return call


def rename(holder: dict[str, Any], alphabet: str, length: int) -> dict[str, Any]:
    """``holder`` with its name as the vendor takes it; itself if the name is right or there is none."""
    name = holder.get("name")
    if not isinstance(name, str) or not name or (fitted := fit_name(name, alphabet, length)) == name:
        return holder
    return {**holder, "name": fitted}
