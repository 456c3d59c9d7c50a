"""``tool_choice`` in one neutral form, whatever form it is given in, and what a vendor takes of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from modelhub.errors import BadRequestError
from modelhub.fitting.rules import VendorRules
from modelhub.fitting.tools import name_of

_MODES = {"auto": "auto", "none": "none", "required": "required", "any": "required", "validated": "auto"}
_EXPECTED = "auto, none, required, or the name of a tool"


def normalize_choice(choice: Any) -> tuple[Any, bool | None]:
    """``tool_choice`` as "auto", "none", "required", or a dict in OpenAI's form; and whether it says ``parallel``.

    A list of allowed tools becomes OpenAI's ``allowed_tools``; what has an unknown type stays as it is. Raises
    BadRequestError for what is no choice.
    """
    if isinstance(choice, str):
        if not choice.strip():
            raise BadRequestError(f"tool_choice must be {_EXPECTED}, not an empty text")
        known = _MODES.get(choice) or (_MODES.get(choice.lower()) if choice.isupper() else None)
        return known or build_choice(choice), None
    dump = getattr(choice, "model_dump", None)
    if callable(dump) and not isinstance(choice, type):
        choice = dump()
    if not isinstance(choice, Mapping):
        raise BadRequestError(f"tool_choice must be {_EXPECTED}, not {type(choice).__name__}")
    told = {name: value for name, value in choice.items() if value is not None}
    for key in ("functionCallingConfig", "function_calling_config"):
        if isinstance(told.get(key), Mapping):
            told = dict(told[key])
    if "mode" in told and "type" not in told:
        return _read_mode(told), None
    kind: Any = told.get("type")
    if kind == "allowed_tools":
        inner = told.get("allowed_tools", told)
        return _build_allowed(inner, "tool_choice.allowed_tools"), None
    if isinstance(kind, str) and kind in _MODES:
        parallel = told.get("disable_parallel_tool_use")
        return _MODES[kind], None if parallel is None else not parallel
    if kind in (None, "function", "tool"):
        holder = told["function"] if isinstance(told.get("function"), Mapping) else told
        name = holder.get("name")
        if not isinstance(name, str) or not name:
            place = "tool_choice.function.name" if "function" in told or kind == "function" else "tool_choice.name"
            raise BadRequestError(f"{place} must be the name of a tool, not {name!r}")
        parallel = told.get("disable_parallel_tool_use")
        return build_choice(name), None if parallel is None else not parallel
    if not isinstance(kind, str):
        raise BadRequestError(f"tool_choice.type must be a text, not {type(kind).__name__}")
    if kind == "custom" and "custom" not in told and "name" in told:
        return {"type": "custom", "custom": {"name": told["name"]}}, None
    return dict(choice), None


def build_choice(name: str) -> dict[str, Any]:
    """The choice of one function."""
    return {"type": "function", "function": {"name": name}}


def _read_mode(told: dict[str, Any]) -> Any:
    """Gemini's form: a mode, and perhaps the names that are allowed."""
    word = told["mode"]
    mode = _MODES.get(str(getattr(word, "value", word)).lower())
    if mode is None:
        raise BadRequestError(f"tool_choice.mode must be AUTO, ANY, NONE or VALIDATED, not {word!r}")
    names = told.get("allowedFunctionNames") or told.get("allowed_function_names") or []
    if not isinstance(names, list | tuple) or not all(isinstance(name, str) for name in names):
        raise BadRequestError("tool_choice.allowedFunctionNames must be a list of names of tools")
    if not names or mode == "none":
        return mode
    if len(names) == 1 and mode == "required":
        return build_choice(names[0])
    return build_allowed(mode, list(names))


def build_allowed(mode: str, names: list[str]) -> dict[str, Any]:
    """The choice among some of the tools."""
    tools = [build_choice(name) for name in names]
    return {"type": "allowed_tools", "allowed_tools": {"mode": mode, "tools": tools}}


def _build_allowed(inner: Any, place: str) -> dict[str, Any]:
    mode = _MODES.get(str(inner.get("mode", "auto"))) if isinstance(inner, Mapping) else None
    if mode not in ("auto", "required"):
        raise BadRequestError(f"{place}.mode must be auto or required")
    tools = inner.get("tools")
    if not isinstance(tools, list | tuple) or not tools:
        raise BadRequestError(f"{place}.tools must be a list of tools")
    names = [tool if isinstance(tool, str) else name_of(tool) if isinstance(tool, Mapping) else None for tool in tools]
    for n, name in enumerate(names):
        if not isinstance(name, str) or not name:
            raise BadRequestError(f"{place}.tools[{n}] must be a tool with a name")
    return build_allowed(mode, [str(name) for name in names])


def names_chosen(choice: Any) -> list[str]:
    """The names of tools in a choice of the neutral form."""
    if not isinstance(choice, Mapping):
        return []
    allowed = choice.get("allowed_tools")
    chosen = allowed["tools"] if choice.get("type") == "allowed_tools" and isinstance(allowed, Mapping) else [choice]
    names = [name_of(one) for one in chosen if isinstance(one, Mapping)]
    return [name for name in names if isinstance(name, str)]


def check_choice(choice: Any, tools: list[dict[str, Any]]) -> None:
    """Raise BadRequestError if the choice names what is not among the tools."""
    if not names_chosen(choice):
        return
    known = [name for tool in tools for name in list_names(tool)]
    if None in known:  # a vendor's own, which the vendor calls as it likes
        return
    for name in names_chosen(choice):
        if name not in known:
            raise BadRequestError(
                f"tool_choice: there is no tool {name!r} among the tools {', '.join(map(repr, known))}"
            )


def list_names(tool: Mapping[str, Any]) -> list[Any]:
    """The names that one item of the tools has; None for one that has no name."""
    for name in ("functionDeclarations", "function_declarations"):
        if isinstance(tool.get(name), list):
            return [part.get("name") if isinstance(part, Mapping) else None for part in tool[name]]
    return [name_of(tool)]


def fit_choice(choice: Any, tools: list[dict[str, Any]], rules: VendorRules) -> tuple[Any, list[dict[str, Any]]]:
    """The choice that the vendor can be given, None for none, and the tools that go with it.

    Where it has no word for it, the tools that may not be called are left out. Raises BadRequestError for a choice
    that it cannot be given at all.
    """
    if choice == "none" and "none" not in rules.choices:
        return None, []
    if isinstance(choice, Mapping) and choice.get("type") == "allowed_tools" and "allowed" not in rules.choices:
        names = names_chosen(choice)
        mode = choice["allowed_tools"]["mode"]
        tools = [tool for tool in tools if name_of(tool) in names]
        choice = build_choice(names[0]) if mode == "required" and len(names) == 1 else mode
    kind = choice if isinstance(choice, str) else "allowed" if choice.get("type") == "allowed_tools" else "name"
    if kind in rules.choices:
        return choice, tools
    can = ", ".join(sorted(rules.choices - {"name", "allowed"})) + (" or a name" if "name" in rules.choices else "")
    shown = repr(names_chosen(choice)[0] if names_chosen(choice) else choice)
    raise BadRequestError(f"{rules.vendor} cannot be made to call a tool by tool_choice {shown}: it can be {can}")
