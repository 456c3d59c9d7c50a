"""Texts from Redis: ``redis://host:6379/0/key`` is the string under ``key`` of the database 0."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import redis
from redis.backoff import NoBackoff
from redis.exceptions import NoPermissionError
from redis.retry import Retry

from modelhub.centres.address import Address, Place
from modelhub.centres.answers import MAX_BYTES, OutOfReach, Refused, Text
from modelhub.centres.dialect import CHECK, CONNECT, READ, TRUST
from modelhub.network.certificates import find_certificates
from modelhub.printable import printable, shorten
from modelhub.secrets import scrub

EVERY = 2.0  # seconds
_EXAMPLE = "write it as redis://host:6379/0/key"
_DENIED = "see whether the credentials are right and may read the key: redis://${USER}:${PASSWORD}@host:6379/0/key"


class RedisConnection:
    """A connection to Redis, which is asked again and again."""

    def __init__(self, address: Address) -> None:
        self._address = address
        self._client: redis.Redis | None = None

    @property
    def every(self) -> float:
        """Seconds between two questions."""
        return self._address.every or EVERY

    def ask(self, last: Text | None) -> Text:
        """The text of now; raises Refused and OutOfReach."""
        place = self._address.resolve()
        database, key = split_key(place)
        try:
            if self._client is None:
                self._client = redis.Redis(**build_options(place, database))
            size: Any = self._client.strlen(key)
            if size > MAX_BYTES:
                raise Refused(f"the text is larger than {MAX_BYTES // 1024 // 1024} MB", "keep other data elsewhere")
            content: Any = self._client.get(key)
        except redis.RedisError as error:
            failure = translate(error, place, key)
        except (OSError, ValueError) as error:  # a file of certificates; a server that speaks something else
            failure = OutOfReach(
                f"the connection fails: {shorten(printable(scrub(str(error), place.secrets)), 200)}", CHECK
            )
        else:
            if content is None:
                raise Refused(f"there is no key {key!r} in the database {database}", "write it with `redis-cli set`")
            return Text(content)
        raise failure

    def wait(self, text: Text) -> None:
        """Do nothing: Redis is asked again and again."""

    def close(self) -> None:
        """Close it; who waits for something of it comes back at once."""
        if self._client is not None:
            self._client.connection_pool.disconnect()


def split_key(place: Place) -> tuple[int, str]:
    """The number of the database, and the key; raises Refused."""
    database, slash, key = place.key.partition("/")
    if not (database.isascii() and database.isdigit() and len(database) < 6):
        raise Refused("the address names no database: that is the number before the key", _EXAMPLE)
    if not slash or not key:
        raise Refused("the address names no key", _EXAMPLE)
    if place.query:
        raise Refused(f"the address has an unknown parameter {place.query[0][0]!r}", _EXAMPLE)
    return int(database), key


def build_options(place: Place, database: int) -> dict[str, Any]:
    """What redis-py needs to connect."""
    options: dict[str, Any] = {
        "host": place.host,
        "port": place.port,
        "db": database,
        "username": place.user or None,
        "password": place.password or None,
        "socket_connect_timeout": CONNECT,
        "socket_timeout": READ,
        "retry": Retry(NoBackoff(), 0),
        "protocol": 2,  # any server knows it
    }
    if place.scheme == "rediss":
        options |= {"ssl": True, "ssl_cert_reqs": "required", "ssl_check_hostname": True}
        for _, path in find_certificates()[:1]:
            options["ssl_ca_path" if Path(path).is_dir() else "ssl_ca_certs"] = path
    return options


def translate(error: redis.RedisError, place: Place, key: str) -> Refused | OutOfReach:
    """What an error of redis-py means."""
    said = shorten(printable(scrub(str(error), place.secrets)), 200)
    if isinstance(error, redis.AuthenticationError | NoPermissionError):
        return Refused(f"Redis refuses access: {said}", _DENIED)
    if isinstance(error, redis.ResponseError) and "WRONGTYPE" in said:
        return Refused(f"the key {key!r} is no string", "name a key that holds the text of the configs")
    if isinstance(error, redis.ResponseError) and not said.startswith(("LOADING", "MASTERDOWN", "CLUSTERDOWN", "BUSY")):
        hint = _DENIED if "NOAUTH" in said or "WRONGPASS" in said else "see whether the address is right"
        return Refused(f"Redis refuses the request: {said}", hint)
    return OutOfReach(
        f"no answer from {place.host}:{place.port}: {said}", TRUST if "certificate" in said.lower() else CHECK
    )
