"""Takes the text apart that names a source in a centre, and says what is wrong with it without its credentials."""

from __future__ import annotations

from urllib.parse import parse_qsl

from modelhub.centres.address import MARKS, PORTS, Address, BadAddress, bring_back, example_of, hide
from modelhub.diagnostics.suggest import suggest
from modelhub.patterns import expression
from modelhub.printable import printable, shorten
from modelhub.secrets import redact

FORMATS = ("yaml", "json", "jsonc", "toml")
LEAST_EVERY = 0.1  # seconds
_SCHEME = expression(r"([A-Za-z][A-Za-z0-9+.-]+)://")
_UNFIT = expression(r"[\s\x00-\x1f\x7f]")
_ESCAPES = "in a password write / as %2F, ? as %3F, # as %23, @ as %40, or write ${NAME}"


def is_address(text: str) -> bool:
    """Whether a text is meant to be an address, and no path."""
    return _SCHEME.match(text.lstrip()) is not None and "\n" not in text.strip()


def show(text: str) -> str:
    """A text that may be an address, without credentials."""
    if not is_address(text):
        return text
    try:
        return parse_address(text).shown
    except BadAddress as error:
        return error.shown


def parse_address(text: str) -> Address:
    """Take an address apart, whose references stay as they are; raises BadAddress."""
    text = text.strip()
    hidden, references = hide(text)
    match = _SCHEME.match(hidden)
    if match is None or len(MARKS.findall(hidden)) != len(references):
        raise BadAddress("this is no address", "write it as https://host/models.yaml", "an address")
    scheme = match[1].lower()
    if scheme not in PORTS:
        return _parse_foreign(text, scheme)
    example = example_of(scheme)
    rest, _, queried = hidden[match.end() :].partition("?")
    authority, slash, path = rest.partition("/")
    user, at, place = authority.rpartition("@")
    host, port = _split_port(place)
    bare = f"{scheme}://..."
    if "@" in path or "@" in queried or "#" in hidden or _UNFIT.search(hidden):
        raise BadAddress("the address cannot be read", f"write it as {example}; {_ESCAPES}", bare)
    if not host or (port and not MARKS.search(port) and not (port.isdigit() and 0 < int(port) < 65536)):
        raise BadAddress("the address has no host, or no port that is a number", f"write it as {example}", bare)
    query = [(name, value) for name, value in parse_qsl(queried, keep_blank_values=True)]
    host, path = bring_back(host, references), bring_back(slash + path, references)
    raw = f"{scheme}://{bring_back(place, references)}{path}" + (f"?{bring_back(queried, references)}" * bool(queried))
    shown = printable(str(redact({"": raw})[""]))
    own = {name: bring_back(value, references) for name, value in query if name in ("format", "every")}
    others = tuple((name, bring_back(value, references)) for name, value in query if name not in own)
    return Address(
        text,
        scheme,
        bring_back(user, references) if at else None,
        host,
        bring_back(port, references),
        path,
        others,
        _read_format(own.get("format"), shown),
        _read_every(own.get("every"), shown),
        shown,
    )


def _parse_foreign(text: str, scheme: str) -> Address:
    """An address that only a plugin can read; of its parts only those of ours are looked for."""
    hidden, references = hide(text)
    before, _, queried = hidden.partition("?")
    authority, slash, path = before.partition("://")[2].partition("/")
    if "@" in path or "@" in queried or "#" in hidden:
        raise BadAddress("the address cannot be read", _ESCAPES, f"{scheme}://...")
    place = bring_back(f"{authority.rpartition('@')[2]}{slash}{path}", references)
    raw = f"{scheme}://{place}" + f"?{bring_back(queried, references)}" * bool(queried)
    shown = shorten(printable(str(redact({"": raw})[""])), 300)
    own = dict(parse_qsl(queried))
    format, every = _read_format(own.get("format"), shown), _read_every(own.get("every"), shown)
    user = bring_back(authority.rpartition("@")[0], references) if "@" in authority else None
    return Address(text, scheme, user, "", "", place, (), format, every, shown)


def _read_format(text: str | None, shown: str) -> str | None:
    if text is None:
        return None
    text = {"yml": "yaml"}.get(text.lower(), text.lower())
    if text not in FORMATS:
        near = suggest(text, FORMATS)
        hint = f"did you mean {near}?" if near else f"write one of {', '.join(FORMATS)}"
        raise BadAddress(f"there is no format {shorten(printable(text), 40)!r}", hint, shown)
    return text


def _read_every(text: str | None, shown: str) -> float | None:
    if text is None:
        return None
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not LEAST_EVERY <= seconds <= 86400:
        raise BadAddress("every= is a number of seconds, 0.1 or more", "write every=5", shown)
    return seconds


def _split_port(place: str) -> tuple[str, str]:
    """Host and port; an IPv6 address has brackets, which are taken off."""
    if place.startswith("["):
        host, _, port = place[1:].partition("]")
        return host, port.removeprefix(":")
    host, _, port = place.partition(":")
    return host, port
