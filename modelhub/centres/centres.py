"""The centres of one registry, each once."""

from __future__ import annotations

from typing import NamedTuple

from modelhub.centres.address import Address, BadAddress
from modelhub.centres.centre import Asking, Centre
from modelhub.centres.following import Follower
from modelhub.centres.parsing import parse_address
from modelhub.errors import Problem
from modelhub.locks import Lock


class Reading(NamedTuple):
    """What reading an address has brought: a name for its text, the text if there is one, and what is wrong.

    ``centre`` and ``address`` are None where the address is none.
    """

    name: str
    text: bytes | None
    problems: list[Problem]
    address: Address | None = None
    centre: Centre | None = None


class Centres:
    """The centres of one registry. ``asking`` says how the next reading asks; whoever reads sets it."""

    def __init__(self) -> None:
        self.asking: Asking = "fresh"
        self._lock = Lock()
        self._centres: dict[str, Centre] = {}
        self._followers: list[Follower] = []

    def read(self, written: str) -> Reading:
        """Read the text behind an address; whatever goes wrong is a problem."""
        try:
            address = parse_address(written)
        except BadAddress as error:
            return Reading(error.shown, None, [Problem("MH101", error.message, error.hint, error.shown)])
        with self._lock:
            centre = self._centres.setdefault(address.written, Centre(address))
        text, problems = centre.read(self.asking)
        return Reading(address.shown, text, problems, address, centre)

    def keep(self) -> None:
        """Keep copies on disk of what has been read, now that it is in use."""
        for centre in list(self._centres.values()):
            centre.keep()

    def follow(self) -> None:
        """Follow them, each in a thread."""
        self._followers = [Follower(centre) for centre in self._centres.values()]

    def close(self) -> None:
        """End the threads; who asks just now comes back at once."""
        followers, self._followers = self._followers, []
        for centre in list(self._centres.values()):
            centre.close()
        for follower in followers:
            follower.close()
        for follower in followers:
            follower.join(1.0)
