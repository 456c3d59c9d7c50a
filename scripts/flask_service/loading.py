"""A model that is loaded beside the service that needs it."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from .generation import Model
from .refusal import Refusal

log = logging.getLogger("flask_service")


class Loading:
    """Calls ``load`` in a thread of its own, from ``start`` on; ``model`` is None until that is done."""

    def __init__(self, load: Callable[[], Model]) -> None:
        self.model: Model | None = None
        self.error: Exception | None = None
        self._load = load
        self._thread = threading.Thread(target=self.run, name="loading", daemon=True)

    def start(self) -> Loading:
        """Begin, without waiting for the end."""
        self._thread.start()
        return self

    def run(self) -> Loading:
        """Load the model here and now; what fails is kept in ``error``."""
        try:
            self.model = self._load()
        except Exception as error:  # what a loader may raise has no end
            self.error = error
            log.error("cannot load the model: %s", describe(error))
        return self

    def get(self) -> Model:
        """The model; raises Refusal while there is none."""
        if self.model is not None:
            return self.model
        if self.error is not None:
            raise Refusal(503, "the model could not be loaded: see the log of the service", "model_not_loaded")
        raise Refusal(503, "the model is being loaded: try again", "model_loading", headers={"Retry-After": "2"})


def describe(error: BaseException) -> str:
    """An error in one line."""
    words = " ".join(str(error).split())
    return (words[:400] if words else type(error).__name__).strip()
