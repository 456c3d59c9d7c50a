"""Finds what a failure would look like, from the fields that say in a good reply that all is well."""

from __future__ import annotations

from typing import Any

from modelhub.authoring.adapter.paths import Path, get, list_leaves, write_path, write_text, write_value
from modelhub.authoring.adapter.words import is_fine, list_words, split_name, weigh

_CODES = weigh(
    {
        8: "errcode errno error_code err_code errorcode retcode ret_code errornum 状态码 错误码",
        7: "return_code result_code err resultcode biz_code",
        6: "code ret rc status_code statuscode error is_error has_error",
        5: "success ok errors fault failed result_status issuccess",
        4: "status",
        3: "outcome",
        2: "state",
    }
)
_FLAGS = {"err", "error", "is_error", "errors", "fault", "failed", "has_error", "iserror", "haserror"}
_MESSAGES = list_words(
    "msg message errmsg error_msg err_msg error_message errormsg desc description reason info detail error "
    "err 消息 错误信息 note text why"
)
_CODES_OF = ("code", "type", "errcode", "error_code", "id", "no", "num", "kind")
_HTTP = {
    "400": "BadRequestError",
    "401": "AuthenticationError",
    "403": "PermissionDeniedError",
    "404": "NotFoundError",
    "429": "RateLimitError",
}
ANY = {
    "when": "error || error_code",
    "code": "error.code || error.type || error_code || err.code || code",
    "message": "error.message || error.msg || error_msg || err.message || err.msg || message || msg || detail || error",
}


def find_failure(document: Any, answer: Path | None) -> tuple[dict[str, Any], str]:
    """The config's ``error``, and what of it is a guess; where nothing tells, it is what most services do."""
    found = _find_code(document, answer)
    if found is None:
        return dict(ANY), "guessed: this reply does not show what a failure looks like"
    path, value = found
    code = write_path(path, document)
    name = str(path[-1]).lower()
    beside = get(document, path[:-1])
    message = _find_message(beside, path, answer)
    config: dict[str, Any] = {"when": _write_condition(code, name, value), "code": code}
    told = f"guessed: other values than {value!r} are failures"
    if (name in _FLAGS and not isinstance(value, int | float)) or (
        name in ("error", "err") and isinstance(value, bool)
    ):
        config["code"] = f"{code}.code || {code}.type" if not isinstance(value, bool) else ANY["code"]
        config["message"] = f"{code}.message || {code}.msg || {code}" if not isinstance(value, bool) else ANY["message"]
        told = f"guessed: {code} holds what went wrong"
    else:
        if isinstance(value, bool):
            config["code"] = ANY["code"]
        config["message"] = write_path(message, document) if message else ANY["message"]
    if value in (200, "200") and not isinstance(value, bool):
        config["classes"] = dict(_HTTP)
        told = "guessed: the codes are like those of HTTP"
    return config, told


def _find_code(document: Any, answer: Path | None) -> tuple[Path, Any] | None:
    best: tuple[float, Path, Any] | None = None
    for path, value in list_leaves(document):
        if not path or not isinstance(path[-1], str) or any(isinstance(step, int) for step in path):
            continue
        name = path[-1].lower()
        points: float = _CODES.get(name, _CODES.get("_".join(split_name(path[-1])), 0))
        if not points or path == answer or isinstance(value, float):
            continue
        good = (not value or value in ("false", "none")) if name in _FLAGS and not isinstance(value, int) else False
        good = good or (is_fine(value) if name not in _FLAGS or not isinstance(value, bool) else not value)
        if not good or (value in ({}, []) and name not in _FLAGS):
            continue
        points -= 2 * (len(path) - 1) + (3 if value is None and name not in _FLAGS else 0)
        if points > 0 and (best is None or points > best[0]):
            best = (points, path, value)
    return None if best is None else (best[1], best[2])


def _write_condition(code: str, name: str, value: Any) -> str:
    if isinstance(value, bool):
        return code if value is False else f"{code} == `false`"
    if not value and not isinstance(value, int):
        return code
    if isinstance(value, int):
        return f"{code} && {code} != {write_value(value)}"
    return f"{code} && {code} != {write_text(value)}"


def _find_message(beside: Any, path: Path, answer: Path | None) -> Path | None:
    if not isinstance(beside, dict):
        return None
    names = {"_".join(split_name(key)) or key: key for key in beside} | {key.lower(): key for key in beside}
    for name in _MESSAGES:
        key = names.get(name)
        if key is not None and (*path[:-1], key) not in (answer, path) and isinstance(beside[key], str | None):
            return (*path[:-1], key)
    return None
