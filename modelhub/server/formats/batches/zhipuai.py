"""ZhipuAI's batches, OpenAI's with differences: https://docs.bigmodel.cn/cn/guide/tools/batch"""

from __future__ import annotations

from modelhub.server.formats import zhipuai
from modelhub.server.formats.batches.api import BatchAPI, find_build
from modelhub.server.formats.batches.by_file import Dialect
from modelhub.server.formats.batches.file_store import FileStore
from modelhub.server.formats.batches.jobs import Job, Outcome
from modelhub.server.formats.replies import Json

_NAME = "zhipuai"
_BASE = "/api/paas"
_BASES = (f"{_BASE}/v4",)
_URLS = ("/v4/chat/completions", "/v4/embeddings", "/v4/images/generations")
_MAX_BYTES = 100 * 1024 * 1024


def build_line(job: Job, number: int, outcome: Outcome) -> Json:
    """A line of a result file."""
    response = {"status_code": outcome.status, "body": outcome.body}
    return {"response": response, "custom_id": job.lines[number].name, "id": job.id}


DIALECT = Dialect(
    _NAME,
    zhipuai.FORMAT,
    _BASES,
    {url: find_build((zhipuai.FORMAT,), _BASE + url) for url in _URLS},
    {url: _BASE + url for url in _URLS},
    build_line,
    max_requests=50_000,
    max_bytes=_MAX_BYTES,
    file_prefix="file_",
    default_window="24h",
    name_lengths=range(6, 65),
)
API = BatchAPI(zhipuai.FORMAT, (*FileStore(_NAME, _BASES, _MAX_BYTES, "file_").services(), *DIALECT.services()))
