"""Shows what was sent and what came back, without a secret in it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from modelhub.cli.printing import write_json
from modelhub.cli.tracing import Exchange
from modelhub.printable import printable, shorten
from modelhub.secrets import MASK, is_secret_name, redact, scrub

_LONGEST = 2000  # characters of one text that are shown
_MOST_LINES = 200
_TOKENS = ("access_token", "refresh_token", "id_token")
_CHARSET = re.compile(r"charset\s*=\s*[\"']?([\w-]+)", re.IGNORECASE)


class Shower:
    """Writes exchanges as lines, for a model whose ``secrets`` and ``auth`` are known."""

    def __init__(self, secrets: Iterable[str], auth: Mapping[str, Any] | None, charset: str | None) -> None:
        self.secrets = [*secrets]
        for secret in [*self.secrets]:
            self.secrets += [quote(secret, safe=""), json.dumps(secret)[1:-1]]
        self.charset = charset or "utf-8"
        named = [str(value) for key, value in (auth or {}).items() if key in ("name", "header", "nonce_header")]
        self._hidden = {name.lower() for name in named}

    def learn(self, exchanges: Iterable[Exchange]) -> None:
        """Keep the tokens that came in replies from being shown, wherever they stand."""
        for exchange in exchanges:
            document = _read(exchange.body)
            if isinstance(document, dict):
                self.secrets += [str(document[name]) for name in _TOKENS if document.get(name)]

    def show_request(self, exchange: Exchange) -> Iterator[str]:
        """The lines of a request."""
        request = exchange.request
        yield f"{request.method} {self._mask_url(request.url)}"
        yield from self._show_headers(request.headers)
        body = request.body or b""
        if body:
            yield ""
            yield from self._show_body(body, _find_kind(request.headers), hide=True)

    def show_reply(self, exchange: Exchange) -> Iterator[str]:
        """The lines of a reply, or why there is none."""
        reply = exchange.reply
        if reply is not None:
            yield f"status {reply.status}"
            yield from self._show_headers(reply.headers)
            if exchange.body:
                yield ""
                yield from self._show_body(exchange.body, _find_kind(reply.headers))
        if exchange.failure:
            yield self.scrub(exchange.failure)

    def scrub(self, text: str) -> str:
        """A text without the secrets of the model."""
        return printable(scrub(text, self.secrets), keep="\n")

    def _show_headers(self, headers: Mapping[str, str]) -> Iterator[str]:
        for name, value in headers.items():
            hidden = is_secret_name(name) or name.lower() in self._hidden
            yield f"{printable(name)}: {self._hide(str(value)) if hidden else self.scrub(str(value))}"

    def _hide(self, value: str) -> str:
        """A secret header, of which the word before the secret is shown."""
        word, space, _ = value.partition(" ")
        return f"{word} {MASK}" if space and word.isalpha() else MASK

    def _mask_url(self, url: str) -> str:
        parts = urlsplit(url)
        pairs = parse_qsl(parts.query, keep_blank_values=True)
        query = "&".join(
            f"{quote(name)}={MASK if is_secret_name(name) or name.lower() in self._hidden else quote(value, safe='')}"
            for name, value in pairs
        )
        host = parts.netloc.rpartition("@")
        netloc = f"{MASK}@{host[2]}" if host[1] else parts.netloc
        return self.scrub(parts._replace(netloc=netloc, query=query).geturl())

    def _show_body(self, body: bytes, kind: str, *, hide: bool = False) -> Iterator[str]:
        told = _CHARSET.search(kind)
        try:
            text = body.decode(told[1] if told else self.charset, "replace")
        except LookupError:
            text = body.decode("utf-8", "replace")
        if "form" in kind and hide:
            pairs = parse_qsl(text, keep_blank_values=True)
            text = urlencode([(name, MASK if is_secret_name(name) else value) for name, value in pairs], safe="*")
        document = _read(text)
        if isinstance(document, dict | list):
            masked = redact({"body": document})["body"] if hide else document
            text = write_json(_cut(masked))
        elif text.count("\n") == 0:
            text = shorten(text, _LONGEST)
        lines = self.scrub(text.replace("\r\n", "\n").rstrip("\n")).split("\n")
        yield from lines[:_MOST_LINES]
        if len(lines) > _MOST_LINES:
            yield f"... {len(lines) - _MOST_LINES} more lines"


def _find_kind(headers: Mapping[str, str]) -> str:
    return next((str(value) for name, value in headers.items() if name.lower() == "content-type"), "")


def _read(text: bytes | str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _cut(value: Any) -> Any:
    """A document whose long texts, and long lists of numbers, are shortened."""
    if isinstance(value, str):
        return shorten(value, _LONGEST)
    if isinstance(value, dict):
        return {key: _cut(item) for key, item in value.items()}
    if isinstance(value, list):
        if len(value) > 8 and all(isinstance(item, int | float) for item in value):
            return [*value[:4], f"... {len(value)} numbers"]
        return [_cut(item) for item in value]
    return value
