"""The protocols that the gateway speaks, a file each."""

from __future__ import annotations

from modelhub.server.formats.protocol import Protocol
from modelhub.server.formats.protocols import anthropic, ollama, openai

PROTOCOLS: tuple[Protocol, ...] = (anthropic.PROTOCOL, openai.PROTOCOL, ollama.PROTOCOL)
