"""Masks secrets in everything that is shown: in copies of configs and in the texts of errors."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Any

from modelhub.patterns import expression
from modelhub.secrets.references import PATTERN, Piece, parse_pieces
from modelhub.secrets.shapes import MASK, mask_keys

SHORTEST = 4  # a shorter text stands in many others
_SECRET_WORDS = expression(
    r"apikey|accesskey|secretkey|privatekey|accesstoken|authtoken|authorization|bearer|cookie|credentials?"
    r"|pass(?:phrase|word|wd)|pwd|secrets?|sig|signature"
)
_LAST_WORDS = ("key", "keys", "token")
_HARMLESS = expression(  # the last are how a gateway signs, as in X-Ca-Signature-Method
    r"(?:messages|cache|prompt_cache|public|partition|routing|sort)_key|(?:bos|cls|eos|first|mask|pad|sep|stop|unk)_token"
    r"|(?:[^_]*+_){0,4}signature_(?:algorithm|headers|method|version)"
)
_PLACES = frozenset(("auth", key) for key in ("value", "username", "client_id"))  # secret there, whatever their names
_CAMEL = expression(r"(?<=[a-z0-9])(?=[A-Z])")
# These patterns take time in proportion to the text, whatever it is: nothing in them may match in two ways.
_REFERENCE = PATTERN.replace("+", "{1,2000}+")
_PART = rf"(?:{_REFERENCE}|[^\s/?#@])*+"
_USERINFO = expression(rf"(?P<before>[A-Za-z0-9+.-]://(?:[^\s/?#@:]*+:)?+)(?P<secret>{_PART}(?:@{_PART}(?=@))*+)(?=@)")
# A proxy's address; its password may have any characters, so that what logs in ends at the last @.
_LOGIN = expression(
    rf"(?s)\A(?P<before>(?:[A-Za-z0-9+.-]{{1,20}}+://)?+(?:(?:{_REFERENCE}|[^:@/])*+:)?+)(?P<secret>.*)(?=@[^@]*\Z)"
)
_QUERY = expression(rf"(?P<before>[?&](?P<name>[^\s=&#?]++)=)(?P<secret>(?:{_REFERENCE}|[^\s&#])*+)")


def redact(
    config: dict[str, Any], *, secret_keys: Collection[str] = (), secret_paths: Iterable[Sequence[str | int]] = ()
) -> dict[str, Any]:
    """Copy ``config`` with every secret masked: values of keys that look secret, passwords and keys in URLs, and
    whatever has the form of a vendor's key, wherever it stands.

    ``secret_keys`` names further secret keys at any depth, ``secret_paths`` further secret places. A value that is only
    a ``${...}`` reference is shown: it says where the secret is, not what it is. A default in it is masked.
    """
    keys = {_normalize(key) for key in secret_keys}
    paths = {tuple(path) for path in secret_paths}
    copy: dict[str, Any] = _redact(config, keys, paths, (), False)
    return copy


def find_secrets(config: dict[str, Any], *, secret_paths: Iterable[Sequence[str | int]] = ()) -> list[str]:
    """The texts of ``config``, its references resolved, that ``redact`` masks by their place: as they stand, and
    without the word before a key, such as Bearer.
    """
    paths = {tuple(path) for path in secret_paths}
    found: dict[str, None] = {}
    for text in _find_hidden(config, paths, (), False):
        found.update(dict.fromkeys((text, text.partition(" ")[2])))
    return [text for text in found if len(text) >= SHORTEST]


def find_referred(given: Any, resolved: Any) -> list[str]:
    """What those references of ``given`` mean in ``resolved`` whose names are those of secrets, wherever they stand.

    So do all that are neither variables nor files: ``${keyring:...}``, and those of plugins.
    """
    return [value for value in _find_referred(given, resolved) if len(value) >= SHORTEST]


def _find_referred(given: Any, resolved: Any) -> Iterator[str]:
    if isinstance(given, dict) and isinstance(resolved, dict):
        for key, item in given.items():
            yield from _find_referred(item, resolved.get(key))
    elif isinstance(given, list) and isinstance(resolved, list):
        for item, value in zip(given, resolved, strict=False):
            yield from _find_referred(item, value)
    elif isinstance(given, str) and isinstance(resolved, str) and "${" in given:
        pieces = parse_pieces(given)
        found = [piece for piece in pieces if piece.kind == "reference"]
        if len(found) == 1 and _is_secret_source(found[0]):
            yield resolved[found[0].start : len(resolved) - (len(given) - found[0].end)]


def _is_secret_source(piece: Piece) -> bool:
    if piece.scheme not in ("", "env", "file"):
        return True
    return any(is_secret_name(part) for part in piece.name.replace("\\", "/").replace(".", "/").split("/"))


def _find_hidden(
    value: Any, paths: set[tuple[str | int, ...]], path: tuple[str | int, ...], hide: bool
) -> Iterator[str]:
    hide = hide or path in paths
    if isinstance(value, (dict, list)):
        for step, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _find_hidden(item, paths, (*path, step), hide or is_secret_place((*path, step)))
    elif isinstance(value, str) and hide:
        yield value
    elif isinstance(value, str) and path[-1:] == ("proxy",):
        yield from (match["secret"] for match in _LOGIN.finditer(value))
    elif isinstance(value, str) and "://" in value:
        yield from (match["secret"] for match in _USERINFO.finditer(value))
        yield from (match["secret"] for match in _QUERY.finditer(value) if is_secret_name(match["name"]))


@lru_cache(maxsize=1024)  # the same few keys stand in every config
def is_secret_name(name: str) -> bool:
    """Tell whether a key (or a header, or a parameter of a URL) by this name holds a secret."""
    name = _normalize(name)
    words = name.split("_")
    if _HARMLESS.fullmatch(name):
        return False
    return (
        words[-1] in _LAST_WORDS
        or name.endswith("access_key_id")
        or any(_SECRET_WORDS.fullmatch(word) for word in words)
    )


def is_secret_place(path: Sequence[str | int]) -> bool:
    """Tell whether the last key in ``path`` is the name of a secret; ``tls.key`` is that of a file."""
    end = len(path)
    while end and not isinstance(path[end - 1], str):
        end -= 1
    last = tuple(path[max(0, end - 2) : end])
    return last in _PLACES or (end > 0 and is_secret_name(str(path[end - 1])) and last != ("tls", "key"))


def _normalize(name: str) -> str:
    return _CAMEL.sub("_", name).replace("-", "_").casefold()


def _redact(
    value: Any, keys: set[str], paths: set[tuple[str | int, ...]], path: tuple[str | int, ...], hide: bool
) -> Any:
    hide = hide or path in paths
    if isinstance(value, dict):
        return {
            key: _redact(
                item, keys, paths, (*path, key), hide or is_secret_place((*path, key)) or _normalize(key) in keys
            )
            for key, item in value.items()
        }
    if isinstance(value, list):
        return [_redact(item, keys, paths, (*path, index), hide) for index, item in enumerate(value)]
    if isinstance(value, str):
        if path[-1:] == ("proxy",) and not hide:
            return mask_keys(_LOGIN.sub(lambda match: match["before"] + _mask(match["secret"]), value, 1))
        return _mask(value) if hide else _mask_url(value)
    return value if value is None or isinstance(value, bool) or not hide else MASK


def _mask(secret: str) -> str:
    """Mask a secret; a reference is kept, but a default in it is masked if it is a secret."""
    pieces = parse_pieces(secret)
    if len(pieces) != 1 or not (pieces[0].kind == "reference" or (pieces[0].is_braced and pieces[0].default)):
        return MASK if secret else secret
    scheme = f"{pieces[0].scheme}:" if pieces[0].scheme else ""
    return f"${{{scheme}{pieces[0].name}:-{MASK}}}" if pieces[0].default else secret


def _mask_url(text: str) -> str:
    if "://" not in text:
        return mask_keys(text)
    text = _USERINFO.sub(lambda match: match["before"] + _mask(match["secret"]), text)
    text = _QUERY.sub(
        lambda match: match["before"] + (_mask(match["secret"]) if is_secret_name(match["name"]) else match["secret"]),
        text,
    )
    return mask_keys(text)


def scrub(text: str, secrets: Iterable[str]) -> str:
    """Mask each of ``secrets`` in ``text``, and what has a key's form; servers often repeat what they refuse."""
    for secret in secrets:
        if len(secret) >= SHORTEST:
            text = text.replace(secret, MASK)
    return mask_keys(text)
