"""The errors of connections, with the same words for every driver."""

# The texts name only scheme, host and port: the rest of a URL may hold a key. Nothing that the other side sent is
# quoted, since a server may send back what it was sent.

from __future__ import annotations

import errno
import os
from typing import Literal
from urllib.parse import urlsplit

from modelhub.errors import BadRequestError, ConnectionError, ModelCallError, TimeoutError
from modelhub.wire import Request
from modelhub.wire.headers import explain_unsendable, is_header_name

NO_REPLY = "closed before any reply"
UNKNOWN_HOST = "the host name cannot be resolved"
_PROTOCOLS = [
    (b"SSH-", "SSH"),
    (b"HTTP/2", "HTTP/2"),
    (b"PRI * HTTP/2", "HTTP/2"),
    (b"\x00\x00\x00\x04", "HTTP/2"),  # a frame of settings, with and without settings in it
    (b"\x00\x00\x06\x04", "HTTP/2"),
    (b"\x00\x00\x0c\x04", "HTTP/2"),
    (b"\x00\x00\x12\x04", "HTTP/2"),
    (b"\x00\x00\x18\x04", "HTTP/2"),
    (b"\x00\x00\x1e\x04", "HTTP/2"),
    (b"\x15\x03", "TLS, for which its address must begin with https://"),
    (b"\x16\x03", "TLS, for which its address must begin with https://"),
]
_TRUST = "; to trust it, name it in tls.ca"
_GIVEN_UP = {errno.ECONNRESET, errno.ECONNABORTED, errno.EPIPE}
# What OpenSSL's check of a certificate found, by its code (X509_V_ERR_...).
_CHECKS = {
    9: "its certificate is not valid yet; see whether the clock of this machine is right",
    10: "its certificate has expired",
    18: f"self-signed certificate{_TRUST}",
    19: f"self-signed certificate in the chain, of a CA that is not trusted here{_TRUST}",
    20: f"its certificate is of an unknown CA (unable to get local issuer certificate){_TRUST}",
    21: f"its certificate is of an unknown CA (unable to verify the first certificate){_TRUST}",
    23: "its certificate was revoked",
    62: "hostname mismatch: its certificate is for another host name than {host}",
    64: "IP address mismatch: its certificate is for other addresses than {host}",
}
# What the other side says of the client's certificate (RFC 8446, section 6.2).
_ALERTS = {
    "ALERT_CERTIFICATE_REQUIRED": "it asks for a certificate of the client; name it in tls.cert",
    "ALERT_UNKNOWN_CA": "the certificate of the client is of a CA that is not trusted there",
    "ALERT_CERTIFICATE_EXPIRED": "the certificate of the client has expired",
    "ALERT_CERTIFICATE_REVOKED": "the certificate of the client was revoked",
    "ALERT_CERTIFICATE_UNKNOWN": "the certificate of the client is not accepted",
    "ALERT_BAD_CERTIFICATE": "the certificate of the client is not accepted",
    "ALERT_UNSUPPORTED_CERTIFICATE": "the certificate of the client is not of a kind that is accepted",
}
_NOT_TLS = {"WRONG_VERSION_NUMBER", "HTTP_REQUEST", "HTTPS_PROXY_REQUEST", "UNKNOWN_PROTOCOL", "RECORD_LAYER_FAILURE"}


def show_address(url: str) -> str:
    """Scheme, host and port of a URL: as much of it as may be shown."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        shown = f"{parts.scheme}://" + (f"[{host}]" if ":" in host else host) + (f":{parts.port}" if parts.port else "")
    except ValueError:
        return "a malformed URL"
    return shown if shown.isprintable() and len(shown) < 300 else "a malformed URL"


def _peer(request: Request, proxy: str | None) -> str:
    """Who was spoken to: the server, or the proxy on the way to it."""
    return f"the proxy {show_address(proxy)}" if proxy else show_address(request.url)


def not_connected(request: Request, proxy: str | None = None) -> ModelCallError:
    """The error for a connection that was not made in time; nothing was sent, so that it may be tried again."""
    text = f"no connection to {_peer(request, proxy)} within {request.connect_timeout:g} s"
    return _late(TimeoutError(text, retryable=True), "connect")


def no_free_connection(request: Request, limit: int | None) -> ModelCallError:
    """The error for a call that got no connection in the time it had, since all ``limit`` were in use all that time."""
    why = "" if limit is None else f": all {limit} are in use by other calls"
    return ConnectionError(f"no connection to {_peer(request, None)} within {request.timeout:g} s{why}")


def silent(request: Request, begun: bool) -> ModelCallError:
    """The error for a server that sent nothing for too long; ``begun`` if a part of the body had come before."""
    seconds = request.timeout if begun or request.first_token is None else request.first_token
    text = f"{show_address(request.url)} sent nothing for {seconds:g} s"
    return _late(TimeoutError(text), "idle" if begun else "first_token")


def out_of_time() -> ModelCallError:
    """The error for a call whose ``total`` is over."""
    return _late(TimeoutError("the call took longer than the total of its timeout"), "total")


def took_too_long(seconds: float) -> ModelCallError:
    """The error for a job that has not ended in the time that its config gives it."""
    return _late(TimeoutError(f"the job had not ended after {seconds:g} s, the max of its poll"), "max")


def _late(error: TimeoutError, bound: Literal["connect", "first_token", "idle", "total", "max"]) -> TimeoutError:
    error.bound = bound
    return error


def closed(request: Request, proxy: str | None = None) -> ModelCallError:
    """The error for a connection that ended before the reply began, orderly or by a reset."""
    return broken(request, NO_REPLY, proxy)


def cut_short(request: Request, proxy: str | None = None) -> ModelCallError:
    """The error for a connection that ended before the reply was complete."""
    return broken(request, "closed before the reply was whole", proxy)


def broken(request: Request, reason: str, proxy: str | None = None) -> ModelCallError:
    """The error for a connection that failed or was refused."""
    return ConnectionError(f"the connection to {_peer(request, proxy)} failed: {reason}")


def insecure(request: Request, error: BaseException, proxy: str | None = None) -> ModelCallError:
    """The error for a server whose certificate or TLS is not accepted; it is not retried."""
    reason: str = getattr(error, "verify_message", None) or ""  # of a certificate
    if reason:
        host = urlsplit(proxy or request.url).hostname or "its"
        reason = _CHECKS.get(getattr(error, "verify_code", 0), reason).replace("{host}", host)
    else:
        reason = getattr(error, "reason", None) or ""
        if "EOF" in type(error).__name__ or "EOF" in reason:
            return closed(request, proxy)
        if alert := next((words for name, words in _ALERTS.items() if name in reason), None):
            return ConnectionError(f"{_peer(request, proxy)} refuses the connection: {alert}", retryable=False)
        spoken = reason.lower().replace("_", " ") or "the TLS handshake failed"
        reason = "it does not speak TLS" if reason in _NOT_TLS else spoken
    return ConnectionError(f"no secure connection to {_peer(request, proxy)}: {reason}", retryable=False)


def not_http(request: Request, first: bytes, proxy: str | None = None) -> ModelCallError:
    """The error for a server that speaks something else; ``first`` is how it began."""
    spoken = next((name for start, name in _PROTOCOLS if first.startswith(start)), None)
    what = f"it speaks {spoken}" if spoken else "what it sent is not HTTP"
    return ConnectionError(f"the connection to {_peer(request, proxy)} failed: {what}", retryable=spoken is None)


def switched(request: Request) -> ModelCallError:
    """The error for a server that answers with another protocol, for which it was not asked."""
    return ConnectionError(
        f"the connection to {show_address(request.url)} failed: it switched to another protocol", retryable=False
    )


def bad_header(request: Request, proxy: str | None = None) -> ModelCallError:
    """The error for a reply with a header that breaks the rules of HTTP."""
    return broken(request, "a header of the reply breaks the rules of HTTP", proxy)


def bad_chunk(request: Request) -> ModelCallError:
    """The error for a body whose chunks break the rules of HTTP."""
    return broken(request, "a chunk of the reply breaks the rules of HTTP")


def too_large(request: Request, proxy: str | None = None) -> ModelCallError:
    """The error for a reply whose headers are larger than what is read; it would be as large once more."""
    return ConnectionError(
        f"the connection to {_peer(request, proxy)} failed: the headers of the reply are too large", retryable=False
    )


def undecodable(request: Request, coding: str) -> ModelCallError:
    """The error for a compressed body that cannot be decompressed."""
    known = coding.lower() if coding.lower() in ("gzip", "x-gzip", "deflate", "br", "zstd", "compress") else "another"
    return broken(request, f"the compressed reply ({known}) cannot be decoded")


def refused_by_proxy(request: Request, proxy: str, status: int) -> ModelCallError:
    """The error for a proxy that answers in place of the server."""
    from http import HTTPStatus  # few programs meet a proxy that refuses

    try:
        phrase = f" ({HTTPStatus(status).phrase})"
    except ValueError:
        phrase = ""
    hint = "; name user and password in the address of the proxy" if status == 407 else ""
    return ConnectionError(
        f"the proxy {show_address(proxy)} refuses the way to {show_address(request.url)}: HTTP {status}{phrase}{hint}",
        status=status,
        retryable=status >= 500 or status in (408, 429),
    )


def no_way(request: Request, proxy: str, reason: str, *, retryable: bool) -> ModelCallError:
    """The error for a SOCKS proxy that makes no connection to the server."""
    return ConnectionError(
        f"the proxy {show_address(proxy)} gives no way to {show_address(request.url)}: {reason}", retryable=retryable
    )


def unsendable(request: Request) -> ModelCallError:
    """The error for a malformed request, such as one whose URL has no host, or whose headers HTTP cannot carry."""
    reason = "its address is not valid"
    for name, value in request.headers.items():
        if not isinstance(value, str):  # of a caller
            reason = f"the header {name} is {'None' if value is None else type(value).__name__}, not a str"
        elif not isinstance(name, str) or not is_header_name(name):
            reason = f"no header can be called {name!r}"
        elif why := explain_unsendable(value):
            reason = f"the header {name} holds {why}"
    return BadRequestError(f"the request to {show_address(request.url)} cannot be made: {reason}")


def is_reset(error: BaseException) -> bool:
    """Whether the other side gave the connection up."""
    given_up = ConnectionResetError | ConnectionAbortedError | BrokenPipeError
    return isinstance(error, given_up) or getattr(error, "errno", None) in _GIVEN_UP


def describe_failure(error: BaseException) -> str:
    """The reason of a failure of the system, in its words; of all others, that there was one."""
    number = getattr(error, "errno", None)
    if isinstance(error, OSError) and isinstance(number, int) and number > 0:
        return os.strerror(number)
    return "an unexpected failure"


def ended(what: str) -> ModelCallError:
    """The error for a call that was still going on when ``what`` was closed in this program."""
    return ConnectionError(f"{what} was closed while the call was going on", retryable=False)
