"""What HTTP cannot send, whoever is asked: malformed headers and addresses."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from modelhub.patterns import expression
from modelhub.wire import Request
from modelhub.wire.headers import is_header_name

_UNSAFE = expression(r"[\x00-\x20\x7f]")


def is_malformed(request: Request) -> bool:
    """Whether ``request`` cannot be sent as it is: if not, a ValueError while sending it is not about the request."""
    for name, value in request.headers.items():
        if not (isinstance(name, str) and isinstance(value, str) and is_header_name(name)):
            return True
        if re.search(r"[\r\n\0]", value):
            return True
        try:
            value.encode("latin-1")
        except UnicodeError:
            return True
    return not is_http_url(request.url)


def is_http_url(text: str) -> bool:
    """Whether ``text`` is a URL that HTTP can ask."""
    try:
        url = urlsplit(text)
        whole = url.port != 0 and bool(url.hostname) and url.scheme in ("http", "https")
        (url.hostname or "").encode("idna")
        return whole and not _UNSAFE.search(url.netloc)
    except ValueError:  # also that of a part of the name that is empty or too long
        return False
