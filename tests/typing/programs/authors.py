"""What the authors of wrappers define, with any signature; all of it is right."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, assert_type

import modelhub.base
from modelhub import ModelResponse, ModelWrapperBase
from modelhub.base import ChatWrapper, Endpoint, HTTPModelWrapperBase, Reply, Request, override


class Echo(ModelWrapperBase):
    model_type = "echo"

    def __call__(self, text: str) -> str:
        return text


class Later(ModelWrapperBase):
    model_type = "later"

    def __init__(self, config_name: str, *, size: int, **kwargs: Any) -> None:
        super().__init__(config_name, **kwargs)
        self.size = size

    @override
    async def acall(self, messages: list[dict[str, Any]], size: int = 3) -> ModelResponse:
        return ModelResponse(self.config_name * size)

    @override
    def format(self, *args: str) -> str:
        return "".join(args)


class Pieces(modelhub.base.ModelWrapperBase):
    @override
    def __call__(self, messages: list[dict[str, Any]], **options: Any) -> Iterator[ModelResponse]:
        yield super().__call__(messages, **options)


class Acme(ChatWrapper):
    model_type = "acme_chat"

    @override
    def build_endpoint(self) -> Endpoint:
        return Endpoint("https://acme.example", self.build_headers({}))

    @override
    def build_request(self, input: Any, options: dict[str, Any], stream: bool) -> Request:
        return self.build_post({"messages": input, **options}, stream)

    @override
    def parse_response(self, reply: Reply) -> ModelResponse:
        return ModelResponse(reply.body.decode())


class Narrow(modelhub.ChatWrapper):
    def __call__(self, text: str) -> str:
        return text


class Plain(HTTPModelWrapperBase):
    def __call__(self, text: str) -> str:
        return text


hub = modelhub.ModelRegistry([], wrappers=[Echo, Acme])
for each in (Later, Pieces, Plain):
    hub.register(each)
assert_type(Echo("echo")("Hello"), str)
chat: modelhub.ChatWrapper = Acme("acme")
model: ModelWrapperBase = Plain("plain")
