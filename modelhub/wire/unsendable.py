"""The error for what JSON cannot hold."""

from __future__ import annotations

from modelhub.overriding import override


class Unsendable(TypeError):
    """A value that JSON cannot hold; ``path`` is its place, such as ``messages[0].content``, ``why`` what it is."""

    def __init__(self, path: str, why: str) -> None:
        super().__init__(f"{path or 'the value'} {why}")
        self.path = path
        self.why = why

    @override
    def __reduce__(self) -> tuple[type[Unsendable], tuple[str, str]]:
        return type(self), (self.path, self.why)
