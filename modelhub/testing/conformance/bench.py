"""A config on the bench: its model, built anew for each test, and the server that plays its recordings."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from modelhub import ModelRegistry
from modelhub.errors import ConfigError, ModelHubError
from modelhub.registry.types import KnownTypes
from modelhub.testing.beside import Beside
from modelhub.testing.bodies import encode_recording, find_charset
from modelhub.testing.conformance.preparing import CANARY, KEY, find_secrets, has_secret, invent_values, refer
from modelhub.testing.leading import LeadingDrivers
from modelhub.testing.player import Player
from modelhub.testing.recordings import Recording, read_recordings
from modelhub.testing.replay import Replay

TOKEN = f"token-of-{CANARY}"  # what is got by a secret is one, too
_USUAL = {"timeout": 20, "retry": {"max_attempts": 1}}


class Bench:
    """What the tests of one wrapper work with; ``close`` closes what they have left open.

    ``config`` is that of the wrapper; ``others`` are those that it refers to.
    """

    def __init__(self, suite: Any, player: Player) -> None:
        self.suite = suite
        self.player = player
        self.config: dict[str, Any] = {"config_name": "conformance", **refer(suite.config)}
        self.others = [refer(each) for each in suite.others]
        self.name: str = self.config["config_name"]
        self.recordings = list_recordings(type(suite))
        player.beside = beside = Beside([suite.config, *suite.others], TOKEN)
        self.has_tokens = beside.has_tokens
        self._open: list[Any] = []
        self._models: list[Any] = []

    def build(self, drivers: Any = None, observers: Sequence[Any] = (), **keys: Any) -> Any:
        """The model of the config with ``keys`` in it, in a registry of its own, over ``drivers``."""
        hub = self.open_registry(observers, **keys)
        return self.take_model(hub, drivers)

    def take_model(self, hub: ModelRegistry, drivers: Any = None) -> Any:
        """The model of a registry, it and those it asks over ``drivers``: by default they are led to the player."""
        led = drivers if drivers is not None else LeadingDrivers(self.player.url, pauses=False)
        self._models = [hub.get_model(name) for name in hub.reach(self.name)]
        self.connect(led)
        self._open.append(led)
        return self._models[0]

    def connect(self, drivers: Any) -> None:
        """Give other connections to the model that was built last, and to those that it asks."""
        for model in self._models:
            model.drivers = drivers

    def open_registry(self, observers: Sequence[Any] = (), **keys: Any) -> ModelRegistry:
        """A registry of the config, with ``keys`` in it, and of the configs that it refers to."""
        hub = ModelRegistry(self.list_configs(**keys), wrappers=self.find_wrappers(), observers=observers)
        self._open.append(hub)
        return hub

    def list_configs(self, **keys: Any) -> list[dict[str, Any]]:
        """The configs of the registry, this one first."""
        return [self._lay(config, keys if n == 0 else {}) for n, config in enumerate((self.config, *self.others))]

    def find_wrappers(self) -> list[Any]:
        """The classes that no entry point names."""
        return [self.suite.wrapper] if self.suite.wrapper is not None else []

    def takes(self, **keys: Any) -> bool:
        """Whether the config may have ``keys``."""
        return self._may_have(self.config, keys)

    def replay(self, recording: Recording, *, cut: int | None = None, **keys: Any) -> tuple[Any, Replay]:
        """The model with the replies of a recording in place of connections, which may be cut anew."""
        return self.replay_replies(recording.replies, cut=cut, **keys)

    def replay_replies(
        self, replies: Sequence[Mapping[str, Any]], *, cut: int | None = None, **keys: Any
    ) -> tuple[Any, Replay]:
        """The model with ``replies`` in place of connections."""
        drivers = self.play(replies, cut=cut)
        return self.build(drivers, **self._allow(replies, keys)), drivers

    def play(self, replies: Sequence[Mapping[str, Any]], *, cut: int | None = None) -> Replay:
        """Replies in place of connections."""
        return Replay(replies, cut=cut, beside=self.player.beside)

    def wire(self, recording: Recording, *, again: bool = False, **keys: Any) -> Any:
        """The model on real connections to the player, which plays a recording."""
        self.player.play(*recording.replies, again=again)
        return self.build(**self._allow(recording.replies, keys))

    def find(self, *, stream: bool = False, tools: bool = False) -> Recording:
        """The recording of this kind with the fewest replies, the first of several.

        Raises ModelHubError that says what to record where there is none.
        """
        found = [each for each in self.recordings if not each.fails and each.replies and each.stream is stream]
        found.sort(key=lambda each: len(each.replies))
        if tools:
            found = [each for each in found if each.expect.get("tool_calls")]
            what = "whose answer calls a tool: give `tools` in its request and `tool_calls` in what it expects"
        else:
            found.sort(key=lambda each: bool(each.expect.get("tool_calls")))
            what = "of a whole answer" if not stream else 'with `"stream": true` in its request'
        if not found:
            raise ModelHubError(
                f"{find_folder(type(self.suite))} has no recording {what}; add one, or name in `cannot` what the model"
                " cannot do"
            )
        return found[0]

    def name_variables(self) -> list[str]:
        """The environment variables that hold the keys of the config."""
        names = invent_values([self.suite.config])
        return [name for name, value in names.items() if value == CANARY and name != KEY]

    def find_schema(self) -> dict[str, Any] | None:
        """The schema of the model_type, as its package ships it or as it follows from the class."""
        known = {name: each for each in self.find_wrappers() for name in (each.__name__, each.model_type)}
        return KnownTypes(known).find_schema(self.config["model_type"])

    def list_keys(self) -> list[str]:
        """The keys of the config of which a misspelt one is to be refused."""
        own = (self.find_schema() or {}).get("properties", {})
        written = [key for key, about in own.items() if not (isinstance(about, dict) and about.get("deprecated"))]
        return [key for key in dict.fromkeys((*written, "timeout", "headers")) if len(key) > 3 and self.knows(key)]

    def knows(self, key: str) -> bool:
        """Whether the schema has ``key``."""
        try:
            ModelRegistry([{**self.config, key: "x"}, *self.others], wrappers=self.find_wrappers()).close()
        except ConfigError as error:
            return not any(problem.code == "MH103" for problem in error.problems)
        return True

    def close(self) -> None:
        """Close all registries and connections."""
        self.player.beside = None
        for each in reversed(self._open):
            each.close()

    def find_secrets(self) -> list[str]:
        """The values that nothing may show."""
        return find_secrets([self.suite.config, *self.suite.others])

    def name_options(self) -> set[str]:
        """The names of options that the config or its type sets by itself."""
        named = self.config.get("generate_args") or {}
        return {*self.config, *named, *(self.find_schema() or {}).get("properties", {})}

    def _lay(self, config: Mapping[str, Any], keys: Mapping[str, Any]) -> dict[str, Any]:
        more = dict(_USUAL) if has_secret(config) else {**_USUAL, "api_key": f"${{{KEY}}}"}
        usual = {name: value for name, value in more.items() if self._may_have(config, {name: value})}
        pointed: dict[str, Any] = self.suite.point(dict(config), self.player.url)
        return {**pointed, **usual, **keys}

    def _allow(self, replies: Sequence[Mapping[str, Any]], keys: Mapping[str, Any]) -> dict[str, Any]:
        """``keys`` with as many attempts as there are replies, where the config may say so.

        Where it asks after a job, those that did not fail are of one attempt.
        """
        count = 1 + sum(map(has_failed, replies)) if "poll" in self.config else len(replies)
        attempts = {"retry": {"max_attempts": count}}
        return {**attempts, **keys} if count > 1 and self.takes(**attempts) else dict(keys)

    def _may_have(self, config: Mapping[str, Any], keys: Mapping[str, Any]) -> bool:
        model_type = config.get("model_type", "")
        known = type(self.suite).__dict__.get("_taken")
        if known is None:
            known = {}
            type(self.suite)._taken = known
        asked = (model_type, *sorted(keys))
        if asked not in known:
            known[asked] = self._try_config({**config, **keys})
        return bool(known[asked])

    def _try_config(self, config: dict[str, Any]) -> bool:
        name = config.get("config_name")
        configs = [config, *(each for each in (self.config, *self.others) if each.get("config_name") != name)]
        try:
            ModelRegistry(configs, wrappers=self.find_wrappers()).close()
        except ConfigError:
            return False
        return True


def list_complete(suite: Any) -> list[dict[str, Any]]:
    """The configs of the suite, with what a package says for all configs of a type that is only data."""
    types = KnownTypes({})
    return [types.complete(dict(each)) for each in (suite.config, *suite.others)]


def has_failed(reply: Mapping[str, Any]) -> bool:
    """Whether a recorded reply is one after which is tried again."""
    return bool(reply.get("status", 200) >= 400 or reply.get("timeout") or reply.get("end"))


def find_folder(suite: Any) -> Path:
    """The folder of the recordings; one that is relative is seen from the file of the test."""
    folder = Path(suite.recordings)
    return folder if folder.is_absolute() else Path(inspect.getfile(suite)).resolve().parent / folder


def list_recordings(suite: Any) -> list[Recording]:
    """The recordings of a suite, read once; raises ModelHubError."""
    known: list[Recording] | None = suite.__dict__.get("_read")
    if known is None:
        charset = find_charset(suite.config)
        known = suite._read = [encode_recording(each, charset) for each in read_recordings(find_folder(suite))]
    return known
