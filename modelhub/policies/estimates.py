"""Estimates how many tokens a call will use, before it is made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from modelhub.engine.call import Call
    from modelhub.response import ModelResponse

_MOST = ("max_tokens", "max_completion_tokens", "max_output_tokens")
_LETTERS = 4  # of a token, roughly


def estimate_call(call: Call) -> float:
    """The tokens of the prompt, and those that the answer may have where the call says so."""
    options = call.options or call.keywords
    most = next((value for name in _MOST if isinstance(value := options.get(name), int)), 0)
    return _estimate_prompt(find_prompt(call), options.get("tools")) + max(most, 0)


def estimate_used(call: Call, answer: object) -> float:
    """What an answer has used: what it says itself, else the tokens of the prompt and of its text."""
    usage = getattr(answer, "usage", None)
    total = getattr(usage, "total_tokens", None)
    if isinstance(total, int | float) and total > 0:
        return total
    options = call.options or call.keywords
    return _estimate_prompt(find_prompt(call), options.get("tools")) + _count_answer(answer)


def find_prompt(call: Call) -> Any:
    """What a call of any model asks: the first of the arguments of a Python function, the input of a described one."""
    if not isinstance(call.input, tuple):
        return call.input
    return call.input[0] if call.input else next(iter(call.keywords.values()), None)


def _estimate_prompt(prompt: Any, tools: Any) -> float:
    if isinstance(prompt, str):
        return len(prompt) / _LETTERS + 1
    if isinstance(prompt, list | tuple) and all(isinstance(part, str) for part in prompt):
        return sum(len(part) / _LETTERS + 1 for part in prompt)
    plain = _estimate_plain(prompt) if not tools else None
    if plain is not None:
        return plain
    from modelhub.errors import ModelHubError
    from modelhub.messages import normalize_messages
    from modelhub.messages.tokens import estimate_tokens  # only configs that limit tokens need it

    try:
        return float(estimate_tokens(normalize_messages(prompt), tools))
    except (ModelHubError, TypeError, ValueError):
        return 0.0  # the model itself will say what is wrong with it


def _estimate_plain(messages: Any) -> float | None:
    """The tokens of messages that are plain text in ASCII, which most are; None for all others."""
    total = 0.0
    try:
        for message in messages:
            content = message["content"]
            if len(message) != 2 or not content.isascii():
                return None
            total += len(content) / _LETTERS + 4  # what each message takes besides
    except (AttributeError, KeyError, TypeError):
        return None
    return total


def _count_answer(answer: ModelResponse | object) -> float:
    texts = (getattr(answer, name, None) for name in ("text", "reasoning"))
    return sum(len(text) / _LETTERS for text in texts if isinstance(text, str))
