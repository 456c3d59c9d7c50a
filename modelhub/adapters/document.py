"""The call document: what the expressions of a request see of a call; only what some expression reads is worked out."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

from modelhub.adapters.expressions import Expression
from modelhub.adapters.messages import Layout, find_last_text
from modelhub.adapters.tool_shapes import shape_tools

APART = ("tools", "tool_choice", "response_format")
"""What a call may be given beside its options."""

Document = dict[str, Any]


class Asked:
    """One call: ``task`` is "chat", "embedding", "image", or "any" for input of any kind."""

    __slots__ = ("config_name", "input", "model_name", "options", "stream", "task")

    def __init__(
        self,
        input: Any,
        options: Mapping[str, Any],
        stream: bool = False,
        *,
        model_name: str | None = None,
        config_name: str | None = None,
        task: str = "chat",
    ) -> None:
        self.input = input
        self.options = options
        self.stream = stream
        self.model_name = model_name
        self.config_name = config_name
        self.task = task


def _find_input(asked: Asked, layout: Layout) -> Any:
    return find_last_text(asked.input) if asked.task == "chat" else asked.input


def _find_prompt(asked: Asked, layout: Layout) -> Any:
    if asked.task == "chat":
        return layout.write_prompt(asked.input)
    return asked.input if asked.task == "image" and isinstance(asked.input, str) else None


def _of_chat(find: Callable[[Layout, Any], Any]) -> Callable[[Asked, Layout], Any]:
    return lambda asked, layout: find(layout, asked.input) if asked.task == "chat" else None


_FIXED: dict[str, Callable[[Asked, Layout], Any]] = {
    "messages": _of_chat(Layout.lay_out),
    "system": _of_chat(Layout.find_system),
    "turns": _of_chat(Layout.lay_out_turns),
    "prompt": _find_prompt,
    "input": _find_input,
    "tools": lambda asked, layout: shape_tools(asked.options.get("tools"), layout.tools),
    "tool_choice": lambda asked, layout: asked.options.get("tool_choice"),
    "response_format": lambda asked, layout: asked.options.get("response_format"),
    "stream": lambda asked, layout: bool(asked.stream),
    "model": lambda asked, layout: asked.model_name,
    "config_name": lambda asked, layout: asked.config_name,
}
NAMES = frozenset({*_FIXED, "options", "extra"})
"""The names that every call document has; the others are those of options."""


class Reading:
    """What the expressions of a request read of a call: builds the documents, and tells which options nothing uses."""

    __slots__ = ("_fixed", "_layout", "_options", "_whole", "named", "roots", "uses_all")

    def __init__(self, expressions: Iterable[Expression], names: Collection[str], layout: Layout) -> None:
        """``names`` are those that are read by other means than expressions, as in addresses."""
        expressions = list(expressions)
        paths = {path for expression in expressions for path in expression.reads} | {(name,) for name in names}
        roots = frozenset(path[0] for path in paths if path)
        self.roots = roots
        self._whole = () in paths
        self._layout = layout
        self._fixed = tuple((name, find) for name, find in _FIXED.items() if name in roots or self._whole)
        self._options = tuple(roots - NAMES)
        within = {path[1] for path in paths if len(path) == 2 and path[0] in ("options", "extra")}
        self.named = roots | within
        self.uses_all = self._whole or ("options",) in paths or ("extra",) in paths

    def reads(self, name: str) -> bool:
        """Whether some expression reads this name of the document."""
        return name in self.roots or self._whole

    def build(self, asked: Asked) -> Document:
        """The document of a call, as far as it is read."""
        layout, options = self._layout, asked.options
        document: Document = {}
        if options:
            if self._whole:
                document.update(options)
            else:
                for name in self._options:
                    if name in options:
                        document[name] = options[name]
        for name, find in self._fixed:
            document[name] = find(asked, layout)
        if "options" in self.roots or self._whole:
            document["options"] = {name: value for name, value in options.items() if name not in APART}
        if "extra" in self.roots or self._whole:
            document["extra"] = self.find_extra(asked)
        return document

    def find_extra(self, asked: Asked) -> dict[str, Any]:
        """The options that no expression names."""
        known = self.named - NAMES | {*APART}
        return {name: value for name, value in asked.options.items() if name not in known}
