"""Errors: typed by what has to be done about them, and never anything but a ModelCallError."""

from __future__ import annotations

import json
import pickle
from copy import deepcopy
from typing import Any

import pytest

from modelhub import errors
from modelhub.errors import ModelCallError
from modelhub.testing.comparing import compare_outcome
from modelhub.testing.conformance.applying import needs
from modelhub.testing.conformance.bench import Bench
from modelhub.testing.conformance.calls import ask, try_to_ask
from modelhub.testing.conformance.suite import Suite
from modelhub.testing.leading import LeadingDrivers
from modelhub.testing.recordings import Recording

BY_STATUS: dict[int, type[ModelCallError]] = {
    400: errors.BadRequestError,
    401: errors.AuthenticationError,
    403: errors.PermissionDeniedError,
    404: errors.NotFoundError,
    408: errors.TimeoutError,
    422: errors.BadRequestError,
    429: errors.RateLimitError,
    500: errors.ServerError,
    502: errors.ServerError,
    503: errors.ServerError,
}
_RETRYABLE = {408, 429, 500, 502, 503}
_ODD_BODIES = ("", "<html>Bad Gateway</html>", "null", "[]", "{}", '"no"', "7", '{"error": null}', '{"error": "no"}')
_ODDER_BODIES = (
    '{"error": {"message": null, "code": 7}}',
    '{"error": [1]}',
    '{"message": {"a": 1}}',
    "\x00",
    "[" * 3000,
)
_UNREADABLE = ("", "<html>Welcome</html>", "null", "[]", '"ok"', "7", '{"a": ', "[" * 3000)
_MOST = 100  # changes of a reply


class Failures(Suite):
    """What holds for calls that fail."""

    @needs("http")
    @pytest.mark.parametrize("status", BY_STATUS)
    def test_errors_by_status(self, bench: Bench, whole: Recording, way: str, status: int) -> None:
        """Each status is the error of those who must act, whatever the vendor: fix the key, wait, fix the request."""
        error = self.fail(bench, whole, way, refuse(status))
        assert isinstance(error, BY_STATUS[status]), (
            f"status {status} gave {type(error).__name__}, not {BY_STATUS[status].__name__}: let `parse_error` of"
            " HTTPModelWrapperBase decide, or `build_error` of modelhub.base"
        )
        assert error.status == status
        assert error.retryable is (status in _RETRYABLE), f"retryable is {error.retryable} for status {status}"

    @needs("http")
    def test_a_refusal_says_how_long_to_wait(self, bench: Bench, whole: Recording, way: str) -> None:
        """Of a 429, ``retry_after`` is what its Retry-After says, in seconds."""
        error = self.fail(bench, whole, way, {**refuse(429), "headers": {"Retry-After": "7"}})
        assert isinstance(error, errors.RateLimitError)
        assert error.retry_after == 7, f"retry_after is {error.retry_after}, the server said 7"

    @needs("http")
    def test_an_error_names_its_config(self, bench: Bench, whole: Recording, way: str) -> None:
        """An error says which config has failed, of which type, and what the server said."""
        error = self.fail(bench, whole, way, refuse(400))
        assert (error.config_name, error.model_type)[0], "the error does not name its config"
        assert str(error.config_name) in str(error)
        assert "a message of the server" in str(error), "the error does not quote what the server said"

    @needs("http")
    def test_sync_and_async_fail_the_same(self, bench: Bench, whole: Recording) -> None:
        """The same failure gives the same error, blocking or awaited."""
        told = [self.fail(bench, whole, way, refuse(503)) for way in ("sync", "async")]
        assert [(type(each), str(each)) for each in told[:1]] == [(type(each), str(each)) for each in told[1:]]

    @needs("http")
    @pytest.mark.parametrize("status", [400, 401, 503])
    def test_odd_bodies_of_errors(self, bench: Bench, whole: Recording, status: int) -> None:
        """An error keeps its class where its body is of a gateway, is empty, or is of another form than ever before."""
        for body in (*_ODD_BODIES, *_ODDER_BODIES):
            error = self.fail(bench, whole, "sync", {"status": status, "body": body})
            assert isinstance(error, BY_STATUS[status]), f"status {status} with the body {body[:40]!r} gave {error!r}"

    @needs("http", "checks")
    @pytest.mark.parametrize("body", _UNREADABLE, ids=lambda body: body[:8].strip("<") or "empty")
    def test_an_unreadable_success(self, bench: Bench, whole: Recording, body: str) -> None:
        """What has a status of success but is no answer is a ModelCallError, not a KeyError and not an empty answer."""
        outcome = try_to_ask("sync", self.play(bench, {"status": 200, "body": body}), whole)
        assert outcome.error is not None, (
            f"a reply of {body[:40]!r} was taken for an answer ({outcome.response!r}): raise ResponseParsingError"
        )

    @needs("http")
    def test_replies_of_other_forms(self, bench: Bench, recording: Recording) -> None:
        """Whatever part of a reply is missing or of another type, the call gives an answer or a ModelCallError."""
        model = bench.build(bench.play(()))
        for n, reply in enumerate(recording.replies):
            for change, body in change_json(reply.get("body")):
                replies = [*recording.replies[:n], {**reply, "body": body}, *recording.replies[n + 1 :]]
                bench.connect(bench.play([*replies, *recording.replies[n + 1 :]]))
                try:
                    try_to_ask("sync", model, recording)
                except AssertionError as error:
                    assert "has no recorded reply" in str(error)
                except Exception as error:
                    pytest.fail(f"a reply with {change} raised {type(error).__name__}: {error}")

    @needs("http")
    def test_an_unreachable_server(self, bench: Bench, whole: Recording, way: str) -> None:
        """A server that does not listen is a ConnectionError, which may be tried again."""
        error = try_to_ask(way, bench.build(LeadingDrivers("http://127.0.0.1:9")), whole).error
        assert isinstance(error, errors.ConnectionError) and error.retryable, f"it gave {error!r}"

    @needs("http")
    def test_a_connection_that_ends(self, bench: Bench, whole: Recording, way: str) -> None:
        """A connection that ends before the reply, or in the middle of it, is a ConnectionError."""
        error = self.fail(bench, whole, way, {"end": "reset_before"})
        assert isinstance(error, errors.ConnectionError), f"it gave {error!r}"
        error = self.fail(bench, whole, way, {"status": 200, "chunks": ['{"a'], "end": "abrupt"})
        assert isinstance(error, ModelCallError), f"it gave {error!r}"

    @needs("http")
    def test_errors_cross(self, bench: Bench, whole: Recording) -> None:
        """An error can be copied and pickled, as process pools do, and says the same then."""
        error = self.fail(bench, whole, "sync", refuse(429))
        for again in (pickle.loads(pickle.dumps(error)), deepcopy(error)):
            assert (type(again), str(again), again.status) == (type(error), str(error), error.status)

    @needs("http")
    def test_the_recorded_errors(self, bench: Bench, recording: Recording) -> None:
        """A recording that expects an error gives it when it is tried again, too; the others give none."""
        for _ in range(2):
            outcome = try_to_ask("sync", bench.wire(recording), recording)
            assert (outcome.error is not None) is recording.fails, compare_outcome(recording, outcome.result)

    @needs("http")
    def test_after_a_failure_all_is_well(self, bench: Bench, whole: Recording, way: str) -> None:
        """A failed call leaves nothing behind: the next one is answered."""
        model = self.play(bench, refuse(500))
        assert try_to_ask(way, model, whole).error is not None
        bench.player.play(*whole.replies)
        assert not compare_outcome(whole, ask(way, model, whole).response)

    def play(self, bench: Bench, reply: dict[str, Any]) -> Any:
        """The model, for which the server has this one reply."""
        bench.player.play(reply, again=True)
        return bench.build()

    def fail(self, bench: Bench, recording: Recording, way: str, reply: dict[str, Any]) -> ModelCallError:
        """The error of a call that gets ``reply``."""
        outcome = try_to_ask(way, self.play(bench, reply), recording)
        assert outcome.error is not None, f"the reply {json.dumps(reply)[:200]} was taken for {outcome.response!r}"
        return outcome.error


def refuse(status: int) -> dict[str, Any]:
    """A reply of an error, in no vendor's form but near to that of many."""
    message = "a message of the server"
    return {"status": status, "body": {"error": {"message": message}, "message": message}}


def change_json(body: Any) -> list[tuple[str, Any]]:
    """A body of JSON with each of its parts missing, null, or of another type, and what was changed."""
    if isinstance(body, str):
        try:
            body = json.loads(body)
        except ValueError:
            return []
    found: list[tuple[str, Any]] = []
    for path in list_paths(body)[:_MOST]:
        where = "".join(f"[{step!r}]" for step in path)
        for name, value in (("null", None), ("a number", 7), ("a text", "x"), ("a list", [None]), ("an object", {})):
            found.append((f"{name} at {where}", put(body, path, value)))
        found.append((f"nothing at {where}", drop(body, path)))
    step = max(1, len(found) // _MOST)
    return found[::step]


def list_paths(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The paths to all parts of a value of JSON."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    below = [each for key, inside in pairs for each in list_paths(inside, (*path, key))]
    return [path, *below] if path else below


def put(body: Any, path: tuple[Any, ...], value: Any) -> Any:
    """A copy of ``body`` with ``value`` at ``path``."""
    changed = deepcopy(body)
    inside = changed
    for step in path[:-1]:
        inside = inside[step]
    inside[path[-1]] = value
    return changed


def drop(body: Any, path: tuple[Any, ...]) -> Any:
    """A copy of ``body`` without what is at ``path``."""
    changed = put(body, path, None)
    inside = changed
    for step in path[:-1]:
        inside = inside[step]
    del inside[path[-1]]
    return changed
