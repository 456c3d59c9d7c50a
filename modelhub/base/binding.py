"""Resolves the references in a model's config, and works out once what calls need of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

from modelhub.base.endpoint import Endpoint
from modelhub.base.home import Home
from modelhub.errors import ConfigError, Problem
from modelhub.locks import Lock
from modelhub.policies.retry import RetryPolicy
from modelhub.secrets import find_files, find_secrets, find_variable_in, is_secret_name, resolve, stat_files
from modelhub.wire.headers import explain_unsendable


class Bound(NamedTuple):
    """What the calls of a model need of its config: the endpoint, the retry policy, the timeouts, and the secrets.

    ``timeouts`` are the seconds to connect, and to wait for data each time; ``limits`` are the most bytes of an event
    and of a whole reply.
    """

    endpoint: Endpoint
    retry_policy: RetryPolicy
    timeouts: tuple[float, float]
    limits: tuple[int, int]
    secrets: tuple[str, ...]


class Described(Protocol):
    """What a model has to offer so that its config can be bound."""

    config_name: str
    api_key: str | None
    home: Home

    def build_endpoint(self) -> Endpoint:
        """Where requests go."""
        ...

    def build_retry_policy(self) -> RetryPolicy:
        """How failed calls are repeated."""
        ...

    def build_timeout(self) -> float:
        """Seconds that a call waits for data each time."""
        ...

    def build_limits(self) -> tuple[int, int]:
        """The most bytes of an event and of a whole reply."""
        ...


class Binding:
    """Resolves the references of a model's config when it is first called, and again when a secret file has changed.

    Then the attributes of the model have the values of ``${NAME}`` and other references.
    """

    __slots__ = ("_bound", "_files", "_given", "_lock", "_model")

    def __init__(self, model: Described) -> None:
        self._model = model
        self._lock = Lock()
        self._bound: Bound | None = None
        self._given: dict[str, Any] = {}  # the attributes as the config has them, references unresolved
        self._files: dict[str, Any] = {}

    def twin(self, model: Described) -> Binding:
        """The same for a copy of the model."""
        twin = Binding(model)
        with self._lock:
            twin._bound, twin._given, twin._files = self._bound, dict(self._given), dict(self._files)
        return twin

    def now(self) -> Bound:
        """The current values; raises ConfigError for an unresolvable reference, and what ``build_endpoint`` raises."""
        bound = self._bound
        if bound is None or (self._files and self._files != stat_files(self._files)):
            return self._bind()
        return bound

    @property
    def secrets(self) -> tuple[str, ...]:
        """The values that must not be shown; empty before the config is resolved."""
        return self._bound.secrets if self._bound is not None else ()

    def _bind(self) -> Bound:
        model = self._model
        with self._lock:
            files = stat_files(self._files)
            if self._bound is not None and files == self._files:
                return self._bound
            if self._bound is None and not self._given:
                attributes = {name: value for name, value in vars(model).items() if name[0] != "_" and name != "home"}
                self._given = {n: v for n, v in attributes.items() if isinstance(v, str | dict | list)}
                files = stat_files(find_files(list(self._given.values())))
            try:
                resolved = self._resolve()
                if model.home.check is not None and (problems := model.home.check()):
                    raise ConfigError(problems)
                vars(model).update(resolved)
                self._bound, self._files = build_bound(model, find_secrets(resolved)), files
            except ConfigError as error:
                if self._bound is not None:
                    return self._bound  # a file that is just being replaced; the next call looks again
                place = model.home.place
                if place is None:
                    raise
                raise ConfigError([place(problem) for problem in error.problems]) from None
            return self._bound

    def _resolve(self) -> dict[str, Any]:
        """The current values of all attributes with references."""
        where = f"config {self._model.config_name!r}"
        types = self._model.home.types
        return {n: resolve(value, where=where, path=(n,), types=types) for n, value in self._given.items()}


def build_bound(model: Described, more_secrets: Sequence[str] = ()) -> Bound:
    """Work out what calls need from the resolved attributes of a model; ``more_secrets`` are secrets among them."""
    timeout = model.build_timeout()
    endpoint = model.build_endpoint()
    secrets = [value for name, value in endpoint.headers.items() if is_secret_name(name)]
    for name, value in endpoint.headers.items():
        if why := explain_unsendable(value):
            variable = find_variable_in(value)
            source = f", from environment variable {variable}," if variable else ""
            message = f"config {model.config_name!r}: the header {name}{source} holds {why}, which HTTP cannot carry"
            raise ConfigError([Problem("MH203", message, path=("headers", name))])
    return Bound(
        endpoint,
        model.build_retry_policy(),
        (min(timeout, 10.0), timeout),
        model.build_limits(),
        (*secrets, *(value.partition(" ")[2] for value in secrets), model.api_key or "", *more_secrets),
    )
