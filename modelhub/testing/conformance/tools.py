"""Tools and structured answers: what is asked for is sent, what comes back is read, and a conversation goes round."""

from __future__ import annotations

import json
from copy import deepcopy
from typing import Any

import pytest

from modelhub import Msg
from modelhub.errors import BadRequestError, ModelCallError
from modelhub.testing.conformance.applying import needs
from modelhub.testing.conformance.bench import Bench
from modelhub.testing.conformance.calls import ask, try_to_ask
from modelhub.testing.conformance.looking import find_text
from modelhub.testing.conformance.suite import Suite
from modelhub.testing.recordings import Recording

_CHAT = ("chat",)
_RESULT = "the-result-of-the-tool-7319"
_SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
_FORMATS: tuple[dict[str, Any], ...] = (
    {"type": "json_object"},
    {"type": "json_schema", "json_schema": {"name": "place", "schema": _SCHEMA}},
)


class Tools(Suite):
    """What holds for chats that call tools, and for answers in JSON."""

    @needs("tools", tasks=_CHAT)
    def test_tool_calls_are_read(self, bench: Bench, called: Recording, way: str) -> None:
        """A tool call has a name, an id and its arguments as a dict; ``finish_reason`` says that it is one."""
        response = ask(way, bench.wire(called), called).response
        for call in response.tool_calls:
            assert isinstance(call.arguments, dict), f"arguments are {call.arguments!r}: decode them"
            assert call.name and call.id, f"a tool call has no name or no id: {call!r}"
        assert len({call.id for call in response.tool_calls}) == len(response.tool_calls), "two tool calls share an id"
        assert response.finish_reason == "tool_calls", f"finish_reason is {response.finish_reason!r}"

    @needs("tools", "http", tasks=_CHAT)
    def test_tools_are_sent(self, bench: Bench, called: Recording, way: str) -> None:
        """The names of all tools of a call are in what is sent, with their parameters."""
        ask(way, bench.wire(called), called)
        names = list_tools(called)
        assert names, f"{called.name}.json gives no tools in its request"
        assert all(find_text(bench, name) for name in names), "a tool was not sent"

    @needs("tools", "messages", "http", tasks=_CHAT)
    def test_a_tool_goes_round(self, bench: Bench, called: Recording, way: str) -> None:
        """The answer that calls a tool, as a message, and the result of the tool are sent in the next call."""
        response = ask(way, bench.wire(called), called).response
        turns = [*read_turns(called), response.to_message()]
        turns += [{"role": "tool", "tool_call_id": call.id, "content": _RESULT} for call in response.tool_calls]
        again = Recording("", {**called.request, "input": turns}, called.replies)
        outcome = try_to_ask(way, bench.wire(again), again)
        assert bench.player.requests, f"the next call was refused: {outcome.error}"
        assert find_text(bench, _RESULT), "the result of the tool was not sent"
        assert find_text(bench, response.tool_calls[0].name)

    @needs("tools", "tool_choice", "http", tasks=_CHAT)
    @pytest.mark.parametrize("choice", ["auto", "none", "required", "named"])
    def test_the_choice_of_tools(self, bench: Bench, called: Recording, choice: str) -> None:
        """``tool_choice`` is sent in the vendor's form, or refused before sending where there is none."""
        named = {"type": "function", "function": {"name": list_tools(called)[0]}}
        outcome = try_to_ask("sync", bench.wire(called), called, tool_choice=named if choice == "named" else choice)
        if outcome.error is not None and not bench.player.requests:
            assert isinstance(outcome.error, BadRequestError), f"it gave {outcome.error!r}"

    @needs("tools", "tool_choice", "http", tasks=_CHAT)
    def test_a_choice_of_no_such_tool(self, bench: Bench, called: Recording) -> None:
        """A ``tool_choice`` that cannot be meant is refused before anything is sent."""
        bench.player.play(*called.replies)
        outcome = try_to_ask("sync", bench.build(), called, tool_choice=7)
        assert isinstance(outcome.error, BadRequestError), f"it gave {outcome.result!r}"
        assert not bench.player.requests

    @needs("tools", "http", tasks=_CHAT)
    def test_arguments_that_are_no_json(self, bench: Bench, called: Recording) -> None:
        """Arguments that cannot be decoded are a ModelCallError: a program must not be given half of them."""
        for reply in called.replies:
            text = reply.get("body") if isinstance(reply.get("body"), str) else json.dumps(reply.get("body"))
            for wanted in called.expect["tool_calls"]:
                written = json.dumps(json.dumps(wanted.get("arguments")))[1:-1]
                if written in (text or ""):
                    replies = [{**reply, "body": str(text).replace(written, "{broken")}]
                    outcome = try_to_ask("sync", bench.replay_replies(replies)[0], called)
                    assert isinstance(outcome.error, ModelCallError), f"it gave {outcome.response!r}"

    @needs("tools", "stream", tasks=_CHAT)
    def test_tool_calls_of_streams(self, bench: Bench, recording: Recording, way: str) -> None:
        """Of a stream, the tool calls are whole when it ends, and their pieces were in the deltas."""
        if recording.stream and recording.expect.get("tool_calls"):
            outcome = ask(way, bench.wire(recording), recording)
            pieces = [piece for delta in outcome.deltas for piece in delta.tool_calls or ()]
            assert pieces, "no delta had a piece of a tool call"
            assert all(isinstance(call.arguments, dict) for call in outcome.response.tool_calls)

    @needs("tools", "http", tasks=_CHAT)
    def test_tools_of_the_caller_are_not_changed(self, bench: Bench, called: Recording) -> None:
        """The tools of the caller stay as they are."""
        tools = deepcopy(called.request["tools"])
        bench.wire(called)(called.input, tools=tools)
        assert tools == called.request["tools"]

    @needs("response_format", "http", tasks=_CHAT)
    @pytest.mark.parametrize("wanted", _FORMATS, ids=["json_object", "json_schema"])
    def test_answers_in_json(self, bench: Bench, whole: Recording, way: str, wanted: dict[str, Any]) -> None:
        """``response_format`` is sent or refused; an answer that is not JSON then is a ModelCallError."""
        outcome = try_to_ask(way, bench.wire(whole), whole, response_format=wanted)
        if outcome.error is None:
            assert outcome.response.parsed is not None, "the answer was not parsed"
        elif not bench.player.requests:
            assert isinstance(outcome.error, BadRequestError), f"it gave {outcome.error!r}"

    @needs("system", "messages", "http", tasks=_CHAT)
    def test_system_messages_are_sent(self, bench: Bench, whole: Recording) -> None:
        """What the system says is sent, wherever the vendor wants it."""
        turns = [{"role": "system", "content": "system-text-411"}, {"role": "user", "content": "user-text-412"}]
        asked = Recording("", {**whole.request, "input": turns}, whole.replies)
        try_to_ask("sync", bench.wire(asked), asked)
        assert find_text(bench, "system-text-411"), "the system message was not sent; or name `system` in `cannot`"
        assert find_text(bench, "user-text-412")

    @needs("messages", "http", tasks=_CHAT)
    def test_a_conversation_goes_on(self, bench: Bench, whole: Recording) -> None:
        """An answer, as a message, continues the conversation: its text is in what is sent next."""
        response = ask("sync", bench.wire(whole), whole).response
        turns = [*read_turns(whole), response.to_message(), {"role": "user", "content": "and-then-413"}]
        asked = Recording("", {**whole.request, "input": turns}, whole.replies)
        outcome = try_to_ask("sync", bench.wire(asked), asked)
        assert bench.player.requests, f"the next call was refused: {outcome.error}"
        assert find_text(bench, "and-then-413")
        assert not response.text or find_text(bench, response.text)

    @needs("messages", "http", tasks=_CHAT)
    def test_messages_in_every_form(self, bench: Bench, whole: Recording) -> None:
        """A text, a list of messages and Msg objects are the same question, and send the same."""
        forms = ("Hi", [{"role": "user", "content": "Hi"}], [Msg("user", "Hi", "user")])
        sent = []
        for form in forms:
            asked = Recording("", {**whole.request, "input": form}, whole.replies)
            outcome = try_to_ask("sync", bench.wire(asked), asked)
            assert bench.player.requests, f"{form!r} was refused: {outcome.error}"
            sent.append(bench.player.requests[0].bytes)
        assert sent == sent[:1] * len(forms), "the forms of a question send different things"


def list_tools(recording: Recording) -> list[str]:
    """The names of the tools of a recorded call."""
    return [str((tool.get("function") or tool).get("name")) for tool in recording.request.get("tools") or ()]


def read_turns(recording: Recording) -> list[Any]:
    """The messages of a recorded call."""
    asked = recording.input
    return [{"role": "user", "content": asked}] if isinstance(asked, str) else list(asked)
