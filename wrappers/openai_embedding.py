"""OpenAI's embeddings: https://platform.openai.com/docs/api-reference/embeddings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import urlsplit

from modelhub.base import (
    EmbeddingWrapper,
    ModelResponse,
    Reply,
    Request,
    find_request_id,
    override,
    raise_for_failure,
    read_texts,
)

from .openai_endpoint import OpenAIEndpoint
from .openai_reply import parse_usage, parse_vectors

if TYPE_CHECKING:
    from modelhub.vendors import Vendor


class OpenAIEmbeddingWrapper(OpenAIEndpoint, EmbeddingWrapper):
    """Embeddings: https://platform.openai.com/docs/api-reference/embeddings."""

    model_type = "openai_embedding"
    path = "/embeddings"
    batch_size: int | None = 2048  # texts in a request
    batch_tokens: int | None = 300_000  # of all texts in a request
    packed = True  # asks for base64, as the vendor's SDK does: a quarter of the bytes and much less to parse
    token_refusal: ClassVar[str | None] = None  # why lists of tokens are not taken

    @override
    def find_batch_size(self) -> int | None:
        server = self.find_server()
        return server.batch_size if server and server.batch_size else self.batch_size

    @override
    def find_batch_tokens(self) -> int | None:
        server = self.find_server()
        return server.batch_tokens if server else self.batch_tokens

    def find_server(self) -> Vendor | None:
        """The vendor that is asked, if the config names another one, by its name or by its address."""
        from modelhub.vendors import find_by_host

        other = self.find_other()
        return find_by_host(urlsplit(self.endpoint.url).hostname or "") if other is None else other

    @override
    def read(self, texts: Any) -> Any:
        server = self.find_server()
        blank = server is None or "blank_texts" not in server.lacks
        return read_texts(texts, tokens=self.token_refusal, blank=blank)

    @override
    def split_input(self, input: Any) -> list[Any] | None:
        return [input] if isinstance(input, str) or isinstance(input[0], int) else input

    @override
    def build_request(self, input: Any, options: dict[str, Any], stream: bool) -> Request:
        body = {"model": self.model_name, "input": input, **options}
        if self.packed and not self.find_other():  # few others pack
            body.setdefault("encoding_format", "base64")
        return self.build_call(body)

    @override
    def parse_response(self, reply: Reply) -> ModelResponse:
        data = reply.json()
        raise_for_failure(data, reply, self.error_codes)
        return ModelResponse(
            embedding=parse_vectors(data["data"]),
            raw=data,
            usage=parse_usage(data.get("usage")),
            request_id=find_request_id(reply.headers),
            model=data.get("model"),
        )
