"""DashScope's batches, in OpenAI's form: https://help.aliyun.com/zh/model-studio/batch-interfaces-compatible-with-openai"""

from __future__ import annotations

from modelhub.server.formats import openai
from modelhub.server.formats.batches.api import BatchAPI, find_build
from modelhub.server.formats.batches.by_file import Dialect, build_line
from modelhub.server.formats.batches.file_store import FileStore

_NAME = "dashscope"
_BASE = "/compatible-mode"
_BASES = (f"{_BASE}/v1",)
# What a line may ask for, and what answers it; the last one is the vendor's own way to try batches without a model.
_URLS = {
    "/v1/chat/completions": "/v1/chat/completions",
    "/v1/embeddings": "/v1/embeddings",
    "/v1/chat/ds-test": "/v1/chat/completions",
}
_MAX_BYTES = 500 * 1024 * 1024

DIALECT = Dialect(
    _NAME,
    openai.FORMAT,
    _BASES,
    {url: find_build((openai.FORMAT,), path) for url, path in _URLS.items()},
    {url: _BASE + url for url in _URLS},
    build_line,
    max_requests=50_000,
    max_bytes=_MAX_BYTES,
    file_prefix="file-batch-",
    windows=(*(f"{hours}h" for hours in range(24, 337)), *(f"{days}d" for days in range(1, 15))),
)
API = BatchAPI(openai.FORMAT, (*FileStore(_NAME, _BASES, _MAX_BYTES, "file-batch-").services(), *DIALECT.services()))
