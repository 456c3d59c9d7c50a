"""Resolves the references in a model's config, and works out once what calls need of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from modelhub.base.endpoint import Endpoint
from modelhub.base.home import Home
from modelhub.base.ways import build_way, find_logins, find_states
from modelhub.errors import ConfigError, Problem
from modelhub.locks import Lock
from modelhub.policies.retry import RetryPolicy
from modelhub.secrets import (
    find_files,
    find_referred,
    find_secrets,
    find_variable_in,
    is_secret_name,
    resolve,
    stat_files,
)
from modelhub.wire.headers import explain_unsendable
from modelhub.wire.timeouts import Timeouts
from modelhub.wire.way import Way

if TYPE_CHECKING:
    from modelhub.engine.interface import Authorization


class Bound(NamedTuple):
    """What the calls of a model need of its config: the endpoint, the retry policy, the timeouts, the way, the secrets.

    ``timeouts`` say how long a call may wait; ``limits`` are the most bytes of an event and of a whole reply;
    ``authorization`` acts on each request.
    """

    endpoint: Endpoint
    retry_policy: RetryPolicy
    timeouts: Timeouts
    limits: tuple[int, int]
    secrets: tuple[str, ...]
    way: Way | None = None
    authorization: Authorization | None = None


class Described(Protocol):
    """What a model has to offer so that its config can be bound."""

    config_name: str
    model_name: str
    api_key: str | None
    proxy: str | None
    tls: dict[str, Any]
    home: Home

    def build_endpoint(self) -> Endpoint:
        """Where requests go."""
        ...

    def build_retry_policy(self) -> RetryPolicy:
        """How failed calls are repeated."""
        ...

    def build_timeouts(self) -> Timeouts:
        """How long a call may wait, and for what."""
        ...

    def build_limits(self) -> tuple[int, int]:
        """The most bytes of an event and of a whole reply."""
        ...

    def build_authorization(self) -> Authorization | None:
        """What authorizes each request."""
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
        self._given: dict[str, Any] = {}  # the attributes with references, as the config has them
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
    def authorization(self) -> Authorization | None:
        """What authorizes the requests of the calls that are under way."""
        bound = self._bound
        return bound.authorization if bound is not None else self._bind().authorization

    @property
    def secrets(self) -> tuple[str, ...]:
        """The values that must not be shown; empty before the config is resolved."""
        bound = self._bound
        if bound is None or bound.authorization is None:
            return bound.secrets if bound is not None else ()
        return (*bound.secrets, *bound.authorization.secrets)

    def _bind(self) -> Bound:
        model = self._model
        with self._lock:
            files = stat_files(self._files)
            if self._bound is not None and files == self._files:
                return self._bound
            given = self._given
            if self._bound is None:
                given = {**_list_attributes(model), **given}
                files = stat_files(find_files(list(given.values())))
            try:
                resolved = self._resolve(given)
                if problems := model.home.check():
                    raise ConfigError(problems)
                self._given = {name: value for name, value in given.items() if value != resolved[name]}
                vars(model).update({name: resolved[name] for name in self._given})
                secrets = [*find_secrets(_list_attributes(model)), *find_referred(self._given, resolved)]
                bound = build_bound(model, secrets)
                if model.home.find_price is not None and model.home.price is None:
                    model.home.price = model.home.find_price(bound.endpoint.url, model.model_name)
                self._bound, self._files = bound, {**files, **find_states(bound.way)}
            except ConfigError as error:
                if self._bound is not None:
                    return self._bound  # a file that is just being replaced; the next call looks again
                raise ConfigError([model.home.place(problem) for problem in error.problems]) from None
            return self._bound

    def _resolve(self, given: dict[str, Any]) -> dict[str, Any]:
        """The current values of attributes."""
        where = f"config {self._model.config_name!r}"
        types = self._model.home.types
        return {n: resolve(value, where=where, path=(n,), types=types) for n, value in given.items()}


def _list_attributes(model: Described) -> dict[str, Any]:
    """The attributes in which references may stand."""
    own = vars(model).items()
    return {n: v for n, v in own if isinstance(v, str | dict | list) and n[0] != "_" and n != "home"}


def build_bound(model: Described, more_secrets: Sequence[str] = ()) -> Bound:
    """Work out what calls need from the resolved attributes of a model; ``more_secrets`` are secrets among them."""
    endpoint = model.build_endpoint()
    authorization = model.build_authorization()
    way = build_way(f"config {model.config_name!r}", model.proxy, model.tls)
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
        model.build_timeouts(),
        model.build_limits(),
        (
            *secrets,
            *(value.partition(" ")[2] for value in secrets),
            model.api_key or "",
            *find_logins(way),
            *more_secrets,
        ),
        way,
        authorization,
    )
