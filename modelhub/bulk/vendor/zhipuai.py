"""ZhipuAI's Batch API: https://docs.bigmodel.cn/cn/guide/tools/batch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from modelhub.bulk.vendor.api import Job
from modelhub.bulk.vendor.files import FileBatchAPI
from modelhub.bulk.vendor.handed import Handed
from modelhub.overriding import override


class ZhipuAIBatchAPI(FileBatchAPI):
    """Chats and embeddings; a file may have 50,000 requests and 100 MB, and is deleted when its job has ended."""

    title = "ZhipuAI"
    paths: ClassVar[Mapping[str, str]] = {"chat": "/v4/chat/completions", "embedding": "/v4/embeddings"}
    more: ClassVar[Mapping[str, Any]] = {"auto_delete_input_file": True}

    @override
    def list_files(self, handed: Handed, job: Job | None) -> tuple[str, ...]:
        return super().list_files(handed, job) if job is None else job.results
