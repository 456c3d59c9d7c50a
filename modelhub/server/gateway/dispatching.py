"""Finds what a request is for: the protocol and the route of its method and path."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import takewhile
from typing import NamedTuple
from urllib.parse import unquote

from modelhub.server.formats.protocol import Listing, Protocol, Route
from modelhub.server.formats.replies import Failure

_PART = re.compile(r"\{(\w+)(?::([^{}]+))?\}")


class Found(NamedTuple):
    """The protocol that a path belongs to, what answers there, and the variable parts of the path."""

    protocol: Protocol
    route: Route | None
    listings: tuple[Listing, ...] = ()
    path: Mapping[str, str] = {}


class Dispatcher:
    """The paths of several protocols; those of the first count where two have the same."""

    def __init__(self, protocols: Sequence[Protocol]) -> None:
        self.protocols = protocols
        self._plain: dict[tuple[str, str], Found] = {}
        self._patterns: list[tuple[str, re.Pattern[str], Found]] = []
        self._paths = [(path, protocol) for protocol, path in _list_paths(protocols)]
        for protocol in protocols:
            for route in protocol.routes:
                self._add(route.method, route.paths, Found(protocol, route))
        for protocol in protocols:
            for listing in protocol.listings:
                self._add(listing.method, listing.paths, Found(protocol, None, (listing,)))

    def find(self, method: str, path: str) -> Found:
        """What answers a method at a path, which is still in the form of a URL."""
        found = self._plain.get((method, path))
        if found is not None:
            return found
        text = unquote(path)
        for its_method, pattern, found in self._patterns:
            if its_method == method and (match := pattern.fullmatch(text)):
                return found._replace(path=match.groupdict())
        return Found(self.find_nearest(text), None)

    def find_nearest(self, path: str) -> Protocol:
        """The protocol whose form of an error whoever asks at ``path`` is likely to know."""
        return max(self._paths, key=lambda known: _count_common(known[0], path))[1]

    def build_failure(self, method: str, path: str) -> Failure:
        """Why nothing answers a method at a path."""
        text = unquote(path)
        methods = {its for its, known in self._plain if known == path}
        methods |= {its for its, pattern, _ in self._patterns if pattern.fullmatch(text)}
        if methods:
            return Failure(405, "not_allowed", f"this path takes {' or '.join(sorted(methods))}, not {method[:20]}")
        return Failure(404, "not_found", "there is nothing at this path")

    def _add(self, method: str, paths: Sequence[str], found: Found) -> None:
        for path in paths:
            if "{" in path:
                self._patterns.append((method, _compile(path), found))
                continue
            known = self._plain.get((method, path))
            # Of listings at one path, the one is asked that fits the request: those of later protocols come first.
            both = found if known is None else known._replace(listings=(*found.listings, *known.listings))
            self._plain[method, path] = both


def _list_paths(protocols: Sequence[Protocol]) -> Iterator[tuple[Protocol, str]]:
    for protocol in protocols:
        parts: list[Route | Listing] = [*protocol.routes, *protocol.listings]
        yield from ((protocol, path) for part in parts for path in part.paths)


def _compile(path: str) -> re.Pattern[str]:
    """The pattern of a path with parts such as ``{model}`` and ``{model:.+}``."""
    pieces, end = [], 0
    for match in _PART.finditer(path):
        pieces.append(re.escape(path[end : match.start()]))
        pieces.append(f"(?P<{match[1]}>{match[2] or '[^/]+'})")
        end = match.end()
    return re.compile("".join([*pieces, re.escape(path[end:])]), re.DOTALL)


def _count_common(one: str, other: str) -> int:
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))
