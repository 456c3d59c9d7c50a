"""Reads how a recorded request was addressed and who sent it; every secret becomes a reference."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote, unquote, urlsplit

from modelhub.authoring.adapter.paths import write_literal
from modelhub.authoring.adapter.recorded import Request
from modelhub.authoring.adapter.words import list_words, split_name
from modelhub.diagnostics.wording import is_secret, looks_secret

_ORDINARY = frozenset(
    list_words(
        "host content-type content-length user-agent accept accept-encoding connection date accept-language "
        "cache-control pragma origin referer cookie transfer-encoding x-forwarded-for te priority dnt "
        "accept-charset keep-alive upgrade-insecure-requests content-encoding traceparent tracestate "
        "x-forwarded-proto"
    )
)
_SIGNED = re.compile(r"[0-9a-fA-F]{40}|[0-9a-fA-F]{64}|[0-9a-fA-F]{128}|[\w+/]{27}=|[\w+/]{43}=|[\w+/]{86}==|\*+")
_NAME = re.compile(r"[A-Za-z][\w-]*")
_KEYS = frozenset(
    list_words(
        "key token secret apikey auth authorization password credential passwd pwd ak sk appkey accesskey signature"
    )
)
_NONCE = {"nonce", "uuid", "once", "salt", "random"}
_SIGNATURES = {"signature", "sign", "sig", "mac", "hmac"}
_CHANGING = {"request", "trace", "correlation", "idempotency", "nonce", "timestamp", "span", "rquid"}


def read_access(request: Request) -> tuple[dict[str, Any], dict[str, str], dict[str, str]]:
    """The config's ``auth``, the headers that are sent each time, and what is a guess, by header."""
    auth: dict[str, Any] = {}
    headers: dict[str, str] = {}
    notes: dict[str, str] = {}
    signature = _find_signature(request.headers)
    if signature:
        auth = _read_signature(request, signature)
        notes["auth"] = "guessed: what is signed, and how"
    for name, value in request.headers.items():
        small = name.lower()
        if small in _ORDINARY or small.startswith("sec-") or not _NAME.fullmatch(name) or name in auth.values():
            continue
        words = set(split_name(name))
        secret = bool(words & _KEYS) or is_secret([name]) or looks_secret(value)
        if secret and not auth:
            auth = _read_header(name, value)
            if auth["type"] == "bearer" and value[7:].startswith("eyJ"):
                notes["auth"] = "guessed: the token looks like one of type jwt or oauth2, which are made anew"
        elif secret:
            headers[name] = "${" + re.sub(r"[^A-Z0-9]+", "_", name.upper()).removeprefix("X_") + "}"
        elif words & _CHANGING:
            notes["headers"] = f"left out: {name}, which is another one for each request"
        else:
            headers[name] = write_literal(value)
    return auth, headers, notes


def _find_signature(headers: dict[str, str]) -> str:
    """The header that holds a signature; empty if none does."""
    named = [name for name in headers if set(split_name(name)) & _SIGNATURES and name.lower() != "authorization"]
    signed = [name for name in named if _SIGNED.fullmatch(headers[name].strip())]
    return next(iter(signed or [name for name in named if "signature" in split_name(name)]), "")


def _read_header(name: str, value: str) -> dict[str, Any]:
    if name.lower() == "authorization":
        scheme = value.partition(" ")[0].lower()
        if scheme == "basic":
            return {"type": "basic", "username": "${API_USER}", "password": "${API_PASSWORD}"}
        if scheme == "bearer":
            return {"type": "bearer", "token": "${API_KEY}"}
        named = re.match(r"[A-Za-z][\w-]* ([A-Za-z]\w* ?= ?)?", value)
        if named:
            return {"type": "header", "name": name, "value": named[0] + "${API_KEY}"}
    return {"type": "header", "name": name, "value": "${API_KEY}"}


def _read_signature(request: Request, header: str) -> dict[str, Any]:
    """How a request was signed, as far as its headers show; what was signed is what is usual."""
    value = request.headers[header]
    length = len(value.strip())
    encoding = "hex" if re.fullmatch(r"[0-9a-fA-F*]+", value) else "base64"
    algorithms = {40: "sha1", 28: "sha1", 128: "sha512", 88: "sha512"}
    auth: dict[str, Any] = {"type": "hmac", "key": "${API_SECRET}", "algorithm": algorithms.get(length, "sha256")}
    sign = "{method}\n{path}\n{timestamp}\n{body_digest}"
    auth |= {"sign": sign, "encoding": encoding, "header": header}
    for name, text in request.headers.items():
        words = set(split_name(name))
        is_time = words & {"timestamp", "ts", "time", "date"} or re.fullmatch(r"1\d{9}(\d{3})?", text)
        if is_time and name.lower() != "date":
            kind = "seconds" if len(text) < 12 else "milliseconds"
            auth |= {
                "timestamp_header": name,
                "timestamp": kind if text.strip("*").isdigit() or "*" in text else "iso8601",
            }
        elif words & _NONCE:
            auth["nonce_header"] = name
            auth["sign"] = sign.replace("{timestamp}", "{timestamp}\n{nonce}")
    return auth


def read_query(request: Request) -> tuple[dict[str, Any], dict[str, Any]]:
    """The config's ``auth`` by query, if a key is in it, and the rest of the query."""
    auth: dict[str, Any] = {}
    query: dict[str, Any] = {}
    for name, value in request.query.items():
        secret = bool(set(split_name(name)) & _KEYS) or name.lower() in _KEYS or looks_secret(str(value))
        if secret and not auth:
            auth = {"type": "query", "name": name, "value": "${API_KEY}"}
        elif secret:
            query[name] = "${" + re.sub(r"[^A-Z0-9]+", "_", name.upper()) + "}"
        else:
            query[name] = value
    return auth, query


def read_address(request: Request, model: str) -> tuple[str, str]:
    """The address, with ``{model}`` in the place of the model's name, and the name that stood there."""
    parts = urlsplit(request.url.replace("{", "%7B").replace("}", "%7D").replace("$", "%24"))
    if parts.scheme not in ("http", "https"):
        host = next((value for name, value in request.headers.items() if name.lower() == "host"), "example.internal")
        host = host if re.fullmatch(r"[\w.-]+(:\d+)?", host) else "example.internal"
        path = parts.path or request.url
        parts = urlsplit(f"https://{host}/{quote(path.lstrip('/'), safe='/%:@!&,;=+~()*.')}")
    steps = parts.path.split("/")
    found = ""
    for number, step in enumerate(steps):
        name, colon, verb = step.partition(":")
        before = steps[number - 1].lower() if number else ""
        named = before in ("models", "model", "deployments", "engines", "endpoints", "serving-endpoints")
        if name and (
            unquote(step) == model
            or name == model
            or (named and not model and not re.fullmatch(r"v\d+|generate|infer|chat", name))
        ):
            whole = unquote(step) == model
            steps[number] = "{model}" + ("" if whole else colon + verb)
            found = unquote(step if whole else name)
            break
    host = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{host}{'/'.join(steps)}", found
