"""Secrets: in nothing that is shown, logged, raised, observed or sent to another host."""

from __future__ import annotations

import logging
import pickle
import traceback
from typing import Any

import pytest

from modelhub.errors import ModelCallError, ModelHubError
from modelhub.testing.conformance.applying import needs
from modelhub.testing.conformance.bench import Bench
from modelhub.testing.conformance.calls import ask, try_to_ask
from modelhub.testing.conformance.suite import Suite
from modelhub.testing.recordings import Recording
from modelhub.testing.sent import PlayedRequest


class Secrecy(Suite):
    """What holds for keys and tokens: those of the config, and those that it refers to."""

    def test_no_secret_in_the_model(self, bench: Bench, whole: Recording) -> None:
        """What a model and its registry say of themselves holds no key: they are printed and logged."""
        hub = bench.open_registry()
        model = bench.take_model(hub)
        bench.player.play(*whole.replies)
        before = f"{model!r} {model} {hub.config(bench.name)}"
        try_to_ask("sync", model, whole)
        check(bench, f"{before} {model!r} {model}", "what the model shows")

    @needs("http")
    @pytest.mark.parametrize("status", [400, 401, 500])
    def test_no_secret_in_errors(self, bench: Bench, whole: Recording, way: str, status: int) -> None:
        """A server may send back what it was sent, as many do of a wrong key: the error does not repeat it."""
        bench.player.play(lambda request: echo(status, request), again=True)
        error = try_to_ask(way, bench.build(), whole).error
        assert error is not None
        shown = "".join(traceback.format_exception(error)) + repr(error) + repr(vars(error)) + repr(error.args)
        check(bench, shown, "the error")

    @needs("http")
    def test_no_secret_in_errors_of_connections(self, bench: Bench, whole: Recording, way: str) -> None:
        """An address may hold a key: the error of a connection shows only its host."""
        bench.player.play({"end": "reset_before"}, again=True)
        error = try_to_ask(way, bench.build(), whole).error
        assert isinstance(error, ModelCallError)
        check(bench, "".join(traceback.format_exception(error)), "the error")

    def test_no_secret_in_logs(self, bench: Bench, whole: Recording, way: str, caplog: Any) -> None:
        """Nothing is logged that holds a key, at any level, whether a call succeeds or fails."""
        with caplog.at_level(logging.DEBUG):
            ask(way, bench.wire(whole), whole)
            bench.player.play(lambda request: echo(401, request), again=True)
            try_to_ask(way, bench.build(), whole)
        check(bench, caplog.text, "a log")

    def test_no_secret_in_events(self, bench: Bench, whole: Recording, way: str) -> None:
        """What observers are told holds no key: they write it to files and send it on."""
        seen: list[str] = []
        bench.player.play(*whole.replies)
        ask(way, bench.build(observers=[lambda event: seen.append(repr(event) + repr(show(event)))]), whole)
        assert seen, "observers were told nothing"
        check(bench, "".join(seen), "an event")

    @needs("crossing")
    def test_no_secret_in_what_crosses(self, bench: Bench, whole: Recording) -> None:
        """What a reference stands for does not go into a pickle, which may lie in a file: it is read anew there."""
        model = bench.wire(whole)
        ask("sync", model, whole)
        check(bench, pickle.dumps(model).decode("latin-1"), "the pickle of the model")

    @needs("http")
    def test_no_secret_for_other_hosts(self, bench: Bench, whole: Recording, way: str) -> None:
        """A redirect to another host is not followed: no other host may see the key."""
        moved = {"status": 307, "headers": {"Location": "http://elsewhere.invalid/v1"}, "body": "moved"}
        bench.player.play(moved, again=True)
        model = bench.build()
        outcome = try_to_ask(way, model, whole)
        assert outcome.error is not None, "a redirect was taken for an answer"
        assert not [host for host in model.drivers.hosts if "elsewhere" in host], "another host was asked"

    @needs("http")
    def test_a_missing_key_is_told(self, bench: Bench, whole: Recording, way: str, monkeypatch: Any) -> None:
        """A model is built without its key; a call that needs it says which variable is missing, and sends nothing."""
        names = bench.name_variables()
        if not names:
            return
        for name in names:
            monkeypatch.delenv(name)
        bench.player.play(*whole.replies)
        model = bench.build()
        with pytest.raises(ModelHubError, match="|".join(names)):
            ask(way, model, whole)
        assert not bench.player.requests, "something was sent without the key"


def check(bench: Bench, text: str, what: str) -> None:
    """Fail if ``text`` holds a secret; the message does not show it either."""
    for secret in bench.find_secrets():
        assert secret not in text, f"{what} holds a secret of the config ({len(secret)} letters of it)"


def echo(status: int, request: PlayedRequest) -> dict[str, Any]:
    """An error that quotes all that was sent."""
    told = " ".join(f"{name}: {value}" for name, value in {**dict(request.headers.items()), **request.query}.items())
    message = f"refused: {told} {request.bytes.decode('utf-8', 'replace')[:2000]}"
    return {"status": status, "body": {"error": {"message": message}, "message": message}}


def show(event: Any) -> dict[str, Any]:
    """The fields of an event, as an observer may write them."""
    return {name: getattr(event, name) for name in type(event).__dataclass_fields__}
