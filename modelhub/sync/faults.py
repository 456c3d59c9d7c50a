"""The errors of ours that the exceptions of requests, urllib3 and http.client mean."""

from __future__ import annotations

import re
import socket
import ssl
from collections.abc import Iterator
from http.client import BadStatusLine, HTTPException, IncompleteRead, LineTooLong, RemoteDisconnected

from requests import exceptions
from urllib3 import exceptions as pool_exceptions

from modelhub.engine import connection_errors as outages
from modelhub.engine.interruptions import find_interruption
from modelhub.errors import ModelCallError
from modelhub.network.socks import NoWay, is_socks
from modelhub.sync.connections import KeptTooLong
from modelhub.sync.replies import BadChunk, BadHeader, CutShort, TooLarge
from modelhub.wire import Request

_CAUSES = (HTTPException, OSError, pool_exceptions.HTTPError, UnicodeError, ValueError)


def translate(
    error: Exception, request: Request, proxy: str | None = None, coding: str | None = None, begun: bool = False
) -> BaseException:
    """The error of ours for ``error``, none of whose own words are taken, or the interruption that it wraps.

    ``proxy`` is what the request goes through, ``coding`` what the body is compressed with; None before its headers
    have come. ``begun`` says that a part of the body has.
    """
    if isinstance(error, ModelCallError):
        return error
    interruption = find_interruption(error)
    if interruption is not None:
        return interruption
    if isinstance(error, TimeoutError) and not error.errno:  # of a socket that is read without urllib3
        return outages.silent(request, begun)
    causes = list(find_causes(error))
    at_proxy = proxy if any(isinstance(cause, pool_exceptions.ProxyError) for cause in causes) else None
    if request.url.startswith("http:") and not is_socks(proxy):  # no way was asked for: all goes to the proxy
        at_proxy = proxy
    refused = proxy and next((code for cause in causes if (code := _tunnel_status(cause))), None)
    if refused and proxy:
        return outages.refused_by_proxy(request, proxy, refused)
    if proxy and (no_way := next((cause for cause in causes if isinstance(cause, NoWay)), None)):
        return outages.no_way(request, proxy, no_way.reason, retryable=no_way.retryable)
    for cause in reversed(causes):
        known = _translate_cause(cause, request, at_proxy, coding, begun)
        if known is not None:
            return known
    if isinstance(error, exceptions.InvalidURL | exceptions.InvalidHeader | exceptions.InvalidSchema | ValueError):
        return outages.unsendable(request)
    return outages.broken(request, outages.describe_failure(causes[-1]), at_proxy)


def find_causes(error: BaseException) -> Iterator[BaseException]:
    """The error and the reasons within it, from the outside in."""
    for _ in range(10):
        yield error
        inner = getattr(error, "reason", None)
        if not isinstance(inner, BaseException):
            inner = next((arg for arg in reversed(error.args) if isinstance(arg, BaseException)), None)
        if inner is None and isinstance(error, _CAUSES):
            inner = error.__cause__
        if inner is None:
            return
        error = inner


def is_dead(error: BaseException) -> bool:
    """Whether a connection that had been kept was found dead."""
    return any(isinstance(cause, KeptTooLong) for cause in find_causes(error))


def _translate_cause(
    error: BaseException, request: Request, proxy: str | None, coding: str | None, begun: bool
) -> ModelCallError | None:
    if isinstance(error, pool_exceptions.ConnectTimeoutError):
        return None if isinstance(error, pool_exceptions.NewConnectionError) else outages.not_connected(request, proxy)
    if isinstance(error, pool_exceptions.ReadTimeoutError):
        return outages.silent(request, begun)
    if isinstance(error, TimeoutError) and not error.errno:
        return None
    if isinstance(error, socket.gaierror):
        return outages.broken(request, outages.UNKNOWN_HOST, proxy)
    if isinstance(error, ssl.SSLError):
        return outages.insecure(request, error, proxy)
    if isinstance(error, KeptTooLong | RemoteDisconnected):
        return outages.closed(request, proxy)
    if isinstance(error, CutShort | IncompleteRead):
        return outages.cut_short(request, proxy)
    if isinstance(error, BadStatusLine):
        return outages.not_http(request, str(error.args[0]).encode("latin-1", "replace"), proxy)
    if isinstance(error, TooLarge | LineTooLong) or type(error) is HTTPException:  # the last has too many headers
        return outages.too_large(request, proxy)
    if isinstance(error, BadHeader):
        return outages.bad_header(request, proxy)
    if isinstance(error, BadChunk):
        return outages.bad_chunk(request)
    if isinstance(error, pool_exceptions.DecodeError):
        return outages.undecodable(request, coding or "")
    if outages.is_reset(error):
        return outages.cut_short(request) if coding is not None else outages.closed(request, proxy)
    if isinstance(error, OSError) and error.errno:
        return outages.broken(request, outages.describe_failure(error), proxy)
    return None


def _tunnel_status(error: BaseException) -> int | None:
    """The status with which a proxy refused the way, of http.client's error for that."""
    found = re.match(r"Tunnel connection failed: (\d{3})", str(error)) if isinstance(error, OSError) else None
    return int(found[1]) if found else None
