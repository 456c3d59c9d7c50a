"""What the tests of crossing send to another process: it must be able to import it."""

from __future__ import annotations

import threading
from typing import Any

from modelhub import ModelWrapperBase, errors


class Plain(ModelWrapperBase):
    """A model in Python that holds what pickle cannot carry."""

    model_type = "crossed_plain"

    def __init__(self, config_name: str | None = None, greeting: str = "hi", **kwargs: Any) -> None:
        super().__init__(config_name, **kwargs)
        self.greeting = greeting
        self.lock = threading.Lock()

    def __call__(self, text: str) -> str:
        return f"{self.greeting} {text}"


class OwnError(errors.RateLimitError):
    """An error of a plugin, whose ``__init__`` takes something else."""

    def __init__(self, seconds: int, *, why: str) -> None:
        super().__init__(f"wait {seconds} s", retry_after=float(seconds))
        self.why = why
        self.lock: Any = threading.Lock()


EVENTS: list[Any] = []


def observe(event: Any) -> None:
    """An observer that another process can import."""
    EVENTS.append(event)


def ask(model: Any, text: str) -> Any:
    """Call a model; what it returns or raises crosses back."""
    return model(text)


def stream(model: Any, text: str) -> Any:
    """A streamed answer, read to its end."""
    response = model(text, stream=True)
    assert response.text
    return response


def fail(kind: str) -> None:
    """Raise an error that crosses back."""
    if kind == "own":
        raise OwnError(3, why="busy") from KeyError("cause")
    raise errors.ConfigError([errors.Problem("MH1", "a"), errors.Problem("MH2", "b")])
