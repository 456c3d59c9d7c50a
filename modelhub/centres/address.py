"""What names a source in a centre, such as ``etcd://host:2379/key?format=yaml``: its parts, and what may be shown."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import quote, unquote

from modelhub.centres.answers import Refused
from modelhub.patterns import expression
from modelhub.secrets import is_secret_name, resolve
from modelhub.secrets.references import parse_pieces

PORTS = {
    "http": 80,
    "https": 443,
    "redis": 6379,
    "rediss": 6379,
    "etcd": 2379,
    "etcds": 2379,
    "consul": 8500,
    "consuls": 8500,
    "nacos": 8848,
    "nacoss": 8848,
}
_EXAMPLES = {
    "http": "https://host/models.yaml",
    "redis": "redis://host:6379/0/key",
    "etcd": "etcd://host:2379/key",
    "consul": "consul://host:8500/key",
    "nacos": "nacos://host:8848/dataId?group=DEFAULT_GROUP",
}
_FIRST = 0xE000  # of the characters that stand for references while an address is taken apart
MARKS = expression("[\ue000-\uf8ff]")


class BadAddress(ValueError):
    """A text that is no address; ``shown`` is as much of it as may be shown, ``hint`` says what to write."""

    def __init__(self, message: str, hint: str, shown: str) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.shown = shown


@dataclass(frozen=True, slots=True)
class Place:
    """An address with its references resolved; ``secrets`` is what of it must not be shown.

    ``path`` and ``query`` are as in a URL, ``key`` is the path without its first slash and without escapes.
    """

    scheme: str
    host: str
    port: int
    user: str | None = field(repr=False)
    password: str | None = field(repr=False)
    path: str
    key: str
    query: tuple[tuple[str, str], ...] = field(repr=False)
    shown: str
    secrets: tuple[str, ...] = field(repr=False, default=())

    def build_url(self, scheme: str, path: str) -> str:
        """The URL of ``path`` at its host, without credentials."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if PORTS.get(scheme) == self.port else f":{self.port}"
        return f"{scheme}://{host}{port}{path}"


@dataclass(frozen=True, slots=True)
class Address:
    """An address as it was ``written``; ``shown``, which is without credentials, can be printed anywhere.

    ``format`` and ``every`` are modelhub's own parameters, None where they are left out.
    """

    written: str = field(repr=False)
    scheme: str
    user: str | None = field(repr=False)
    host: str
    port: str
    path: str
    query: tuple[tuple[str, str], ...] = field(repr=False)
    format: str | None
    every: float | None
    shown: str

    @property
    def is_exposed(self) -> bool:
        """Whether a password, or a token, is written out in it."""
        user, colon, password = hide(self.user or "")[0].partition(":")
        secrets = [password if colon else user]
        secrets += [hide(value)[0] for name, value in self.query if is_secret_name(name)]
        return any(MARKS.sub("", secret) for secret in secrets)

    def resolve(self) -> Place:
        """Look up its references; raises ConfigError for one that cannot be resolved."""
        user, colon, password = split_login(self.user or "")
        found = [self._fill(user), self._fill(password)]
        host, port = self._fill(self.host), self._fill(self.port)
        query = tuple((name, self._fill(value, "plain")) for name, value in self.query)
        secrets = [text for text in found if text]
        secrets += [value for name, value in query if is_secret_name(name)]
        secrets += [each for text in list(secrets) if (each := quote(text, safe="")) != text]
        try:
            number = int(port) if port else PORTS.get(self.scheme, 0)
        except ValueError:
            raise Refused("the port of the address is no number", f"write it as {example_of(self.scheme)}") from None
        return Place(
            self.scheme,
            host,
            number,
            found[0] if self.user is not None else None,
            found[1] if colon else None,
            self._fill(self.path, "escaped") or "/",
            self._fill(self.path).removeprefix("/"),
            query,
            self.shown,
            tuple(dict.fromkeys(secrets)),
        )

    def resolve_text(self) -> str:
        """The whole address with its references resolved."""
        text: str = resolve(self.written, where=self.shown)
        return text

    def _fill(self, text: str, form: Literal["unescaped", "escaped", "plain"] = "unescaped") -> str:
        """A part with its references resolved: without the escapes of a URL, with them, or where there are none."""
        pieces = []
        for piece in parse_pieces(text):
            if piece.kind == "literal":
                pieces.append(unquote(piece.text) if form == "unescaped" else piece.text)
            else:
                value: str = resolve(piece.text, where=self.shown)
                pieces.append(quote(value, safe="") if form == "escaped" else value)
        return "".join(pieces)


def hide(text: str) -> tuple[str, list[str]]:
    """``text`` with a character for each reference, since a reference may have any characters, and the references."""
    references: list[str] = []
    pieces = []
    for piece in parse_pieces(text):
        if piece.kind != "literal":
            pieces.append(chr(_FIRST + len(references)))
            references.append(piece.text)
        else:
            pieces.append(piece.text)
    return "".join(pieces), references


def bring_back(text: str, references: list[str]) -> str:
    """``text`` with the references that its characters stand for."""
    known = {chr(_FIRST + number): text for number, text in enumerate(references)}
    return MARKS.sub(lambda match: known.get(match[0], match[0]), text)


def split_login(text: str) -> tuple[str, str, str]:
    """User, colon and password; a colon in a reference is none between them."""
    hidden, references = hide(text)
    user, colon, password = hidden.partition(":")
    return bring_back(user, references), colon, bring_back(password, references)


def example_of(scheme: str) -> str:
    """How an address of a scheme is written."""
    return _EXAMPLES.get(scheme, _EXAMPLES.get(scheme.removesuffix("s"), _EXAMPLES["http"]))
