"""Whatever happens to a centre, in whatever order, the registry has the last good text: beside a model of it."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelhub import ModelRegistry, ReloadReport
from modelhub.centres import centre as centre_module
from modelhub.centres.answers import NoText, OutOfReach, Refused, Text
from modelhub.errors import ConfigError
from modelhub.registry.watching import Lookout
from modelhub.testing import VirtualClock


class Stage:
    """A connection to a centre that is what a test says it is."""

    every = 1.0

    def __init__(self) -> None:
        self.state: Any = "a"

    def ask(self, last: Text | None) -> Text:
        if self.state == "away":
            raise OutOfReach("away")
        if self.state == "refusing":
            raise Refused("no")
        return Text(build_text(self.state).encode())

    def wait(self, text: Text) -> None:
        """Nothing to wait for."""

    def close(self) -> None:
        """Nothing is open."""


def build_text(state: str) -> str:
    """A text with a model for each letter; some are half written, and some wrong."""
    if state in ("", "wrong", "cut"):
        return {"": "", "wrong": "- {config_name: x, model_type: openai_chat, nonsense: 1}", "cut": "- {config_na"}[
            state
        ]
    return "\n".join(f"- {{config_name: {name}, model_type: openai_chat}}" for name in state)


GOOD = ("a", "b", "ab", "abc")
STATES = st.sampled_from([*GOOD, "", "wrong", "cut", "away", "refusing"])
# What happens: the centre changes, somebody reloads by hand, or the centre changes and is at once what it was.
EVENTS = st.lists(st.tuples(st.sampled_from(["change", "change", "by hand", "flicker"]), STATES), max_size=12)


@settings(max_examples=150)
@given(EVENTS)
def test_the_last_good_text_is_in_use(events: list[tuple[str, str]]) -> None:
    stage, told = Stage(), list[Any]()
    clock = VirtualClock()
    lookout = Lookout(clock)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(centre_module, "open_connection", lambda address: stage)
        patch.setattr(centre_module, "write_copy", lambda *given: None)
        hub = ModelRegistry("etcd://h/k?format=yaml")
        hub.on_reload(told.append)
        assert hub._loader.centres is not None
        (centre,) = hub._loader.centres._centres.values()

        def follow() -> None:
            """What the thread does that follows it, and then what the watcher does."""
            with suppress(NoText):
                centre.ask(stage)  # type: ignore[arg-type]
            for _ in range(6):
                clock.advance(lookout.look(hub._loader))

        names, generation, known = ["a"], 1, "a"
        for event, state in events:
            told.clear()
            before, stage.state = stage.state, state
            if event == "by hand":
                try:
                    hub.reload()
                    assert state in GOOD
                except ConfigError as error:
                    assert state not in GOOD
                    assert hub.last_error is error
                assert len(told) == 1
            elif event == "flicker":  # seen by the thread, and gone before it is asked for again
                with suppress(NoText):
                    centre.ask(stage)  # type: ignore[arg-type]
                lookout.look(hub._loader)
                stage.state = state = before
            follow()
            if state != "away":
                known = state
            if state in GOOD and state != "".join(names):
                names, generation = list(state), generation + 1
            assert (hub.names(), hub.generation) == (names, generation)
            if event == "change":
                assert [isinstance(each, ReloadReport) for each in told] in ([], [True], [False])
            if known in GOOD and state != "away" and event != "by hand":
                assert hub.last_error is None or not told
        hub.close()
