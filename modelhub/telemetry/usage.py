"""What the calls of this process have used: tokens and images of each model, and counters that programs name."""

from __future__ import annotations

import re
import threading
from typing import TYPE_CHECKING, Any

from modelhub.errors import QuotaExceededError

if TYPE_CHECKING:
    from modelhub.telemetry.invocations import Invocation


class Monitor:
    """The sums of a process. While ``enabled`` is False, nothing is added. Threads may share it."""

    def __init__(self) -> None:
        self.enabled = True
        self._lock = threading.Lock()
        self._tokens: dict[str, list[int]] = {}
        self._images: dict[tuple[str, str], list[int]] = {}
        self._metrics: dict[str, dict[str, Any]] = {}

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

    # AgentScope's counters of before 0.1.0: a value, a unit and perhaps a quota by name.

    def register(self, metric_name: str, metric_unit: str | None = None, quota: float | None = None) -> bool:
        """Make a counter called ``metric_name``; False if it exists already."""
        with self._lock:
            if metric_name in self._metrics:
                return False
            self._metrics[metric_name] = {"value": 0.0, "unit": metric_unit, "quota": quota}
            return True

    def exists(self, metric_name: str) -> bool:
        """Whether there is a counter called ``metric_name``."""
        return metric_name in self._metrics

    def add(self, metric_name: str, value: float) -> bool:
        """Add to a counter; False if there is no such counter.

        Raises QuotaExceededError, and adds nothing, if the value would then be above the quota.
        """
        if not self.enabled:
            return False
        with self._lock:
            metric = self._metrics.get(metric_name)
            if metric is None:
                return False
            if metric["quota"] is not None and metric["value"] + value > metric["quota"]:
                raise QuotaExceededError(f"Metric [{metric_name}] exceeds quota.")
            metric["value"] += value
            return True

    def update(self, values: dict[str, float], prefix: str | None = None) -> None:
        """Add to several counters, called ``<prefix>.<name>``; those that do not exist yet are made."""
        for name, value in values.items():
            full = f"{prefix}.{name}" if prefix else name
            self.register(full)
            self.add(full, value)

    def clear(self, metric_name: str) -> bool:
        """Set a counter to 0."""
        return self._set(metric_name, "value", 0.0)

    def set_quota(self, metric_name: str, quota: float) -> bool:
        """Set the highest value that a counter may reach."""
        return self._set(metric_name, "quota", quota)

    def remove(self, metric_name: str) -> bool:
        """Remove a counter; False if there is no such counter."""
        with self._lock:
            return self._metrics.pop(metric_name, None) is not None

    def get_value(self, metric_name: str) -> float | None:
        """The value of a counter; None if there is no such counter."""
        return (self._metrics.get(metric_name) or {}).get("value")

    def get_unit(self, metric_name: str) -> str | None:
        """The unit of a counter; None if there is no such counter, or if it has no unit."""
        return (self._metrics.get(metric_name) or {}).get("unit")

    def get_quota(self, metric_name: str) -> float | None:
        """The quota of a counter; None if there is no such counter, or if it has no quota."""
        return (self._metrics.get(metric_name) or {}).get("quota")

    def get_metric(self, metric_name: str) -> dict[str, Any] | None:
        """A counter's value, unit and quota."""
        metric = self._metrics.get(metric_name)
        return None if metric is None else dict(metric)

    def get_metrics(self, filter_regex: str | None = None) -> dict[str, dict[str, Any]]:
        """The counters whose names match the regular expression; all counters without one."""
        with self._lock:
            return {n: dict(m) for n, m in self._metrics.items() if re.search(filter_regex or "", n)}

    def register_budget(self, model_name: str, value: float, prefix: str | None = None) -> bool:
        """Always False: prices are not known here. A budget did not stop calls in AgentScope either."""
        return False

    def _set(self, metric_name: str, key: str, value: float) -> bool:
        with self._lock:
            metric = self._metrics.get(metric_name)
            if metric is not None:
                metric[key] = value
            return metric is not None


MONITOR = Monitor()
"""The sums of this process."""
