"""The format of a text that has no file name."""

from __future__ import annotations

import json
import re

from modelhub.configs.readers.positions import TextFault

# How a text in TOML begins: after comments, with a table or a key.
_TOML = re.compile(rb"(\xef\xbb\xbf)?(\s|#[^\r\n]*)*+(\[\[?[\w.\"' -]+\]\]?\s*(#[^\r\n]*)?[\r\n]|[\w.\"'-]+\s*=)")


def guess_format(text: bytes) -> str:
    """The format of a text without a file name: JSON if it is that, TOML if it starts like TOML, else YAML."""
    if _TOML.match(text):
        return "toml"
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return "jsonc" if text.lstrip()[:2] in (b"//", b"/*") or _is_jsonc(text) else "yaml"
    return "json"


def _is_jsonc(text: bytes) -> bool:
    from modelhub.configs.readers.jsonc_reader import blank_out

    try:
        json.loads(blank_out(text.decode("utf-8-sig")))
    except (ValueError, RecursionError, TextFault):
        return False
    return True
