"""A store in Redis, which processes and machines share."""

from __future__ import annotations

import math
import struct

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

PREFIX = "modelhub:cache:"
TIMEOUT = 0.25  # seconds: a server that is slower costs more than it saves
_EXPIRES = struct.Struct(">d")
_LONGEST = 10 * 365 * 86400  # seconds; Redis refuses far more


def connect(url: str, timeout: float) -> redis.Redis:
    """A client of the server at ``url`` that waits ``timeout`` seconds at most; it connects when it is first used."""
    return redis.Redis.from_url(
        url,
        socket_timeout=timeout,
        socket_connect_timeout=timeout,
        retry=Retry(NoBackoff(), 1, (redis.ConnectionError,)),  # the server may have closed what was idle
        protocol=2,  # any server knows it
    )


class RedisStore:
    """Keeps each entry under a key of its own, which Redis drops in time; how many there may be is said to Redis.

    It raises what redis-py raises.
    """

    blocking = True

    def __init__(self, url: str) -> None:
        self._client = connect(url, TIMEOUT)

    def get(self, key: str, now: float) -> bytes | None:
        """What was put under ``key`` and has not expired; else None."""
        entry = self._client.get(PREFIX + key)
        if not isinstance(entry, bytes) or len(entry) < _EXPIRES.size:
            return None
        (expires,) = _EXPIRES.unpack_from(entry)
        return entry[_EXPIRES.size :] if expires > now else None

    def put(self, key: str, value: bytes, now: float, expires: float) -> None:
        """Keep ``value`` until ``expires``; Redis forgets it at about the same time, by its own clock."""
        left = expires - now
        px = math.ceil(left * 1000) if left < _LONGEST else None
        self._client.set(PREFIX + key, _EXPIRES.pack(expires) + value, px=px)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()
        self._client.connection_pool.disconnect()
