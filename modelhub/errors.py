"""The errors, split by who must act.

ModelHubError
├── ConfigError(problems)       fix the file
├── PluginError                 fix the install
└── ModelCallError              a call failed; .retryable says whether it may be tried again
    ├── AuthenticationError     401
    ├── PermissionDeniedError   403
    ├── NotFoundError           404
    ├── BadRequestError         400, 422 and other 4xx
    │   ├── ContextLengthError  the prompt does not fit the model
    │   └── ContentFilterError  a safety filter refused
    ├── RateLimitError          429: slow down
    ├── QuotaExceededError      out of credit: waiting does not help
    ├── ServerError             5xx
    ├── TimeoutError            (also builtins.TimeoutError)
    ├── ConnectionError         (also builtins.ConnectionError)
    ├── CircuitOpenError        not sent: the model has failed too often
    ├── ResponseParsingError    2xx with something unreadable
    └── StreamInterruptedError  .partial holds what had arrived

``Problem`` is one thing that validation finds; ``ConfigWarning`` is the category of the warnings for problems that do
not stop loading.
"""

from __future__ import annotations

import builtins
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from modelhub.crossing import crosses
from modelhub.overriding import override
from modelhub.printable import printable, shorten
from modelhub.records import Record

if TYPE_CHECKING:
    from modelhub.trail import Attempt, Entry

_LONGEST = 1000  # characters of a message, a hint or a place; a file may hold keys and values of any length


class Problem(Record):
    """One thing that is wrong with a config: where it is, what is wrong, and what to do.

    Lines and columns begin at 1 and count characters. They are None for configs that are Python objects; there,
    ``path`` (keys and indexes from the top of the source) says the place. ``message`` and ``hint`` can be printed
    anywhere: what they quote is shortened, and its control characters are written as escapes.
    """

    code: str
    message: str
    hint: str | None = None
    file: str | None = None
    line: int | None = None
    column: int | None = None
    end_line: int | None = None
    end_column: int | None = None
    severity: Literal["error", "warning"] = "error"
    config_name: str | None = None
    path: tuple[str | int, ...] = ()

    @override
    def __post_init__(self) -> None:
        for name in ("message", "hint"):
            text = getattr(self, name)
            if text and not (len(text) <= _LONGEST and text.isprintable()):
                object.__setattr__(self, name, _tame(text))

    @property
    def place(self) -> str:
        """``file:line:column``, or the path into a Python object, as it can be printed."""
        if self.file is None:
            steps = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in self.path)
            return _tame(f"model_configs{steps}") if steps else ""
        if self.line is None:
            return _tame(self.file)
        return f"{_tame(self.file)}:{self.line}:{self.column}"

    @override
    def __str__(self) -> str:
        place = f"{self.place}: " if self.place else ""
        hint = f"; {self.hint}" if self.hint else ""
        return f"{place}{self.code} {self.message}{hint}"


def _tame(text: str) -> str:
    """Text that may quote a file: in one line, short, and without characters that do something to a terminal."""
    return shorten(printable(shorten(text, _LONGEST)), _LONGEST)


class ConfigWarning(UserWarning):
    """A problem that does not stop a config from loading, such as a deprecated key."""


class ModelHubError(Exception):
    """Base class of all errors that modelhub raises on purpose.

    They cross to another process, and are copied, as what they are, with their cause and their notes; an attribute that
    pickle cannot carry is None then.
    """

    _told: ClassVar[Sequence[str]] = ()  # what ``to_dict`` tells that is no attribute of the object alone

    def to_dict(self, *, bare: bool = False) -> dict[str, Any]:
        """The error for ``json.dumps``: ``error`` is its class, ``message`` what it says, beside its attributes.

        If ``bare``, what it holds of other calls, its ``partial`` and its ``trail``, is left out.
        """
        from modelhub.jsonable import build_jsonable  # few errors are written as JSON

        names = [*(name for name in vars(self) if not name.startswith("_")), *self._told]
        told = {name: getattr(self, name) for name in names if not (bare and name in ("partial", "trail"))}
        return {"error": type(self).__name__, "message": str(self), **build_jsonable(told)}

    @override
    def __reduce__(self) -> tuple[Any, ...]:
        facts = {name: value if _crosses(value) else None for name, value in vars(self).items()}
        if self.__cause__ is not None and _crosses(self.__cause__):
            facts["__cause__"] = self.__cause__
        return _rebuild, (type(self), self.args), {**facts, "__suppress_context__": self.__suppress_context__}


def _rebuild(cls: type[ModelHubError], args: tuple[Any, ...]) -> ModelHubError:
    """An error as pickle brings it, whatever its ``__init__`` takes; its attributes follow."""
    error = cls.__new__(cls, *args)
    error.args = args
    return error


def _crosses(value: Any) -> bool:
    return isinstance(value, ModelHubError) or crosses(value)  # one of ours crosses with all that it holds


class ConfigError(ModelHubError):
    """The configs cannot be used; ``problems`` lists every reason, in the order of the files."""

    def __init__(self, problems: Sequence[Problem] | str) -> None:
        if isinstance(problems, str):
            problems = [Problem("MH100", problems)]
        self.problems: list[Problem] = list(problems)
        lines = [str(problem) for problem in self.problems]
        super().__init__(lines[0] if len(lines) == 1 else "\n  ".join([f"{len(lines)} problems:", *lines]))


class PluginError(ModelHubError):
    """A wrapper plugin is missing, broken or refused; the message names its distribution and what to do."""


class ModelCallError(ModelHubError):
    """A call to a model failed.

    ``status`` is the HTTP status (None when there was no reply), ``code`` is the vendor's own error code,
    ``retry_after`` is the number of seconds that the server asked to wait, and ``partial`` is the part of a stream that
    arrived before the error.
    """

    _told: ClassVar[Sequence[str]] = ("retryable", "delivered", "sent", "trail")
    retryable = False
    delivered = False  # whether the caller had been given a part of a stream
    sent = True  # false where a limit, an open breaker or the end of the call's time kept it back

    def __init__(
        self,
        message: str,
        *,
        status: int | None = None,
        code: str | None = None,
        request_id: str | None = None,
        retryable: bool | None = None,
        retry_after: float | None = None,
        config_name: str | None = None,
        model_type: str | None = None,
        partial: Any = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.status = status
        self.code = code
        self.request_id = request_id
        if retryable is not None:
            self.retryable = retryable
        self.retry_after = retry_after
        self.config_name = config_name
        self.model_type = model_type
        self.partial = partial
        self._trail: tuple[Entry, ...] = ()

    @property
    def trail(self) -> tuple[Attempt, ...]:
        """What was tried before the call failed, the oldest attempt first; empty for what was never sent."""
        from modelhub.trail import build_trail  # few look at it

        return build_trail(self._trail, self)

    @override
    def __str__(self) -> str:
        who = f"{self.config_name} ({self.model_type}): " if self.config_name else ""
        facts = [f"HTTP {self.status}"] if self.status else []
        facts += [f"code {self.code}"] if self.code else []
        facts += [f"request id {self.request_id}"] if self.request_id else []
        return f"{who}{self.message}" + (f" [{', '.join(facts)}]" if facts else "")


class AuthenticationError(ModelCallError):
    """The key is missing, wrong or expired (401)."""


class PermissionDeniedError(ModelCallError):
    """The key is valid but may not do this (403)."""


class NotFoundError(ModelCallError):
    """No such model or endpoint (404)."""


class BadRequestError(ModelCallError):
    """The request is wrong and would fail again (400, 422), or asks for something that the vendor cannot do."""


class ContextLengthError(BadRequestError):
    """The prompt and the answer do not fit the model's context window."""


class ContentFilterError(BadRequestError):
    """A safety filter refused the prompt or the answer."""


class RateLimitError(ModelCallError):
    """Too many requests (429); ``retry_after`` says how long to wait, if the server said so."""

    retryable = True


class QuotaExceededError(ModelCallError):
    """The account is out of credit or quota: trying again does not help."""


class ServerError(ModelCallError):
    """The server failed (5xx)."""

    retryable = True


class TimeoutError(ModelCallError, builtins.TimeoutError):
    """The model did not answer in time.

    ``bound`` says which part of the config's or the call's ``timeout`` is over: "connect", "first_token", "idle" or
    "total"; "max" is that of a job's ``poll``, and None where it is not known, as with a server's own 408.
    """

    _told: ClassVar[Sequence[str]] = (*ModelCallError._told, "bound")
    bound: Literal["connect", "first_token", "idle", "total", "max"] | None = None


class ConnectionError(ModelCallError, builtins.ConnectionError):
    """The server could not be reached, or closed the connection before it answered."""

    retryable = True


class CircuitOpenError(ModelCallError):
    """Nothing was sent, because the model has failed too often; ``retry_after`` says when it will be tried again."""

    sent = False


class BudgetExceededError(ModelCallError):
    """Nothing was sent, because the config's ``budget`` is used up; ``retry_after`` says when its period ends."""

    sent = False


class ResponseParsingError(ModelCallError):
    """The reply has a status of success, but its content cannot be read.

    A ``parse_func`` may raise it: the model is then asked again. ``raw_response`` is the text that could not be read.
    """

    def __init__(self, message: str, raw_response: str | None = None, **facts: Any) -> None:
        super().__init__(message, **facts)
        self.raw_response = raw_response


class StreamInterruptedError(ModelCallError):
    """A stream broke before its end; ``partial`` is the part of the response that had arrived."""
