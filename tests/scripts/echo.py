"""A model of a few lines for the Flask services, with which every turn of theirs can be taken."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

from ..paths import ROOT

SCRIPTS = ROOT / "scripts"
sys.path.insert(0, str(SCRIPTS))

from flask_service.arguments import Arguments  # noqa: E402
from flask_service.messages import build_plain_prompt  # noqa: E402

SECRET = "secret prompt"


class Echo:
    """A model whose tokens are characters and whose answer is the last line of the prompt, or "endless"."""

    context = 200
    ends = (0,)

    def __init__(self) -> None:
        self.prompts: list[str] = []
        self.asked: list[Arguments] = []
        self.running = 0
        self.started = threading.Semaphore(0)

    def build_prompt(self, messages: list[dict[str, Any]], tools: Any) -> list[int]:
        self.prompts.append(build_plain_prompt(messages))
        return [ord(character) for character in messages[-1]["content"]]

    def generate(
        self, prompt: list[int], arguments: Arguments, budget: int, is_cancelled: Callable[[], bool]
    ) -> Iterator[int]:
        self.asked.append(arguments)
        self.running += 1
        text = self.decode(prompt)
        self.started.release()
        try:
            if text == "fail":
                raise ValueError(f"something about a {SECRET}")
            while text == "endless" and not is_cancelled():
                time.sleep(0.001)  # or nobody else gets to do anything
                yield ord("a")
            yield from [*prompt, 0][:budget]
        finally:
            self.running -= 1

    def decode(self, tokens: Any) -> str:
        return "".join(map(chr, tokens))
