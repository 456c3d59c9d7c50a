"""What a suite of conformance is given, and what its tests share."""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set
from pathlib import Path
from typing import Any, ClassVar

import pytest

from modelhub.errors import ModelHubError
from modelhub.overriding import override
from modelhub.testing.conformance import bench as benches
from modelhub.testing.conformance.applying import TASKS, find_unknown, hide_others
from modelhub.testing.conformance.bench import Bench
from modelhub.testing.conformance.calls import WAYS
from modelhub.testing.conformance.preparing import invent_values
from modelhub.testing.player import Player
from modelhub.testing.recordings import Recording

PLAYER = pytest.StashKey[Player]()


class Suite:
    """What the author of a wrapper says of it; a subclass whose name begins with ``Test`` is collected by pytest.

    ``config`` is a config of the model_type, as it stands in a file. ``recordings`` is the folder of the recorded
    exchanges. ``cannot`` names what the model cannot do (see ``ABILITIES``); those tests are then left out. ``wrapper``
    is the class, where no entry point names it, ``others`` are configs that ``config`` refers to.
    """

    config: ClassVar[dict[str, Any]]
    recordings: ClassVar[str | Path] = "recordings"
    cannot: ClassVar[Set[str]] = frozenset()
    wrapper: ClassVar[type | None] = None
    others: ClassVar[Sequence[dict[str, Any]]] = ()
    task: ClassVar[str] = ""

    @override
    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if getattr(cls, "config", None) is not None:
            cls.task = cls.task or find_task(cls)
            hide_others(cls, cls.task, cls.cannot)

    def point(self, config: dict[str, Any], url: str) -> dict[str, Any]:
        """``config`` with the address ``url``; only for a wrapper that does not send through modelhub's drivers."""
        return config

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """Ask each test that takes a ``recording`` about all of them, and one of a ``streamed``, about the streams."""
        for name, stream in (("recording", False), ("streamed", True)):
            if name not in metafunc.fixturenames:
                continue
            found: list[Any]
            try:
                found = [each for each in benches.list_recordings(type(self)) if not stream or is_whole_stream(each)]
            except ModelHubError as error:
                found = [error]
            if not found:
                found = [
                    ModelHubError(f"{benches.find_folder(type(self))} has no {name}: add one, see docs/testing.md")
                ]
            ids = [each.name if isinstance(each, Recording) else "none" for each in found]
            metafunc.parametrize(name, found, ids=ids, indirect=True)

    @pytest.fixture
    def recording(self, request: pytest.FixtureRequest) -> Recording:
        """One of the recordings."""
        return take_recording(request.param)

    @pytest.fixture
    def streamed(self, request: pytest.FixtureRequest) -> Recording:
        """One of the recordings whose answer comes in pieces."""
        return take_recording(request.param)

    @pytest.fixture(params=WAYS)
    def way(self, request: pytest.FixtureRequest) -> str:
        """How the model is called: ``sync`` or ``async``."""
        return str(request.param)

    @pytest.fixture
    def player(self, request: pytest.FixtureRequest) -> Player:
        """The server that plays the recordings; there is one, which ends with the run of pytest."""
        stash = request.config.stash
        if PLAYER not in stash:
            player = stash[PLAYER] = Player().__enter__()
            request.config.add_cleanup(lambda: player.__exit__())
        return stash[PLAYER]

    @pytest.fixture
    def bench(self, player: Player, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
        """The config, its recordings and the server, with made-up values for what the config refers to."""
        if unknown := find_unknown(self.cannot):
            pytest.fail("; ".join(unknown))
        try:
            for name, value in invent_values(benches.list_complete(self)).items():
                monkeypatch.setenv(name, value)
            bench = Bench(self, player)
        except ModelHubError as error:
            pytest.fail(str(error))
        try:
            yield bench
        finally:
            bench.close()

    @pytest.fixture
    def whole(self, bench: Bench) -> Recording:
        """The first recording of a whole answer."""
        return find_recording(bench)

    @pytest.fixture
    def called(self, bench: Bench) -> Recording:
        """The first recording whose answer calls a tool."""
        return find_recording(bench, tools=True)

    @pytest.fixture
    def piecemeal(self, bench: Bench) -> Recording:
        """The first recording of an answer in pieces."""
        return find_recording(bench, stream=True)


def find_recording(bench: Bench, **kind: bool) -> Recording:
    """The first recording of a kind; the test fails where there is none, and says what to record."""
    try:
        return bench.find(**kind)
    except ModelHubError as error:
        pytest.fail(str(error))


def take_recording(given: Recording | ModelHubError) -> Recording:
    """A recording; the test fails with what is wrong with the folder where there is none."""
    if isinstance(given, ModelHubError):
        pytest.fail(str(given))
    return given


def is_whole_stream(recording: Recording) -> bool:
    """Whether a recording is one of a stream that comes to its end."""
    return recording.stream and not recording.fails


def find_task(suite: type[Suite]) -> str:
    """The task of the wrapper of a suite: that of its class; chat where there is none, which a test then tells."""
    found: Any = suite.wrapper
    if found is None:
        from modelhub.registry.installed import WRAPPERS

        try:
            found = WRAPPERS.load(str(suite.config.get("model_type")))
        except ModelHubError:
            return "chat"
    task = str(getattr(found, "task", "chat"))
    return task if task in TASKS else "chat"
