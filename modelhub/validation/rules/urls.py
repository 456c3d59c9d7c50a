"""The addresses of servers in a config: what is wrong with them, what was meant, and whether they are local."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from modelhub.diagnostics import Finding
from modelhub.diagnostics.wording import label, looks_secret
from modelhub.printable import shorten
from modelhub.validation.walk import Text

URLS = ("api_base", "api_url", "base_url", "host")  # the keys whose values are addresses of servers
_ADDRESSES = (*URLS, "proxy")
# Patterns are compiled where they are used: most configs need few of them, and starting should cost little.
_GOOD = r"(?i:https?)://(\[[0-9A-Fa-f:.]+\]|[^\s/?#@:\[\]]+)(:[0-9]+)?([/?#]\S*)?"
_SLIP = r"(?P<scheme>(?i:https?))\s*+[:;]?\s*+[/\\]*+(?P<rest>[^\s/].*)"
_BARE = r"(localhost|\d+(\.\d+){3}|[\w-]+(\.[\w-]+)+)(:\d+)?(/\S*)?"
_LOCAL = (
    r"(?i)(\w+://)?([^\s/?#@]*@)?(localhost|127\.[\d.]+|0\.0\.0\.0|\[::1?\]|host\.docker\.internal"
    r"|[\w.-]+\.local(host)?)?(:\d+)?([/?#].*)?"
)
_PORT = r"(\w+://)?([^\s/?#@]*@)?(\[[^\]]*\]|[^\s/?#@:]*):0*(?P<port>\d+)"
_JUNK = ",;\"'<>()[]{}|\\^`"  # what may follow an address that was copied


def is_local(texts: Iterable[Text]) -> bool:
    """Whether a config with these texts names a server on this machine or in its own network."""
    return any(key in URLS and text and re.fullmatch(_LOCAL, text) is not None for _, key, text in texts)


def find_bad_addresses(texts: Iterable[Text]) -> Iterator[Finding]:
    """Yield findings about URLs that a pattern in a schema cannot express: an impossible port, or junk at the end."""
    for path, key, text in texts:
        if key not in _ADDRESSES or "${" in text:
            continue
        port = re.match(_PORT, text)
        if port and (len(port["port"]) > 5 or not 0 < int(port["port"]) < 65536):
            message = f"{label(path)} has port {port['port'][:20]}, which is not between 1 and 65535"
            yield Finding("MH203", message, path)
        elif (junk := text[len(_trim(text)) :]) and not re.fullmatch(r"([^\[]*://)?\[[^\]]*\]", text):
            yield Finding("MH203", f"{label(path)} ends with {shorten(repr(junk), 80)}", path, hint="remove it")


def _trim(text: str) -> str:
    """An address without what was copied along behind it."""
    end = len(text)
    while end and (text[end - 1] in _JUNK or text[end - 1].isspace()):
        end -= 1
    return text[:end]


def repair(text: str) -> str | None:
    """The URL that ``text`` was probably meant to be; None if that is not certain, or if it may hold a secret."""
    trimmed = _trim(text).lstrip()
    slip = re.fullmatch(_SLIP, trimmed)
    url = f"{slip['scheme'].lower()}://{slip['rest']}" if slip else trimmed
    if not slip and re.fullmatch(_BARE, trimmed):
        url = f"http://{trimmed}" if re.match(r"localhost|[\d.]+(:|/|$)", trimmed) else f"https://{trimmed}"
    return url if re.fullmatch(_GOOD, url) and url != text and not looks_secret(url) else None
