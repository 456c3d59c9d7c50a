"""DashScope's embeddings: as many requests as the texts need."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from modelhub.base import (
    EmbeddingWrapper,
    ModelResponse,
    Reply,
    Request,
    Usage,
    normalize_texts,
    override,
)
from modelhub.errors import ResponseParsingError

from .dashscope_endpoint import DashScopeEndpoint, parse_body, parse_usage


class DashScopeTextEmbeddingWrapper(DashScopeEndpoint, EmbeddingWrapper):
    """Embeddings of any number of texts: https://help.aliyun.com/zh/model-studio/text-embedding-synchronous-api."""

    model_type = "dashscope_text_embedding"
    path = "/services/embeddings/text-embedding/text-embedding"

    @override
    def exchange(self, input: Any, options: dict[str, Any]) -> Generator[Request, Reply, ModelResponse]:
        texts = normalize_texts(input)
        if "dimensions" in options:
            options["dimension"] = options.pop("dimensions")
        size = 25 if self.model_name.endswith(("-v1", "-v2")) else 10
        vectors: list[Any] = []
        replies: list[Any] = []
        for start in range(0, len(texts), size):
            batch = texts[start : start + size]
            reply = yield self.build_call(self.path, {"texts": batch}, dict(options))
            data = parse_body(reply)
            rows = sorted(data["output"]["embeddings"], key=lambda row: row["text_index"])
            if len(rows) != len(batch):
                raise ResponseParsingError(
                    f"the reply holds {len(rows)} embeddings of {len(batch)} texts", status=reply.status
                )
            vectors += [row["embedding"] if "embedding" in row else row["sparse_embedding"] for row in rows]
            replies.append(data)
        usages = [usage for usage in (parse_usage(data.get("usage")) for data in replies) if usage is not None]
        return ModelResponse(
            embedding=vectors,
            raw=replies[0] if len(replies) == 1 else replies,
            usage=Usage(sum(usage.prompt_tokens for usage in usages)) if usages else None,
            request_id=replies[-1].get("request_id"),
        )
