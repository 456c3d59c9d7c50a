"""Texts from wherever a plugin reads them, by its hook ``load_source``."""

from __future__ import annotations

import re
from typing import Any

from modelhub.centres.address import PORTS, Address
from modelhub.centres.answers import MAX_BYTES, OutOfReach, Refused, Text
from modelhub.diagnostics.suggest import suggest
from modelhub.printable import printable, shorten
from modelhub.secrets import resolve, scrub
from modelhub.secrets.references import parse_pieces

EVERY = 5.0  # seconds


class PluginConnection:
    """A source of a plugin's, which is asked again and again."""

    def __init__(self, address: Address) -> None:
        self._address = address

    @property
    def every(self) -> float:
        """Seconds between two questions."""
        return self._address.every or EVERY

    def ask(self, last: Text | None) -> Text:
        """The text of now; raises Refused and OutOfReach."""
        from modelhub.plugins.hooks import HOOKS, load_hooks

        scheme, url = self._address.scheme, self._address.resolve_text()
        version = last.version if last is not None else None
        try:
            answer = load_hooks().hook.load_source(scheme=scheme, url=url, last=version)
        except LookupError as error:
            why = _describe(error, find_secrets(self._address, url))
            raise Refused(why, "see whether the address is right") from None
        except Exception as error:
            why = type(error).__name__  # its words may hold a key that is not in the address
            raise OutOfReach(f"the plugin for {scheme}:// failed: {why}", "ask who wrote it") from None
        if answer is None:
            broken = [f"plugin {plugin} cannot be used: {plugin.reason}" for plugin in HOOKS.quarantined]
            raise _build_unknown(scheme, broken)
        return parse_answer(answer, scheme, last)

    def wait(self, text: Text) -> None:
        """Do nothing: plugins are asked again and again."""

    def close(self) -> None:
        """Nothing is kept open."""


def parse_answer(answer: Any, scheme: str, last: Text | None) -> Text:
    """The text that a plugin gives; None in place of a text means the last one. Raises Refused."""
    content, version = answer if isinstance(answer, tuple) and len(answer) == 2 else (answer, None)
    if content is None and last is not None:
        return last
    if isinstance(content, str):
        content = content.encode()
    if not isinstance(content, bytes) or not isinstance(answer, tuple):
        raise Refused(f"the plugin for {scheme}:// gives no (text, version)", "ask who wrote it")
    if len(content) > MAX_BYTES:
        raise Refused(f"the text is larger than {MAX_BYTES // 1024 // 1024} MB", "keep other data elsewhere")
    return Text(content, version)


def _build_unknown(scheme: str, broken: list[str]) -> Refused:
    why = f" ({'; '.join(broken)})" if broken else ""
    if scheme == "file":
        return Refused("files are named by their paths", "write /path/to/models.yaml, without file://")
    near = suggest(scheme, PORTS)
    hint = (
        f"did you mean {near}://?" if near else f"known are {', '.join(f'{name}://' for name in PORTS)}, and plugins'"
    )
    return Refused(f"nothing reads configs from {printable(scheme)}://{why}", hint)


def find_secrets(address: Address, url: str) -> list[str]:
    """What must not be shown of an address, which is ``url`` with its references resolved: those, and who logs in."""
    found = [resolve(piece.text, where=address.shown) for piece in parse_pieces(address.written) if piece.is_braced]
    login = re.search(r"://([^/?#]*)@", url)
    return found + (re.split("[:@]", login[1]) if login else [])


def _describe(error: Exception, secrets: list[str]) -> str:
    text = str(error.args[0]) if error.args else "it does not say why"
    return shorten(printable(scrub(text, secrets)), 200)
