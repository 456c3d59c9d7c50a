"""A script that Redis runs in one piece."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from hashlib import sha1

from redis.exceptions import NoScriptError

from modelhub.stores.redis import connect

TIMEOUT = 1.0  # seconds


class RedisScript:
    """Runs ``text`` with ``keys``; it connects when it is first run, and raises what redis-py raises."""

    def __init__(self, url: str, text: str, keys: Sequence[str]) -> None:
        self._client = connect(url, TIMEOUT)
        self._text = text
        self._keys = keys
        self._digest = sha1(text.encode(), usedforsecurity=False).hexdigest()  # how Redis names it

    def run(self, *words: str) -> object:
        """What the script returns for ``words``; a server that has forgotten the script is told it again."""
        try:
            return self._client.evalsha(self._digest, len(self._keys), *self._keys, *words)
        except NoScriptError:
            return self._client.eval(self._text, len(self._keys), *self._keys, *words)

    def drop_idle(self) -> None:
        """Close the connections that are not in use: the name of the server may lead to another one by now."""
        with suppress(Exception):
            self._client.connection_pool.disconnect(inuse_connections=False)

    def close(self) -> None:
        """Close the connections."""
        with suppress(Exception):
            self._client.close()
            self._client.connection_pool.disconnect()
