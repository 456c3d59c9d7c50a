"""Thoughts of earlier answers that nobody has signed: given back to those models that want them."""

from __future__ import annotations

from typing import Any


def add_thoughts(message: dict[str, Any], text: str | None) -> dict[str, Any]:
    """``message`` with its thoughts, where the models that speak OpenAI's API look for them, and where Ollama's do."""
    if not text:
        return message
    return {**message, "reasoning_content": text, "received": {"from": "ollama", "thinking": text}}
