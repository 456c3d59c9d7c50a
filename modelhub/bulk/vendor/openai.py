"""OpenAI's Batch API: https://platform.openai.com/docs/api-reference/batch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from modelhub.bulk.vendor.api import LARGEST
from modelhub.bulk.vendor.files import FileBatchAPI


class OpenAIBatchAPI(FileBatchAPI):
    """Chats and embeddings; a file may have 50,000 requests and 200 MB, and as many texts to embed."""

    title = "OpenAI"
    max_requests = 50_000
    max_bytes = LARGEST
    paths: ClassVar[Mapping[str, str]] = {"chat": "/v1/chat/completions", "embedding": "/v1/embeddings"}
