"""AgentScope's hooks: functions that are told about every call of the program that succeeds."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from modelhub.engine.call import Call
from modelhub.engine.effects import Flow
from modelhub.response import ModelResponse
from modelhub.secrets import redact, scrub
from modelhub.telemetry import HOOKS as HOOKS
from modelhub.telemetry.handing import handed_over


@dataclass(frozen=True, slots=True)
class Invocation:
    """One call that succeeded; no secret is in ``arguments`` or ``response``.

    ``response`` is the vendor's reply as data (of a stream: the list of its events), ``usage`` is
    ``{"type": "chat", "usage": {prompt_tokens, completion_tokens, total_tokens}}`` or ``{}``, ``answer`` what the
    caller was given, None for a wrapper that saves its calls itself.
    """

    model: Any
    id: str
    timestamp: str
    arguments: dict[str, Any]
    response: Any
    usage: dict[str, Any]
    answer: ModelResponse | None


Observer = Callable[[Invocation], None]
Hook = Callable[..., None]

_HOOKS: dict[str, Hook] = {}


def register_hook(name: str, hook: Hook) -> None:
    """Call ``hook(model, invocation_id, timestamp, arguments, response, usage)`` after every call that succeeds."""
    if name in _HOOKS:
        warnings.warn(f"the hook {name!r} was registered already; it is replaced", stacklevel=3)
    _HOOKS[name] = hook
    observe(_run_hooks)


def remove_hook(name: str) -> None:
    """Forget a hook; logs a warning if no hook has that name."""
    if _HOOKS.pop(name, None) is None:
        warnings.warn(f"there is no hook {name!r} to remove", stacklevel=3)
    if not _HOOKS:
        ignore(_run_hooks)


def clear_hooks() -> None:
    """Forget all hooks."""
    _HOOKS.clear()
    ignore(_run_hooks)


def observe(observer: Observer) -> None:
    """Tell ``observer`` about every call from now on."""
    if observer not in HOOKS:
        HOOKS.append(observer)


def ignore(observer: Observer) -> None:
    """Stop telling ``observer``."""
    if observer in HOOKS:
        HOOKS.remove(observer)


def recorded(call: Call, arguments: dict[str, Any], flow: Flow[Any]) -> Flow[Any]:
    """``flow``, after which hooks and observers are told, as those that block are told events.

    As in AgentScope, calls of a plain Python model are told only if the model saves them itself.
    """
    answer = yield from flow
    if isinstance(answer, ModelResponse):
        yield from handed_over(lambda: tell(call.model, arguments, answer.raw, answer.usage, answer))
    return answer


def tell(model: Any, arguments: Any, response: Any, usage: Any = None, answer: ModelResponse | None = None) -> None:
    """Tell hooks and observers about one call; their errors are logged, never raised."""
    if not HOOKS:
        return
    try:
        secrets = [secret for secret in model.find_secrets() if secret]
        stamp = time.strftime("%Y%m%d-%H%M%S")
        ident = f"model_{type(model).__name__}_{stamp}_{_draw_code()}"
        told = (_clean(redact({"": arguments})[""], secrets), _clean(response, secrets), build_usage(usage))
        invocation = Invocation(model, ident, stamp, *told, answer)
    except Exception as error:
        _log("a call cannot be recorded", error)
        return
    for observer in list(HOOKS):
        try:
            observer(invocation)
        except Exception as error:
            _log("an observer of calls failed", error)


def build_usage(usage: Any) -> dict[str, Any]:
    """``usage`` (a Usage, AgentScope's ChatUsage, a dict or None) in the form of AgentScope's records."""
    if usage is None or isinstance(usage, dict):
        return dict(usage or {})
    if hasattr(usage, "model_dump"):
        dumped: dict[str, Any] = usage.model_dump()
        return dumped
    names = ("prompt_tokens", "completion_tokens", "total_tokens")
    return {"type": "chat", "usage": {name: getattr(usage, name) for name in names}}


def _run_hooks(invocation: Invocation) -> None:
    for name, hook in list(_HOOKS.items()):
        try:
            hook(
                invocation.model,
                invocation.id,
                invocation.timestamp,
                invocation.arguments,
                invocation.response,
                invocation.usage,
            )
        except Exception as error:
            _log(f"the hook {name!r} failed", error)


def _draw_code() -> str:
    from uuid import uuid4  # imported where it is used: most programs have no hooks

    return uuid4().hex


def _clean(value: Any, secrets: list[str]) -> Any:
    """A copy of JSON-like ``value`` without ``secrets``."""
    if isinstance(value, str):
        return scrub(value, secrets)
    if isinstance(value, dict):
        return {key: _clean(item, secrets) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_clean(item, secrets) for item in value]
    return value


def _log(what: str, error: Exception) -> None:
    import logging  # only programs with hooks can need it

    logging.getLogger("modelhub").warning("%s: %s: %s", what, type(error).__name__, error, exc_info=error)
