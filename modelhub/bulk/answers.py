"""What came of the questions of a job: answers and failures alike, as data."""

from __future__ import annotations

from typing import Any, NamedTuple

from modelhub.errors import ModelCallError
from modelhub.prices.price import find_cost
from modelhub.printable import printable, shorten
from modelhub.response import ModelResponse
from modelhub.response.usage import COUNTS, Usage
from modelhub.secrets.redaction import scrub

COLUMNS = ("response", "parsed", "usage", "cost", "model", "error")
"""The columns that a job adds to a row, in their order."""
_LONGEST = 2000  # characters of the message of a failure
_DIGITS = 12  # of a cost behind the point: less than a token costs


class Answer(NamedTuple):
    """What came of a question: an answer, or the class of the ``error`` and its ``message``.

    ``response`` is the text, of an embedding its vector, of an image its addresses; ``usage`` has the numbers of tokens
    that are told; ``cost`` is in the currency of the model's price, None where that is not known; ``model`` is the
    config that answered.
    """

    response: Any = None
    parsed: Any = None
    usage: dict[str, int] | None = None
    cost: float | None = None
    model: str | None = None
    error: str | None = None
    message: str | None = None

    def columns(self) -> dict[str, Any]:
        """What is added to the row."""
        return dict(zip(COLUMNS, self, strict=False))


def build_answer(response: ModelResponse, model: Any, cost: float | None = None) -> Answer:
    """The answer that ``response``, which is whole, is; without ``cost`` it is that of the model's price."""
    if cost is None:
        cost = 0.0 if response.cached else find_cost(model.home.price, response)
    cost = None if cost is None else round(cost, _DIGITS)
    answered = response.config_name or model.config_name
    return Answer(_read_content(response), response.parsed, _read_usage(response.usage), cost, answered)


def build_failure(error: BaseException, secrets: tuple[str, ...] = ()) -> Answer:
    """The answer that ``error`` is, without keys: its class and its message."""
    message = error.message if isinstance(error, ModelCallError) else str(error)
    return Answer(
        error=type(error).__name__, message=shorten(printable(scrub(message, secrets), keep="\n\t"), _LONGEST)
    )


def _read_content(response: ModelResponse) -> Any:
    """What is answered: a vector, addresses of images, a text, or else the calls of tools."""
    if response.embedding is not None:
        return response.embedding[0] if len(response.embedding) == 1 else response.embedding
    if response.image_urls is not None:
        return response.image_urls
    if response.text:
        return response.text
    if response.tool_calls:
        return [call.to_message() for call in response.tool_calls]
    return response.refusal or response.text


def _read_usage(usage: Usage | None) -> dict[str, int] | None:
    if usage is None:
        return None
    return {name: value for name in COUNTS if (value := getattr(usage, name)) is not None}
