"""The errors of ours that the exceptions of aiohttp mean."""

from __future__ import annotations

import ast
import asyncio
import re
import socket
import ssl
from collections.abc import Iterator

import aiohttp
from aiohttp import http_exceptions as http
from yarl import URL

from modelhub.engine import connection_errors as outages
from modelhub.engine.interruptions import find_interruption
from modelhub.engine.malformed import is_malformed
from modelhub.errors import ModelCallError
from modelhub.network.socks import NoWay, is_socks
from modelhub.wire import Request

_FAILURES = (aiohttp.ClientError, http.HttpProcessingError, OSError)
_NO_STATUS = re.compile("Expected HTTP/|Invalid HTTP version|Invalid response status")


def translate(error: Exception, request: Request, proxy: str | None = None, begun: bool = False) -> BaseException:
    """The error of ours for ``error``, none of whose own words are taken; what is not of the network stays as it is.

    ``proxy`` is what the request goes through; ``begun`` says that the body of the reply was being read.
    """
    if isinstance(error, ModelCallError):
        return error
    if not isinstance(error, _FAILURES):
        malformed = isinstance(error, ValueError | TypeError) and is_malformed(request)
        return outages.unsendable(request) if malformed else error
    interruption = find_interruption(error)
    if interruption is not None:
        return interruption
    if isinstance(error, aiohttp.ClientHttpProxyError) and proxy:
        return outages.refused_by_proxy(request, proxy, error.status)
    causes = list(_find_causes(error))
    at_proxy = proxy if proxy and any(_is_of_proxy(cause, URL(proxy)) for cause in causes) else None
    if request.url.startswith("http:") and not is_socks(proxy):  # no way was asked for: all goes to the proxy
        at_proxy = proxy
    if proxy and (no_way := next((cause for cause in causes if isinstance(cause, NoWay)), None)):
        return outages.no_way(request, proxy, no_way.reason, retryable=no_way.retryable)
    for cause in reversed(causes):
        known = _translate_cause(cause, request, at_proxy, begun)
        if known is not None:
            return known
    if isinstance(error, aiohttp.InvalidURL):
        return outages.unsendable(request)
    if isinstance(error, aiohttp.ClientPayloadError):
        return outages.cut_short(request)
    return outages.broken(request, outages.describe_failure(causes[-1]), at_proxy)


def _find_causes(error: BaseException) -> Iterator[BaseException]:
    """The error and the reasons within it, from the outside in."""
    for _ in range(10):
        yield error
        inner = getattr(error, "certificate_error", None)
        if inner is None:
            inner = error.os_error if isinstance(error, aiohttp.ClientConnectorError) else error.__cause__
        if inner is None:
            return
        error = inner


def _is_of_proxy(error: BaseException, proxy: URL) -> bool:
    if isinstance(error, aiohttp.ClientConnectorError | aiohttp.ClientConnectorCertificateError):
        return (error.host, error.port) == (proxy.host, proxy.port)
    return getattr(error, "at_proxy", False) and not isinstance(error.__cause__, aiohttp.ClientConnectorError)


def _translate_cause(error: BaseException, request: Request, proxy: str | None, begun: bool) -> ModelCallError | None:
    if isinstance(error, aiohttp.ConnectionTimeoutError):
        return outages.not_connected(request, proxy)
    if isinstance(error, aiohttp.ServerTimeoutError):
        return outages.silent(request, begun)
    if isinstance(error, asyncio.TimeoutError) and not error.errno:
        return None
    if isinstance(error, socket.gaierror):
        return outages.broken(request, outages.UNKNOWN_HOST, proxy)
    if isinstance(error, ssl.SSLError):
        return outages.insecure(request, error, proxy)
    if isinstance(error, aiohttp.ServerDisconnectedError):
        if not isinstance(error.message, str):  # a part of a reply
            return outages.cut_short(request, proxy)
        return outages.closed(request, proxy)
    if isinstance(error, http.HttpProcessingError | http.PayloadEncodingError):
        return _translate_reply(error, request, proxy)
    if outages.is_reset(error):
        return outages.cut_short(request) if begun else outages.closed(request, proxy)
    if isinstance(error, OSError) and error.errno:
        return outages.broken(request, outages.describe_failure(error), proxy)
    return None


def _translate_reply(error: BaseException, request: Request, proxy: str | None) -> ModelCallError | None:
    """The error for a reply that cannot be read; what aiohttp's parser says of it begins its message."""
    message = str(getattr(error, "message", "") or error)
    found = re.match(r"Can not decode content-encoding: \S+ \((\w+)\)|Can not decode content-encoding: (\w+)", message)
    if isinstance(error, http.ContentEncodingError) or found:
        return outages.undecodable(request, (found[1] or found[2]) if found else "")
    if isinstance(error, http.BadStatusLine) or _NO_STATUS.match(message):
        return outages.not_http(request, _first_bytes(message), proxy)
    if isinstance(error, http.LineTooLong) or message.startswith("Too many headers"):
        return outages.too_large(request, proxy)
    if isinstance(error, http.ContentLengthError):
        return outages.cut_short(request, proxy)
    if isinstance(error, http.TransferEncodingError) or re.match("[^:]*chunk", message, re.I):
        return None if message.startswith("Not enough data") else outages.bad_chunk(request)
    if isinstance(error, http.BadHttpMessage):
        return outages.bad_header(request, proxy)
    return None


def _first_bytes(message: str) -> bytes:
    """How the reply began: the parser's message quotes the bytes as Python writes them."""
    found = re.search(r"b'.*'|b\".*\"", message)
    try:
        value = ast.literal_eval(found[0]) if found else b""
    except (ValueError, SyntaxError):
        return b""
    return value if isinstance(value, bytes) else b""
