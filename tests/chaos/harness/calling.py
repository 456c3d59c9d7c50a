"""Calls of which each asks for a text of its own."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from modelhub import ModelRegistry
from modelhub.errors import ModelCallError

from .judging import Tally, name_attempt

# The model_types, and where the mock serves them; the last does not stream.
PLACES = {
    "openai_chat": {"client_args": {"base_url": "{url}/v1"}},
    "anthropic_chat": {"client_args": {"base_url": "{url}"}},
    "gemini_chat": {"client_args": {"base_url": "{url}"}},
    "ollama_chat": {"host": "{url}"},
    "post_api_chat": {"api_url": "{url}/llm/", "json_args": {"model": "post_api_chat"}},
}


class Asking:
    """The calls of one thread or task, each different from all others."""

    def __init__(self, hub: ModelRegistry, number: int) -> None:
        self.hub = hub
        self.number = number
        self.made = 0
        self.tally = Tally()

    def begin(self) -> tuple[Any, str, bool]:
        """The model, the text and the manner of the next call."""
        self.made += 1
        kinds = list(PLACES)
        kind = kinds[(self.number + self.made) % len(kinds)]
        streams = self.made % 2 == 0 and kind != kinds[-1]
        return self.hub.get_model(kind), f"caller {self.number} call {self.made} of {kind} ends here", streams

    def ask(self) -> None:
        """Make one call and block until it is over."""
        model, text, streams = self.begin()
        pieces: list[str] = []
        with self.judged(text, pieces) as told:
            response = model(f"echo: {text}", stream=streams)
            if streams:
                pieces.extend(delta.text for delta in response)
            told.append(response)

    async def ask_awaited(self) -> None:
        """Make one call and await its end."""
        model, text, streams = self.begin()
        pieces: list[str] = []
        with self.judged(text, pieces) as told:
            response = await model.acall(f"echo: {text}", stream=streams)
            if streams:
                async for delta in response:
                    pieces.append(delta.text)
            told.append(response)

    @contextmanager
    def judged(self, text: str, pieces: list[str]) -> Iterator[list[Any]]:
        """Judge a call by the response that is put into the list, or by its error."""
        told: list[Any] = []
        started = time.monotonic()
        tally = self.tally
        try:
            yield told
        except ModelCallError as error:
            tally.calls[type(error).__name__] += 1
            told.append(error)
            arrived = error.partial.text if error.partial is not None else ""
            if not text.startswith(arrived) or "".join(pieces) != arrived:
                tally.wrong.append(f"{pieces} were delivered, and {arrived!r} is told, of {text!r}")
        except Exception as error:
            tally.wrong.append(f"{type(error).__name__} is no error of a call: {error}")
            return
        else:
            tally.calls["answered"] += 1
            if told[0].text != text or (pieces and "".join(pieces) != text):
                tally.wrong.append(f"another answer arrived: {told[0].text!r} for {text!r}")
        tally.seconds.append(time.monotonic() - started)
        for attempt in told[0].trail:
            if attempt.outcome not in ("answered", "failed"):
                continue  # it was not sent
            tally.attempts[name_attempt(attempt.status, attempt.error)] += 1
            tally.by_model[attempt.config_name] += 1


def sum_up(callers: list[Asking]) -> Tally:
    """What all callers have seen."""
    whole = Tally()
    for caller in callers:
        whole.add(caller.tally)
        if caller.made != sum(caller.tally.calls.values()):
            whole.wrong.append(f"caller {caller.number} made {caller.made} calls and saw the end of fewer")
    return whole
