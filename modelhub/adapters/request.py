"""Requests of a private protocol: the method, the address, the query, the headers and the body that a config says."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple
from urllib.parse import urlencode

from modelhub.adapters.address import Address, compile_address
from modelhub.adapters.charsets import Charset, write_fields, write_json
from modelhub.adapters.document import APART, NAMES, Asked, Reading
from modelhub.adapters.messages import Layout
from modelhub.adapters.near import ask_near
from modelhub.adapters.template import ABSENT, compile_template
from modelhub.errors import BadRequestError, ConfigError
from modelhub.wire import Unsendable, mend
from modelhub.wire.headers import explain_unsendable, is_header_name

METHODS = ("POST", "GET", "PUT")
_JSON = "application/json"
_FORM = "application/x-www-form-urlencoded"

Fallback = Callable[[Any, Mapping[str, Any]], Any]
"""The body of a config that says none, for the input as it is laid out and for the options."""


class Built(NamedTuple):
    """A request, ready to be sent."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes | None


class RequestAdapter:
    """Builds the requests of one config; it may be shared by threads."""

    def __init__(
        self,
        raw: Mapping[str, Any],
        resolved: Mapping[str, Any],
        layout: Layout,
        api_url: str,
        where: str,
        stream_url: str | None = None,
    ) -> None:
        self._where = where
        self.method: str = str(resolved.get("method") or "POST").upper()
        if self.method not in METHODS:
            raise ConfigError(f"{where}.method must be one of {', '.join(METHODS)}, not {self.method[:40]!r}")
        url = resolved.get("url") or None
        self._address = compile_address(url, api_url, f"{where}.url") if url else Address([api_url], "api_url")
        self._stream_address = compile_address(stream_url, api_url, "stream.url") if stream_url else self._address
        self._charset = Charset(resolved.get("charset"), f"{where}.charset")
        self._passes: bool = resolved.get("pass_options") is True
        self._query, self._headers, self._body, self._form = (
            compile_template(raw.get(name), resolved.get(name), f"{where}.{name}") if name in raw else None
            for name in ("query", "headers", "body", "form")
        )
        self._check(resolved)
        parts = [part for part in (self._query, self._headers, self._body, self._form) if part is not None]
        expressions = [expression for part in parts for expression in part.expressions]
        self._layout = layout
        self.reading = Reading(expressions, self._address.names | self._stream_address.names, layout)
        if layout.is_prompt and "messages" in self.reading.roots:
            raise ConfigError(f"{where}: with messages.layout 'prompt' there are no =messages; use =prompt")

    @property
    def has_body(self) -> bool:
        """Whether the config says what the body is."""
        return self._body is not None or self._form is not None

    def _check(self, resolved: Mapping[str, Any]) -> None:
        where = self._where
        if self._body is not None and self._form is not None:
            raise ConfigError(f"{where}.body and {where}.form cannot both be sent")
        if self.method == "GET":
            named = next((n for n in ("body", "form", "pass_options") if resolved.get(n) not in (None, False)), None)
            if named is not None:
                raise ConfigError(f"{where}.{named}: a GET has no body; use query, or another method")
        if self._passes and self._body is not None and not isinstance(resolved.get("body"), dict | str):
            raise ConfigError(f"{where}.pass_options: the body is no object that options could be added to")
        for name in ("query", "headers", "form"):
            if resolved.get(name) is not None and not isinstance(resolved[name], dict):
                raise ConfigError(f"{where}.{name} must be a mapping")
        for name in resolved.get("headers") or {}:
            if not is_header_name(name):
                raise ConfigError(f"{where}.headers: {name[:40]!r} is no name of a header")

    def build(self, asked: Asked, headers: Mapping[str, str], fallback: Fallback | None = None) -> Built:
        """The request of a call; ``headers`` are those of the config, which its ``request.headers`` win over.

        ``fallback`` is asked for the body where the config says none, and there it uses all options. Raises
        BadRequestError for what cannot be sent, and for options that nothing uses.
        """
        takes_all = fallback is not None and not self.has_body and self.method != "GET"
        passed = {} if takes_all or not asked.options else self._check_options(asked)
        document = self.reading.build(asked)
        url = (self._stream_address if asked.stream else self._address).build(document)
        if self._query is not None:
            url = self._add_query(url, self._query(document))
        own = {} if self._headers is None else self._build_headers(self._headers(document))
        body: bytes | None = None
        kind: str | None = None
        if self._form is not None:
            fields = {**self._form(document), **passed}
            body, kind = self._encode_form(fields), _FORM
        elif takes_all and fallback is not None:
            body, kind = self._encode(fallback(self._lay_out(asked), asked.options)), _JSON
        elif self._body is not None or passed:
            value = ABSENT if self._body is None else self._body(document)
            value = self._add_passed(value, passed) if passed else value
            if value is not ABSENT:
                body, kind = self._encode(value), _JSON
        return Built(self.method, url, self._merge_headers(headers, own, kind), body)

    def _lay_out(self, asked: Asked) -> Any:
        if asked.task != "chat":
            return asked.input
        return self._layout.write_prompt(asked.input) if self._layout.is_prompt else self._layout.lay_out(asked.input)

    def _check_options(self, asked: Asked) -> Mapping[str, Any]:
        """The options that are passed on; raises BadRequestError for those that nothing uses."""
        reading, options = self.reading, asked.options
        for name in APART:
            if options.get(name) is not None and not reading.reads(name):
                raise BadRequestError(f"{name} cannot be sent: no expression of {self._where} reads ={name}")
        if reading.uses_all:
            return {}
        extra = reading.find_extra(asked)
        if not extra or self._passes:
            return extra
        names = ", ".join(repr(name) for name in extra)
        near = ask_near(next(iter(extra)), sorted(reading.named - NAMES))
        hint = near or f"; name it in {self._where}, or set {self._where}.pass_options"
        raise BadRequestError(f"nothing uses the option{'s' if len(extra) > 1 else ''} {names}{hint}")

    def _add_passed(self, value: Any, passed: Mapping[str, Any]) -> Any:
        if value is ABSENT:
            return dict(passed)
        if not isinstance(value, dict):
            raise BadRequestError(f"{self._where}.body is no object, to which options could be added")
        return {**value, **passed}

    def _add_query(self, url: str, query: dict[str, Any]) -> str:
        told = urlencode([(mend(name), mend(value)) for name, value in self._write(query, "query")])
        return f"{url}{'&' if '?' in url else '?'}{told}" if told else url

    def _write(self, values: dict[str, Any], name: str) -> list[tuple[str, str]]:
        try:
            return write_fields(values)
        except Unsendable as error:
            raise BadRequestError(f"{self._where}.{name} cannot be sent: {error}") from None

    def _encode(self, value: Any) -> bytes:
        try:
            return self._charset.encode_json(value)
        except (Unsendable, ValueError, RecursionError) as error:
            why = "it is nested too deep" if isinstance(error, RecursionError) else str(error)
            raise BadRequestError(f"{self._where}.body cannot be sent: {why}") from None

    def _encode_form(self, fields: dict[str, Any]) -> bytes:
        return self._charset.encode_form(self._write(fields, "form"), f"{self._where}.form")

    def _build_headers(self, values: dict[str, Any]) -> dict[str, str]:
        headers = {}
        for name, value in values.items():
            place = f"{self._where}.headers.{name}"
            if value is None:
                continue
            if isinstance(value, list | dict | tuple):
                raise BadRequestError(f"{place} is {type(value).__name__}, which no header can hold")
            text = value.strip(" \t") if isinstance(value, str) else write_json(value)
            if why := explain_unsendable(text):
                raise BadRequestError(f"{place} holds {why}, which no header can hold")
            headers[name] = text
        return headers

    def _merge_headers(self, headers: Mapping[str, str], own: dict[str, str], kind: str | None) -> Mapping[str, str]:
        """The headers of a request; the Content-Type is that of the body, unless the config says another."""
        same = kind == _JSON and self._charset.name is None
        if same and not own:
            return headers
        replaced = {name.lower() for name in own}
        merged = {name: value for name, value in headers.items() if name.lower() not in replaced}
        merged |= own
        if "content-type" in replaced or same:
            return merged
        usual = next((name for name, value in merged.items() if name.lower() == "content-type"), "Content-Type")
        if merged.get(usual, _JSON) == _JSON:
            merged.pop(usual, None)
            if kind is not None:
                merged[usual] = kind if self._charset.name is None else f"{kind}; charset={self._charset.name}"
        return merged


def compile_request(
    raw: Mapping[str, Any] | None,
    resolved: Mapping[str, Any] | None,
    messages: Mapping[str, Any] | None,
    where: str = "request",
    *,
    api_url: str = "",
    stream_url: str | None = None,
) -> RequestAdapter:
    """What builds the requests of a config, from its keys ``request`` (as written, and resolved) and ``messages``.

    Raises ConfigError, which names the place, for what cannot be.
    """
    return RequestAdapter(raw or {}, resolved or {}, Layout(messages, "messages"), api_url, where, stream_url)
