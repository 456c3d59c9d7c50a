"""Models over HTTP: they say what to send and how to read replies, without any I/O."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from functools import partial
from typing import Any, ClassVar

from modelhub.base.binding import Binding, Bound
from modelhub.base.calling import watched
from modelhub.base.endpoint import Endpoint, add_query
from modelhub.base.wrapper import ModelWrapperBase
from modelhub.engine import http
from modelhub.engine.call import Call, explained
from modelhub.engine.classify import Codes
from modelhub.engine.effects import Flow
from modelhub.engine.failures import parse_error_body
from modelhub.engine.in_process import answer
from modelhub.engine.library import LibraryCall
from modelhub.engine.parse_func import PARSING, parsed, take_parsing
from modelhub.errors import BadRequestError, ModelCallError
from modelhub.overriding import override
from modelhub.policies.retry import RetryPolicy
from modelhub.response import ModelResponse
from modelhub.response.accumulator import Accumulator
from modelhub.telemetry import HOOKS
from modelhub.wire import MAX_BODY, MAX_EVENT, Event, EventDecoder, Reply, Request, SSEDecoder, encode_json

USER_AGENT = "modelhub"


class HTTPModelWrapperBase(ModelWrapperBase):
    """A model over HTTP: a subclass says what to send and how to read replies, and does no I/O.

    A subclass gives ``build_endpoint`` (URL and headers, once), ``build_request`` (input and options to a
    Request), ``parse_response`` (Reply to ModelResponse), and, to stream, ``parse_event`` (one Event and what has
    arrived before it to a delta, or None) and ``decoder``. ``parse_error``, ``exchange`` and ``bind`` have defaults.
    References such as ``${NAME}`` in the attributes are resolved when the model is first called.
    """

    decoder: ClassVar[type[EventDecoder]] = SSEDecoder
    input_name: ClassVar[str] = "input"  # what the input is called in records of calls
    default_timeout: ClassVar[float] = 600.0
    error_codes: ClassVar[Codes | None] = None  # the vendor's own codes, where they say more than the status

    def __init__(
        self,
        config_name: str | None = None,
        model_name: str | None = None,
        *,
        api_key: str | None = None,
        stream: bool = False,
        headers: Mapping[str, str] | None = None,
        timeout: float | None = None,
        max_event: int | None = None,
        max_body: int | None = None,
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
        self.max_event = max_event
        self.max_body = max_body
        self.retry = dict(retry or {})
        self.client_args = dict(client_args or {})
        self.generate_args = dict(generate_args or {})
        self._binding = Binding(self)

    def bind(self, input: Any, **options: Any) -> tuple[Any, dict[str, Any]]:
        """The input and the options that the arguments of a call stand for; ``stream`` is one of the options."""
        return input, options

    def build_endpoint(self) -> Endpoint:
        """The URL and the headers of this model; raises AuthenticationError if a key is needed and there is none."""
        raise NotImplementedError(f"{type(self).__name__} has no build_endpoint")

    def build_request(self, input: Any, options: dict[str, Any], stream: bool) -> Request:
        """The request for ``input``; ``options`` has the options of the call and, below them, the config's."""
        raise NotImplementedError(f"{type(self).__name__} has no build_request")

    def parse_response(self, reply: Reply) -> ModelResponse:
        """The response that a successful reply holds."""
        raise NotImplementedError(f"{type(self).__name__} has no parse_response")

    def parse_event(self, event: Event, so_far: Accumulator) -> ModelResponse | None:
        """The delta that one event of a stream brings, or None; ``so_far`` is what came before it."""
        raise NotImplementedError(f"{type(self).__name__} cannot stream: it has no parse_event")

    def parse_error(self, reply: Reply) -> ModelCallError:
        """The typed error for a reply that is not a success."""
        return parse_error_body(reply, self.error_codes)

    def exchange(self, input: Any, options: dict[str, Any]) -> Generator[Request, Reply, ModelResponse] | None:
        """A conversation of several requests: yield each Request, receive its Reply, and return the response."""
        return None

    def build_library_call(self, input: Any, options: dict[str, Any], stream: bool) -> LibraryCall | None:
        """The call of a library's function, for models in a library of this process; None for models over HTTP."""
        return None

    def build_timeout(self) -> float:
        """The seconds that a call waits for data each time."""
        return float(self.timeout or self.client_args.get("timeout") or self.default_timeout)

    def build_limits(self) -> tuple[int, int]:
        """The most bytes of one event of a stream, and of the body of a whole reply."""
        return int(self.max_event or MAX_EVENT), int(self.max_body or MAX_BODY)

    def build_retry_policy(self) -> RetryPolicy:
        """How failed calls of this model are repeated."""
        return RetryPolicy.from_config(self.retry, self.client_args.get("max_retries"))

    def build_headers(self, headers: Mapping[str, str]) -> dict[str, str]:
        """``headers`` with the usual headers of a JSON request and with the config's own headers, which win."""
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
        """A POST of ``body`` as JSON to the endpoint; ``headers`` and ``query`` are added for this request only."""
        endpoint = self.endpoint
        return Request(
            add_query(endpoint.url, query),
            {**endpoint.headers, **headers} if headers else endpoint.headers,
            encode_json(body),
            stream=stream,
        )

    @property
    def bound(self) -> Bound:
        """What calls need of the config, with its references resolved."""
        return self._binding.now()

    @property
    def endpoint(self) -> Endpoint:
        """Where requests go: the result of ``build_endpoint``, built again when a secret file has changed."""
        return self._binding.now().endpoint

    @property
    def timeouts(self) -> tuple[float, float]:
        """Seconds to connect, and to wait for data each time."""
        return self._binding.now().timeouts

    @property
    def limits(self) -> tuple[int, int]:
        """The most bytes of one event of a stream, and of the body of a whole reply."""
        return self._binding.now().limits

    @property
    @override
    def retry_policy(self) -> RetryPolicy:
        """How failed calls of this model are repeated."""
        return self._binding.now().retry_policy

    @override
    def find_secrets(self) -> list[str]:
        """The values that must not be shown."""
        return list(self._binding.secrets)

    def can_stream(self) -> bool:
        """Whether this class can read streams."""
        return type(self).parse_event is not HTTPModelWrapperBase.parse_event

    @override
    def flow(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Flow[Any]:
        """What one call does, as a generator for a driver to serve."""
        if PARSING.isdisjoint(kwargs):
            return explained(self, self._ask, args, kwargs)
        parsing = take_parsing(kwargs)
        whole = parsing.get("parse_func") is not None  # what is to be parsed does not come in pieces
        return explained(self, lambda: parsed(lambda: self._ask(args, dict(kwargs), not whole), **parsing))

    def _ask(self, args: tuple[Any, ...], kwargs: dict[str, Any], may_stream: bool = True) -> Flow[Any]:
        self._binding.now()  # before the options of the config are looked at
        try:
            input, options = self.bind(*args, **kwargs)
        except ModelCallError as error:
            return watched(Call(self, args, kwargs), False, partial(_refuse, error))
        told = options.pop("stream", None)
        stream = may_stream and bool(self.stream if told is None else told)
        if stream and not self.can_stream():
            refusal = BadRequestError(f"{self.model_type} cannot stream: leave 'stream' out")
            return watched(Call(self, input, options), stream, partial(_refuse, refusal))
        options = self.merge(options)
        call = Call(self, input, options)
        if not HOOKS:
            return watched(call, stream, _stream if stream else _converse)
        from modelhub.telemetry.invocations import recorded  # only programs with AgentScope's hooks need it

        arguments = self.describe_call(call, stream)  # before anything is taken out of the options
        return recorded(call, arguments, watched(call, stream, _stream if stream else _converse))

    @override
    def describe_call(self, call: Call, stream: bool) -> dict[str, Any]:
        """What the model is asked, as those who watch its calls are told."""
        return {"model": self.model_name, self.input_name: call.input, **call.options, "stream": stream}

    def merge(self, options: dict[str, Any]) -> dict[str, Any]:
        """The options of one call over those of the config; None leaves an option out."""
        merged = {**self.generate_args, **options}
        for value in merged.values():
            if value is None:
                return {name: value for name, value in merged.items() if value is not None}
        return merged


def _converse(call: Call) -> Flow[Any]:
    library = call.model.build_library_call(call.input, call.options, False)
    return http.converse(call) if library is None else answer(call, library)


def _refuse(error: ModelCallError, call: Call) -> Flow[Any]:
    """The flow of a call that cannot be made."""
    yield from ()
    raise error


def _stream(call: Call) -> Flow[Any]:
    library = call.model.build_library_call(call.input, call.options, True)
    return http.stream(call) if library is None else answer(call, library)
