"""Finds what a request is for: the protocol and the route of its method and path."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import takewhile
from typing import NamedTuple
from urllib.parse import unquote

from modelhub.server.formats.format import Ask
from modelhub.server.formats.protocol import Listing, Protocol, Route
from modelhub.server.formats.replies import Failure

_USUAL = "openai"  # whose form most clients know


class Found(NamedTuple):
    """The protocol that a path belongs to, what answers there, and the variable parts of the path.

    ``later`` is what else may answer there, if this does not fit a request.
    """

    protocol: Protocol
    route: Route | None = None
    listing: Listing | None = None
    path: Mapping[str, str] = {}
    later: Found | None = None

    def choose(self, ask: Ask) -> Found:
        """What answers a request: this, or a later one that fits it."""
        if self.later is None or self.listing is None or self.listing.fits(ask):
            return self
        return self.later.choose(ask)


class Pattern(NamedTuple):
    """A path with one variable part, called ``name``; only one that is ``deep`` may have slashes in it."""

    before: str
    name: str
    deep: bool
    after: str

    def match(self, path: str) -> dict[str, str] | None:
        """The variable part of a path, None for one that does not fit."""
        end = len(path) - len(self.after)
        part = path[len(self.before) : end]
        fits = part and path.startswith(self.before) and path.endswith(self.after) and (self.deep or "/" not in part)
        return {self.name: part} if fits else None


def parse_pattern(path: str) -> Pattern:
    """The pattern of a path such as ``/models/{model}`` or, for a deep one, ``/models/{model:.+}``."""
    before, _, rest = path.partition("{")
    name, _, after = rest.partition("}")
    name, colon, _ = name.partition(":")
    return Pattern(before, name, bool(colon), after)


class Dispatcher:
    """The paths of several protocols; those of the first count where two have the same."""

    def __init__(self, protocols: Sequence[Protocol]) -> None:
        self.protocols = protocols
        self._plain: dict[tuple[str, str], Found] = {}
        self._patterns: list[tuple[str, Pattern, Found]] = []
        self._paths = [(path, protocol) for protocol, path in _list_paths(protocols)]
        for protocol in protocols:
            for route in protocol.routes:
                self._add(route.method, route.paths, Found(protocol, route))
        for protocol in protocols:
            for listing in protocol.listings:
                self._add(listing.method, listing.paths, Found(protocol, None, listing))

    def find(self, method: str, path: str) -> Found:
        """What answers a method at a path, which is still in the form of a URL."""
        found = self._plain.get((method, path))
        if found is not None:
            return found
        text = unquote(path)
        for its_method, pattern, found in self._patterns:
            if its_method == method and (path_parts := pattern.match(text)):
                return _place(found, path_parts)
        return Found(self.find_nearest(text))

    def find_nearest(self, path: str) -> Protocol:
        """The protocol whose form of an error whoever asks at ``path`` is likely to know."""
        return max(self._paths, key=lambda known: (_count_common(known[0], path), known[1].name == _USUAL))[1]

    def build_failure(self, method: str, path: str) -> Failure:
        """Why nothing answers a method at a path."""
        text = unquote(path)
        methods = {its for its, known in self._plain if known == path}
        methods |= {its for its, pattern, _ in self._patterns if pattern.match(text)}
        if methods:
            return Failure(405, "bad_request", f"this path takes {' or '.join(sorted(methods))}, not {method[:20]}")
        return Failure(404, "bad_request", "there is nothing at this path")

    def _add(self, method: str, paths: Sequence[str], found: Found) -> None:
        for path in paths:
            if "{" not in path:
                known = self._plain.get((method, path))
                self._plain[method, path] = found if known is None else _append(known, found)
                continue
            for n, (its, pattern, known) in enumerate(self._patterns):
                if (its, pattern) == (method, parse_pattern(path)):
                    self._patterns[n] = its, pattern, _append(known, found)
                    break
            else:
                self._patterns.append((method, parse_pattern(path), found))


def _append(found: Found, last: Found) -> Found:
    return found._replace(later=last if found.later is None else _append(found.later, last))


def _place(found: Found, path: Mapping[str, str]) -> Found:
    later = found.later
    return found._replace(path=path, later=None if later is None else _place(later, path))


def _list_paths(protocols: Sequence[Protocol]) -> Iterator[tuple[Protocol, str]]:
    for protocol in protocols:
        parts: list[Route | Listing] = [*protocol.routes, *protocol.listings]
        yield from ((protocol, path) for part in parts for path in part.paths)


def _count_common(one: str, other: str) -> int:
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))
