"""The bytes of a body in the encoding that a service reads, which may lack characters."""

from __future__ import annotations

import codecs
import json
from typing import Any
from urllib.parse import urlencode

from modelhub.errors import BadRequestError, ConfigError
from modelhub.wire import encode_json, mend


class Charset:
    """An encoding of bodies: ``name`` as the config calls it, None for UTF-8, which nobody has to name."""

    __slots__ = ("codec", "name")

    def __init__(self, name: str | None, where: str) -> None:
        try:
            self.codec = codecs.lookup(name or "utf-8").name
            if "{}".encode(self.codec).decode(self.codec) != "{}":
                raise LookupError
        except (LookupError, UnicodeError, ValueError):
            raise ConfigError(f"{where}: there is no encoding of texts called {str(name)[:40]!r}") from None
        self.name = None if self.codec == "utf-8" else name

    def encode_json(self, value: Any) -> bytes:
        """``value`` as JSON; characters that the encoding lacks are written as JSON's escapes."""
        data = encode_json(value)
        return data if self.name is None else data.decode().encode(self.codec, _ESCAPES)

    def encode_form(self, fields: list[tuple[str, str]], where: str) -> bytes:
        """An URL-encoded form; raises BadRequestError for a character that the encoding lacks."""
        pairs = [(mend(name), mend(value)) for name, value in fields]
        try:
            return urlencode(pairs, encoding=self.codec).encode("ascii")
        except UnicodeEncodeError as error:
            what = f"U+{ord(error.object[error.start]):04X}"
            raise BadRequestError(f"{where} holds {what}, which {self.name} cannot write") from None


def _escape(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return json.dumps(error.object[error.start : error.end])[1:-1], error.end


_ESCAPES = "modelhub.json"
codecs.register_error(_ESCAPES, _escape)


def write_fields(values: dict[str, Any]) -> list[tuple[str, str]]:
    """The fields of a form or a query: a list is its key repeated, an object is JSON, and so are true and numbers."""
    return [
        (str(name), item if isinstance(item, str) else write_json(item))
        for name, value in values.items()
        for item in (value if isinstance(value, list | tuple) else (value,))
    ]


def write_json(value: Any) -> str:
    """``value`` as JSON."""
    return encode_json(value).decode()
