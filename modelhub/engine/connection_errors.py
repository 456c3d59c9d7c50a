"""What can go wrong on the way to a server, in the same words for every driver.

The texts name scheme, host and port alone: the rest of a URL may hold a key.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from modelhub.errors import BadRequestError, ConnectionError, ModelCallError, TimeoutError
from modelhub.wire import Request


def address(request: Request) -> str:
    """Where ``request`` goes, as far as it may be shown."""
    try:
        url = urlsplit(request.url)
        return f"{url.scheme}://{url.hostname or ''}" + (f":{url.port}" if url.port else "")
    except ValueError:
        return "a malformed URL"


def not_connected(request: Request) -> ModelCallError:
    """No connection came about in time."""
    return ConnectionError(f"no connection to {address(request)} within {request.connect_timeout:g} s")


def silent(request: Request) -> ModelCallError:
    """The server was reached and then said nothing for too long."""
    return TimeoutError(f"{address(request)} sent nothing for {request.timeout:g} s")


def cut_short(request: Request) -> ModelCallError:
    """The connection ended before the reply did."""
    return broken(request, "closed before the reply was whole")


def broken(request: Request, reason: str) -> ModelCallError:
    """The connection failed or was refused."""
    return ConnectionError(f"the connection to {address(request)} failed: {reason}")


def insecure(request: Request, reason: str) -> ModelCallError:
    """The server's certificate or its TLS is not acceptable; that does not change by trying again."""
    return ConnectionError(f"no secure connection to {address(request)}: {reason}", retryable=False)


def unsendable(request: Request, reason: str) -> ModelCallError:
    """The request itself is malformed, such as a URL without a host."""
    return BadRequestError(f"the request to {address(request)} cannot be made: {reason}")
