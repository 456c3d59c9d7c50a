"""Answers in pieces: they add up to the whole, however the bytes are cut, and a stream that breaks says so."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import pytest

from modelhub import ModelResponse
from modelhub.errors import BadRequestError, ModelCallError, StreamInterruptedError
from modelhub.testing.comparing import compare_outcome
from modelhub.testing.conformance.applying import needs
from modelhub.testing.conformance.bench import Bench
from modelhub.testing.conformance.calls import ask, try_to_ask
from modelhub.testing.conformance.looking import cut_reply, tell
from modelhub.testing.conformance.suite import Suite
from modelhub.testing.recordings import Recording, encode_pieces

_CUTS = (1, 2, 3, 7, 64, 1000)
_HALF = "\ufffd"  # what is left of a character that was cut, where nothing tells that more was to come
_PLACES = 24  # at which a stream is broken off


class Streams(Suite):
    """What holds for answers that come in pieces."""

    @needs("stream", tasks=("chat",))
    def test_the_deltas_add_up(self, bench: Bench, streamed: Recording, way: str) -> None:
        """The texts of the deltas, one after the other, are the text of the whole: nothing is lost or told twice."""
        outcome = ask(way, bench.wire(streamed), streamed)
        assert "".join(each.text or "" for each in outcome.deltas) == (outcome.response.text or "")
        assert "".join(each.reasoning or "" for each in outcome.deltas) == (outcome.response.reasoning or "")
        differences = compare_outcome(streamed, outcome.response)
        assert not differences, f"{streamed.name}.json: " + "; ".join(differences)

    @needs("stream", "http", tasks=("chat",))
    @pytest.mark.parametrize("cut", _CUTS)
    def test_any_cutting_of_the_bytes_gives_the_same(self, bench: Bench, streamed: Recording, cut: int) -> None:
        """A network cuts a stream where it likes: in an event, in a line end, in the middle of a character."""
        wanted = tell(ask("sync", bench.replay(streamed)[0], streamed).response)
        for way in ("sync", "async"):
            assert tell(ask(way, bench.replay(streamed, cut=cut)[0], streamed).response) == wanted

    @needs("stream", "http", tasks=("chat",))
    def test_a_stream_that_arrives_in_pieces(self, bench: Bench, streamed: Recording, way: str) -> None:
        """The same over a real connection, which delivers the pieces one by one."""
        wanted = tell(ask("sync", bench.replay(streamed)[0], streamed).response)
        bench.player.play(*(cut_reply(reply, 5) | {"status": reply.get("status", 200)} for reply in streamed.replies))
        assert tell(ask(way, bench.build(), streamed).response) == wanted

    @needs("stream", tasks=("chat",))
    def test_each_delta_is_a_response(self, bench: Bench, piecemeal: Recording, way: str) -> None:
        """A delta is a ModelResponse that holds what is new."""
        outcome = ask(way, bench.wire(piecemeal), piecemeal)
        assert outcome.deltas, "the stream has no deltas"
        assert all(isinstance(each, ModelResponse) for each in outcome.deltas)

    @needs("stream", tasks=("chat",))
    def test_a_stream_ends_with_its_reason(self, bench: Bench, streamed: Recording, way: str) -> None:
        """When a stream has ended, the response says why the model stopped."""
        response = ask(way, bench.wire(streamed), streamed).response
        assert response.finish_reason in {"stop", "length", "tool_calls", "content_filter", "other"}, (
            f"finish_reason is {response.finish_reason!r} at the end of a stream: read it from the events"
        )
        assert response.is_stream_exhausted

    @needs("stream", "usage", tasks=("chat",))
    def test_a_stream_tells_its_usage(self, bench: Bench, piecemeal: Recording) -> None:
        """When a stream has ended, the response has its tokens: ask the vendor for them, where that is an option."""
        usage = ask("sync", bench.wire(piecemeal), piecemeal).response.usage
        assert usage is not None, "the stream tells no usage: read it from the events, or name `usage` in `cannot`"
        assert usage.total_tokens >= usage.prompt_tokens + usage.completion_tokens, f"it does not add up: {usage!r}"

    @needs("stream", tasks=("chat",))
    def test_the_text_can_be_taken_at_once(self, bench: Bench, piecemeal: Recording) -> None:
        """``.text`` reads what is left of a stream, and ``await complete()`` of an awaited one."""
        text = ask("sync", bench.wire(piecemeal), piecemeal).response.text
        options = {**piecemeal.options, "stream": True}
        assert bench.wire(piecemeal)(piecemeal.input, **options).text == text

        async def complete() -> Any:
            response = await bench.wire(piecemeal).acall(piecemeal.input, **options)
            return (await response.complete()).text

        assert asyncio.run(complete()) == text

    @needs("stream", tasks=("chat",))
    def test_cumulative_pairs(self, bench: Bench, piecemeal: Recording) -> None:
        """``.stream`` gives AgentScope's pairs: the text so far, and whether it is the last."""
        response = bench.wire(piecemeal)(piecemeal.input, **piecemeal.options, stream=True)
        pairs = list(response.stream)
        assert [last for last, _ in pairs] == [False] * (len(pairs) - 1) + [True]
        assert pairs[-1][1] == response.text
        assert all(after.startswith(before) for (_, before), (_, after) in pairwise(pairs))

    @needs("stream", tasks=("chat",))
    def test_the_config_may_ask_for_streams(self, bench: Bench, piecemeal: Recording, way: str) -> None:
        """``stream: true`` in the config streams without being asked in the call."""
        if isinstance(bench.config.get("stream"), Mapping):  # it says how streams are read, and asks for none
            return
        model = bench.wire(piecemeal, stream=True)
        asked = Recording("", {"input": piecemeal.input, **piecemeal.options}, ())
        streamed = ask(way, model, asked)
        assert tell(streamed.response) == tell(ask(way, bench.wire(piecemeal), piecemeal).response)

    @needs("stream", tasks=("chat",))
    def test_the_call_wins_over_the_config(self, bench: Bench, whole: Recording, way: str) -> None:
        """``stream=False`` in a call gives a whole answer, whatever the config says."""
        says_how = isinstance(bench.config.get("stream"), Mapping)
        model = bench.wire(whole, **({} if says_how else {"stream": True}))
        outcome = ask(way, model, Recording("", {**whole.request, "stream": None}, ()), stream=False)
        assert tell(outcome.response) == tell(ask(way, bench.wire(whole), whole).response)

    @needs(tasks=("chat",))
    def test_what_cannot_stream_refuses(self, bench: Bench, whole: Recording) -> None:
        """A model that cannot stream says so before anything is sent; one that can takes the option."""
        model = bench.build()
        can_stream = getattr(model, "can_stream", lambda: True)()
        assert can_stream or "stream" in self.cannot, "the class has no `parse_event`: name `stream` in `cannot`"
        bench.player.play()
        if not can_stream:
            with pytest.raises(BadRequestError):
                list(model(whole.input, **whole.options, stream=True))
            assert not bench.player.requests, "something was sent, though the model cannot stream"

    @needs("stream", "http", tasks=("chat",))
    def test_a_broken_stream_says_so(self, bench: Bench, piecemeal: Recording, way: str) -> None:
        """A stream that breaks off raises StreamInterruptedError after all that came; ``partial`` has what came."""
        text = ask(way, bench.wire(piecemeal), piecemeal).response.text
        pieces = encode_pieces(cut_reply(piecemeal.replies[-1], 5))
        half = [piece.decode("utf-8", "surrogateescape") for piece in pieces[: max(1, len(pieces) // 2)]]
        bench.player.play(*piecemeal.replies[:-1], {**piecemeal.replies[-1], "chunks": half, "end": "abrupt"})
        error = try_to_ask(way, bench.build(), piecemeal).error
        assert isinstance(error, StreamInterruptedError | ConnectionError), (
            f"a stream that broke off gave {error!r}: let the errors of connections pass"
        )
        partial = getattr(error, "partial", None)
        assert partial is None or (text or "").startswith(partial.text or "")

    @needs("stream", "http", tasks=("chat",))
    def test_a_stream_broken_anywhere(self, bench: Bench, streamed: Recording) -> None:
        """Wherever a stream breaks off, the call raises a ModelCallError or is whole; what came is told once."""
        text = ask("sync", bench.replay(streamed)[0], streamed).response.text or ""
        whole = b"".join(encode_pieces(streamed.replies[-1]))
        model = bench.build(bench.play(()))
        for n in range(1, _PLACES):
            part = whole[: len(whole) * n // _PLACES].decode("utf-8", "surrogateescape")
            for end in ("abrupt", None):
                reply = {**streamed.replies[-1], "chunks": [part], "end": end}
                bench.connect(bench.play([*streamed.replies[:-1], reply]))
                outcome = try_to_ask("sync", model, streamed)
                partial = outcome.error.partial if outcome.error is not None else outcome.response
                came = (partial.text if partial is not None else "") or ""
                came = came if end else came.removesuffix(_HALF)
                assert text.startswith(came), f"a stream broken after {len(part)} bytes gave the text {came!r}"

    @needs("stream", "http", tasks=("chat",))
    @pytest.mark.parametrize("status", [401, 429, 503])
    def test_a_refused_stream(self, bench: Bench, piecemeal: Recording, way: str, status: int) -> None:
        """A stream that is refused by its status raises the same errors as a whole call."""
        bench.player.play({"status": status, "body": {"error": {"message": "refused"}}}, again=True)
        outcome = try_to_ask(way, bench.build(), piecemeal)
        assert isinstance(outcome.error, ModelCallError), f"status {status} gave {outcome.result!r}"
        assert outcome.error.status == status

    @needs("stream", tasks=("chat",))
    def test_two_streams_at_once(self, bench: Bench, piecemeal: Recording) -> None:
        """Two streams of one model that are read in turns do not mix: what is read is kept with the stream."""
        wanted = ask("sync", bench.wire(piecemeal), piecemeal).response.text
        model = bench.wire(piecemeal, again=True)
        streams = [model(piecemeal.input, **piecemeal.options, stream=True) for _ in range(2)]
        texts = ["", ""]
        readers = [iter(stream) for stream in streams]
        going = [True, True]
        while any(going):
            for n, reader in enumerate(readers):
                delta = next(reader, None)
                going[n] = delta is not None
                texts[n] += (delta.text or "") if delta is not None else ""
        assert texts == [wanted, wanted]
