"""DashScope's embeddings of texts."""

from __future__ import annotations

from typing import Any

from modelhub.base import EmbeddingWrapper, ModelResponse, Reply, Request, Usage, override

from .dashscope_endpoint import DashScopeEndpoint, parse_body, parse_usage


class DashScopeTextEmbeddingWrapper(DashScopeEndpoint, EmbeddingWrapper):
    """Embeddings of any number of texts: https://help.aliyun.com/zh/model-studio/text-embedding-synchronous-api."""

    model_type = "dashscope_text_embedding"
    path = "/services/embeddings/text-embedding/text-embedding"

    @override
    def find_batch_size(self) -> int | None:
        return 25 if self.model_name.endswith(("-v1", "-v2")) else 10

    @override
    def build_request(self, input: Any, options: dict[str, Any], stream: bool) -> Request:
        if "dimensions" in options:
            options["dimension"] = options.pop("dimensions")
        return self.build_call(self.path, {"texts": [input] if isinstance(input, str) else input}, options)

    @override
    def parse_response(self, reply: Reply) -> ModelResponse:
        data = parse_body(reply)
        rows = sorted(data["output"]["embeddings"], key=lambda row: row["text_index"])
        usage = parse_usage(data.get("usage"))
        return ModelResponse(
            embedding=[row["embedding"] if "embedding" in row else row["sparse_embedding"] for row in rows],
            raw=data,
            usage=usage and Usage(usage.prompt_tokens),
            request_id=data.get("request_id"),
        )
