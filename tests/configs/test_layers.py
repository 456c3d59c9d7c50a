"""Layers of configs: which value wins, where it was written, and what cannot be merged."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

import modelhub
from modelhub.configs import Entry, Sources, load, load_text
from modelhub.errors import ConfigError
from modelhub.registry.explain import DEFAULT, Explained
from modelhub.testing import MockServer

from ..paths import ROOT, TESTS

HERE = TESTS / "configs" / "layers"
TABLE = ROOT / "docs" / "configs.md"
RUNS = [
    pytest.param(folder.name, run, id=f"{folder.name}-{run.get('file', '')}{run.get('profile', '')}")
    for folder in sorted(HERE.iterdir())
    for run in json.loads((folder / "expected.json").read_text())["runs"]
]


@pytest.fixture(autouse=True)
def no_profile(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MODELHUB_PROFILE", raising=False)


@pytest.mark.parametrize(("folder", "run"), RUNS)
def test_layers(folder: str, run: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(HERE / folder)
    sources = Sources()
    sources.add(run.get("file", "models.yaml"))
    if run.get("check"):
        loaded = modelhub.ModelRegistry(profile=run.get("profile")).read(sources)
    else:
        loaded = sources.load(run.get("profile"))
        assert [list(entry.config)[:2] for entry in loaded.entries] == [["config_name", "model_type"]] * len(
            loaded.entries
        )
    if "configs" in run:
        assert [entry.config for entry in loaded.entries] == run["configs"]
    found = sorted(map(str, loaded.problems), key=_line)
    assert len(found) == len(run["problems"]), found
    for said, expected in zip(found, sorted(run["problems"], key=_line), strict=True):
        assert said.startswith(expected)


def _line(text: str) -> tuple[str, list[int]]:
    file, *numbers = text.split(" ", 1)[0].split(":")
    return file, [int(number) for number in numbers if number]


def build_precedence(folder: Path, layers: int) -> dict[str, Any]:
    """Files in which every layer of the documented table up to ``layers`` sets n to its own number."""

    def say(layer: int) -> dict[str, Any]:
        return {"generate_args": {"n": layer}} if layer <= layers else {}

    outer = {
        "include": "inner.json",
        "defaults": {"all": say(2), "openai_chat": say(5)},
        "profiles": {"prod": {"gpt": say(11)}},
    }
    inner = {
        "defaults": {"all": say(3), "openai_chat": say(6)},
        "profiles": {"prod": {"defaults": {"all": say(4), "openai_chat": say(7)}, "models": [{"config_name": "gpt"}]}},
        "models": [
            {"config_name": "base", "abstract": True, **say(8)},
            {"config_name": "gpt", "extends": "base", "model_type": "openai_chat", "api_key": "k", **say(9)},
        ],
    }
    inner["profiles"]["prod"]["models"][0].update(say(10))  # type: ignore[index]
    (folder / "outer.json").write_text(json.dumps(outer))
    (folder / "inner.json").write_text(json.dumps(inner))
    return {"n": 12} if layers == 12 else {}


def find_rows() -> list[tuple[int, str]]:
    return [(int(n), layer) for n, layer in re.findall(r"^\| (\d+) \| (.+?) \|", TABLE.read_text("utf-8"), re.M)]


@pytest.mark.parametrize(("number", "layer"), find_rows())
def test_the_documented_order(number: int, layer: str, tmp_path: Path, server: MockServer) -> None:
    options = build_precedence(tmp_path, number)
    url = {"config_name": "gpt", "client_args": {"base_url": f"{server.url}/v1"}}
    with modelhub.ModelRegistry([tmp_path / "outer.json", {"profiles": {"prod": [url]}}], profile="prod") as hub:
        [explained] = [each for each in hub.explain("gpt") if each.key == "generate_args.n"]
        in_config = min(number, 11)
        assert [explained.value, *(low.value for low in explained.beaten)] == list(range(in_config, 0, -1))
        assert ([explained.source, *(low.source for low in explained.beaten)][-1] == DEFAULT) is True
        hub.get_model("gpt")("hello", **options)
    assert server.requests[-1].json.get("n", 1) == number, layer


def test_the_documented_order_is_whole() -> None:
    assert [number for number, _ in find_rows()] == list(range(1, 13))


def test_the_documented_example(tmp_path: Path) -> None:
    [example] = re.findall(r"^```yaml\n# models.yaml\n(.*?)^```", TABLE.read_text("utf-8"), re.M | re.S)
    (tmp_path / "shared").mkdir()
    (tmp_path / "shared" / "a.yaml").write_text("config_name: a\nmodel_type: openai_embedding\n")
    (tmp_path / "models.yaml").write_text(f"# models.yaml\n{example}")
    with modelhub.ModelRegistry(tmp_path / "models.yaml", profile="prod") as hub:
        assert hub.names() == ["a", "gpt", "cheap"]
        assert hub.config("a") == {"config_name": "a", "model_type": "openai_embedding", "timeout": 30}
        assert hub.config("gpt")["timeout"] == 10 == hub.config("cheap")["timeout"]
        assert hub.config("cheap")["generate_args"] == {}
        said = {each.key: f"{each.source} {each.layer}" for each in hub.explain("gpt")}
    assert said["timeout"] == f"{tmp_path}/models.yaml:11:33 profiles.prod"
    assert said["api_key"] == f"{tmp_path}/models.yaml:13:75 openai"
    assert said["generate_args.temperature"] == f"{tmp_path}/models.yaml:7:34 defaults.openai_chat"


def test_the_profile_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    configs = {
        "profiles": {"dev": {"gpt": {"timeout": 1}}, "prod": {"gpt": {"timeout": 2}}},
        "models": [{"config_name": "gpt", "model_type": "openai_chat"}],
    }

    def timeout(**options: Any) -> Any:
        return modelhub.ModelRegistry(configs, **options).config("gpt").get("timeout")

    assert [timeout(), timeout(profile="dev")] == [None, 1]
    monkeypatch.setenv("MODELHUB_PROFILE", "prod")
    assert [timeout(), timeout(profile="dev"), timeout(profile="")] == [2, 1, None]
    assert modelhub.init(configs).config("gpt")["timeout"] == 2
    monkeypatch.setenv("MODELHUB_PROFILE", "test")
    with pytest.raises(ConfigError, match="there is no profile 'test'; the profiles are: dev, prod"):
        timeout()
    with pytest.raises(ConfigError, match="there is no profile 'test'; there are no profiles"):
        modelhub.ModelRegistry({"config_name": "gpt", "model_type": "openai_chat"})


def test_files_are_read_once_when_included(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("config_name: a\nmodel_type: openai_chat\n")
    (tmp_path / "m.yaml").write_text("include: [a.yaml, z.yaml]\ndefaults: {all: {timeout: 3}}\n")
    (tmp_path / "z.yaml").write_text("config_name: z\nmodel_type: openai_chat\n")
    loaded = load(tmp_path)
    assert [(entry.config["config_name"], entry.config["timeout"]) for entry in loaded.entries] == [("a", 3), ("z", 3)]
    assert not loaded.problems
    assert len(load([tmp_path / "a.yaml", tmp_path / "a.yaml"]).entries) == 1


def test_deep_includes_are_refused(tmp_path: Path) -> None:
    for number in range(60):
        (tmp_path / f"{number}.yaml").write_text(f"include: {number + 1}.yaml\n")
    [problem] = load(tmp_path / "0.yaml").problems
    assert (problem.code, problem.place) == ("MH304", f"{tmp_path}/50.yaml:1:10")


def test_long_chains_of_extends_are_refused() -> None:
    models = [{"config_name": str(n), "extends": str(n + 1)} for n in range(3000)]
    loaded = load([*models, {"config_name": "3000", "model_type": "openai_chat"}])
    [problem] = loaded.problems
    assert (problem.code, problem.place) == ("MH304", "model_configs[2899].extends")
    assert len(loaded.entries) == 101


def test_merged_configs_share_nothing() -> None:
    models = [{"config_name": name, "model_type": "openai_chat"} for name in "ab"]
    loaded = load({"defaults": {"all": {"tags": [{"x": 1}]}}, "models": models})
    loaded.entries[0].config["tags"][0]["x"] = 2
    assert loaded.entries[1].config["tags"] == [{"x": 1}]


def test_python_objects_have_places() -> None:
    base = {"config_name": "base", "abstract": True, "model_type": "openai_chat", "timeout": 0}
    loaded = load([base, {"config_name": "a", "extends": "base"}])
    [problem] = modelhub.ModelRegistry().check(loaded.entries)
    assert (problem.place, problem.config_name) == ("model_configs[0].timeout", "a")


def test_a_program_hears_nothing_of_what_is_unused() -> None:
    base = {"config_name": "base", "abstract": True}
    configs = {
        "defaults": {"yi_chat": {"timeout": 3}},
        "models": [base, {"config_name": "a", "model_type": "post_api"}],
    }
    configs["models"][1]["api_url"] = "http://localhost:1/"  # type: ignore[index]
    assert modelhub.ModelRegistry(configs).names() == ["a"]  # a warning would be an error here
    sources = Sources()
    sources.add(configs)
    problems = modelhub.ModelRegistry().read(sources).problems
    assert [(problem.code, problem.severity, problem.place) for problem in problems] == [
        ("MH305", "warning", "model_configs.models[0].config_name"),
        ("MH305", "warning", "model_configs.defaults.yi_chat"),
    ]


def test_unread_files_silence_what_might_be_used_there(tmp_path: Path) -> None:
    path = tmp_path / "models.yaml"
    path.write_text("- {config_name: base, abstract: true}\n")
    assert [problem.code for problem in load([path]).problems] == ["MH305"]
    assert [problem.code for problem in load([path, tmp_path / "gone.yaml"]).problems] == ["MH101"]


def test_plain_configs_have_no_origins() -> None:
    assert load([{"config_name": "a", "model_type": "openai_chat"}]).entries[0].origins is None


CONFIG = """\
defaults:
  all: {timeout: 30, headers: {X-Api-Key: hunter2hunter2}}
  openai_chat: {generate_args: {temperature: 0, stop: x}}
profiles: {prod: {gpt-4.1: {api_key: sk-hunter2hunter2}}}
models:
- config_name: gpt-4.1
  model_type: openai_chat
  api_key: ${OPENAI_API_KEY}
  model_name: ${MODEL:-gpt}
  generate_args: {temperature: 0.2, stop: null}
"""


def command(*args: str, **environment: str) -> str:
    import os

    line = [sys.executable, "-W", "ignore", "-m", "modelhub", *args]
    done = subprocess.run(
        line, capture_output=True, text=True, check=False, timeout=60, env={**os.environ, **environment}
    )
    assert "Traceback" not in done.stderr
    return f"{done.stdout}{done.stderr}exit {done.returncode}"


def test_explain(tmp_path: Path) -> None:
    path = tmp_path / "models.yaml"
    path.write_text(CONFIG)
    said = command("explain", "gpt-4.1", "-c", str(path), OPENAI_API_KEY="sk-hunter2")
    unfolded = said.replace("\n    ", " ").split("\n")
    lines = [" ".join(line.split()).replace(f"{path}:", "") for line in unfolded]
    assert lines[:5] == [
        "key value from notes",
        "config_name gpt-4.1 6:16",
        "model_type openai_chat 7:15",
        "api_key ${OPENAI_API_KEY} 8:12 $OPENAI_API_KEY (set)",
        "model_name ${MODEL:-gpt} 9:15 $MODEL (not set)",
    ]
    assert "generate_args.temperature 0.2 10:32 (beat: defaults.openai_chat 3:46 = 0)" in lines
    assert "generate_args.stop (removed) 10:43 (beat: defaults.openai_chat 3:55 = x)" in lines
    assert "headers.X-Api-Key *** 2:43 defaults.all" in lines
    assert "stream false default" in lines
    assert "hunter2" not in said
    prod = json.loads(command("explain", "gpt-4.1.api_key", "-c", str(path), "--profile", "prod", "--json")[:-6])
    beat = {"layer": "gpt-4.1", "source": f"{path}:8:12", "value": "${OPENAI_API_KEY}"}
    assert [(each["value"], each["layer"], each["beat"]) for each in prod] == [("***", "profiles.prod", [beat])]
    assert "hunter2" not in command("explain", "gpt-4.1", "-c", str(path), MODELHUB_PROFILE="prod")


def test_explain_what_is_not_there(tmp_path: Path) -> None:
    path = tmp_path / "models.yaml"
    path.write_text(CONFIG)
    assert "did you mean 'gpt-4.1.timeout'?" in command("explain", "gpt-4.1.timeuot", "-c", str(path))
    assert "did you mean 'gpt-4.1'?" in command("explain", "gpt-4.2", "-c", str(path))
    assert command("explain", "gpt-4.1", "-c", str(path), "--profile", "x").endswith("exit 1")
    assert command("explain").endswith("exit 2")


@pytest.mark.parametrize("name", ["validate", "list", "show"])
def test_commands_take_a_profile(name: str, tmp_path: Path) -> None:
    path = tmp_path / "models.yaml"
    path.write_text("profiles: {dev: {a: {model_type: openai_chat, model_name: tiny}}}\nmodels: []\n")
    args = {"validate": [str(path)], "list": ["-c", str(path)], "show": ["a", "-c", str(path)]}[name]
    said = command(name, *args, "--profile", "dev")
    assert ("1 config ok" if name == "validate" else "tiny") in said
    assert "the profiles are: dev" in command(name, *args, "--profile", "other")


def test_validate_sees_all_paths_together(tmp_path: Path) -> None:
    (tmp_path / "base.yaml").write_text("{config_name: base, abstract: true, model_type: openai_chat}")
    (tmp_path / "models.yaml").write_text("{config_name: a, extends: base}")
    assert "1 config ok" in command("validate", str(tmp_path / "models.yaml"), str(tmp_path / "base.yaml"))


KEYS = st.sampled_from(["a", "b", "c", "d.e"])
VALUES = st.recursive(
    st.none() | st.integers(0, 3) | st.lists(st.integers(0, 3), max_size=2),
    lambda of: st.dictionaries(KEYS, of, max_size=3),
    max_leaves=6,
)
LAYERS = st.lists(st.dictionaries(KEYS, VALUES, max_size=3), min_size=5, max_size=5)
GONE = object()


def fold(low: Any, high: Any) -> Any:
    """The rule as the documentation has it, without places."""
    if isinstance(low, dict) and isinstance(high, dict):
        return {**low, **{key: fold(low[key], item) if key in low else item for key, item in high.items()}}
    return GONE if high is None else high


def clean(value: Any) -> Any:
    return {key: clean(item) for key, item in value.items() if item is not GONE} if isinstance(value, dict) else value


@settings(deadline=None)
@given(LAYERS, st.sampled_from([True, False]))
def test_any_layers_merge_as_documented_and_rebuild_from_their_sources(layers: Any, flow: bool) -> None:
    everywhere, typed, base, own, overlay = layers
    data = {
        "defaults": {"all": everywhere, "t": typed},
        "profiles": {"p": {"x": overlay}},
        "models": [
            {"config_name": "base", "abstract": True, "model_type": "t", **base},
            {"config_name": "x", "extends": "base", **own},
        ],
    }
    text = yaml.safe_dump(data, sort_keys=False, default_flow_style=flow)
    [entry] = load_text(text.encode(), name="x.yaml", format="yaml", profile="p").entries
    config = {"config_name": "x", "model_type": "t"}
    for layer in (everywhere, typed, {"model_type": "t", **base}, {"config_name": "x", **own}, overlay):
        config = fold(config, layer)
    assert entry.config == clean(config)
    assert rebuild(entry, text) == entry.config


def rebuild(entry: Entry, text: str) -> dict[str, Any]:
    """The config made again from what stands at the places of its values."""
    from modelhub.registry.explain import explain

    built: dict[str, Any] = {}
    for each in explain(entry, {}):
        home = built
        for key in each.path[:-1]:
            home = home.setdefault(key, {})
        if not each.removed:
            home[each.path[-1]] = read_at(each, text)
    return built


def read_at(explained: Explained, text: str) -> Any:
    """Parse the value that starts at the place which was named, with what belongs to it."""
    file, line, column = explained.source.split(":")
    assert file == "x.yaml"
    node = yaml.compose(text, yaml.SafeLoader)
    found = {
        (each.start_mark.line + 1, each.start_mark.column + 1): each
        for each in walk(node)
        if not isinstance(each, yaml.MappingNode) or not each.value
    }
    loader = yaml.SafeLoader("")
    return loader.construct_object(found[int(line), int(column)], deep=True)


def walk(node: Any) -> Any:
    yield node
    for child in node.value if isinstance(node, yaml.CollectionNode) else ():
        yield from walk(child[1] if isinstance(child, tuple) else child)
