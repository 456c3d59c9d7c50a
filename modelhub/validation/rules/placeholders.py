"""Find what was never replaced: placeholders such as ``{your_api_key}`` and ``sk-xxx``, references of other tools."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from modelhub.diagnostics import Finding, Path
from modelhub.diagnostics.wording import label
from modelhub.patterns import expression
from modelhub.secrets import is_secret_place
from modelhub.secrets.dialects import Foreign, find_foreign, read_foreign
from modelhub.validation.rules.headers import is_header
from modelhub.validation.rules.references import is_free
from modelhub.validation.rules.urls import URLS, is_local
from modelhub.validation.rules.variables import name_reference
from modelhub.validation.schema.view import View
from modelhub.validation.walk import Text

_NAMES = ("model_name", "organization")
_ADVICE = {
    **dict.fromkeys(URLS, "write the server's address"),
    "model_name": "write the model's name at the vendor",
    "organization": "write your organization's id, or remove the key",
}
_IDENTITY = ("config_name", "model_type", "extends")
_SHOUTED = (
    r"\s*(?:<(?:YOUR|INSERT|REPLACE|MY)[A-Z0-9_ -]*>|\{YOUR_[A-Z0-9_]+\}|YOUR_[A-Z0-9_]+|(?i:<your[-_ ][\w -]+>))\s*"
)
_WHOLE = expression(
    r"(?:(?:bearer|basic)\s+)?(?:"
    r"\{[^{}$]*\}|<[^<>]*>|\[(?:your|insert|api)[^\]]*\]"  # {your_api_key}, <your key>, [YOUR KEY]
    r"|(?:sk|pk|ak)?[-_]?(?:x{3,}|\*{3,}|\.{2,}|…)"  # sk-xxx, ***, ...
    r"|(?:\w{1,6}[-_])?your(?:[-_ ]\S+(?:\s\S+){0,3}|(?:api)?(?:key|token))|my[-_ ](?:api[-_ ])?key"
    r"|(?:change|replace|insert|fill|add|put)[-_ ]?(?:me|this|here|in|your)(?:[-_ ].*)?|todo|tbd|placeholder"
    r"|/?path[-_/ ]to[-_/ ].*"
    r"|\w*(?:api[-_ ]?key|token|secret)[-_ ]here"
    r")",
    re.IGNORECASE,
)
_IN_URL = r"(?i)(?<!\$)\{[\w .-]*\}|<[^<>]*>|(?<![\w-])x{3,}(?![\w-])|//your[-_]\S|//\.{3}"


def find_placeholders(config: dict[str, Any], texts: list[Text], view: View | None = None) -> Iterator[Finding]:
    """Yield a warning for each placeholder, and for each reference that is written as another tool has it.

    A placeholder in the key for a server on this machine is never reported: such a server may take any key.
    """
    local = is_local(texts)
    for path, key, text in texts:
        place = view.at(path) if view else None
        is_secret = key not in URLS and (is_secret_place(path) or (place is not None and place.secret))
        is_ours = is_secret or key in URLS or key in _NAMES or is_header(path)
        if foreign := _find_foreign(text, path, is_ours):
            names = " and ".join(dict.fromkeys(each.hint for each in foreign))
            message = f"{label(path)} holds a reference that is not looked up, since it has another tool's form"
            yield _warn(message, path, f"write it with braces: {names}")
        elif "${" in text:
            continue
        elif is_ours and not (is_secret and local) and is_placeholder(text, key):
            advice = _ADVICE.get(key) or f"write {name_reference(path, config)}, and set that variable"
            yield _warn(f"{label(path)} is a placeholder", path, advice)
        elif not is_ours and not is_free(path) and re.fullmatch(_SHOUTED, text):
            yield _warn(f"{label(path)} is a placeholder", path, "write the value that is meant")


def _find_foreign(text: str, path: Path, is_ours: bool) -> list[Foreign]:
    """Another tool's references: any part of a text that we give a meaning to, else the whole of a text."""
    if path[0] in _IDENTITY:
        return []
    if is_ours:
        return find_foreign(text)
    whole = read_foreign(text, certain=is_free(path))
    return [whole] if whole else []


def is_placeholder(text: str, key: str) -> bool:
    """Whether the text of ``key`` was never replaced by what is meant."""
    return _WHOLE.fullmatch(text.strip()) is not None or (key in URLS and re.search(_IN_URL, text) is not None)


def _warn(message: str, path: Path, hint: str) -> Finding:
    return Finding("MH402", message, path, hint=hint, severity="warning")
