"""Find placeholders from examples that were not replaced: ``{your_api_key}``, ``<your key>``, ``sk-xxx``."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from modelhub.diagnostics import Finding, Path
from modelhub.diagnostics.wording import label
from modelhub.secrets import is_secret_name
from modelhub.validation.rules.urls import URLS, is_local
from modelhub.validation.rules.variables import name_reference
from modelhub.validation.walk import find_texts, last_key

_NAMES = ("model_name", "organization")
_ADVICE = {
    **dict.fromkeys(URLS, "write the server's address"),
    "model_name": "write the model's name at the vendor",
    "organization": "write your organization's id, or remove the key",
}
_BARE = r"(?:(?i:bearer|basic|token)\s+)?\$[A-Z_][A-Z0-9_]*"  # a shell's way of writing it
_WHOLE = re.compile(
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


def find_placeholders(config: dict[str, Any]) -> Iterator[Finding]:
    """Yield a warning for each placeholder among the keys, names and addresses of a config.

    A key for a server on this machine is never reported: such a server may take any key.
    """
    local = is_local(config)
    for path, text in find_texts(config):
        key = last_key(path)
        is_secret = key not in URLS and not local and is_secret_name(key)
        if "${" in text or not (is_secret or key in URLS or key in _NAMES):
            continue
        if is_secret and re.fullmatch(_BARE, text):
            message = f"{label(path)} is not looked up in the environment"
            yield _warn(message, path, "write it with braces: ${NAME}")
        elif _WHOLE.fullmatch(text.strip()) or (key in URLS and re.search(_IN_URL, text)):
            advice = _ADVICE.get(key) or f"write {name_reference(path, config)}, and set that variable"
            yield _warn(f"{label(path)} is a placeholder", path, advice)


def _warn(message: str, path: Path, hint: str) -> Finding:
    return Finding("MH402", message, path, hint=hint, severity="warning")
