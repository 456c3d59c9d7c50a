"""All that a config says of a private protocol, compiled."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from modelhub.adapters.events import StreamAdapter, compile_stream
from modelhub.adapters.failures import compile_error
from modelhub.adapters.polling import PollAdapter, compile_poll
from modelhub.adapters.reading import ResponseAdapter, compile_response
from modelhub.adapters.request import RequestAdapter, compile_request
from modelhub.errors import ModelCallError
from modelhub.response import ModelResponse
from modelhub.wire import Reply


class Adapter:
    """A private protocol: what builds its requests, and what reads its replies, streams and failures.

    ``finds_answer`` says whether ``response`` says where the answer is, ``knows_errors`` whether ``error`` says what a
    failure looks like. Raises ConfigError for what cannot be compiled.
    """

    __slots__ = ("_response", "error", "finds_answer", "knows_errors", "poll", "request", "stream")

    def __init__(self, written: Mapping[str, Any], given: Mapping[str, Any], api_url: str, task: str) -> None:
        """``written`` has the keys as the config has them, ``given`` the same with their references resolved."""
        stream, response, error = given.get("stream"), given.get("response"), given.get("error")
        self.request: RequestAdapter = compile_request(
            written.get("request"),
            given.get("request"),
            given.get("messages"),
            api_url=api_url,
            stream_url=(stream or {}).get("url"),
        )
        self._response: ResponseAdapter = compile_response(response, task)
        self.finds_answer = self._response.finds_answer or (task == "any" and bool(response))
        self.knows_errors = error is not None
        self.error = compile_error(error or {})
        self.stream: StreamAdapter | None = None
        if stream is not None:
            found = compile_stream(stream, response, self.error if self.knows_errors else None)
            # Where the config says of neither where the answer is, both have a form that is known.
            self.stream = found if found.finds_answer or self.finds_answer else None
        self.poll: PollAdapter | None = compile_poll(given.get("poll"), api_url)

    def decode(self, reply: Reply) -> Any:
        """The document of a reply."""
        return self._response.decode(reply)

    def find_error(self, reply: Reply) -> ModelCallError | None:
        """The error that a reply tells of; None if it tells of none."""
        return self.error.find(self.decode(reply), reply.status, reply.headers)

    def parse_response(self, reply: Reply) -> ModelResponse:
        """The response in a reply; raises the error that it tells of."""
        document = self._response.decode(reply)
        error = self.error.find(document, reply.status, reply.headers)
        if error is not None:
            raise error
        return self._response(document, reply.headers)
