"""Plays the recorded calls of a folder through configs, without a key, a network, or waiting."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from modelhub.errors import ModelHubError
from modelhub.overriding import override
from modelhub.registry import ModelRegistry
from modelhub.testing.beside import Beside
from modelhub.testing.bodies import encode_recording, find_charset
from modelhub.testing.comparing import compare_outcome, compare_sent
from modelhub.testing.network_guard import no_network
from modelhub.testing.recordings import Recording, read_recording
from modelhub.testing.replay import Replay
from modelhub.testing.sent import SentRequest
from modelhub.testing.stand_ins import STAND_IN, stand_in
from modelhub.wire import Request

Kind = Literal["chat", "stream", "tools", "error", "timeout"]
KINDS: tuple[Kind, ...] = ("chat", "stream", "tools", "error", "timeout")


@dataclass(frozen=True, slots=True)
class Played:
    """What came of one file: ``misses`` says what is another than was expected; empty if nothing is.

    ``kind`` is the column of the table that it counts in, ``config`` the name of the config that it was played with.
    """

    file: str
    config: str
    kind: Kind
    misses: Sequence[str] = ()


def play_fixtures(config: Any, folder: str | Path) -> list[Played]:
    """Play each JSON file of ``folder`` (or the one file) with the config that it names.

    ``config`` is whatever ModelRegistry takes. References are not looked up: something made up stands in their place.
    In a test: ``assert not [each for each in play_fixtures("models.yaml", "fixtures") if each.misses]``.
    Raises ConfigError for a config that is wrong, and ModelHubError where there is nothing to play.
    """
    files = find_fixtures(Path(folder))
    with ModelRegistry(config) as declared:
        configs = [stand_in(declared.build_config(name)) for name in declared.names()]
    with ModelRegistry(configs) as hub, no_network():
        return [_play(hub, configs, file) for file in files]


def find_fixtures(folder: Path) -> list[Path]:
    """The files to play; raises ModelHubError if there are none."""
    if folder.is_file():
        return [folder]
    files = sorted(folder.glob("*.json"))
    if not files:
        missing = "there is no such folder" if not folder.exists() else "it holds no .json file"
        raise ModelHubError(f"nothing to play in {folder}: {missing}")
    return files


def find_kind(recording: Recording) -> Kind:
    """The column of the table that a recording counts in."""
    if any(reply.get("timeout") for reply in recording.replies):
        return "timeout"
    if recording.fails:
        return "error"
    if recording.expect.get("tool_calls") or recording.options.get("tools"):
        return "tools"
    return "stream" if recording.stream else "chat"


def _play(hub: ModelRegistry, configs: Sequence[Mapping[str, Any]], file: Path) -> Played:
    names = hub.names()
    try:
        recording = read_recording(file)
    except ModelHubError as error:
        return Played(file.name, names[0] if len(names) == 1 else "", "chat", [str(error)])
    kind = find_kind(recording)
    name = recording.config or (names[0] if len(names) == 1 else "")
    if name not in names:
        known = ", ".join(names)
        said = f"there is no config {name!r}" if name else "it does not name its config"
        return Played(file.name, name, kind, [f'config: {said}; "config" is one of {known}'])
    config = next(each for each in configs if each["config_name"] == name)
    replies = encode_recording(recording, find_charset(config)).replies
    drivers = _Repeating(replies, beside=Beside([config], STAND_IN))
    for each in hub.reach(name):
        replayed: Any = hub.get_model(each)
        replayed.drivers = drivers
    misses = compare_outcome(recording, _ask(hub.get_model(name), recording))
    for wanted, request in zip(recording.sent, drivers.requests, strict=False):
        misses += [f"sent: {each}" for each in compare_sent(wanted, SentRequest(request))]
    if len(recording.sent) > len(drivers.requests):
        misses.append(f"sent: {len(recording.sent)} requests were expected, {len(drivers.requests)} came")
    return Played(file.name, name, kind, misses)


def _ask(model: Any, recording: Recording) -> Any:
    """The response, or the error of the call."""
    try:
        response = model(recording.input, **recording.options, **({"stream": True} if recording.stream else {}))
        if recording.stream:
            for _ in response:
                pass
    except Exception as error:  # whatever a model raises is what came of it
        return error
    return response


class _Repeating(Replay):
    """Replies with what is recorded for each attempt and each poll; a config may make more of them than there are.

    An address that had a reply has it again then, as when a job that failed is handed in once more; else the last one
    is repeated.
    """

    def __init__(self, exchanges: Sequence[Mapping[str, Any]], *, beside: Beside) -> None:
        super().__init__(exchanges, beside=beside)
        self._given: dict[tuple[str, str], Mapping[str, Any]] = {}
        self._last: Mapping[str, Any] | None = None

    @override
    def _take(self, request: Request) -> Mapping[str, Any] | None:
        address = (request.method, request.url)
        exchange = super()._take(request) or self._given.get(address, self._last)
        if exchange is not None:
            self._given[address] = self._last = exchange
        return exchange
