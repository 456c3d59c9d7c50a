"""AgentScope's counters of before 0.1.0: a value, a unit and perhaps a quota for each name."""

from __future__ import annotations

import re
from typing import Any

from modelhub.errors import QuotaExceededError
from modelhub.locks import Lock


class Counters:
    """Counters that programs name. While ``enabled`` is False, nothing is added. Threads may share them."""

    def __init__(self) -> None:
        self.enabled = True
        self._lock = Lock()
        self._metrics: dict[str, dict[str, Any]] = {}

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
