"""The way to a server, as a config may give it: through which proxy, and with which certificates."""

from __future__ import annotations

from typing import NamedTuple

from modelhub.overriding import override


class Proxy(NamedTuple):
    """A proxy: ``url`` has scheme, host and port alone; ``authorization`` is what it is sent to log in."""

    url: str
    authorization: str | None = None

    @override
    def __repr__(self) -> str:
        return f"Proxy({self.url!r})"


class Certificates(NamedTuple):
    """The files that TLS is spoken with; each is a path, or None.

    ``ca`` has the certificates that servers are checked with, ``cert`` and ``key`` are what the client shows of itself.
    Without ``verify``, no server is checked. ``state`` changes when one of the files does.
    """

    ca: str | None = None
    cert: str | None = None
    key: str | None = None
    verify: bool = True
    state: tuple[tuple[int, int, int] | None, ...] = ()

    @property
    def paths(self) -> dict[str, str]:
        """The paths that are given, by their keys."""
        named = {"ca": self.ca, "cert": self.cert, "key": self.key}
        return {key: path for key, path in named.items() if path}


class Way(NamedTuple):
    """What of the way a config gives; requests that go different ways share no connection.

    ``proxy`` is None for a direct way; it counts only where ``own_proxy`` is true, else the environment is asked.
    Without ``certificates``, those of the environment are used.
    """

    proxy: Proxy | None = None
    own_proxy: bool = False
    certificates: Certificates | None = None
