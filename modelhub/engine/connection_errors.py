"""The errors of connections, with the same words for every driver.

The texts name only scheme, host and port: the rest of a URL may hold a key.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from modelhub.errors import BadRequestError, ConnectionError, ModelCallError, TimeoutError
from modelhub.wire import Request
from modelhub.wire.headers import explain_unsendable, is_header_name


def address(request: Request) -> str:
    """The address of ``request``, as far as it may be shown."""
    try:
        url = urlsplit(request.url)
        return f"{url.scheme}://{url.hostname or ''}" + (f":{url.port}" if url.port else "")
    except ValueError:
        return "a malformed URL"


def not_connected(request: Request) -> ModelCallError:
    """The error for a connection that was not made in time."""
    return ConnectionError(f"no connection to {address(request)} within {request.connect_timeout:g} s")


def silent(request: Request) -> ModelCallError:
    """The error for a server that sent nothing for too long."""
    return TimeoutError(f"{address(request)} sent nothing for {request.timeout:g} s")


def cut_short(request: Request) -> ModelCallError:
    """The error for a connection that ended before the reply was complete."""
    return broken(request, "closed before the reply was whole")


def broken(request: Request, reason: str) -> ModelCallError:
    """The error for a connection that failed or was refused."""
    return ConnectionError(f"the connection to {address(request)} failed: {reason}")


def insecure(request: Request, reason: str) -> ModelCallError:
    """The error for a server whose certificate or TLS is not accepted; it is not retried."""
    return ConnectionError(f"no secure connection to {address(request)}: {reason}", retryable=False)


def unsendable(request: Request, reason: str) -> ModelCallError:
    """The error for a malformed request, such as one whose URL has no host, or whose headers HTTP cannot carry."""
    for name, value in request.headers.items():
        if not is_header_name(name):
            reason = f"no header can be called {name!r}"
        elif why := explain_unsendable(value):
            reason = f"the header {name} holds {why}"
    return BadRequestError(f"the request to {address(request)} cannot be made: {reason}")
