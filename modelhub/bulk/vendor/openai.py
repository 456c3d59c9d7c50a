"""OpenAI's Batch API: https://platform.openai.com/docs/api-reference/batch."""

from __future__ import annotations

from modelhub.bulk.vendor.files import FileBatchAPI


class OpenAIBatchAPI(FileBatchAPI):
    """Chats and embeddings; a file may have 50,000 requests and 200 MB, and as many texts to embed."""

    title = "OpenAI"
