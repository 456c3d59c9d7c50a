"""Connections, time and company: calls give back what they hold, waits end, and calls at once do not mix."""

from __future__ import annotations

import asyncio
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from modelhub import errors
from modelhub.errors import ModelCallError, ModelHubError
from modelhub.testing.comparing import compare_outcome
from modelhub.testing.conformance.applying import needs
from modelhub.testing.conformance.bench import Bench
from modelhub.testing.conformance.calls import ask, try_to_ask
from modelhub.testing.conformance.looking import reply_by_address, stall, tell
from modelhub.testing.conformance.suite import Suite
from modelhub.testing.recordings import Recording

_SHORT = 0.05
_LONG = 10.0  # seconds that nothing here takes


class Resources(Suite):
    """What holds for what calls take and give back."""

    @needs("http")
    def test_a_connection_is_used_again(self, bench: Bench, whole: Recording) -> None:
        """An answer that was read gives its connection back: the next call uses it."""
        model = bench.wire(whole, again=True)
        for _ in range(3):
            ask("sync", model, whole)
        assert len({each.connection for each in bench.player.requests}) == 1, "each call opened a connection of its own"

    @needs("http")
    def test_an_awaited_connection_is_used_again(self, bench: Bench, whole: Recording) -> None:
        """The same in an event loop."""
        model = bench.wire(whole, again=True)

        async def main() -> None:
            for _ in range(3):
                await model.acall(whole.input, **whole.options)

        asyncio.run(main())
        assert len({each.connection for each in bench.player.requests}) == 1, "each call opened a connection of its own"

    @needs("stream", "http", tasks=("chat",))
    def test_a_stream_gives_its_connection_back(self, bench: Bench, piecemeal: Recording) -> None:
        """A stream that was read to its end gives its connection back, too."""
        model = bench.wire(piecemeal, again=True)
        for _ in range(2):
            ask("sync", model, piecemeal)
        assert len({each.connection for each in bench.player.requests}) == 1, "a stream has kept its connection"

    @needs("stream", "http", tasks=("chat",))
    @pytest.mark.parametrize("end", ["close", "drop"])
    def test_a_stream_that_is_left(self, bench: Bench, piecemeal: Recording, way: str, end: str) -> None:
        """A stream that is closed, or that nobody holds any more, ends its connection, and the next call works."""
        bench.player.play(*piecemeal.replies[:-1], stall(piecemeal.replies[-1]))
        model = bench.build()
        options = {**piecemeal.options, "stream": True}

        def leave() -> None:
            response = model(piecemeal.input, **options)
            next(iter(response))
            if end == "close":
                response.close()

        async def aleave() -> None:
            response = await model.acall(piecemeal.input, **options)
            await anext(aiter(response))
            if end == "close":
                response.close()
            del response
            await asyncio.sleep(0)
            assert await asyncio.to_thread(bench.player.wait_until, lambda: bench.player.in_flight == 0), LEFT

        leave() if way == "sync" else asyncio.run(aleave())
        assert bench.player.wait_until(lambda: bench.player.in_flight == 0), LEFT
        bench.player.play(*piecemeal.replies)
        assert not compare_outcome(piecemeal, ask(way, model, piecemeal).response)

    @needs("http")
    def test_a_cancelled_call(self, bench: Bench, whole: Recording) -> None:
        """A task that is cancelled is cancelled at once, its connection ends, and the next call works."""
        model = self.silence(bench)

        async def main() -> None:
            task = asyncio.ensure_future(model.acall(whole.input, **whole.options))
            await asyncio.to_thread(bench.player.wait_until, lambda: bench.player.in_flight > 0)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert await asyncio.to_thread(bench.player.wait_until, lambda: bench.player.in_flight == 0), LEFT
            bench.player.play(*whole.replies)
            response = await model.acall(whole.input, **whole.options)
            assert not compare_outcome(whole, response)

        asyncio.run(main())

    @needs("http")
    def test_a_call_has_an_end(self, bench: Bench, whole: Recording, way: str) -> None:
        """``timeout`` of a call bounds all of it: silence is a TimeoutError then, and nothing stays open."""
        model = self.silence(bench)
        begun = time.monotonic()
        error = try_to_ask(way, model, whole, timeout=_SHORT).error
        assert isinstance(error, errors.TimeoutError), f"it gave {error!r}"
        assert time.monotonic() - begun < _LONG / 2
        assert bench.player.wait_until(lambda: bench.player.in_flight == 0), LEFT

    @needs("stream", "http", tasks=("chat",))
    def test_a_stream_has_an_end(self, bench: Bench, piecemeal: Recording, way: str) -> None:
        """A stream that goes silent ends with its time, too, and what had come is in ``partial``."""
        bench.player.play(*piecemeal.replies[:-1], stall(piecemeal.replies[-1]))
        error = try_to_ask(way, bench.build(), piecemeal, timeout=_SHORT).error
        assert isinstance(error, ModelCallError), "a stream that went silent was taken for a whole one"
        assert bench.player.wait_until(lambda: bench.player.in_flight == 0), LEFT

    @needs("http")
    def test_the_timeout_of_the_config(self, bench: Bench, whole: Recording) -> None:
        """``timeout`` of the config bounds each wait, where the call says nothing."""
        if bench.takes(timeout=_SHORT):
            model = self.silence(bench, timeout={"total": _SHORT})
            assert isinstance(try_to_ask("sync", model, whole).error, errors.TimeoutError)

    @needs("http")
    def test_many_threads(self, bench: Bench, whole: Recording) -> None:
        """One model is called by many threads at once: each gets its own answer."""
        model = bench.wire(whole, again=True)
        wanted = tell(ask("sync", model, whole).response)
        reply_by_address(bench, whole)
        barrier = threading.Barrier(8)

        def call(_: int) -> Any:
            barrier.wait()
            return tell(ask("sync", model, whole).response)

        with ThreadPoolExecutor(8) as threads:
            assert list(threads.map(call, range(8))) == [wanted] * 8

    @needs("http")
    def test_many_tasks(self, bench: Bench, whole: Recording) -> None:
        """One model is called by many tasks at once: each gets its own answer."""
        model = bench.wire(whole, again=True)
        wanted = tell(ask("sync", model, whole).response)
        reply_by_address(bench, whole)

        async def main() -> list[Any]:
            return await asyncio.gather(*(model.acall(whole.input, **whole.options) for _ in range(8)))

        assert [tell(each) for each in asyncio.run(main())] == [wanted] * 8

    def test_one_event_loop_after_another(self, bench: Bench, whole: Recording) -> None:
        """A model serves whatever event loop calls it: programs call ``asyncio.run`` more than once."""
        model = bench.wire(whole, again=True)
        answers = [tell(ask("async", model, whole).response) for _ in range(3)]
        assert answers == answers[:1] * 3

    def test_a_closed_registry(self, bench: Bench, whole: Recording, way: str) -> None:
        """A model of a registry that is closed says so, and sends nothing."""
        bench.player.play(*whole.replies)
        hub = bench.open_registry()
        model = hub.get_model(bench.name)
        hub.close()
        with pytest.raises(ModelHubError):
            ask(way, model, whole)
        assert not bench.player.requests

    @needs("http")
    def test_closing_ends_connections(self, bench: Bench, whole: Recording) -> None:
        """Closed drivers leave no connection open."""
        model = bench.wire(whole)
        ask("sync", model, whole)
        model.drivers.close()
        assert bench.player.wait_until(lambda: bench.player.open_connections == 0), LEFT

    def silence(self, bench: Bench, **keys: Any) -> Any:
        """The model, to which the server says nothing."""
        bench.player.play({"timeout": True}, again=True)
        return bench.build(**keys)


LEFT = "a connection is still open: only the drivers may open one, so that they can end it"
