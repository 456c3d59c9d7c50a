"""Who asks a gateway: callers with keys, found by their keys, and the models that each may ask."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from hashlib import sha256
from hmac import compare_digest
from typing import Any

from modelhub.records import Record


class Caller(Record):
    """Who asks: a ``name``, the ``digest`` of the key, the ``models`` that may be asked for, and what holds for it.

    ``models`` are names or patterns, None for all. ``budget`` and ``limits`` are said as in configs. ``tag`` is what
    its calls are called in usage; one without a name has none.
    """

    name: str
    digest: str = ""
    models: tuple[str, ...] | None = None
    budget: Mapping[str, Any] | None = None
    limits: Mapping[str, Any] | None = None

    @property
    def tag(self) -> str | None:
        """What its calls are called."""
        return f"caller:{self.name}" if self.name else None

    def may_ask(self, model: str) -> bool:
        """Whether it may ask for the model of this name."""
        return self.models is None or any(model == one or fnmatchcase(model, one) for one in self.models)


ANYONE = Caller("")
"""Who asks a gateway that has no keys."""


class Callers:
    """All callers of a gateway; without any, nobody needs a key."""

    def __init__(self, callers: Sequence[Caller] = ()) -> None:
        self.all = tuple(callers)

    def find(self, headers: Mapping[str, str]) -> Caller | None:
        """Who has sent a request with these headers; None if the key is missing or wrong.

        All keys are compared, each in constant time, so that the time it takes tells nothing of them.
        """
        if not self.all:
            return ANYONE
        key = find_key(headers)
        if key is None:
            return None
        digest, found = hash_key(key), None
        for caller in self.all:
            if compare_digest(digest, caller.digest):
                found = caller
        return found


def find_key(headers: Mapping[str, str]) -> str | None:
    """The key in the headers of a request: that of ``Authorization: Bearer``, or else that of ``x-api-key``."""
    said = headers.get("Authorization")
    if said is not None:
        scheme, _, key = said.partition(" ")
        if scheme.lower() == "bearer" and (key := key.strip()):
            return key
    return headers.get("X-Api-Key") or None


def hash_key(key: str) -> str:
    """The digest of a key, as it is kept: the SHA-256 in hexadecimal digits."""
    return sha256(key.encode("utf-8", "surrogateescape")).hexdigest()
