"""The observer ``record``: writes each call that was sent into a file of its own, which can be played again."""

from __future__ import annotations

import json
import logging
import os
import re
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from modelhub import events
from modelhub.telemetry.recording import build_recording

_LONGEST = 60  # characters of a config_name in the name of a file


def build_observer(text: str | None = None) -> Recorder:
    """The observer; ``text`` is the folder of the files."""
    if not text:
        raise ValueError("write record:FOLDER, which is where the recordings go")
    return Recorder(Path(text).expanduser().absolute())


class Recorder:
    """Keeps what each call sends and gets, and writes it down when the call has ended.

    A call that sends nothing has no file: one that is refused before, one that another's answer is used for, one of a
    model that asks other models, whose calls have files. A folder that cannot be written to is logged once.
    """

    wants_exchanges = True
    blocking = True

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._under_way: dict[str, _Kept] = {}
        self._failed = False

    def __call__(self, event: events.Event) -> None:
        """Keep an event, or write down the call that has ended."""
        kind = type(event)
        if kind is events.CallStarted:
            self._under_way[event.call_id] = _Kept(event.started)  # type: ignore[attr-defined]
        elif kind is events.CallEnded:
            kept = self._under_way.pop(event.call_id, None)
            if kept is not None and kept.exchanges:
                self._write(kept, event)  # type: ignore[arg-type]
        elif event.call_id in self._under_way:
            self._under_way[event.call_id].add(event)

    def _write(self, kept: _Kept, ended: events.CallEnded) -> None:
        at = time.gmtime(kept.started)
        said = f"{time.strftime('%Y-%m-%dT%H:%M:%SZ', at)}, {ended.seconds:.3g} s"
        recording = build_recording(kept.exchanges, kept.failure, ended, said)
        name = re.sub(r"[^\w.-]+", "_", ended.config_name or "model").lstrip(".")[:_LONGEST]
        milliseconds = int(kept.started % 1 * 1000)
        stem = f"{time.strftime('%Y%m%d-%H%M%S', at)}-{milliseconds:03}-{name}-{ended.call_id}"
        try:
            self._put(f"{stem}.json", json.dumps(recording, ensure_ascii=True, indent=2) + "\n")
        except OSError as error:
            if not self._failed:
                self._failed = True
                what = "calls are not recorded, they cannot be written to %s: %s"
                logging.getLogger("modelhub").warning(what, self._folder, error.strerror or error)

    def _put(self, name: str, text: str) -> None:
        """Write a file, which is there as a whole or not at all."""
        self._folder.mkdir(parents=True, exist_ok=True)
        whole, part = self._folder / name, self._folder / f"{name}.part"
        try:
            part.write_text(text, "utf-8")
            os.replace(part, whole)  # noqa: PTH105
        except OSError:
            with suppress(OSError):
                part.unlink(missing_ok=True)
            raise
        self._failed = False


class _Kept:
    """What is known of a call that is under way."""

    __slots__ = ("exchanges", "failure", "started")

    def __init__(self, started: float) -> None:
        self.started = started
        self.exchanges: list[events.Exchanged] = []
        self.failure: events.AttemptFailed | None = None

    def add(self, event: Any) -> None:
        """Keep what is needed of an event."""
        if isinstance(event, events.Exchanged):
            self.exchanges.append(event)
        elif isinstance(event, events.AttemptFailed):
            self.failure = event
