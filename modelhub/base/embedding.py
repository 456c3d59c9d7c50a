"""Models that turn texts into vectors."""

from __future__ import annotations

import math
from collections.abc import Generator
from typing import Any

from modelhub.base.http import HTTPModelWrapperBase
from modelhub.errors import BadRequestError, ModelCallError, ResponseParsingError
from modelhub.overriding import override
from modelhub.response import ModelResponse
from modelhub.response.usage import add_usage
from modelhub.wire import Reply, Request


class EmbeddingWrapper(HTTPModelWrapperBase):
    """A model that turns texts into vectors.

    It is called with one text or a list of them; ``embedding`` of the response has one vector for each, also for a
    single str. Options go to the vendor as they are. More texts than the vendor takes at once are sent in parts.
    Raises a ModelCallError, which names the config and the part; a reply with another number of vectors than texts, or
    with one that is empty or holds a null, is a ResponseParsingError.
    """

    task = "embedding"
    input_name = "texts"

    @override
    def bind(  # type: ignore[override]  # pyright: ignore[reportIncompatibleMethodOverride]
        self, texts: Any, **options: Any
    ) -> tuple[Any, dict[str, Any]]:
        """The texts, and the options; embeddings never stream, whatever the config says."""
        return texts, {"stream": False, **options}

    def find_batch_size(self) -> int | None:
        """How many inputs the vendor takes in one request; None if there is no limit."""
        return None

    def split_input(self, input: Any) -> list[Any] | None:
        """The inputs, each of which gets one vector; None for an input of another form, which says nothing of that."""
        return [input] if isinstance(input, str) else list(input) if isinstance(input, list | tuple) else None

    @override
    def exchange(self, input: Any, options: dict[str, Any]) -> Generator[Request, Reply, ModelResponse]:
        """Send as many requests as the inputs need."""
        inputs = self.split_input(input)
        size = self.find_batch_size()
        if inputs is None or size is None or len(inputs) <= size:
            reply = yield self.build_request(input, options, False)
            return check_vectors(self.parse_response(reply), None if inputs is None else len(inputs), reply)
        parts: list[ModelResponse] = []
        for start in range(0, len(inputs), size):
            part = inputs[start : start + size]
            try:
                reply = yield self.build_request(part, dict(options), False)
                parts.append(check_vectors(self.parse_response(reply), len(part), reply))
            except ModelCallError as error:
                error.message = f"texts {start + 1} to {start + len(part)} of {len(inputs)}: {error.message}"
                raise
        return join_parts(parts)


def check_vectors(response: ModelResponse, count: int | None, reply: Reply) -> ModelResponse:
    """``response``, if it has ``count`` vectors of numbers; raises ResponseParsingError if it has not."""
    vectors = response.embedding or []
    if not vectors or len(vectors) != (count or len(vectors)):
        found = f"{len(vectors)} embeddings of {count} texts" if vectors else "no embedding"
        raise ResponseParsingError(f"the reply holds {found}", status=reply.status, partial=response)
    doubtful = b"null" in reply.body or b"NaN" in reply.body or b"Infinity" in reply.body  # a search costs nothing
    for n, vector in enumerate(vectors, 1):
        if not isinstance(vector, list) or not vector:
            why = "is empty" if vector in (None, "", []) else f"is a {type(vector).__name__}, not a list of numbers"
        elif doubtful and not all(map(_is_number, vector)):
            why = "holds what is no number"
        else:
            continue
        raise ResponseParsingError(f"embedding {n} of {len(vectors)} {why}", status=reply.status, partial=response)
    return response


def _is_number(value: Any) -> bool:
    return isinstance(value, dict) or (isinstance(value, int | float) and -math.inf < value < math.inf)


def join_parts(parts: list[ModelResponse]) -> ModelResponse:
    """One response for the parts of a long list: all vectors, and the sum of the tokens."""
    last = parts[-1]
    whole = ModelResponse(
        embedding=[vector for part in parts for vector in part.embedding or ()],
        raw=[part.raw for part in parts],
        request_id=last.request_id,
        model=last.model,
    )
    for part in parts:
        whole.usage = add_usage(whole.usage, part.usage)
    return whole


def normalize_texts(texts: Any) -> list[str]:
    """The texts to embed; raises BadRequestError if there are no texts, or if one is not a str."""
    texts = [texts] if isinstance(texts, str) else texts
    if not isinstance(texts, list | tuple) or not texts or not all(isinstance(text, str) for text in texts):
        raise BadRequestError("texts must be a str or a list of str with at least one item")
    return list(texts)
