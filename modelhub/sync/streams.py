"""The deltas of a stream, which another thread than the one that reads them may end."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import Any

from modelhub.engine import connection_errors as outages
from modelhub.response import ModelResponse


class Use:
    """What serves a stream and who ends it share: the body while it is open, and whether it is to end.

    ``closed`` is what was closed meanwhile, None where only the stream was.
    """

    __slots__ = ("body", "closed", "ended")

    def __init__(self) -> None:
        self.body: Any = None
        self.ended = False
        self.closed: str | None = None

    def shut(self) -> None:
        """Wake the thread that waits for data."""
        body = self.body
        if body is not None:
            body.shut()


class Stream:
    """The deltas of one flow, whose connection goes back when they end, when it is closed, or when it is dropped.

    Those that have come and need not be waited for are ``ready``.
    """

    def __init__(self, served: Generator[list[ModelResponse], None, Any], use: Use) -> None:
        self._served = served
        self._use = use
        self._error: Exception | None = None
        self._come: list[ModelResponse] = next(served, [])
        self.ready = iter(self._come)

    def __iter__(self) -> Iterator[ModelResponse]:
        return self

    def __next__(self) -> ModelResponse:
        while True:
            for delta in self.ready:
                return delta
            if self._error is not None:
                raise self._take_error()
            self._come = come = next(self._served)
            use = self._use
            if use.ended:  # by another thread, meanwhile
                if use.closed is not None:
                    self._served.throw(outages.ended(use.closed))
                self._served.close()
                raise StopIteration
            self.ready = iter(come)

    def _take_error(self) -> Exception:
        error, self._error = self._error, None
        assert error is not None
        return error

    def close(self) -> None:
        """Stop the flow and close its connection; a thread that is just reading stops, and finds no more deltas."""
        self._use.ended = True
        self._come.clear()
        try:
            self._served.close()
        except ValueError as error:
            if not _is_running(error):
                raise
            self._use.shut()

    def interrupt(self, closed: str) -> None:
        """Stop the flow with an error, which whoever reads the stream is given after what had come."""
        if self._use.ended or getattr(self._served, "gi_frame", None) is None:
            return
        self._use.closed = closed
        self._use.ended = True
        try:
            self._served.throw(outages.ended(closed))
        except ValueError as error:
            if not _is_running(error):
                raise
            self._use.shut()
        except StopIteration:
            pass
        except Exception as error:
            self._error = error.with_traceback(None)


def _is_running(error: ValueError) -> bool:
    """Whether ``error`` is how Python says that another thread is within a generator."""
    return str(error) == "generator already executing"
