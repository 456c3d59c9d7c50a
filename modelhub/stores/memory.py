"""A store in the memory of this process."""

from __future__ import annotations

from collections import OrderedDict

from modelhub.locks import Lock


class MemoryStore:
    """Keeps the entries that were used last; each use takes the same short time however many there are."""

    blocking = False

    def __init__(self, max_entries: int) -> None:
        self.max_entries = max_entries
        self._lock = Lock()
        self._entries: OrderedDict[str, tuple[bytes, float]] = OrderedDict()
        self._closed = False

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, key: str, now: float) -> bytes | None:
        """What was put under ``key`` and has not expired; else None."""
        with self._lock:
            entry = self._entries.get(key)
            if entry is None:
                return None
            value, expires = entry
            if expires <= now:
                del self._entries[key]
                return None
            self._entries.move_to_end(key)
            return value

    def put(self, key: str, value: bytes, now: float, expires: float) -> None:
        """Keep ``value`` until ``expires``; the entry that was not used for longest makes room."""
        if expires <= now:
            return
        with self._lock:
            if self._closed:
                return
            self._entries[key] = value, expires
            self._entries.move_to_end(key)
            while len(self._entries) > self.max_entries:
                self._entries.popitem(last=False)

    def close(self) -> None:
        """Forget everything."""
        with self._lock:
            self._closed = True
            self._entries.clear()
