"""DashScope's Batch API, in OpenAI's form: https://help.aliyun.com/zh/model-studio/batch-interfaces-compatible-with-openai."""

from __future__ import annotations

from modelhub.bulk.vendor.files import FileBatchAPI
from modelhub.bulk.vendor.handed import Handed
from modelhub.overriding import override


class DashScopeBatchAPI(FileBatchAPI):
    """Chats and embeddings; a file may have 50,000 requests of 6 MB, 500 MB in all. Beside a job it keeps a name."""

    title = "DashScope"
    max_line = 6_000_000

    @override
    def build_metadata(self, job: Handed) -> dict[str, str]:
        return {"ds_name": job.name}
