"""OpenAI's batches: https://platform.openai.com/docs/guides/batch"""

from __future__ import annotations

from dataclasses import replace

from modelhub.server.formats import images, openai
from modelhub.server.formats.batches.api import BatchAPI, find_build
from modelhub.server.formats.batches.by_file import Dialect, build_line
from modelhub.server.formats.batches.file_store import FileStore

_NAME = "openai"
_BASES = ("/v1", "")
_PATHS = ("/v1/chat/completions", "/v1/embeddings", "/v1/images/generations")
_MAX_BYTES = 200 * 1024 * 1024

DIALECT = Dialect(
    _NAME,
    openai.FORMAT,
    _BASES,
    {path: find_build((openai.FORMAT, images.FORMAT), path) for path in _PATHS},
    {path: path for path in _PATHS},
    build_line,
    max_requests=50_000,
    max_bytes=_MAX_BYTES,
)
_FILES = FileStore(_NAME, _BASES, 512 * 1024 * 1024)
# Gemini has the same paths; a request with its header is its.
API = BatchAPI(
    openai.FORMAT,
    tuple(replace(service, unless="x-goog-api-key") for service in (*_FILES.services(), *DIALECT.services())),
)
