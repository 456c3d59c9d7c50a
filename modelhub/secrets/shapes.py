"""Keys that can be recognized by their form, whatever place they stand in: ``sk-...``, ``AKIA...``, ``eyJ...``."""

from __future__ import annotations

import re
from functools import cache

MASK = "***"
# The first characters that vendors give to their keys, and what may follow; gitleaks and others search for the same.
_FORMS = (
    r"[cp]?sk-(?:[A-Za-z0-9]+[-_])*(?P<run>[A-Za-z0-9]{16,})[\w-]*",  # OpenAI, Anthropic, DeepSeek, Cerebras, ...
    r"[srp]k_(?:live|test)_[A-Za-z0-9]{16,}",
    r"AIza[\w-]{30,}|ya29\.[\w-]{20,}",  # Google
    r"(?:gsk|hf|r8|fw|jina|lsv2_[a-z]{2}|pcsk|npm|tgp_v1)_[A-Za-z0-9]{20,}\w*",
    r"(?:xai|pplx|nvapi|tvly|pypi|glpat)-[\w-]{20,}",
    r"(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{12,}",  # AWS
    r"gh[opsur]_[A-Za-z0-9]{20,}|github_pat_\w{20,}",
    r"xox[abeoprs]-[\w-]{10,}",
    r"eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*",  # a signed token (JWT)
    r"[0-9a-f]{32}\.[A-Za-z0-9]{16}",  # Zhipu
    r"SG\.[\w-]{16,}\.[\w-]{16,}",
)
_PEM = r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)"
_FEW = 6  # a text of so few different characters is an example: sk-xxxxxxxx


def find_keys(text: str) -> list[str]:
    """The parts of ``text`` that have the form of some vendor's key."""
    if len(text) < 16:
        return []
    return [match[0] for match in _compile().finditer(text) if _is_key(match)]


def mask_keys(text: str) -> str:
    """``text`` with each key in it masked that has the form of some vendor's key."""
    if len(text) < 16:
        return text
    return _compile().sub(lambda match: MASK if _is_key(match) else match[0], text)


def _is_key(match: re.Match[str]) -> bool:
    text = match["run"] or match[0]
    if text.startswith("-----"):
        return True
    return bool(re.search(r"\d", text) and re.search(r"[A-Za-z]", text)) and len(set(text)) > _FEW


@cache
def _compile() -> re.Pattern[str]:
    return re.compile(rf"(?<![A-Za-z0-9])(?:{'|'.join(_FORMS)})|{_PEM}", re.DOTALL)
