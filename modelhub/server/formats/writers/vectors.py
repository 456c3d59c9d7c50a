"""Writes embeddings: https://platform.openai.com/docs/api-reference/embeddings/object"""

from __future__ import annotations

import sys
from array import array
from base64 import b64encode
from collections.abc import Sequence

from modelhub.overriding import override
from modelhub.response import ModelResponse, Usage
from modelhub.server.formats.protocol import Wanted, Writer
from modelhub.server.formats.replies import Json


class VectorWriter(Writer):
    """Writes the vectors of ``model``; ``packed`` ones as base64 of little-endian float32, as SDKs ask for."""

    def __init__(self, model: str, *, packed: bool = False) -> None:
        self.model, self.packed = model, packed

    @override
    def build_whole(self, response: ModelResponse) -> Json:
        data = [
            {"object": "embedding", "index": n, "embedding": pack_vector(vector) if self.packed else vector}
            for n, vector in enumerate(response.embedding or ())
        ]
        usage = response.usage or Usage()
        told = {"prompt_tokens": usage.prompt_tokens, "total_tokens": usage.total_tokens}
        return {"object": "list", "data": data, "model": self.model, "usage": told}


def build_vector_writer(wanted: Wanted, ident: str, created: int) -> VectorWriter:
    """The writer of the reply to a request."""
    return VectorWriter(wanted.model, packed=wanted.form["packed"])


def pack_vector(vector: Sequence[float]) -> str:
    """A vector in base64."""
    packed = array("f", vector)
    if sys.byteorder == "big":
        packed.byteswap()
    return b64encode(packed.tobytes()).decode("ascii")
