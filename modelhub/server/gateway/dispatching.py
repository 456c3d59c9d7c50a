"""Finds what a request is for: the protocol and the route of its method and path."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import takewhile
from typing import NamedTuple
from urllib.parse import unquote

from modelhub.server.formats.format import Ask
from modelhub.server.formats.protocol import Listing, Protocol, Route
from modelhub.server.formats.replies import Failure

_PART = re.compile(r"\{(\w+)(?::([^{}]+))?\}")


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
                self._add(listing.method, listing.paths, Found(protocol, None, listing))

    def find(self, method: str, path: str) -> Found:
        """What answers a method at a path, which is still in the form of a URL."""
        found = self._plain.get((method, path))
        if found is not None:
            return found
        text = unquote(path)
        for its_method, pattern, found in self._patterns:
            if its_method == method and (match := pattern.fullmatch(text)):
                return _place(found, match.groupdict())
        return Found(self.find_nearest(text))

    def find_nearest(self, path: str) -> Protocol:
        """The protocol whose form of an error whoever asks at ``path`` is likely to know."""
        return max(self._paths, key=lambda known: (_count_common(known[0], path), known[1].name == _USUAL))[1]

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
            if "{" not in path:
                known = self._plain.get((method, path))
                self._plain[method, path] = found if known is None else _append(known, found)
                continue
            for n, (its, pattern, known) in enumerate(self._patterns):
                if (its, pattern.pattern) == (method, _compile(path).pattern):
                    self._patterns[n] = its, pattern, _append(known, found)
                    break
            else:
                self._patterns.append((method, _compile(path), found))


def _append(found: Found, last: Found) -> Found:
    return found._replace(later=last if found.later is None else _append(found.later, last))


def _place(found: Found, path: Mapping[str, str]) -> Found:
    later = found.later
    return found._replace(path=path, later=None if later is None else _place(later, path))


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
