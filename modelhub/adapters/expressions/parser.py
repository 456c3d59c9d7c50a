"""The parser of jmespath, without its memory of the trees that it has made."""

from __future__ import annotations

from typing import Any, ClassVar

from jmespath.parser import Parser


class ForgetfulParser(Parser):
    """A parser that keeps no tree: each expression is compiled once, and large trees make the collector slow."""

    _CACHE: ClassVar[dict[str, Any]] = {}

    def parse_once(self, text: str) -> Any:
        """What jmespath makes of an expression; raises what jmespath raises."""
        try:
            return self.parse(text)
        finally:
            self.purge()
