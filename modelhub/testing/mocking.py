"""Every model of a registry asks one mock server, whatever its vendor, until a block ends."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from typing import Any, Self

from modelhub.errors import ModelHubError
from modelhub.overriding import override
from modelhub.registry import ModelRegistry
from modelhub.registry.default import as_default, find_default, followed
from modelhub.registry.understudies import understudied
from modelhub.testing.leading import LeadingDrivers
from modelhub.testing.recasting import recast
from modelhub.testing.server import MockServer


class Mock(MockServer):
    """A MockServer that is called with a registry, or with configs, so that all models of it ask this server.

    All is undone when the server ends.
    """

    def __init__(self, **settings: Any) -> None:
        super().__init__(**{"retry_after": "0", **settings})
        self._undo = ExitStack()
        self._hub: ModelRegistry | None = None

    @property
    def hub(self) -> ModelRegistry:
        """The registry of the last call; of one without a registry, that of the last ``init``."""
        return find_default() if self._hub is None else self._hub

    def __call__(self, model_configs: Any = None, **options: Any) -> Self:
        """Let all models ask this server, and return it; see ``mocked``."""
        hub = model_configs
        if hub is None:
            with suppress(ModelHubError):  # the program has not called ``init`` yet
                hub = find_default()
        elif not isinstance(hub, ModelRegistry):
            hub = self._undo.enter_context(ModelRegistry(model_configs, **options))
            self._undo.enter_context(as_default(hub))
            options = {}
        if options:
            raise TypeError(f"a registry is made already: {', '.join(options)} cannot be changed here")
        if hub is not None:
            self._mock(hub)
        self._hub = None if model_configs is None else hub
        self._undo.enter_context(followed(self._mock))
        return self

    def _mock(self, hub: ModelRegistry) -> None:
        drivers = LeadingDrivers(self.url, pauses=False)
        self._undo.enter_context(understudied(hub, partial(recast, url=self.url), drivers))

    @override
    def __exit__(self, *exc: object) -> None:
        try:
            self._undo.close()
        finally:
            super().__exit__(*exc)


@contextmanager
def mocked(
    model_configs: Any = None,
    *,
    profile: str | None = None,
    wrappers: Any = (),
    allow_python: bool = False,
    **settings: Any,
) -> Iterator[Mock]:
    """Let every model of a registry, or of configs, ask a mock until the block ends: no key, no network, no waiting.

    ``model_configs`` is a ModelRegistry, which is ``mock.hub`` then and whose models are mocked in place, those that
    were fetched before, too; left out, it is that of the last ``init``, or of the first in the block. Or it is whatever
    ModelRegistry takes, with its ``profile``, ``wrappers`` and ``allow_python``: a registry is made of it, which
    ``modelhub.get_model`` asks meanwhile. What ``init`` loads in the block is mocked, too. ``settings`` are those of
    MockSettings.

    Models of vendors whose format the mock speaks send what they always send. A protocol that a config describes and a
    model that is plain Python are not run: they ask and answer as OpenAI's models do. Limits, retries, fallbacks,
    caches and budgets of the configs hold, but are kept in memory; pauses between tries, and waits for ``rpm`` and
    ``tpm``, take no time.

    ``mock.reply("text")`` says what comes next, ``mock.script("429", "ok")`` what goes wrong, ``mock.requests`` what
    was asked; ``mock.reset()`` forgets all of it. Raises ConfigError for configs that are wrong.
    """
    given = {"profile": profile, "wrappers": wrappers, "allow_python": allow_python}
    with Mock(**settings) as mock:
        yield mock(model_configs, **{name: value for name, value in given.items() if value})
