"""The observer ``record``: what it writes, what it masks, and what becomes of calls that fail or are left."""

from __future__ import annotations

import asyncio
import json
import logging
import os
from base64 import b64encode
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from modelhub.wrappers.openai import OpenAIChatWrapper

from modelhub import ModelCallError, ModelRegistry, ModelWrapperBase
from modelhub.secrets.traces import Masker
from modelhub.telemetry.masked_streams import mask_stream
from modelhub.testing import Player, Replay, play_fixtures, read_recordings

KEY = 'geheim "&/ü"-1234'
CHAT: dict[str, Any] = {
    "config_name": "gpt",
    "model_type": "openai_chat",
    "model_name": "m",
    "api_key": "sekret-12345",
    "retry": {"initial": 0.001, "max_attempts": 2},
}
OK = {"choices": [{"message": {"content": "hi"}, "finish_reason": "stop"}], "usage": {"prompt_tokens": 1}}
PIECE = 'data: {{"choices": [{{"index": 0, "delta": {{"content": "{}"}}}}]}}\n\n'
END = 'data: {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}\n\ndata: [DONE]\n\n'
SSE = {"Content-Type": "text/event-stream"}


def read(folder: Path) -> list[dict[str, Any]]:
    assert [path.name for path in folder.iterdir() if path.suffix != ".json"] == []
    return [json.loads(path.read_text("utf-8")) for path in sorted(folder.iterdir())]


def ask(model: Any, how: str, **options: Any) -> Any:
    """The text of an answer, or the name of the error."""

    async def wait() -> Any:
        answer = await model.acall("hi", **options)
        async for _ in answer:
            pass
        return answer.text

    try:
        if how == "async":
            return asyncio.run(wait())
        answer = model("hi", **options)
        list(answer)
        return answer.text
    except ModelCallError as error:
        return type(error).__name__


CASES: dict[str, tuple[list[Any], bool, Any, list[Any], dict[str, Any]]] = {
    "whole": ([{"body": OK}], False, "hi", [200], {"text": "hi"}),
    "retried": ([{"status": 503, "body": "busy"}, {"body": OK}], False, "hi", [503, 200], {"text": "hi"}),
    "refused": (
        [{"status": 400, "body": {"error": {"message": "no"}}}],
        False,
        "BadRequestError",
        [400],
        {"error": {"class": "BadRequestError", "status": 400}},
    ),
    "closed": (
        [{"end": "reset_before"}] * 2,
        False,
        "ConnectionError",
        [None] * 2,
        {"error": {"class": "ConnectionError"}},
    ),
    "silent": ([{"timeout": True}], False, "TimeoutError", [None], {"error": {"class": "TimeoutError"}}),
    "unreadable": (
        [{"body": "<html>"}],
        False,
        "ResponseParsingError",
        [200],
        {"error": {"class": "ResponseParsingError", "status": 200}},
    ),
    "stream": (
        [{"headers": SSE, "chunks": [PIECE.format("hi "), PIECE.format("you"), END]}],
        True,
        "hi you",
        [200],
        {"text": "hi you"},
    ),
    "stream broken": (
        [{"headers": SSE, "chunks": [PIECE.format("hi ")], "end": "abrupt"}],
        True,
        "StreamInterruptedError",
        [200],
        {"error": {"class": "StreamInterruptedError"}},
    ),
    "stream refused": (
        [{"status": 401, "body": {"error": {"message": "no"}}}],
        True,
        "AuthenticationError",
        [401],
        {"error": {"class": "AuthenticationError", "status": 401}},
    ),
}


@pytest.mark.parametrize("how", ["sync", "async"])
@pytest.mark.parametrize("case", CASES)
def test_a_call_over_the_wire_is_a_recording(case: str, how: str, tmp_path: Path) -> None:
    replies, stream, said, statuses, expected = CASES[case]
    with Player() as player:
        config = {**CHAT, "client_args": {"base_url": player.url}, "timeout": 0.5 if case == "silent" else 60}
        player.play(*replies)
        with ModelRegistry(config, observers=[f"record:{tmp_path / 'made' / 'here'}"]) as hub:
            assert ask(hub.get_model("gpt"), how, **({"stream": True} if stream else {})) == said
    [document] = read(tmp_path / "made" / "here")
    assert document["config"] == "gpt"
    assert document["request"] == {"input": [{"role": "user", "content": "hi"}], **({"stream": True} if stream else {})}
    assert [reply.get("status") for reply in document["replies"]] == statuses
    assert {name: document["expect"][name] for name in expected} == expected
    assert [sent["method"] for sent in document["sent"]] == ["POST"] * len(statuses)
    assert all(sent["headers"]["Authorization"] == "Bearer ***" for sent in document["sent"])
    assert document["sent"][0]["body"]["messages"] == [{"role": "user", "content": "hi"}]
    assert play(CHAT, tmp_path / "made" / "here") == []


def play(config: Any, folder: Path) -> list[str]:
    """What is amiss when recordings are played by a config."""
    return [miss for played in play_fixtures(config, folder) for miss in played.misses]


def test_other_things_than_chats(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    configs = [
        {"config_name": "emb", "model_type": "openai_embedding", "model_name": "e", "api_key": "sekret-12345"},
        {"config_name": "img", "model_type": "openai_dall_e", "model_name": "i", "api_key": "sekret-12345"},
        {"config_name": "post", "model_type": "post_api_chat", "api_url": "http://x.test/?key=${KEY}&v=1"},
    ]
    monkeypatch.setenv("KEY", "geheim-1234")
    vectors = [{"body": {"data": [{"index": n, "embedding": [n, 1.5]} for n in range(2)]}}]
    with ModelRegistry(configs, observers=[f"record:{tmp_path}"]) as hub:
        for name, replies in (("emb", vectors), ("img", [{"body": {"data": [{"url": "http://x/1.png"}]}}])):
            hub.get_model(name).drivers = Replay(replies)
            hub.get_model(name)(["a", "b"] if name == "emb" else "a cat")
        hub.get_model("post").drivers = Replay([{"body": OK}])
        assert hub.get_model("post")("hi").text == "hi"
    documents = {each["config"]: each for each in read(tmp_path)}
    assert documents["emb"]["expect"]["embedding"] == [[0, 1.5], [1, 1.5]]
    assert documents["img"]["expect"]["image_urls"] == ["http://x/1.png"]
    assert documents["post"]["sent"][0]["query"] == {"key": "*", "v": "1"}
    assert "1234" not in json.dumps(documents["post"])
    assert play(configs, tmp_path) == []


def spell(secret: str) -> list[str]:
    return [secret, quote(secret, safe=""), json.dumps(secret)[1:-1], b64encode(secret.encode()).decode().rstrip("=")]


@pytest.mark.parametrize("cut", [None, 1, 5])
@pytest.mark.parametrize("stream", [False, True])
def test_no_secret_is_written_down(stream: bool, cut: int | None, tmp_path: Path) -> None:
    """The server repeats the key in every form, in its body, its headers and its errors, and streams it in pieces."""
    said = " ".join(spell(KEY))
    body = {"choices": [{"message": {"content": said}, "finish_reason": "stop"}], KEY: [KEY]}
    refusal = {"status": 500, "headers": {"x-key": quote(KEY), "Set-Cookie": "id=other"}, "body": f"not {said}"}
    text = "".join(f"data: {json.dumps({'choices': [{'index': 0, 'delta': {'content': c}}]})}\n\n" for c in f"a{KEY}b")
    whole = {"headers": SSE, "chunks": [text + END, f": {KEY}\n\n"]} if stream else {"body": body}
    config = {**CHAT, "api_key": KEY, "headers": {"Authorization": "Bearer ok-1234567"}}
    with ModelRegistry(config, observers=[f"record:{tmp_path}"]) as hub:
        model = hub.get_model("gpt")
        model.drivers = Replay([refusal, whole], cut=cut)
        answer = model(f"the key is {KEY}", user=KEY, **({"stream": True} if stream else {}))
        list(answer)
    [file] = tmp_path.iterdir()
    written = file.read_text("utf-8")
    document = json.loads(written)
    for form in [*spell(KEY), "ok-1234567", "id=other", json.dumps(json.dumps(KEY))[1:-1]]:
        assert form not in written
        assert form not in json.dumps(document, ensure_ascii=False)
    assert document["request"]["input"][0]["content"] == "the key is ***"
    assert document["expect"]["text"] == ("a***b" if stream else "*** *** *** ***")
    assert play(CHAT, tmp_path) == []


def test_secrets_are_masked_wherever_a_text_is_cut() -> None:
    masker = Masker([KEY, f"Bearer {KEY}"])
    told = f"x {KEY} y Bearer {KEY} z".encode()
    for size in range(1, len(told)):
        pieces = [told[n : n + size] for n in range(0, len(told), size)]
        masked = mask_stream(pieces, masker)
        assert len(masked) == len(pieces)
        assert b"".join(masked) == b"x *** y *** z"
    assert masker.mask_all({"a": [1, None, True, KEY], KEY: "Bearer " + KEY}) == {
        "a": [1, None, True, "***"],
        "***": "***",
    }
    assert Masker(["1234"]).mask_all([1234, 12345, "1", "a1234"]) == ["***", 12345, "1", "a***"]
    assert Masker(["no"]).mask("no") == "no"  # so short a text stands in many others


def test_what_is_no_utf_8_comes_back_as_it_was(tmp_path: Path) -> None:
    config = {**CHAT, "model_type": "post_api_chat", "api_url": "http://x.test", "response": {"text": "t"}}
    del config["model_name"], config["api_key"]
    headers = {"Content-Type": "application/json; charset=gbk"}
    raw = json.dumps({"t": "你好"}, ensure_ascii=False).encode("gbk").decode("utf-8", "surrogateescape")
    with ModelRegistry(config, observers=[f"record:{tmp_path}"]) as hub:
        hub.get_model("gpt").drivers = Replay([{"headers": headers, "body": raw}])
        assert hub.get_model("gpt")("hi").text == "你好"
    [document] = read(tmp_path)
    assert document["replies"][0]["body"] == {"t": "你好"}
    assert play(config, tmp_path) == []


def test_a_stream_that_is_left_is_a_recording_of_what_came(tmp_path: Path) -> None:
    chunks = [PIECE.format(n) for n in range(4)]
    with ModelRegistry(CHAT, observers=[f"record:{tmp_path}"]) as hub:
        model = hub.get_model("gpt")
        model.drivers = Replay([{"headers": SSE, "chunks": [*chunks, END]}])
        pieces = iter(model("hi", stream=True))
        next(pieces)
        pieces.close()
    [document] = read(tmp_path)
    assert document["replies"][0]["chunks"] == chunks[:1]
    assert document["replies"][0]["end"] == "abrupt"
    assert play(CHAT, tmp_path) == []


def test_long_lists_are_recorded_in_the_order_of_their_parts(tmp_path: Path) -> None:
    config: dict[str, Any] = {
        "config_name": "e",
        "model_type": "dashscope_text_embedding",
        "model_name": "e",
        "api_key": "sekret-12345",
    }
    texts = [str(n) for n in range(60)]

    def answer(request: Any) -> dict[str, Any]:
        asked = request.json["input"]["texts"]
        vectors = [{"text_index": n, "embedding": [float(text)]} for n, text in enumerate(asked)]
        return {"body": {"output": {"embeddings": vectors}, "usage": {"total_tokens": 1}}}

    with Player() as player:
        player.play(answer, again=True)
        config["client_args"] = {"base_url": f"{player.url}/api/v1"}
        with ModelRegistry(config, observers=[f"record:{tmp_path}"]) as hub:
            hub.get_model("e")(texts)
    [document] = read(tmp_path)
    assert len(document["replies"]) > 1
    assert document["expect"]["embedding"] == [[float(text)] for text in texts]
    assert play(config, tmp_path) == []


class Louder(OpenAIChatWrapper):
    """Goes on to what it extends."""

    model_type = "louder_chat"

    def __call__(self, messages: Any, **options: Any) -> Any:
        answer = super().__call__(messages.upper(), **options)
        answer.text = f"{answer.text}!"
        return answer


class Own(ModelWrapperBase):
    """Sends nothing."""

    model_type = "own_chat"

    def __call__(self, text: str) -> str:
        return text


def test_which_calls_have_files(tmp_path: Path) -> None:
    """A call has one if it was sent: not one in Python, not that of a model that asks others, which have theirs."""
    configs = [
        {**CHAT, "cache": {}},
        {**CHAT, "config_name": "loud", "model_type": "louder_chat"},
        {"config_name": "own", "model_type": "own_chat"},
        {"config_name": "both", "model_type": "fallback", "models": ["gpt", "loud"]},
    ]
    with ModelRegistry(configs, wrappers=[Louder, Own], observers=[f"record:{tmp_path}"]) as hub:
        for name in ("gpt", "loud"):
            hub.get_model(name).drivers = Replay([{"body": OK}, {"status": 400, "body": "no"}])
        assert hub.get_model("gpt")("one").text == "hi"
        assert hub.get_model("gpt")("one").text == "hi"  # which was kept
        assert hub.get_model("own")("two") is not None
        assert hub.get_model("loud")("three", temperature=0).text == "hi!"
        with pytest.raises(ModelCallError):
            hub.get_model("gpt")("hi", temperature=float("nan"))
        with pytest.raises(ModelCallError):
            hub.get_model("loud")("four")
    found = read(tmp_path)
    assert [each["config"] for each in found] == ["gpt", "loud", "loud"]
    assert found[1]["request"] == {"input": "three", "temperature": 0}
    assert found[1]["expect"]["text"] == "hi!"


def test_tokens_are_no_part_of_a_recording(tmp_path: Path) -> None:
    config = {
        "config_name": "mine",
        "model_type": "post_api_chat",
        "api_url": "http://x.test/v1",
        "response": {"text": "t"},
        "auth": {"type": "oauth2", "token_url": "http://x.test/token", "client_id": "me-1", "client_secret": KEY},
    }
    token = {"body": {"access_token": "token-98765", "expires_in": 3600}}
    with ModelRegistry(config, observers=[f"record:{tmp_path}"]) as hub:
        hub.get_model("mine").drivers = Replay([token, {"body": {"t": "token-98765"}}])
        assert hub.get_model("mine")("hi").text == "token-98765"
    [document] = read(tmp_path)
    assert document["expect"]["text"] == "***"
    assert [reply["body"] for reply in document["replies"]] == [{"t": "***"}]
    assert play(config, tmp_path) == []


def test_a_folder_that_cannot_be_written_to_costs_no_answer(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "file").write_text("")
    with ModelRegistry(CHAT, observers=[f"record:{tmp_path / 'file' / 'folder'}"]) as hub:
        hub.get_model("gpt").drivers = Replay([{"body": OK}] * 3)
        with caplog.at_level(logging.WARNING, logger="modelhub"):
            assert [hub.get_model("gpt")("hi").text for _ in range(3)] == ["hi"] * 3
    [record] = caplog.records
    assert "calls are not recorded, they cannot be written to" in record.getMessage()


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs a device that is full")
def test_a_full_disk_leaves_no_half_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def write_to_full(self: Path, text: str, encoding: str) -> None:
        with open("/dev/full", "w", encoding=encoding) as full:
            self.touch()
            full.write(text)

    monkeypatch.setattr(Path, "write_text", write_to_full)
    with ModelRegistry(CHAT, observers=[f"record:{tmp_path}"]) as hub:
        hub.get_model("gpt").drivers = Replay([{"body": OK}])
        assert hub.get_model("gpt")("hi").text == "hi"
    assert list(tmp_path.iterdir()) == []
    assert "No space left on device" in caplog.text


def test_recordings_of_many_threads(tmp_path: Path) -> None:
    from concurrent.futures import ThreadPoolExecutor

    with Player() as player:
        player.play({"body": OK}, again=True)
        config = {**CHAT, "client_args": {"base_url": player.url}}
        with ModelRegistry(config, observers=[f"record:{tmp_path}"]) as hub, ThreadPoolExecutor(8) as pool:
            model = hub.get_model("gpt")
            list(pool.map(lambda n: model(f"number {n}"), range(24)))
    asked = sorted(each.input[0]["content"] for each in read_recordings(tmp_path))
    assert asked == sorted(f"number {n}" for n in range(24))
    assert play(CHAT, tmp_path) == []


def test_what_a_reference_to_a_secret_means_is_masked_wherever_it_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also in a header and a body whose names do not tell that they hold one."""
    monkeypatch.setenv("ACME_SECRET", "acme-98765")
    monkeypatch.setenv("REGION", "europe-1")
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "acme").write_text("filed-98765\n")
    config = {
        "config_name": "mine",
        "model_type": "post_api_chat",
        "api_url": "http://x.test/${REGION}/v1",
        "headers": {"X-Acme": "v1 ${ACME_SECRET}!"},
        "json_args": {"who": f"${{file:{tmp_path / 'secrets' / 'acme'}}}"},
    }
    said = {"choices": [{"message": {"content": "acme-98765 of filed-98765 in europe-1"}, "finish_reason": "stop"}]}
    with ModelRegistry(config, observers=[f"record:{tmp_path / 'made'}"]) as hub:
        hub.get_model("mine").drivers = Replay([{"body": said}])
        hub.get_model("mine")("hi")
    [document] = read(tmp_path / "made")
    assert document["expect"]["text"] == "*** of *** in europe-1"
    assert document["sent"][0]["body"]["who"] == "***"
    assert "98765" not in json.dumps(document)
    assert play(config, tmp_path / "made") == []


def test_a_call_that_is_cancelled_is_a_recording_of_a_server_that_says_nothing(tmp_path: Path) -> None:
    async def run() -> None:
        task = asyncio.create_task(hub.get_model("gpt").acall("hi"))
        while not player.in_flight:
            await asyncio.sleep(0.001)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await hub.aclose()

    with Player() as player:
        player.play({"timeout": True})
        hub = ModelRegistry({**CHAT, "client_args": {"base_url": player.url}}, observers=[f"record:{tmp_path}"])
        asyncio.run(run())
    [document] = read(tmp_path)
    assert document["replies"] == [{"timeout": True}]
    assert document["expect"] == {"error": {"class": "ModelCallError"}}
    assert play(CHAT, tmp_path) == []
