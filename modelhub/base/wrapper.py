"""What a wrapper is: a class with a ``model_type`` whose objects can be called, blocking or async."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import copy
from itertools import count
from typing import TYPE_CHECKING, Any, ClassVar, Self

from modelhub.base.adopting import adopt
from modelhub.base.agentscope import Inheritance
from modelhub.base.drivers import Drivers
from modelhub.base.home import Home
from modelhub.base.options import EXTRAS
from modelhub.errors import ModelCallError, ModelHubError
from modelhub.late import late
from modelhub.overriding import override
from modelhub.policies.retry import RetryPolicy
from modelhub.tracebacks import shorten

if TYPE_CHECKING:
    from modelhub.base import calling, crossing, shown
    from modelhub.base.public import ModelWrapperBase as Visible
    from modelhub.engine.call import Call
    from modelhub.engine.effects import Flow
    from modelhub.response.origin import Origin
else:
    Visible = object
    calling = late("modelhub.base.calling")
    crossing = late("modelhub.base.crossing")
    shown = late("modelhub.base.shown")

_BORN = count(1)
_LONGEST = {"message": 2000, "code": 200, "request_id": 200}  # characters of what a server says in an error


class ModelWrapperBase(Inheritance, Visible):
    """A model that can be called by name: a class with ``model_type``, ``__init__`` and ``__call__``.

    The registry passes the keys of the config, less ``model_type``, to ``__init__``. ``__call__`` returns a
    ModelResponse (a ``str`` becomes one), or yields them. Callers may also pass ``parse_func``, ``fault_handler`` and
    ``max_retries``: ``parse_func`` turns the response into what the caller wants. If it raises ResponseParsingError,
    the model is asked again, up to ``max_retries`` (3) times; after that, ``fault_handler`` gives the result. After a
    ModelCallError that is ``retryable``, the model is called again as the config's ``retry`` says. ``acall`` runs
    ``__call__`` in a thread, unless the class defines its own ``acall``.
    """

    model_type: ClassVar[str] = ""
    task: ClassVar[str] = "chat"
    is_composite: ClassVar[bool] = False  # whether other models answer its calls
    checked_elsewhere: ClassVar[frozenset[str]] = EXTRAS  # options that the schema of the type does not check
    born: ClassVar[int] = 0  # the number of classes that were defined before
    home: Home = Home()
    call_in_thread: ClassVar[Callable[..., Any] | None] = None  # the ``__call__`` of a class that has no ``acall``
    _built_with: tuple[tuple[Any, ...], dict[str, Any]] = (), {}

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        new: Any = super().__new__
        model: Self = new(cls) if new is object.__new__ else new(cls, *args, **kwargs)
        model._built_with = args, kwargs
        return model

    def __init__(self, config_name: str | None = None, model_name: str | None = None, **kwargs: Any) -> None:
        self.config_name = config_name or model_name or type(self).__name__
        self.model_name = model_name or self.config_name

    __new__.__wrapped__ = __init__  # type: ignore[attr-defined]  # whose parameters are those of the class

    @override
    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls.born = next(_BORN)
        adopt(cls, ModelWrapperBase)

    @override
    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the model and return its ModelResponse, or what a ``parse_func`` makes of it."""
        try:
            return self.home.drivers.sync().run(self.flow(args, kwargs))
        except ModelHubError as error:
            shorten(error)
            raise

    @override
    async def acall(self, *args: Any, **kwargs: Any) -> Any:
        """The same call for async code; a response that streams is iterated with ``async for``."""
        own = self.call_in_thread
        try:
            flow = self.flow(args, kwargs) if own is None else calling.flow_of_python(self, own, None, args, kwargs)
            return await self.home.drivers.aio().run(flow)
        except ModelHubError as error:
            shorten(error)
            raise

    def flow(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Flow[Any]:
        """What a call of a described model does, as a generator for a driver to serve."""
        awaited = type(self).acall is not ModelWrapperBase.acall
        how = "can only be awaited: use `await model.acall(...)`" if awaited else "has no __call__ and no acall"
        raise NotImplementedError(f"{type(self).__name__} {how}")

    def find_origin(self) -> Origin | None:
        """Who answers, if the vendor wants something of its answers back; None for a model that does not say."""
        return None

    @property
    def drivers(self) -> Drivers:
        """What performs the calls of this model; ``modelhub.testing.Replay`` may take its place."""
        return self.home.drivers

    @drivers.setter
    def drivers(self, drivers: Drivers) -> None:
        self.home = copy(self.home)
        self.home.drivers = drivers

    transports = drivers  # the name of before 0.2

    @property
    def clock(self) -> Callable[[], float]:
        """The time in seconds by which the tries of a call are measured."""
        return self.home.drivers.clock

    @property
    def retry_policy(self) -> RetryPolicy:
        """How failed calls of this model are repeated."""
        return self.home.retry_policy

    def is_refusing(self, now: float | None = None) -> bool:
        """Whether its circuit breaker lets no attempt through: just now, or at ``now`` by the clock of who asks it."""
        guards = self.home.guards
        breaker = guards.breaker if guards is not None else None
        return breaker is not None and breaker.refuses_for(self.clock() if now is None else now) is not None

    def explain(self, error: ModelCallError) -> None:
        """Put this model's name into ``error``, and take its secrets out; what it says gets a bound."""
        from modelhub.printable import shorten
        from modelhub.secrets.redaction import scrub
        from modelhub.wire.halves import mend

        error.config_name = error.config_name or getattr(self, "config_name", None)
        error.model_type = error.model_type or self.model_type or type(self).__name__
        secrets = self.find_secrets()
        for name, most in _LONGEST.items():
            if isinstance(text := getattr(error, name), str):
                setattr(error, name, shorten(mend(scrub(text, secrets)), most))
        error.args = (error.message,)

    def find_secrets(self) -> list[str]:
        """The values that must not be shown."""
        return list(self.home.secrets)

    def describe_call(self, call: Call, stream: bool) -> dict[str, Any]:
        """What the model is asked, as those who watch its calls are told."""
        return {f"args[{n}]": value for n, value in enumerate(call.input)} | dict(call.keywords)

    @override
    def format(self, *args: Any, **kwargs: Any) -> Any:
        """Turn Msg objects into a prompt; only chat models can."""
        raise NotImplementedError(f"The method `format` is not implemented for model wrapper [{type(self).__name__}].")

    @override
    def format_tools_json_schemas(self, *args: Any, **kwargs: Any) -> Any:
        """Turn AgentScope's tool schemas into the ``tools`` of a call; only chat models can."""
        who = f"model wrapper [{type(self).__name__}]"
        raise NotImplementedError(f"The method `format_tools_json_schemas` is not implemented for {who}.")

    @override
    def __reduce__(self) -> tuple[Any, ...]:
        """How it crosses to another process: by its registry's sources and its name, without connections and keys."""
        return self.home.reduce() or crossing.reduce(self, self._built_with)

    def __copy__(self) -> Self:
        """The same model with attributes of its own; the connections are shared."""
        return crossing.copy_model(self, None)

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        """The same model with copies of its attributes; the connections are shared."""
        return crossing.copy_model(self, memo)

    @override
    def __dir__(self) -> list[str]:
        """What users need, and what a class of theirs adds."""
        return shown.choose_names(self, super().__dir__())

    @override
    def __repr__(self) -> str:
        name = getattr(self, "config_name", None)
        return f"<{type(self).__name__} {name!r}>"


def find_defined(model_type: str) -> type[ModelWrapperBase] | None:
    """The newest class of the program that itself declares ``model_type``, or whose name it is."""
    declared = (cls for cls in _list_own() if model_type in (cls.__dict__.get("model_type"), cls.__name__))
    return max(declared, key=lambda cls: cls.born, default=None)


def list_declared() -> dict[str, type[ModelWrapperBase]]:
    """The classes of the program by the model_type that each itself declares; of several the newest."""
    own = sorted(_list_own(), key=lambda cls: cls.born)
    return {name: cls for cls in own if (name := cls.__dict__.get("model_type"))}


def _list_own() -> Iterator[type[ModelWrapperBase]]:
    """The classes of the program.

    Built-in wrappers do not count: entry points name them, and it must not matter whether they are imported yet.
    """
    return (cls for cls in _walk(ModelWrapperBase) if not cls.__module__.startswith("modelhub."))


def _walk(cls: type[ModelWrapperBase]) -> Iterator[type[ModelWrapperBase]]:
    for below in cls.__subclasses__():
        yield below
        yield from _walk(below)
