"""The base classes of wrappers: any Python callable, or a model behind HTTP that is only described."""

from __future__ import annotations

import threading
from collections.abc import Callable, Coroutine, Generator, Mapping
from typing import Any, ClassVar

from modelhub import engine, streaming
from modelhub.contract import PARSING, keep_async_contract, keep_contract
from modelhub.defined import DEFINED as DEFINED
from modelhub.effects import Flow, StreamFlow
from modelhub.endpoint import Endpoint as Endpoint
from modelhub.endpoint import add_query as add_query
from modelhub.errors import BadRequestError, ConfigError, ModelCallError, Problem
from modelhub.inheritance import Inheritance
from modelhub.invocations import OBSERVERS, record, record_stream
from modelhub.partial import Partial
from modelhub.response import ModelResponse
from modelhub.retry import RetryPolicy
from modelhub.secrets import Types, find_files, is_secret_name, resolve, scrub, stat_files
from modelhub.taxonomy import Codes, parse_error_body
from modelhub.transports import SHARED, Transports
from modelhub.wire import Event, EventDecoder, Reply, Request, SSEDecoder, encode_json

USER_AGENT = "modelhub"


class ModelWrapperBase(Inheritance):
    """A model that can be called by name: a class with ``model_type``, ``__init__`` and ``__call__``.

    The registry passes the keys of the config, less ``model_type``, to ``__init__``. ``__call__`` returns a
    ModelResponse (a ``str`` becomes one) and gains ``parse_func``, ``fault_handler`` and ``max_retries``:
    ``parse_func`` turns the response into what the caller wants or raises ResponseParsingError to have the model
    asked again, up to ``max_retries`` (3) times, after which ``fault_handler`` has the last word. ``acall`` runs
    ``__call__`` in a thread.
    """

    model_type: ClassVar[str] = ""
    transports: Transports = SHARED

    def __init__(self, config_name: str | None = None, model_name: str | None = None, **kwargs: Any) -> None:
        self.config_name = config_name or model_name or type(self).__name__
        self.model_name = model_name or self.config_name

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        for name, keep in (("__call__", keep_contract), ("acall", keep_async_contract)):
            call = cls.__dict__.get(name)
            if call is not None and not getattr(call, "keeps_contract", False):
                setattr(cls, name, keep(call))
                if name == "__call__" and "acall" not in cls.__dict__:
                    cls.acall = ModelWrapperBase.acall  # type: ignore[method-assign]
        DEFINED.append(cls)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        raise NotImplementedError(f"{type(self).__name__} has no __call__")

    async def acall(self, *args: Any, **kwargs: Any) -> Any:
        """The same call for async code; a response that streams is iterated with ``async for``."""
        from asyncio import to_thread

        return await to_thread(self, *args, **kwargs)

    def format(self, *args: Any, **kwargs: Any) -> Any:
        raise NotImplementedError(f"The method `format` is not implemented for model wrapper [{type(self).__name__}].")

    def format_tools_json_schemas(self, *args: Any, **kwargs: Any) -> Any:
        who = f"model wrapper [{type(self).__name__}]"
        raise NotImplementedError(f"The method `format_tools_json_schemas` is not implemented for {who}.")

    def __repr__(self) -> str:
        name = getattr(self, "config_name", None)
        return f"<{type(self).__name__} {name!r}>"


class HTTPModelWrapperBase(ModelWrapperBase):
    """A model behind HTTP: a subclass says what to send and how to read what comes back, and does no I/O.

    A subclass gives ``build_endpoint`` (URL and headers, once), ``build_request`` (input and options to a
    Request), ``parse_response`` (Reply to ModelResponse), and, to stream, ``parse_event`` (one Event and what has
    arrived before it to a delta, or None) and ``decoder``. ``parse_error`` and ``exchange`` have defaults.
    References such as ``${NAME}`` in the attributes are resolved when the model is first called.
    """

    decoder: ClassVar[type[EventDecoder]] = SSEDecoder
    input_name: ClassVar[str] = "input"  # what the input is called in records of calls
    default_timeout: ClassVar[float] = 600.0
    error_codes: ClassVar[Codes | None] = None  # the vendor's own codes, where they say more than the status
    reference_types: Types | None = None  # set by the registry, which knows the schema, as the next
    place: Callable[[Problem], Problem] | None = None  # and where in a file a config has what a problem is about

    def __init__(
        self,
        config_name: str | None = None,
        model_name: str | None = None,
        *,
        api_key: str | None = None,
        stream: bool = False,
        headers: Mapping[str, str] | None = None,
        timeout: float | None = None,
        retry: Mapping[str, Any] | None = None,
        client_args: Mapping[str, Any] | None = None,
        generate_args: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(config_name, model_name)
        self.api_key = api_key
        self.stream = stream
        self.headers = dict(headers or {})
        self.timeout = timeout
        self.retry = dict(retry or {})
        self.client_args = dict(client_args or {})
        self.generate_args = dict(generate_args or {})
        self._preparing = threading.Lock()
        self._endpoint: Endpoint | None = None
        self._given: dict[str, Any] | None = None  # the attributes as the config has them, references unresolved
        self._files: dict[str, Any] = {}

    # What a subclass describes.

    def build_endpoint(self) -> Endpoint:
        """URL and headers of this model; raises AuthenticationError when a key is needed and there is none."""
        raise NotImplementedError(f"{type(self).__name__} has no build_endpoint")

    def build_request(self, input: Any, options: dict[str, Any], stream: bool) -> Request:
        """The request for ``input``; ``options`` are the call's over the config's ``generate_args``."""
        raise NotImplementedError(f"{type(self).__name__} has no build_request")

    def parse_response(self, reply: Reply) -> ModelResponse:
        """The response that a successful reply holds."""
        raise NotImplementedError(f"{type(self).__name__} has no parse_response")

    def parse_event(self, event: Event, partial: Partial) -> ModelResponse | None:
        """The delta that one event of a stream brings, or None; ``partial`` is what came before it."""
        raise NotImplementedError(f"{type(self).__name__} cannot stream: it has no parse_event")

    def parse_error(self, reply: Reply) -> ModelCallError:
        """The typed error of a reply that is no success."""
        return parse_error_body(reply, self.error_codes)

    def exchange(self, input: Any, options: dict[str, Any]) -> Generator[Request, Reply, ModelResponse] | None:
        """For conversations of several requests: yield each Request, be sent its Reply, return the response."""
        return None

    # What the description is used for.

    @property
    def endpoint(self) -> Endpoint:
        """The prepared endpoint; prepared anew when a secret file that it was made from has changed."""
        endpoint = self._endpoint
        if endpoint is None or (self._files and self._files != stat_files(self._files)):
            return self.prepare()
        return endpoint

    def prepare(self) -> Endpoint:
        """Resolve the references of the config and work out the endpoint: at first, and when a file has changed."""
        with self._preparing:
            files = stat_files(self._files)
            if self._endpoint is None or files != self._files:
                if self._given is None:
                    values = {name: value for name, value in vars(self).items() if name[0] != "_"}
                    self._given = {n: v for n, v in values.items() if isinstance(v, str | dict | list)}
                    files = stat_files(find_files(list(self._given.values())))
                try:
                    self._resolve(self._given)
                except ConfigError as error:
                    if self._endpoint is not None:
                        return self._endpoint  # a file that is just being replaced; the next call looks again
                    if self.place is None:
                        raise
                    raise ConfigError([self.place(problem) for problem in error.problems]) from None
                self._endpoint, self._files = self._build_endpoint(), files
            return self._endpoint

    def _resolve(self, given: dict[str, Any]) -> None:
        """Set the attributes to what those of the config, ``given``, refer to now; all of them or none."""
        where = f"config {self.config_name!r}"
        types = self.reference_types
        found = {name: resolve(value, where=where, path=(name,), types=types) for name, value in given.items()}
        for name, value in found.items():
            setattr(self, name, value)

    def _build_endpoint(self) -> Endpoint:
        self.read_timeout = float(self.timeout or self.client_args.get("timeout") or self.default_timeout)
        self.connect_timeout = min(self.read_timeout, 10.0)
        self.retry_policy = self.build_retry_policy()
        endpoint = self.build_endpoint()
        secrets = [value for name, value in endpoint.headers.items() if is_secret_name(name)]
        self._secrets = [*secrets, *(value.partition(" ")[2] for value in secrets), self.api_key or ""]
        return endpoint

    def build_retry_policy(self) -> RetryPolicy:
        """How failed calls of this model are repeated."""
        return RetryPolicy.from_config(self.retry, self.client_args.get("max_retries"))

    def build_headers(self, headers: Mapping[str, str]) -> dict[str, str]:
        """``headers`` with what every JSON request has and with the config's own, which win."""
        merged = {
            "Content-Type": "application/json",
            "Accept-Encoding": "gzip, deflate",
            "User-Agent": USER_AGENT,
            **headers,
        }
        for name, value in self.headers.items():
            for other in [other for other in merged if other.lower() == name.lower()]:
                del merged[other]
            merged[name] = value
        return merged

    def build_post(
        self,
        body: Any,
        stream: bool = False,
        *,
        headers: Mapping[str, str] | None = None,
        query: Mapping[str, Any] | None = None,
    ) -> Request:
        """A POST of ``body`` as JSON to the endpoint, with what this one call adds to its headers and its query."""
        endpoint = self.endpoint
        return Request(
            add_query(endpoint.url, query),
            {**endpoint.headers, **headers} if headers else endpoint.headers,
            encode_json(body),
            stream=stream,
            timeout=self.read_timeout,
            connect_timeout=self.connect_timeout,
        )

    def explain(self, error: ModelCallError) -> None:
        """Put this model's name into ``error``, and take its secrets out."""
        error.config_name = error.config_name or self.config_name
        error.model_type = error.model_type or self.model_type
        error.message = scrub(error.message, getattr(self, "_secrets", ()))
        error.args = (error.message,)

    def __call__(self, input: Any, stream: bool | None = None, **options: Any) -> Any:
        return self.run(input, stream, options)

    __call__.keeps_contract = True  # type: ignore[attr-defined]

    async def acall(self, input: Any, stream: bool | None = None, **options: Any) -> Any:
        return await self.arun(input, stream, options)

    acall.keeps_contract = True  # type: ignore[attr-defined]

    def run(self, input: Any, stream: bool | None, options: dict[str, Any]) -> Any:
        """Make the call in this thread; what the ``__call__`` of a subclass with another signature ends in."""
        transport = self.transports.sync()
        flow, partial = self._start(input, stream, options)
        return transport.run(flow) if partial is None else transport.arrive(flow, partial)

    def arun(self, input: Any, stream: bool | None, options: dict[str, Any]) -> Coroutine[Any, Any, Any]:
        """The same for async code: the coroutine to await."""
        transport = self.transports.aio()
        flow, partial = self._start(input, stream, options)
        return transport.run(flow) if partial is None else transport.arrive(flow, partial)

    def _start(self, input: Any, stream: bool | None, options: dict[str, Any]) -> tuple[Any, Partial | None]:
        """The flow of one call, and what it gathers in if it streams."""
        self.endpoint  # noqa: B018  resolves the config's references before options are merged over them
        if not PARSING.isdisjoint(options):
            parsing = {name: options.pop(name, None) for name in PARSING}
            if parsing["parse_func"] is not None:
                return engine.parsed(lambda: self._ask(input, self._merge(options)), **parsing), None
        if stream if stream is not None else self.stream:
            if not self.can_stream():
                error = BadRequestError(f"{self.model_type} cannot stream")
                self.explain(error)
                raise error
            partial, merged = Partial(), self._merge(options)
            flow = self.stream_deltas(input, merged, partial)
            return (record_stream(self, input, merged, flow, partial) if OBSERVERS else flow), partial
        return self._ask(input, self._merge(options)), None

    def _ask(self, input: Any, options: dict[str, Any]) -> Flow[Any]:
        flow = self.converse(input, options)
        return record(self, input, options, flow) if OBSERVERS else flow

    def can_stream(self) -> bool:
        """Whether this class says how its streams are read."""
        cls, base = type(self), HTTPModelWrapperBase
        return cls.parse_event is not base.parse_event or cls.stream_deltas is not base.stream_deltas

    def converse(self, input: Any, options: dict[str, Any]) -> Flow[Any]:
        """The flow of a whole answer; overridden by models that are no HTTP, such as a library in this process."""
        return engine.converse(self, input, options)

    def stream_deltas(self, input: Any, options: dict[str, Any], partial: Partial) -> StreamFlow:
        """The flow of a streamed answer."""
        return streaming.stream(self, input, options, partial)

    def _merge(self, options: dict[str, Any]) -> dict[str, Any]:
        """The options of one call over those of the config; None leaves an option out."""
        merged = {**self.generate_args, **options}
        if any(value is None for value in merged.values()):
            merged = {name: value for name, value in merged.items() if value is not None}
        return merged
