"""Models over HTTP: they say what to send and how to read replies, without any I/O."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from math import isfinite
from typing import TYPE_CHECKING, Any, ClassVar

from modelhub.base.binding import Binding, Bound
from modelhub.base.endpoint import Endpoint
from modelhub.base.headers import merge_headers
from modelhub.base.options import NOT_SENT, leave_out, refuse_options
from modelhub.base.ways import ENVIRONMENT
from modelhub.base.wrapper import ModelWrapperBase
from modelhub.engine.query import add_query
from modelhub.errors import ModelCallError
from modelhub.late import late
from modelhub.overriding import override
from modelhub.policies.retry import RetryPolicy
from modelhub.wire import MAX_BODY, MAX_EVENT, Request, SSEDecoder, Timeouts, build_timeouts, encode_json

if TYPE_CHECKING:
    from modelhub.base import asking
    from modelhub.engine.call import Call
    from modelhub.engine.classify import Codes
    from modelhub.engine.effects import Flow
    from modelhub.engine.interface import Authorization
    from modelhub.engine.job import Job
    from modelhub.engine.library import LibraryCall
    from modelhub.response import ModelResponse
    from modelhub.response.accumulator import Accumulator
    from modelhub.wire import Event, EventDecoder, Reply, Way
else:
    asking = late("modelhub.base.asking")


class HTTPModelWrapperBase(ModelWrapperBase):
    """A model over HTTP: a subclass says what to send and how to read replies, and does no I/O.

    A subclass gives ``build_endpoint`` (URL and headers, once), ``build_request`` (input and options to a Request),
    ``parse_response`` (Reply to ModelResponse), and, to stream, ``parse_event`` (one Event and what came before it to a
    delta) and ``decoder``; all else has defaults. References in the attributes are resolved at the first call.
    """

    decoder: ClassVar[type[EventDecoder]] = SSEDecoder
    input_name: ClassVar[str] = "input"  # what the input is called in records of calls
    default_timeout: ClassVar[float] = 600.0
    propagate: bool = False  # whether its requests say which trace they are a part of
    error_codes: ClassVar[Codes | None] = None  # the vendor's own codes, where they say more than the status

    def __init__(
        self,
        config_name: str | None = None,
        model_name: str | None = None,
        *,
        api_key: str | None = None,
        stream: bool = False,
        headers: Mapping[str, str] | None = None,
        timeout: float | Mapping[str, Any] | None = None,
        max_event: int | None = None,
        max_body: int | None = None,
        retry: Mapping[str, Any] | None = None,
        proxy: str | None = ENVIRONMENT,
        tls: Mapping[str, Any] | None = None,
        client_args: Mapping[str, Any] | None = None,
        generate_args: Mapping[str, Any] | None = None,
        propagate: bool = False,
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
        self.proxy = proxy
        self.tls = dict(tls or {})
        self.client_args = dict(client_args or {})
        self.generate_args = dict(generate_args or {})
        self.propagate = propagate
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
        from modelhub.engine.failures import parse_error_body

        return parse_error_body(reply, self.error_codes)

    def build_decoder(self) -> EventDecoder:
        """What cuts the bytes of one stream into events."""
        return self.decoder()

    def exchange(self, input: Any, options: dict[str, Any]) -> Generator[Request, Reply, ModelResponse] | Job | None:
        """A conversation of several requests: yield each Request, receive its Reply, and return the response.

        A Job says how to ask after work that the request of ``build_request`` has handed in; None is neither.
        """
        return None

    def cut(self, input: Any) -> Sequence[Sequence[Any]] | None:
        """The parts in which ``input`` is asked for, each by a request of its own; None if it is asked for whole."""
        return None

    def build_library_call(self, input: Any, options: dict[str, Any], stream: bool) -> LibraryCall | None:
        """The call of a library's function, for models in a library of this process; None for models over HTTP."""
        return None

    def build_timeouts(self) -> Timeouts:
        """How long a call of this model may wait, and for what."""
        return build_timeouts(self.timeout or self.client_args.get("timeout"), self.default_timeout)

    def build_limits(self) -> tuple[int, int]:
        """The most bytes of one event of a stream, and of the body of a whole reply."""
        return int(self.max_event or MAX_EVENT), int(self.max_body or MAX_BODY)

    def build_retry_policy(self) -> RetryPolicy:
        """How failed calls of this model are repeated."""
        return RetryPolicy.from_config(self.retry, self.client_args.get("max_retries"))

    def build_authorization(self) -> Authorization | None:
        """What authorizes each request right before it is sent; None where the headers of the endpoint say all."""
        return None

    def build_headers(self, headers: Mapping[str, str]) -> dict[str, str]:
        """``headers`` with the usual headers of a JSON request and with the config's own headers, which win."""
        return merge_headers(headers, self.headers)

    def check_options(self, options: Mapping[str, Any]) -> None:
        """Raise BadRequestError for an option that is not for the model, such as a key."""
        if options and not NOT_SENT.keys().isdisjoint(options):
            refuse_options(options)

    def place_extra(self, extra_body: dict[str, Any]) -> Mapping[str, Any]:
        """The keys of ``extra_body`` where the vendor looks for them in a body."""
        return extra_body

    def relent(self, request: Request, error: ModelCallError, options: Mapping[str, Any]) -> Request | None:
        """The request to send in place of one that the server refused with ``error``; None if there is none.

        It is sent once. A model may remember what its server refuses, and leave it out from then on.
        """
        return None

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
    def timeouts(self) -> Timeouts:
        """How long a call may wait, and for what."""
        return self._binding.now().timeouts

    @property
    def limits(self) -> tuple[int, int]:
        """The most bytes of one event of a stream, and of the body of a whole reply."""
        return self._binding.now().limits

    @property
    def way(self) -> Way | None:
        """The proxy and the certificates of the config; None if it leaves them to the environment."""
        return self._binding.now().way

    @property
    def authorization(self) -> Authorization | None:
        """What authorizes each request right before it is sent; None where the headers of the endpoint say all."""
        return self._binding.authorization

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
        return asking.build_flow(self, args, kwargs)

    @override
    def describe_call(self, call: Call, stream: bool) -> dict[str, Any]:
        """What the model is asked, as those who watch its calls are told."""
        return {"model": self.model_name, self.input_name: call.input, **call.options, "stream": stream}

    def merge(self, options: dict[str, Any]) -> dict[str, Any]:
        """The options of one call over those of the config; None leaves an option out.

        Raises BadRequestError for an option that is NaN or endless, of which JSON would make null.
        """
        merged = {**self.generate_args, **options}
        for value in merged.values():
            if value is None or (type(value) is float and not isfinite(value)):
                return leave_out(merged)
        return merged

    def fit_call(self, call: Call) -> None:
        """Give the options of a call the forms that the vendor takes; raises BadRequestError if there are none."""
