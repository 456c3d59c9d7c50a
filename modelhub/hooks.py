"""What plugins may add besides wrappers: functions marked with ``hookimpl`` in packages of the group ``modelhub``.

A function takes those of the parameters named here that it wants. All but the first two are told of something: one of
them that fails is written into the log of ``modelhub``, and everything goes on as if it were not there.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING

import pluggy

from modelhub.telemetry.told import CallInfo as CallInfo
from modelhub.telemetry.told import Outcome as Outcome

if TYPE_CHECKING:
    import click

    from modelhub.errors import ConfigError, ModelCallError
    from modelhub.events import Event
    from modelhub.registry.report import ReloadReport

__all__ = ["CallInfo", "Outcome", "Specs", "hookimpl", "hookspec"]

hookspec = pluggy.HookspecMarker("modelhub")
hookimpl = pluggy.HookimplMarker("modelhub")


class Specs:
    """The hooks, each with what it is for."""

    @hookspec(firstresult=True)
    def resolve_secret(self, scheme: str, name: str) -> str | None:
        """The value of ``${scheme:name}`` in a config, None for a scheme of somebody else's.

        Called whenever a model is first used. Raise LookupError with the reason when the secret cannot be had.
        """

    @hookspec(firstresult=True)
    def load_source(self, scheme: str, url: str, last: object) -> tuple[str | bytes | None, object] | None:
        """The text of configs behind ``scheme://...`` in ``model_configs`` and the version of it, None for a scheme of
        somebody else's.

        ``url`` is the address with its references resolved. ``last`` is the version that was given last, None the first
        time; None in place of the text says that it is the same still. Called when configs are loaded, and every five
        seconds (or ``?every=``) while a registry watches. Raise LookupError with the reason when there is no such text;
        another error says that the place is out of reach just now.
        """

    @hookspec
    def around_call(self, call: CallInfo) -> Generator[None, Outcome, None] | None:
        """A generator around each call of a model, blocking, async or streamed: it yields once, where the call happens.

        What it yields with is sent what came of the call, also when that is an error; for a stream, when it has ended
        or was left. It changes nothing: what it raises or returns does not reach the caller. It runs where the call
        does, in the thread or in the event loop, which it must not block.
        """

    @hookspec
    def on_retry(self, call: CallInfo, attempt: int, wait: float, error: ModelCallError) -> None:
        """A try has failed with ``error``; number ``attempt`` (2 is the first repeat) begins in ``wait`` seconds."""

    @hookspec
    def observe(self, event: Event) -> None:
        """An event in the life of a call, or a reload: a record of ``modelhub.events``, as observers are told it."""

    @hookspec
    def on_reload(self, report: ReloadReport | ConfigError) -> None:
        """A registry has read its configs again: what has changed, or why they were refused and nothing has."""

    @hookspec
    def add_commands(self, cli: click.Group) -> None:
        """Add commands of your own to the command ``modelhub``: ``cli.add_command(...)``, or ``@cli.command()``.

        ``cli`` has nothing but what you add. A name that a command of modelhub has, or one of another plugin before
        yours, stays theirs.
        """
