"""The text that says which store a config wants: ``memory``, ``sqlite:PATH`` or ``redis://host:port/db``."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

from modelhub.diagnostics.suggest import suggest
from modelhub.printable import printable, shorten
from modelhub.secrets import is_secret_name

SCHEMES = ("memory", "sqlite", "redis", "rediss")
_FORMS = "memory, sqlite:PATH, redis://host:port/db or rediss://host:port/db"


@dataclass(frozen=True, slots=True)
class Address:
    """A store's kind and place; ``shown`` can be printed anywhere, ``secrets`` is what it leaves out.

    Two texts for the same place are equal addresses.
    """

    scheme: str
    place: str = field(repr=False)
    shown: str
    secrets: tuple[str, ...] = field(default=(), repr=False)


def parse_address(text: str) -> Address:
    """The address that ``text`` is; raises ValueError, which says what is wrong with it and shows no password."""
    text = text.strip()
    scheme, colon, place = text.partition(":")
    scheme = scheme.lower()
    if "\0" in text:
        raise ValueError("a store cannot have a NUL character in it")
    if scheme == "memory":
        if colon:
            raise ValueError("the store `memory` has nothing behind it: write memory")
        return Address("memory", "", "memory")
    if scheme == "sqlite":
        return _parse_path(place)
    if scheme in ("redis", "rediss"):
        return _parse_redis(scheme, text)
    if not text:
        raise ValueError(f"a store is missing: write {_FORMS}")
    near = suggest(scheme, SCHEMES)
    meant = f"did you mean {near}?" if near else f"write {_FORMS}"
    raise ValueError(f"there is no store {shorten(printable(scheme.rpartition('@')[2]), 60)!r}: {meant}")


def _parse_path(place: str) -> Address:
    if place.startswith("//"):
        raise ValueError(
            "a store in a file is written without slashes behind the colon: sqlite:cache.db, sqlite:/a/b.db"
        )
    if not place:
        raise ValueError("the store `sqlite` needs the path of a file: sqlite:cache.db")
    if place == ":memory:":
        raise ValueError("a store in memory is written as memory")
    path = str(_expand(place).absolute())
    return Address("sqlite", path, f"sqlite:{printable(path)}")


def _expand(place: str) -> Path:
    try:
        return Path(place).expanduser()
    except RuntimeError:  # nobody has that name
        return Path(place)


def _parse_redis(scheme: str, text: str) -> Address:
    example = f"{scheme}://localhost:6379/0"
    if not text[len(scheme) + 1 :].startswith("//"):
        raise ValueError(f"the store {scheme} is written with two slashes: {example}")
    host, port, login = "", 0, None
    try:
        url = urlsplit(text)
        host, port, login = url.hostname or "localhost", url.port or 6379, url.password or url.username
    except ValueError:  # its message may quote a password
        url = None
    if url is None or "@" in f"{url.path}{url.query}{url.fragment}":  # a password that ends too early
        raise ValueError(
            f"the address of the store {scheme} cannot be read: write it as {example}; in a password write / as %2F,"
            " ? as %3F, # as %23, @ as %40"
        )
    database = url.path.strip("/")
    if database and not (database.isascii() and database.isdigit()):
        raise ValueError(f"the database of the store {scheme} is a number: {example}")
    if url.fragment:
        raise ValueError(f"the address of the store {scheme} has a # in it: write it as {example}")
    name = f"[{host}]" if ":" in host else host
    shown = f"{scheme}://{printable(name)}:{port}/{int(database or 0)}"
    secrets = [value for name, value in parse_qsl(url.query) if is_secret_name(name)]
    if login:
        secrets += [login, unquote(login)]
    return Address(scheme, text, shown, tuple(dict.fromkeys(secrets)))
