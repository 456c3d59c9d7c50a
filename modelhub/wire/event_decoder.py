"""What all decoders of streams share: limits, what is pending, and characters cut in half."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NoReturn

from modelhub.late import late
from modelhub.overriding import override
from modelhub.wire.halves import Halves, mend_inside
from modelhub.wire.json_text import forgive_json
from modelhub.wire.wire import MAX_BODY, MAX_EVENT, Event

if TYPE_CHECKING:
    import orjson
else:
    orjson = late("orjson")


class TooLarge(ValueError):
    """An event or a body of more bytes than ``limit``, the value of the key ``key`` of a config."""

    def __init__(self, key: str, limit: int) -> None:
        super().__init__(f"larger than {key}: {limit} bytes")
        self.key = key
        self.limit = limit

    @override
    def __reduce__(self) -> tuple[type[TooLarge], tuple[str, int]]:
        return type(self), (self.key, self.limit)


class EventDecoder:
    """Cuts the bytes of a stream into events; the sizes of the chunks make no difference.

    ``done`` becomes true at ``[DONE]``. If the body is one JSON value instead of a stream, ``plain`` holds its bytes
    once it has ended. ``feed`` and ``flush`` raise ValueError for a message that is not JSON, and TooLarge for one of
    more than ``max_event`` bytes (``max_body``, if it is no stream); ``pending`` then holds the events that came before
    it. An event in which half a character is missing is returned with the event that brings it. ``headers`` are those
    of the reply, with which ``plain`` is to be read.
    """

    def __init__(self) -> None:
        self.done = False
        self.plain: bytes | None = None
        self.pending: list[Event] = []
        self.max_event = MAX_EVENT
        self.max_body = MAX_BODY
        self.headers: Mapping[str, str] = {}
        self._rest: bytearray = bytearray()  # of an event that is not complete
        self._started = False
        self._halves: Halves | None = None

    def feed(self, chunk: bytes) -> list[Event]:
        """Take the next bytes of the stream and return the events that are complete now."""
        raise NotImplementedError(f"{type(self).__name__} has no feed")

    def flush(self) -> list[Event]:
        """Return the last events, once the stream has ended."""
        raise NotImplementedError(f"{type(self).__name__} has no flush")

    def give_up(self) -> list[Event]:
        """Return the events that still wait for half a character, once the stream has broken."""
        self._release()
        return self._take()

    def _take(self) -> list[Event]:
        events, self.pending = self.pending, []
        return events

    def _release(self) -> None:
        if self._halves is not None:
            self.pending += self._halves.release()
            self._halves = None

    def _refuse(self) -> NoReturn:
        """Refuse an event that is too large."""
        self._release()
        raise TooLarge("max_event", self.max_event)

    def _put_back(self, tail: bytes, limit: int) -> None:
        """Keep the bytes of an event that is not complete; it must not become larger than ``limit``."""
        rest = self._rest
        rest += tail
        if len(rest) > limit and not self.done:
            rest.clear()
            self._refuse()

    def _add_json(self, text: bytes, name: str | None = None, status: int | None = None) -> None:
        """Add the event with this JSON text."""
        try:
            event = Event(orjson.loads(text), name, status)
        except ValueError:
            self._add_forgiving(text, name, status)
            return
        if self._halves is None:
            self.pending.append(event)
        else:
            self._add_waiting(self._halves, event)

    def _add_forgiving(self, text: bytes, name: str | None, status: int | None) -> None:
        try:
            data = forgive_json(text, mend_inside)
        except ValueError:
            self._release()
            raise
        self._add_waiting(self._halves or Halves(), Event(data, name, status))

    def _add_waiting(self, halves: Halves, event: Event) -> None:
        self.pending += halves.add(event)
        self._halves = halves if halves else None
