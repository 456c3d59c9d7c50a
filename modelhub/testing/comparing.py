"""What came of a recorded call beside what was to come of it, and what was sent beside what was to be sent."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from modelhub.errors import ModelCallError
from modelhub.response import ModelResponse
from modelhub.response.outcome import read_outcome
from modelhub.secrets import MASK
from modelhub.testing.recordings import Recording
from modelhub.testing.sent import Query, Sent
from modelhub.testing.stand_ins import STAND_IN


def compare_outcome(recording: Recording, outcome: Any) -> list[str]:
    """What of ``recording.expect`` is another in ``outcome``, which is a response or the error of the call."""
    expect = recording.expect
    wanted = expect.get("error")
    if isinstance(outcome, BaseException):
        return _compare_error(wanted, outcome)
    if wanted is not None:
        return [f"an error was expected ({json.dumps(wanted)}), but an answer came: {outcome!r}"]
    if not isinstance(outcome, ModelResponse):
        return [f"no ModelResponse came, but {type(outcome).__name__}"]
    found = read_outcome(outcome)
    said = []
    for name, value in expect.items():
        came = found.get(name)
        if name == "usage" and isinstance(value, dict) and isinstance(came, dict):
            came = {each: came.get(each) for each in value}
        elif name == "tool_calls" and value and came and len(value) == len(came):
            came = [{each: call.get(each) for each in one} for one, call in zip(value, came, strict=True)]
        if not is_same(name, value, came):
            said.append(f"{name}: expected {_show(value)}, came {_show(came)}")
    return said


def is_same(name: str, value: Any, came: Any) -> bool:
    """Whether two values of a field say the same: where there is nothing to read, nothing and an empty text do."""
    return bool(value == came) or (name in ("text", "reasoning", "tool_calls") and not value and not came)


def _compare_error(wanted: Any, error: BaseException) -> list[str]:
    came = f"{type(error).__name__}: {error}"
    if wanted is None:
        return [f"an answer was expected, but {came}"]
    if not isinstance(error, ModelCallError):
        return [f"a ModelCallError was expected, but {came}"]
    said = []
    names = [cls.__name__ for cls in type(error).__mro__]
    if (name := wanted.get("class")) is not None and name not in names:
        said.append(f"error.class: expected {name}, came {came}")
    for name in ("code", "status", "retry_after", "request_id", "retryable"):
        if name in wanted and wanted[name] != getattr(error, name):
            said.append(f"error.{name}: expected {wanted[name]!r}, came {getattr(error, name)!r}")
    if "text" in wanted and (error.partial is None or error.partial.text != wanted["text"]):
        said.append(f"error.partial.text: expected {wanted['text']!r}, came {getattr(error.partial, 'text', None)!r}")
    return said


def compare_sent(wanted: Mapping[str, Any], sent: Sent) -> list[str]:
    """What of ``wanted`` is another in what was sent.

    A header that ends with ``*`` says only how it begins; a value of the query that is ``*`` stands for any. The mask
    of a secret stands for any text, and so does what stands in for a reference in what was sent.
    """
    said = [
        f"{name}: expected {_show(wanted[name])}, sent {_show(getattr(sent, name))}"
        for name in ("method", "path")
        if name in wanted and not (wanted[name] == getattr(sent, name) or _fits(wanted[name], getattr(sent, name)))
    ]
    if "query" in wanted:
        said += find_differences(wanted["query"], _hide(sent.query, wanted["query"]), "query")
    for name, value in (wanted.get("headers") or {}).items():
        came = sent.headers.get(name)
        if came is None or not _fits_header(value, came):
            said.append(f"header {name}: expected {value!r}, sent {'none' if came is None else 'another'}")
    if "body" in wanted:
        body = wanted["body"]
        came = sent.bytes.decode("utf-8", "replace") if isinstance(body, str) else sent.json
        said += find_differences(body, came, "body")
    return said


def _hide(query: Query, wanted: Mapping[str, Any]) -> dict[str, Any]:
    """A query with ``*`` for each value that may be any: a recording holds no key."""
    return {name: "*" if wanted.get(name) == "*" else value for name, value in query.items()}


def find_differences(wanted: Any, came: Any, where: str) -> list[str]:
    """The places at which two values of JSON are not the same."""
    if isinstance(wanted, dict) and isinstance(came, dict):
        said = [f"{where}.{key}: expected {_show(wanted[key])}, sent nothing" for key in wanted if key not in came]
        said += [f"{where}.{key}: sent {_show(came[key])}, expected nothing" for key in came if key not in wanted]
        both = [key for key in wanted if key in came]
        return said + [each for key in both for each in find_differences(wanted[key], came[key], f"{where}.{key}")]
    if isinstance(wanted, list) and isinstance(came, list) and len(wanted) == len(came):
        pairs = enumerate(zip(wanted, came, strict=True))
        return [each for n, (one, other) in pairs for each in find_differences(one, other, f"{where}[{n}]")]
    return [] if wanted == came or _fits(wanted, came) else [f"{where}: expected {_show(wanted)}, sent {_show(came)}"]


def _fits_header(wanted: str, came: str) -> bool:
    if wanted.endswith("*") and not wanted.endswith(MASK):
        return came.startswith(wanted[:-1])
    return came == wanted or _fits(wanted, came)


def _fits(wanted: Any, came: Any) -> bool:
    """Whether two texts are the same but for secrets that are masked, and references that are not looked up."""
    if not (isinstance(wanted, str) and isinstance(came, str)):
        return False
    return (MASK in wanted and _has_parts(came, wanted.split(MASK))) or (
        STAND_IN in came and _has_parts(wanted, came.split(STAND_IN))
    )


def _has_parts(text: str, parts: Sequence[str]) -> bool:
    """Whether a text is made of these parts, in their order, and anything between them."""
    at = 0
    for part in parts:
        at = text.find(part, at)
        if at < 0:
            return False
        at += len(part)
    return text.startswith(parts[0]) and text.endswith(parts[-1])


def _show(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 300 else f"{text[:297]}..."
