"""Models that turn texts into vectors."""

from __future__ import annotations

import math
from collections.abc import Generator, Sequence
from typing import TYPE_CHECKING, Any

from modelhub.base.batches import cut_batches
from modelhub.base.http import HTTPModelWrapperBase
from modelhub.base.texts import read_texts
from modelhub.engine.job import Job
from modelhub.errors import ResponseParsingError
from modelhub.overriding import override
from modelhub.response import ModelResponse
from modelhub.wire import Reply, Request

if TYPE_CHECKING:
    from modelhub.base.public import EmbeddingWrapper as Visible
else:
    Visible = object


class EmbeddingWrapper(HTTPModelWrapperBase, Visible):  # pyright: ignore[reportIncompatibleVariableOverride]
    """A model that turns texts into vectors.

    It is called with one text, or with a list or anything else that holds texts in an order; ``embedding`` of the
    response has one vector for each, also for a single str. Options go to the vendor as they are. More texts than the
    vendor takes at once are sent in parts.
    Raises a ModelCallError, which names the config and the part; a reply with another number of vectors than texts, or
    with one that is empty or holds a null, is a ResponseParsingError.
    """

    task = "embedding"
    input_name = "texts"

    @override
    def bind(  # type: ignore[override]  # pyright: ignore[reportIncompatibleMethodOverride]
        self, texts: Any, **options: Any
    ) -> tuple[Any, dict[str, Any]]:
        """The texts in one form, and the options; embeddings never stream, whatever the config says."""
        return self.read(texts), {"stream": False, **options}

    def read(self, texts: Any) -> Any:
        """``texts`` as one str or a list of inputs; raises BadRequestError, which names the text that is none."""
        return read_texts(texts, tokens=f"{self.model_type} takes no tokens")

    def find_batch_size(self) -> int | None:
        """How many inputs the vendor takes in one request; None if there is no limit."""
        return None

    def find_batch_tokens(self) -> int | None:
        """How many tokens all inputs of one request may have together; None if there is no limit."""
        return None

    def split_input(self, input: Any) -> list[Any] | None:
        """The inputs, each of which gets one vector; None for an input of another form, which says nothing of that."""
        return [input] if isinstance(input, str) else list(input) if isinstance(input, list | tuple) else None

    @override
    def cut(self, input: Any) -> Sequence[Sequence[Any]] | None:
        inputs = self.split_input(input)
        if inputs is None:
            return None
        parts = cut_batches(inputs, self.find_batch_size(), self.find_batch_tokens())
        return parts if len(parts) > 1 else None

    @override
    def exchange(self, input: Any, options: dict[str, Any]) -> Generator[Request, Reply, ModelResponse] | Job:
        """Send one request, and count the vectors."""
        reply = yield self.build_request(input, options, False)
        inputs = self.split_input(input)
        return check_vectors(self.parse_response(reply), None if inputs is None else len(inputs), reply)


def check_vectors(response: ModelResponse, count: int | None, reply: Reply) -> ModelResponse:
    """``response``, if it has ``count`` vectors of numbers; raises ResponseParsingError if it has not."""
    vectors = response.embedding or []
    if not vectors or len(vectors) != (count or len(vectors)):
        found = f"{len(vectors)} embeddings of {count} texts" if vectors else "no embedding"
        raise ResponseParsingError(f"the reply holds {found}", status=reply.status, partial=response)
    doubtful = any(_holds(reply.body, word, rare) for word, rare in _NO_NUMBERS)
    for n, vector in enumerate(vectors, 1):
        if not isinstance(vector, list) or not vector:
            why = "is empty" if vector in (None, "", []) else f"is a {type(vector).__name__}, not a list of numbers"
        elif not _is_number(vector[0]) or (doubtful and not all(map(_is_number, vector))):
            why = "holds what is no number"
        else:
            continue
        raise ResponseParsingError(f"embedding {n} of {len(vectors)} {why}", status=reply.status, partial=response)
    return response


_NO_NUMBERS = ((b"null", b"u"), (b"NaN", b"N"), (b"Infinity", b"I"))


def _holds(body: bytes, word: bytes, rare: bytes) -> bool:
    """Whether ``word`` may stand in JSON outside its strings; to look at each number would cost as much as to read it.

    It is found by its letter ``rare``, which is not in numbers; the strings in which that letter is are skipped.
    """
    shift = word.index(rare)
    at = body.find(rare)
    while at >= 0 and not body.startswith(word, at - shift):
        end = at if body.startswith(b"true", at - 2) else body.find(b'"', at)
        at = body.find(rare, end + 1) if end >= 0 else -1
    return at >= 0


def _is_number(value: Any) -> bool:
    return isinstance(value, dict) or (isinstance(value, int | float) and -math.inf < value < math.inf)


def normalize_texts(texts: Any) -> list[str]:
    """The texts to embed as a list; raises BadRequestError if there are no texts, or if one is not a str."""
    read = read_texts(texts, tokens="tokens are not taken here", empty=True)
    return [read] if isinstance(read, str) else read
