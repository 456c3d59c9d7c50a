"""Whether an answer will do: the keys of ``accept``, all of which must hold."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Mapping
from time import perf_counter
from typing import Any

from modelhub.engine.effects import Flow, Invoke
from modelhub.engine.structured import parse_structured
from modelhub.errors import ConfigError, ModelCallError
from modelhub.response import ModelResponse
from modelhub.routing.matching import LIMIT, Pattern

KEYS = frozenset({"regex", "json_schema", "jmespath", "max_tokens"})
_JSON = {"type": "json_object"}


class Accept:
    """The conditions of one step; ``where`` says which, in errors and in the log.

    Raises ConfigError for a key that there is not, and for an expression or a schema that is none.
    """

    __slots__ = ("_checks", "_max_tokens", "_where")

    def __init__(self, wanted: Mapping[str, Any] | None, where: str) -> None:
        wanted = wanted or {}
        if unknown := sorted(wanted.keys() - KEYS):
            raise ConfigError(f"{where}: accept has no key {unknown[0]!r}; there are {', '.join(sorted(KEYS))}")
        self._where = where
        self._max_tokens: int | None = wanted.get("max_tokens")
        self._checks: list[Callable[[ModelResponse], bool]] = []
        if "jmespath" in wanted:
            self._checks.append(_build_expression(wanted["jmespath"], f"{where}.jmespath"))
        if "regex" in wanted:
            pattern = Pattern(wanted["regex"], f"{where}.regex")
            self._checks.append(lambda response: pattern.is_in(response.text or ""))
        if "json_schema" in wanted:
            self._checks.append(_Fit(wanted["json_schema"], f"{where}.json_schema"))

    def holds(self, response: ModelResponse) -> Flow[bool]:
        """Whether the answer will do; what may take long is looked at where no event loop waits."""
        if self._max_tokens is not None:
            usage = response.usage
            if usage is None or usage.completion_tokens > self._max_tokens:
                return False
        if not self._checks:
            return True
        holds: bool = yield Invoke(lambda: all(check(response) for check in self._checks))
        return holds


def _build_expression(text: str, where: str) -> Callable[[ModelResponse], bool]:
    import jmespath  # only configs with expressions need it
    from jmespath.exceptions import JMESPathError

    try:
        expression = jmespath.compile(text)
    except JMESPathError as error:
        raise ConfigError(f"{where}: {text!r} is no JMESPath expression: {error}") from None

    def is_true(response: ModelResponse) -> bool:
        try:
            found: Any = expression.search(build_view(response))
        except (JMESPathError, RecursionError, TypeError, ValueError) as error:
            logging.getLogger("modelhub").warning("%s: %r counts as not true: %s", where, text, error)
            return False
        # What JMESPath itself takes for false; numbers are true.
        return not (found is None or found is False or (isinstance(found, str | list | dict) and not found))

    return is_true


def build_view(response: ModelResponse) -> dict[str, Any]:
    """The answer as an expression sees it: plain data."""
    usage, parsed = response.usage, response.parsed
    dump = getattr(parsed, "model_dump", None)  # of an instance of pydantic
    return {
        "text": response.text,
        "reasoning": response.reasoning,
        "finish_reason": response.finish_reason,
        "tool_calls": response.tool_calls
        and [{"id": call.id, "name": call.name, "arguments": call.arguments} for call in response.tool_calls],
        "usage": usage and {name: getattr(usage, name) for name in usage.__slots__},
        "model": response.model,
        "parsed": dump() if callable(dump) else parsed,
    }


class _Fit:
    """Whether an answer, read as JSON, fits a schema; all searches of its ``pattern`` together are bounded in time."""

    __slots__ = ("_until", "_validator", "_where")

    def __init__(self, schema: Any, where: str) -> None:
        from jsonschema import Draft202012Validator, SchemaError, validators  # only configs with schemas need it
        from referencing import Registry

        try:
            Draft202012Validator.check_schema(schema)
        except (SchemaError, RecursionError) as error:
            raise ConfigError(f"{where} is no JSON Schema: {getattr(error, 'message', error)}") from None
        extend: Any = validators.extend
        build: Any = extend(Draft202012Validator, {"pattern": self._check_pattern})
        self._validator = build(schema, registry=Registry())  # without it, jsonschema fetches what a $ref names
        self._where = where
        self._until = threading.local()

    def __call__(self, response: ModelResponse) -> bool:
        from referencing.exceptions import Unresolvable

        if response.tool_calls or response.finish_reason == "content_filter":
            return False
        self._until.time = perf_counter() + LIMIT
        try:
            return bool(self._validator.is_valid(parse_structured(response, _JSON)))
        except (ModelCallError, RecursionError):
            return False
        except (Unresolvable, ConfigError) as error:
            logging.getLogger("modelhub").warning("%s cannot be checked: %s", self._where, error)
            return False

    def _check_pattern(self, validator: Any, pattern: str, value: Any, schema: Any) -> Iterator[Any]:
        """What jsonschema does for ``pattern``, with a search that ends."""
        from jsonschema import ValidationError

        if isinstance(value, str):
            left = max(self._until.time - perf_counter(), 0.001)
            if not Pattern(pattern, f"{self._where}.pattern").is_in(value, left):
                yield ValidationError(f"{value!r} does not match {pattern!r}")
