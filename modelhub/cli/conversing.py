"""A conversation with models: what was said, who is asked, and one question after the other."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

import click

from modelhub.cli.printing import write_answer
from modelhub.cli.streams import say
from modelhub.errors import ModelHubError
from modelhub.printable import printable, shorten
from modelhub.registry import ModelRegistry

_LONGEST = 60  # characters of a name
SWITCH = "/model"


class Conversation:
    """The messages so far, and the model that is asked next; raises ModelHubError if there is no such chat model."""

    def __init__(self, hub: ModelRegistry, name: str, system: str | None, options: Mapping[str, Any]) -> None:
        self._hub = hub
        self._options = options
        self._model: Any = find_chat(hub, name)
        self.name = name
        self.is_live = sys.stdin.isatty()  # a person writes, and may stop an answer
        self.messages: list[dict[str, Any]] = [{"role": "system", "content": system}] if system else []

    @property
    def prompt(self) -> str:
        """What stands before a question."""
        return f"{shorten(printable(self.name), _LONGEST)}> "

    def take(self, line: str) -> bool:
        """Do what a line says: ask it, or ask another model from now on; False if that failed, which is said then."""
        word, _, rest = line.partition(" ")
        try:
            if word == SWITCH:
                self._switch(rest.strip())
            else:
                self._ask(line)
        except ModelHubError as error:
            say(f"modelhub: {error}")
            return False
        return True

    def _switch(self, name: str) -> None:
        if name:
            self._model = find_chat(self._hub, name)
            self.name = name
        else:
            known = ", ".join(shorten(printable(each), _LONGEST) for each in self._hub.names())
            say(f"{self.prompt}write {SWITCH} NAME to ask another one: {known}")

    def _ask(self, question: str) -> None:
        """Print the answer as it comes; ctrl-C stops it, and what has come is kept."""
        asked = [*self.messages, {"role": "user", "content": question}]
        pieces: list[str] = []
        response: Any = None
        try:
            response = self._model(asked, stream=True, **self._options)
            for delta in response:
                pieces.append(delta.text or "")
                click.echo(write_answer(pieces[-1]), nl=False)
            for call in response.tool_calls or ():
                click.echo(printable(f"{call.name}({call.arguments})"), nl=False)
            click.echo()
        except KeyboardInterrupt:
            click.echo()
            if response is not None:
                response.close()
            if not self.is_live:
                raise
            say("stopped")
        except ModelHubError:
            if any(pieces):
                click.echo()
            raise
        if any(pieces):
            self.messages = [*asked, {"role": "assistant", "content": "".join(pieces)}]


def find_chat(hub: ModelRegistry, name: str) -> Any:
    """The model of this name; raises ModelHubError if there is none, or if it does not chat."""
    model = hub.get_model(name)
    task = getattr(model, "task", "chat")
    if task != "chat":
        raise ModelHubError(f"config {name!r} does {task}, it does not chat")
    return model
