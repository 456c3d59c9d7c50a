"""How many tokens a prompt takes, for vendors that do not count them."""

from __future__ import annotations

import json
import os
from typing import Any

from modelhub.overriding import override


class TokenCount(int):
    """A number of tokens; ``estimated`` is False if the vendor counted them and True if it is a guess."""

    estimated: bool

    def __new__(cls, tokens: int, *, estimated: bool) -> TokenCount:
        count = super().__new__(cls, tokens)
        count.estimated = estimated
        return count

    def __getnewargs_ex__(self) -> tuple[tuple[int], dict[str, bool]]:
        """What copies and pickles build it from."""
        return (int(self),), {"estimated": self.estimated}

    @override
    def __repr__(self) -> str:
        return f"TokenCount({int(self)}, estimated={self.estimated})"


def estimate_tokens(messages: list[dict[str, Any]], tools: Any = None) -> TokenCount:
    """Guess the number of tokens from the text.

    If tiktoken is installed and its data is in TIKTOKEN_CACHE_DIR, its encoding o200k counts; nothing is downloaded.
    Otherwise four letters are one token, and so is each CJK character. Each message takes 4 tokens more.
    """
    count = _find_counter()
    tokens = sum(4 + count(_text_of(message)) for message in messages)
    if tools:
        tokens += count(json.dumps(tools, ensure_ascii=False))
    return TokenCount(tokens, estimated=True)


def _find_counter() -> Any:
    if os.environ.get("TIKTOKEN_CACHE_DIR"):
        try:
            import tiktoken  # type: ignore[import-not-found, unused-ignore]  # pyright: ignore[reportMissingImports]

            encoding = tiktoken.get_encoding("o200k_base")
        except Exception:  # not installed, or its data is not there
            return _count_letters
        return lambda text: len(encoding.encode(text, disallowed_special=()))
    return _count_letters


def _count_letters(text: str) -> int:
    wide = sum(char >= "\u2e80" for char in text)
    return wide + -(-(len(text) - wide) // 4)


def _text_of(message: dict[str, Any]) -> str:
    content = message.get("content")
    parts = content if isinstance(content, list) else [{"text": content or ""}]
    text = "".join(str(part.get("text") or "") for part in parts if isinstance(part, dict))
    calls = message.get("tool_calls")
    return text + (json.dumps(calls, ensure_ascii=False) if calls else "")
