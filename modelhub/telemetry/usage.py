"""What the calls of this process have used: the tokens and images of each model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from modelhub.telemetry.counters import Counters

if TYPE_CHECKING:
    from modelhub.telemetry.invocations import Invocation


class Monitor(Counters):
    """The sums of a process, and its counters. While ``enabled`` is False, nothing is added. Threads may share it."""

    def __init__(self) -> None:
        super().__init__()
        self._tokens: dict[str, list[int]] = {}
        self._images: dict[tuple[str, str], list[int]] = {}

    def update_text_and_embedding_tokens(
        self, model_name: str, prompt_tokens: int = 0, completion_tokens: int = 0, total_tokens: int | None = None
    ) -> None:
        """Add one call of a chat or an embedding; without ``total_tokens``, the total is the sum of the other two."""
        total = prompt_tokens + completion_tokens if total_tokens is None else total_tokens
        self._add(self._tokens, model_name, 1, prompt_tokens, completion_tokens, total)

    def update_image_tokens(self, model_name: str, resolution: str, image_count: int) -> None:
        """Add one call that made images."""
        self._add(self._images, (model_name, resolution), 1, image_count)

    def observe(self, invocation: Invocation) -> None:
        """Add a call that modelhub made. A wrapper that saves its calls itself also counts them itself."""
        answer = invocation.answer
        if answer is None:
            return
        name = invocation.model.model_name
        if answer.image_urls and answer.text is None:
            arguments = invocation.arguments
            resolution = f"{arguments.get('quality', 'standard')}-{arguments.get('size', '1024*1024')}"
            self.update_image_tokens(name, resolution, len(answer.image_urls))
        else:
            usage = answer.usage
            spent = (usage.prompt_tokens, usage.completion_tokens, usage.total_tokens) if usage is not None else ()
            self.update_text_and_embedding_tokens(name, *spent)

    def show_text_and_embedding_tokens(self) -> list[dict[str, Any]]:
        """One row for each model: model_name, times, prompt_tokens, completion_tokens, total_tokens."""
        keys = ("times", "prompt_tokens", "completion_tokens", "total_tokens")
        with self._lock:
            return [{"model_name": n, **dict(zip(keys, row, strict=True))} for n, row in self._tokens.items()]

    def show_image_tokens(self) -> list[dict[str, Any]]:
        """One row for each model and resolution: model_name, resolution, times, image_count."""
        with self._lock:
            return [
                {"model_name": name, "resolution": resolution, "times": times, "image_count": count}
                for (name, resolution), (times, count) in self._images.items()
            ]

    def reset(self) -> None:
        """Forget everything."""
        with self._lock:
            for kept in (self._tokens, self._images, self._metrics):
                kept.clear()

    def _add(self, rows: dict[Any, list[int]], key: Any, *numbers: int) -> None:
        if self.enabled:
            with self._lock:
                rows[key] = [a + b for a, b in zip(rows.get(key, [0] * len(numbers)), numbers, strict=True)]


MONITOR = Monitor()
"""The sums of this process."""
