"""Long jobs by configuration: how a job is handed in, how the server is asked after it, and what its replies mean."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import nullcontext, suppress
from typing import Any, Protocol

from modelhub.adapters.address import Address, compile_address
from modelhub.adapters.documents import describe_keys
from modelhub.adapters.expressions import Expression, ExpressionFault, compile_expression, is_true
from modelhub.engine.extras import merge_headers
from modelhub.engine.job import Begun, Job
from modelhub.engine.parsing import read
from modelhub.errors import ConfigError, ModelCallError, ResponseParsingError
from modelhub.overriding import override
from modelhub.response import ModelResponse
from modelhub.wire import Reply, Request

EVERY = 1.0
MAX = 600.0
_OF_BODIES = frozenset({"content-type", "content-length"})


class Place(Protocol):
    """Where a model's requests go."""

    @property
    def url(self) -> str:
        """The address of the submission, which other addresses are seen from."""
        ...

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers of every request."""
        ...


class Failures(Protocol):
    """What the ``error`` of a config says of replies."""

    def find(self, document: Any, status: int | None, headers: Mapping[str, str]) -> ModelCallError | None:
        """The error that a reply tells of; None if it tells of none."""
        ...

    def build(self, document: Any, status: int | None, headers: Mapping[str, str]) -> ModelCallError:
        """The error of a reply that is known to tell of one."""
        ...

    def is_retryable(self, code: str | None, status: int | None) -> bool:
        """Whether the config names this code among those after which a job may be handed in again."""
        ...


class PollAdapter:
    """What ``poll`` of a config says; ``build_job`` makes of it the job of a call."""

    __slots__ = ("_cancel", "_failed", "_headers", "_id", "_method", "_until", "_url", "_where", "every", "max")

    def __init__(self, config: Mapping[str, Any], api_url: str, where: str) -> None:
        self._where = where
        self._id, self._until = (_compile(config, name, where) for name in ("id", "until"))
        self._failed = _compile(config, "failed", where) if config.get("failed") is not None else None
        self._url = _compile_url(config.get("url"), api_url, f"{where}.url")
        self._method = str(config.get("method") or "GET")
        self._headers: Mapping[str, str] = dict(config.get("headers") or {})
        cancel = config.get("cancel")
        self._cancel = None
        if cancel is not None:
            url = _compile_url(cancel.get("url"), api_url, f"{where}.cancel.url")
            self._cancel = url, str(cancel.get("method") or "DELETE")
        self.every = float(config.get("every") or EVERY)
        self.max = float(config.get("max") or MAX)

    def build_job(
        self,
        place: Place,
        decode: Callable[[Reply], Any],
        parse: Callable[[Reply], ModelResponse],
        failures: Failures,
    ) -> Job:
        """The job of a call, for its model's ``exchange`` to return.

        ``decode`` gives the document of a reply, ``parse`` the response of the last one.
        """
        return _Polled(self, place, decode, parse, failures)

    def build_requests(self, document: Any, place: Place, status: int | None = None) -> Begun:
        """The requests that ask after the job that was handed in with this reply, and that cancel it.

        Raises ResponseParsingError if the reply names no job.
        """
        id = self._find_id(document, status)
        sent = {name: value for name, value in place.headers.items() if name.lower() not in _OF_BODIES}
        headers = merge_headers(sent, self._headers)
        named = {"id": id}
        ask = Request(self._url.build(named), headers, method=self._method)
        if self._cancel is None:
            return Begun(ask)
        url, method = self._cancel
        return Begun(ask, Request(url.build(named), headers, method=method))

    def is_over(self, document: Any) -> bool:
        """Whether a reply with this document has the answer."""
        return is_true(self._find(self._until, "until", document))

    def has_failed(self, document: Any) -> bool:
        """Whether a reply with this document says that the job has failed."""
        return self._failed is not None and is_true(self._find(self._failed, "failed", document))

    def _find_id(self, document: Any, status: int | None) -> str:
        value = self._find(self._id, "id", document)
        if isinstance(value, int | float) and not isinstance(value, bool):
            value = str(value)
        what = f"{self._where}.id ({self._id.text})"
        if value is None or value == "":
            raise ResponseParsingError(
                f"{what} finds nothing in the reply, which {describe_keys(document)}", status=status
            )
        if not isinstance(value, str) or value in (".", ".."):
            kind = type(value).__name__ if not isinstance(value, str) else "step of a path"
            raise ResponseParsingError(f"{what} finds no id of a job in the reply but a {kind}", status=status)
        return value

    def _find(self, found: Expression, name: str, document: Any) -> Any:
        try:
            return found(document)
        except ExpressionFault as fault:
            raise ResponseParsingError(f"{self._where}.{name} ({found.text}) cannot be evaluated: {fault}") from None


class _Polled(Job):
    """The job of one call."""

    def __init__(
        self,
        adapter: PollAdapter,
        place: Place,
        decode: Callable[[Reply], Any],
        parse: Callable[[Reply], ModelResponse],
        failures: Failures,
    ) -> None:
        self.every, self.max = adapter.every, adapter.max
        self._adapter = adapter
        self._place = place
        self._decode = decode
        self._parse = parse
        self._failures = failures

    @override
    def begin(self, reply: Reply) -> Begun:
        document = self._decode(reply)
        error = self._failures.find(document, reply.status, reply.headers)
        if error is not None:
            raise error
        return self._adapter.build_requests(document, self._place, reply.status)

    @override
    def look(self, reply: Reply) -> ModelResponse | ModelCallError | None:
        adapter, failures, document = self._adapter, self._failures, self._decode(reply)
        successful = 200 <= reply.status < 300
        with nullcontext() if successful else suppress(ResponseParsingError):  # an error page is no state of a job
            if adapter.has_failed(document):
                return self._judge(failures.build(document, reply.status, reply.headers))
        if not successful:
            return None
        if adapter.is_over(document):
            try:
                return read(self._parse, reply)
            except ModelCallError as error:
                return self._judge(error.with_traceback(None))
        failure = failures.find(document, reply.status, reply.headers)
        if failure is not None:
            raise failure
        return None

    def _judge(self, error: ModelCallError) -> ModelCallError:
        """A failure of the job, after which it may be handed in again only where the config says so."""
        error.retryable = self._failures.is_retryable(error.code, error.status)
        return error


def compile_poll(config: Mapping[str, Any] | None, api_url: str, where: str = "poll") -> PollAdapter | None:
    """What ``poll`` at the place ``where`` of a config says, None where a config has none.

    Its addresses that begin with ``/`` are on the host of ``api_url``.

    Raises ConfigError for a key that is missing or wrong.
    """
    return None if config is None else PollAdapter(config, api_url, where)


def _compile(config: Mapping[str, Any], name: str, where: str) -> Expression:
    text = config.get(name)
    if not isinstance(text, str):
        what = "is missing" if text is None else f"is not an expression but a {type(text).__name__}"
        raise ConfigError(f"{where}.{name} {what}")
    return compile_expression(text, f"{where}.{name}")


def _compile_url(url: Any, api_url: str, where: str) -> Address:
    """The address ``url``, in whose path and query ``{id}`` may stand, and nothing else in braces."""
    if not url:
        raise ConfigError(f"{where} is missing")
    return compile_address(url, api_url, where, {"id"})
