"""Whole answers: the recorded ones are read, the same in every way, however they arrive."""

from __future__ import annotations

from contextlib import suppress
from copy import deepcopy

from modelhub import ModelResponse
from modelhub.errors import ModelCallError
from modelhub.response.outcome import read_outcome
from modelhub.testing.comparing import compare_outcome, compare_sent
from modelhub.testing.conformance.applying import needs
from modelhub.testing.conformance.bench import Bench
from modelhub.testing.conformance.calls import ask, try_to_ask
from modelhub.testing.conformance.looking import ask_text, cut_reply, find_text, tell
from modelhub.testing.conformance.suite import Suite
from modelhub.testing.recordings import Recording

FINISH_REASONS = {None, "stop", "length", "tool_calls", "content_filter", "other"}
_UNUSUAL = "Grüße, 你好, 👩‍🚀, שלום, \u2028 and \\u0041"


class Answers(Suite):
    """What holds for answers that come whole."""

    def test_the_recorded_answer(self, bench: Bench, recording: Recording, way: str) -> None:
        """Each recorded call gives what its recording expects: this is what the wrapper is for."""
        outcome = try_to_ask(way, bench.wire(recording), recording)
        differences = compare_outcome(recording, outcome.result)
        assert not differences, f"{recording.name}.json: " + "; ".join(differences)

    def test_the_recorded_request(self, bench: Bench, recording: Recording) -> None:
        """What is sent is what ``sent`` of the recording says: a server refuses what is only nearly right."""
        try_to_ask("sync", bench.wire(recording), recording)
        sent = bench.player.requests
        assert len(sent) >= len(recording.sent), f"{recording.name}.json: {len(sent)} requests were sent"
        for n, (wanted, came) in enumerate(zip(recording.sent, sent, strict=False), 1):
            differences = compare_sent(wanted, came)
            assert not differences, f"{recording.name}.json, request {n}: " + "; ".join(differences)

    def test_sync_async_and_replay_agree(self, bench: Bench, recording: Recording) -> None:
        """The same call gives the same answer, blocking, awaited, and replayed without sockets."""
        replayed, _ = bench.replay(recording)
        outcomes = {
            "sync": try_to_ask("sync", bench.wire(recording), recording),
            "async": try_to_ask("async", bench.wire(recording), recording),
            "replay": try_to_ask("sync", replayed, recording),
            "replay, awaited": try_to_ask("async", bench.replay(recording)[0], recording),
        }
        told = {name: tell(outcome.result) for name, outcome in outcomes.items()}
        for name, each in told.items():
            assert each == told["sync"], f"{name} gives {each}, but sync gives {told['sync']}"

    @needs("http")
    def test_sync_and_async_send_the_same(self, bench: Bench, recording: Recording) -> None:
        """Blocking and awaited calls send the same bytes: there is one description of a request, not two."""
        sent = []
        for way in ("sync", "async"):
            try_to_ask(way, bench.wire(recording), recording)
            sent.append([(each.method, each.path, each.query, each.bytes) for each in bench.player.requests])
        assert sent[0] == sent[1]

    def test_an_answer_is_a_response(self, bench: Bench, whole: Recording, way: str) -> None:
        """An answer is a ModelResponse whose fields have their types, so that no caller needs to know the vendor."""
        response = ask(way, bench.wire(whole), whole).response
        assert isinstance(response, ModelResponse), f"the call gave {type(response).__name__}"
        assert response.text is None or isinstance(response.text, str), f"text is {response.text!r}"
        assert response.finish_reason in FINISH_REASONS, (
            f"finish_reason is {response.finish_reason!r}: give one of {sorted(map(str, FINISH_REASONS))}"
        )
        if self.task == "embedding":
            assert response.embedding and all(isinstance(each, list) for each in response.embedding)
        if self.task == "image":
            assert response.image_urls and all(isinstance(each, str) for each in response.image_urls)

    @needs("usage", tasks=("chat", "embedding"))
    def test_usage_is_told(self, bench: Bench, whole: Recording) -> None:
        """Tokens are counted, and add up: budgets and bills are reckoned from them."""
        usage = ask("sync", bench.wire(whole), whole).response.usage
        assert usage is not None, "the answer has no usage: read it from the reply, or name `usage` in `cannot`"
        counts = (usage.prompt_tokens, usage.completion_tokens, usage.total_tokens)
        assert all(isinstance(count, int) and count >= 0 for count in counts), f"usage is {usage!r}"
        assert usage.total_tokens >= usage.prompt_tokens + usage.completion_tokens, f"usage does not add up: {usage!r}"

    def test_a_whole_answer_is_its_one_delta(self, bench: Bench, whole: Recording, way: str) -> None:
        """A whole answer can be iterated like one that streams: it is its only delta."""
        outcome = ask(way, bench.wire(whole), whole)
        assert [each is outcome.response for each in outcome.deltas] == [True]

    def test_the_same_call_again_gives_the_same(self, bench: Bench, whole: Recording) -> None:
        """A model keeps nothing of a call: the next one gives the same answer, and sends the same."""
        model = bench.wire(whole, again=True)
        first, second = (ask("sync", model, whole).response for _ in range(2))
        assert read_outcome(first) == read_outcome(second)
        sent = [each.bytes for each in bench.player.requests]
        half = len(sent) // 2
        assert sent[:half] == sent[half:], "the second call sent something else than the first"

    def test_what_the_caller_passes_is_not_changed(self, bench: Bench, recording: Recording) -> None:
        """The messages and options of the caller stay as they are: programs use them again for the next call."""
        question, options = deepcopy(recording.input), deepcopy(recording.options)
        model = bench.wire(recording)
        with suppress(ModelCallError):
            list(model(question, stream=True, **options) if recording.stream else model(question, **options))
        assert question == recording.input, "the call has changed the input that it was given"
        assert options == recording.options, "the call has changed an option that it was given"

    @needs("http")
    def test_a_reply_in_pieces(self, bench: Bench, whole: Recording, way: str) -> None:
        """A reply may arrive in pieces of any size, cut in the middle of characters, too."""
        wanted = tell(ask(way, bench.wire(whole), whole).response)
        bench.player.play(*({**reply, **cut_reply(reply)} for reply in whole.replies))
        assert tell(ask(way, bench.build(), whole).response) == wanted

    @needs("http")
    def test_a_compressed_reply(self, bench: Bench, whole: Recording, way: str) -> None:
        """A reply may come compressed: servers and proxies do so by themselves."""
        wanted = tell(ask(way, bench.wire(whole), whole).response)
        bench.player.play(*({**reply, "gzip": True} for reply in whole.replies))
        assert tell(ask(way, bench.build(), whole).response) == wanted

    @needs("http")
    def test_unusual_characters_are_sent(self, bench: Bench, whole: Recording, way: str) -> None:
        """Characters of all scripts reach the server as they were written."""
        ask_text(bench, whole, way, _UNUSUAL)
        assert find_text(bench, _UNUSUAL), "the text that was asked is not in what was sent"

    @needs("http")
    def test_a_large_input_is_sent_whole(self, bench: Bench, whole: Recording, way: str) -> None:
        """Half a megabyte of text is sent whole; nothing is cut."""
        text = "0123456789abcdef" * 32_768
        ask_text(bench, whole, way, text)
        assert find_text(bench, text), "of a large text, not all was sent"

    def test_an_answer_can_be_copied_and_pickled(self, bench: Bench, whole: Recording) -> None:
        """Answers are put into caches and sent to other processes."""
        import pickle

        response = ask("sync", bench.wire(whole), whole).response
        for again in (deepcopy(response), pickle.loads(pickle.dumps(response))):
            assert tell(again) == tell(response)
