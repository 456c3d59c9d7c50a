"""Which of the tests hold for a wrapper: those of its task, less those of what its model cannot do."""

from __future__ import annotations

from collections.abc import Callable, Set
from typing import Any, NamedTuple, TypeVar

from modelhub.diagnostics.wording import suggest_name

ABILITIES = {
    "stream": "answer in pieces",
    "tools": "call tools",
    "response_format": "answer in JSON when asked to",
    "tool_choice": "be told which tool to call",
    "messages": "be given a conversation: it takes one text",
    "system": "be given system messages",
    "checks": "tell what is no question or no answer: it takes and gives any JSON",
    "usage": "tell how many tokens were used",
    "http": "be asked over HTTP through modelhub's drivers",
    "schema": "be described by a schema of its own",
    "crossing": "be sent to another process by pickle",
}
TASKS = ("chat", "embedding", "image")

Test = TypeVar("Test", bound=Callable[..., Any])


class Needs(NamedTuple):
    """What a test needs of a wrapper: its task is one of ``tasks``, and it has all ``abilities``."""

    abilities: tuple[str, ...]
    tasks: tuple[str, ...]


def needs(*abilities: str, tasks: tuple[str, ...] = TASKS) -> Callable[[Test], Test]:
    """Mark a test that holds only for wrappers of ``tasks`` that have ``abilities``."""

    def mark(test: Test) -> Test:
        test.__dict__["needs"] = Needs(abilities, tasks)
        return test

    return mark


def hide_others(suite: type, task: str, cannot: Set[str]) -> None:
    """Hide the tests of ``suite`` that do not hold for a wrapper of ``task`` that cannot do what ``cannot`` names."""
    for name in dir(suite):
        test = getattr(suite, name)
        wanted: Needs | None = getattr(test, "needs", None)
        if (
            wanted
            and name.startswith("test_")
            and (task not in wanted.tasks or not cannot.isdisjoint(wanted.abilities))
        ):
            setattr(suite, name, None)


def find_unknown(cannot: Set[str]) -> list[str]:
    """What is wrong with the names in ``cannot``."""
    unknown = sorted(cannot - ABILITIES.keys())
    return [f"cannot has no {name!r}; {suggest_name(name, ABILITIES, 'abilities')}" for name in unknown]
