"""Public APIs that are spoken by configuration alone: each exchange beside a config gives what it says."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, urlsplit

import pytest
from click.testing import CliRunner
from multidict import CIMultiDict

from modelhub import ModelCallError, ModelRegistry
from modelhub.cli.app import cli
from modelhub.configs import load
from modelhub.overriding import override
from modelhub.response.outcome import read_outcome
from modelhub.testing import Replay
from modelhub.testing.comparing import compare_outcome, compare_sent
from modelhub.testing.recordings import Recording, read_recordings
from modelhub.wire import Reply, Request, decode_json, encode_json

from ..paths import ROOT

FOLDER = ROOT / "model_configs" / "adapters"
APIS = sorted(path.stem for path in FOLDER.glob("*.yaml"))
RECORDINGS = {api: read_recordings(FOLDER / "fixtures" / api) for api in APIS}
EVERY = [pytest.param(api, recording, id=f"{api}-{recording.name}") for api in APIS for recording in RECORDINGS[api]]
TOKEN = {"access_token": "tok-1", "token_type": "Bearer", "expires_in": 3600}


class Played(Replay):
    """Answers with the replies of a recording, and with a token where one is asked for."""

    def __init__(self, recording: Recording, *, cut: int | None = None) -> None:
        super().__init__([*recording.replies], cut=cut)
        self.asked_for_token: list[Request] = []

    @override
    def fetch(self, request: Request) -> Reply:
        if not request.url.endswith("/token"):
            return super().fetch(request)
        self.asked_for_token.append(request)
        reply = Reply(200, CIMultiDict({"Content-Type": "application/json"}))
        reply.body = encode_json(TOKEN)
        return reply


class Sent(NamedTuple):
    """A request, as a server sees it."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    bytes: bytes

    @property
    def json(self) -> Any:
        """The body."""
        return decode_json(self.bytes)


def read_sent(request: Request) -> Sent:
    parts = urlsplit(request.url)
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    return Sent(request.method, parts.path, query, CIMultiDict(request.headers), request.body or b"")


@pytest.fixture
def hub(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModelRegistry]:
    """The configs of the API of a test; the variables that they need have made-up values."""
    path = FOLDER / f"{request.getfixturevalue('api')}.yaml"
    for name in re.findall(r"\$\{(\w+)\}", path.read_text("utf-8")):
        monkeypatch.setenv(name, f"{name.lower().replace('_', '-')}-1")
    with ModelRegistry(path) as hub:
        yield hub


def play(hub: ModelRegistry, recording: Recording, caller: Any, **replay: Any) -> tuple[Any, Played]:
    """What comes of a recording, be it an answer or an error, and what was sent for it."""
    model: Any = hub.get_model(recording.config or hub.names()[0])
    model.drivers = played = Played(recording, **replay)
    try:
        if recording.stream:
            return caller.deltas(model, recording.input, **recording.options)[1], played
        return caller.call(model, recording.input, **recording.options), played
    except ModelCallError as error:
        return error, played


@pytest.mark.parametrize(("api", "recording"), EVERY)
def test_a_recorded_exchange(hub: ModelRegistry, api: str, recording: Recording, caller: Any) -> None:
    outcome, played = play(hub, recording, caller)
    assert compare_outcome(recording, outcome) == []
    sent = [read_sent(request) for request in played.requests]
    assert len(sent) == len(recording.replies)
    for wanted, came in zip(recording.sent, sent, strict=False):
        assert compare_sent(wanted, came) == []


@pytest.mark.parametrize("cut", [1, 7])
@pytest.mark.parametrize(("api", "recording"), [each for each in EVERY if each.values[1].stream])  # type: ignore[union-attr]
def test_a_stream_is_the_same_however_it_is_cut(
    hub: ModelRegistry, api: str, recording: Recording, caller: Any, cut: int
) -> None:
    outcome, _ = play(hub, recording, caller, cut=cut)
    assert compare_outcome(recording, outcome) == []


@pytest.mark.parametrize("api", [api for api in APIS if (FOLDER / "fixtures" / api / "stream.json").exists()])
def test_a_stream_gives_what_a_whole_answer_gives(hub: ModelRegistry, api: str, caller: Any) -> None:
    recordings = {recording.name: recording for recording in RECORDINGS[api]}
    whole, streamed = (read_outcome(play(hub, recordings[name], caller)[0]) for name in ("chat", "stream"))
    for name in ("text", "finish_reason", "tool_calls"):
        assert streamed[name] == whole[name]


@pytest.mark.parametrize("api", APIS)
def test_each_api_has_its_page_and_its_recordings(api: str) -> None:
    text = (FOLDER / f"{api}.yaml").read_text("utf-8")
    assert re.match(r"# .*\n?.*https://", text)
    names = {recording.name for recording in RECORDINGS[api]}
    assert any("error" in name for name in names)
    for entry in load(FOLDER / f"{api}.yaml").entries:
        config = entry.config
        mine = [each for each in RECORDINGS[api] if (each.config or config["config_name"]) == config["config_name"]]
        assert any(not each.fails and not each.stream for each in mine)
        assert any(each.stream for each in mine) or "stream" not in config
        assert any("tool_calls" in each.expect for each in mine) or "tool_calls" not in str(config)


@pytest.mark.parametrize("api", APIS)
def test_each_config_is_valid(api: str) -> None:
    done = CliRunner().invoke(cli, ["validate", "--strict", str(FOLDER / f"{api}.yaml")])
    assert (done.exit_code, done.stderr) == (0, "")


@pytest.mark.parametrize("api", APIS)
def test_no_key_is_written_out_or_shown(hub: ModelRegistry, api: str, caller: Any) -> None:
    for recording in RECORDINGS[api]:
        outcome, _ = play(hub, recording, caller)
        shown = f"{outcome!r} {outcome} {hub.config(recording.config or hub.names()[0])}"
        assert not re.search(r"(?:key|token|secret|password)-1", shown.replace("tok-1", "token-1"))


def test_a_service_that_signs_is_told_who_calls(hub_of_databricks: Any, caller: Any) -> None:
    """A token is asked for once, with what the client knows, and is kept."""
    hub, recording = hub_of_databricks
    model = hub.get_model(hub.names()[0])
    model.drivers = played = Played(Recording("twice", recording.request, [*recording.replies] * 2))
    for _ in range(2):
        caller.call(model, recording.input, **recording.options)
    (asked,) = played.asked_for_token
    assert asked.headers["Authorization"].startswith("Basic ")
    assert asked.body is not None and b"scope=all-apis" in asked.body
    assert [request.headers["Authorization"] for request in played.requests] == ["Bearer tok-1"] * 2


@pytest.fixture
def hub_of_databricks(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setenv("DATABRICKS_CLIENT_ID", "id-1")
    monkeypatch.setenv("DATABRICKS_CLIENT_SECRET", "secret-1")
    with ModelRegistry(FOLDER / "databricks.yaml") as hub:
        yield hub, next(each for each in RECORDINGS["databricks"] if each.name == "chat")


def test_the_signature_of_a_gateway(monkeypatch: pytest.MonkeyPatch, caller: Any) -> None:
    """It is that of what was sent, under the key of the application."""
    import base64
    import hmac

    monkeypatch.setenv("GATEWAY_APP_KEY", "app-1")
    monkeypatch.setenv("GATEWAY_APP_SECRET", "shh-1")
    recording = next(each for each in RECORDINGS["aliyun_gateway"] if each.name == "chat")
    with ModelRegistry(FOLDER / "aliyun_gateway.yaml") as hub:
        _, played = play(hub, recording, caller)
    sent = read_sent(played.requests[0])
    signed = "\n".join(
        [
            *("POST", sent.headers["Accept"], "", sent.headers["Content-Type"], ""),
            *(f"{name}:{sent.headers[name]}" for name in sent.headers["X-Ca-Signature-Headers"].split(",")),
            sent.path,
        ]
    )
    digest = hmac.digest(b"shh-1", signed.encode(), "sha256")
    assert sent.headers["X-Ca-Signature"] == base64.b64encode(digest).decode()


def test_no_other_files_lie_beside_the_recordings() -> None:
    assert sorted(path.name for path in (FOLDER / "fixtures").iterdir()) == APIS
    assert all(path.suffix == ".json" for path in Path(FOLDER / "fixtures").glob("*/*"))
