"""What hooks into transformers' generate(): how a token is drawn, handed on, and when to stop."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from transformers import (
    LogitsProcessor,
    LogitsProcessorList,
    StoppingCriteria,
    TemperatureLogitsWarper,
    TopKLogitsWarper,
    TopPLogitsWarper,
)
from transformers.generation.streamers import BaseStreamer

from .arguments import Arguments


def build_processors(arguments: Arguments, device: Any) -> LogitsProcessorList:
    """What draws tokens as the arguments ask; nothing at all when that is greedily."""
    if not arguments.temperature:
        return LogitsProcessorList()
    processors: list[Any] = [TemperatureLogitsWarper(float(arguments.temperature))]
    if arguments.top_k:
        processors.append(TopKLogitsWarper(arguments.top_k))
    if arguments.top_p < 1:
        processors.append(TopPLogitsWarper(float(arguments.top_p)))
    return LogitsProcessorList([*processors, Draw(arguments.seed, device)])


class Draw(LogitsProcessor):  # type: ignore[misc]
    """Leaves one token to choose, drawn with dice of its own: torch's are shared by all that runs at the same time."""

    def __init__(self, seed: int | None, device: Any) -> None:
        self.dice = torch.Generator(device)
        if seed is None:
            self.dice.seed()
        else:
            self.dice.manual_seed(seed)

    def __call__(self, input_ids: Any, scores: Any) -> Any:
        chances = torch.softmax(scores.float(), dim=-1)
        drawn = torch.multinomial(chances, 1, generator=self.dice)
        return torch.full_like(scores, -torch.inf).scatter(1, drawn, 0.0)


class StopWhen(StoppingCriteria):  # type: ignore[misc]
    """Ends a generation when ``is_over`` says so."""

    def __init__(self, is_over: Callable[[], bool]) -> None:
        self.is_over = is_over

    def __call__(self, input_ids: Any, scores: Any, **kwargs: Any) -> Any:
        return torch.full((input_ids.shape[0],), self.is_over(), dtype=torch.bool, device=input_ids.device)


class Streamer(BaseStreamer):  # type: ignore[misc]
    """Gives each new token away; the prompt, which comes first, it keeps to itself."""

    def __init__(self, give: Callable[[int], None]) -> None:
        self.give = give
        self.prompt_is_over = False

    def put(self, value: Any) -> None:
        if self.prompt_is_over:
            for token in value.flatten().tolist():
                self.give(token)
        self.prompt_is_over = True

    def end(self) -> None:
        """Nothing is left to do: the thread says so itself."""
