"""Configs of LiteLLM proxies become model configs that are valid, hold no key and ask the same servers."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st

from modelhub import ModelRegistry
from modelhub.authoring.importers.vendors import VENDORS, guess_mode, split_model
from modelhub.authoring.yaml_writer import write_block
from modelhub.cli.app import cli
from modelhub.configs.readers.yaml_reader import parse_yaml
from modelhub.registry.installed import WRAPPERS
from modelhub.testing import MockServer

from ..paths import TESTS

CASES = TESTS / "litellm_configs"
NAMES = sorted(path.stem for path in CASES.glob("*.yaml") if not path.stem.endswith(".modelhub"))
# The library, its HTTP clients and what they leave to the garbage collector warn about themselves.
noisy = pytest.mark.filterwarnings("ignore")


def convert(*args: str, input: str | None = None) -> Result:
    return CliRunner().invoke(cli, ["import", "litellm", *args], input=input, catch_exceptions=False)


# What is written and what is said, case by case.


@pytest.mark.parametrize("name", NAMES)
def test_a_config_and_what_is_said_about_it(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(CASES)
    done = convert(f"{name}.yaml")
    expected = CASES / f"{name}.modelhub.yaml"
    assert done.stderr == (CASES / f"{name}.notes.txt").read_text("utf-8")
    assert done.stdout == (expected.read_text("utf-8") if expected.exists() else "")
    assert done.exit_code == (1 if ": error: " in done.stderr else 0)


@pytest.mark.parametrize("name", ["chain", "group", "tasks"])
def test_groups_become_routers_and_fallbacks(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(CASES / "routes")
    done = convert(f"{name}.yaml", "--routes")
    assert done.stderr == Path(f"{name}.notes.txt").read_text("utf-8")
    assert done.stdout == Path(f"{name}.modelhub.yaml").read_text("utf-8")
    with ModelRegistry(f"{name}.modelhub.yaml") as hub:
        assert [hub.get_model(each).config_name for each in hub.names()] == hub.names()


def test_there_are_cases_of_every_kind() -> None:
    assert len(NAMES) >= 14
    assert {name for name in NAMES if not (CASES / f"{name}.modelhub.yaml").exists()} == {"no_models", "wildcards"}


@pytest.mark.filterwarnings("ignore:.*MH110:modelhub.errors.ConfigWarning")  # options for LiteLLM alone
@pytest.mark.parametrize("path", sorted(CASES.glob("*.modelhub.yaml")), ids=lambda path: path.name)
def test_what_is_written_is_valid_and_builds(path: Path) -> None:
    done = CliRunner().invoke(cli, ["validate", str(path)])
    assert done.exit_code == 0, done.output
    with ModelRegistry(path) as hub:
        assert [hub.get_model(name).config_name for name in hub.names()] == hub.names()


def test_no_key_is_ever_shown(tmp_path: Path) -> None:
    source = (CASES / "plaintext_keys.yaml").read_text("utf-8")
    assert source.count("plain") >= 11
    for args in ((), ("--format", "json"), ("-o", str(tmp_path / "models.yaml"))):
        done = convert(str(CASES / "plaintext_keys.yaml"), *args)
        assert "plain" not in done.output.replace("plaintext_keys.yaml", "")
        assert "1234567890123" not in done.output
    assert "plain" not in (tmp_path / "models.yaml").read_text("utf-8")


def test_every_setting_of_a_config_is_converted_or_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(CASES)
    done = convert("everything_else.yaml")
    (source,) = yaml.safe_load_all((CASES / "everything_else.yaml").read_text("utf-8"))
    first = source["model_list"][0]
    keys = [*first["litellm_params"], *first["model_info"]]
    keys += [key for name in ("litellm_settings", "router_settings", "general_settings") for key in source[name]]
    moved = {"model": "model_name", "api_base": "base_url", "extra_headers": "headers", "max_retries": "max_attempts"}
    moved |= {"request_timeout": "timeout", "num_retries": "max_attempts", "max_parallel_requests": "concurrency"}
    moved |= {"model_group_alias": "extends", "input_cost_per_token": "prompt", "output_cost_per_token": "completion"}
    for key in [*keys, "guardrails", "mcp_servers", "something_new"]:
        assert f"{moved.get(key, key)}:" in done.stdout or f": {key} is not converted: " in done.stderr, key


# The command.


def test_the_output_is_a_new_file(tmp_path: Path) -> None:
    source = CASES / "same_name.yaml"
    output = tmp_path / "models.yaml"
    assert convert(str(source), "-o", str(output)).exit_code == 0
    text = output.read_text("utf-8")
    assert text == (CASES / "same_name.modelhub.yaml").read_text("utf-8")
    output.write_text("mine")
    refused = convert(str(source), "-o", str(output))
    assert (refused.exit_code, output.read_text("utf-8")) == (2, "mine")
    assert "--force" in refused.stderr
    assert convert(str(source), "-o", str(output), "--force").exit_code == 0
    assert output.read_text("utf-8") == text


@pytest.mark.parametrize("args", [("--format", "json"), ("-o", "models.json")])
def test_json(args: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    done = convert(str(CASES / "vendors.yaml"), *args)
    text = Path("models.json").read_text("utf-8") if "-o" in args else done.stdout
    assert json.loads(text) == yaml.safe_load((CASES / "vendors.modelhub.yaml").read_text("utf-8"))


def test_standard_input() -> None:
    done = convert("-", input="model_list:\n- {model_name: a, litellm_params: {model: openai/a, weight: 3}}\n")
    assert done.exit_code == 0
    assert done.stderr.startswith("<stdin>:2:53: weight is not converted: ")
    assert yaml.safe_load(done.stdout)["models"][0]["config_name"] == "a"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("model_list:\n  - model_name: [a\n", "config.yaml:3:1: MH101"),
        ("model_list:\n- {model_name: a, model_name: b}\n", "config.yaml:2:19: MH105"),
        ("- a\n", "config.yaml:1:1: MH106 a LiteLLM config is a mapping"),
        ("include: [missing.yaml]\n", "config.yaml:1:11: MH303 cannot include"),
        ("include: parts\n", "config.yaml:1:10: MH106"),
        ("", "config.yaml:1:1: MH106"),
    ],
)
def test_a_file_that_cannot_be_read(text: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("config.yaml").write_text(text)
    done = convert("config.yaml", "-o", "models.yaml")
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr.startswith(said), done.stderr
    assert not Path("models.yaml").exists()


def test_a_file_that_is_not_there_and_wrong_usage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    done = convert("config.yaml")
    assert done.exit_code == 1 and done.stderr.startswith("config.yaml: MH101 the path config.yaml does not exist")
    assert convert("config.yaml", "--format", "toml").exit_code == 2
    assert convert().exit_code == 2
    unwritable = convert(str(CASES / "same_name.yaml"), "-o", "no-folder/models.yaml")
    assert unwritable.exit_code == 74 and "no-folder/models.yaml cannot be written: no such file" in unwritable.stderr


def test_a_mistake_of_the_converter_is_not_handed_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("modelhub.authoring.importers.engine._remove_faults", lambda *args: True)
    output = tmp_path / "models.yaml"
    done = convert(str(CASES / "values_refused.yaml"), "-o", str(output))
    assert done.exit_code == 1 and not output.exists()
    assert "is its own mistake; please report it:\n<converted>:" in done.stderr


def test_the_command_in_a_process(tmp_path: Path) -> None:
    command = [sys.executable, "-W", "error", "-m", "modelhub", "import", "litellm"]
    source = str(CASES / "local_servers.yaml")
    done = subprocess.run([*command, source], capture_output=True, check=True, cwd=tmp_path)
    assert done.stdout == (CASES / "local_servers.modelhub.yaml").read_bytes()


# The models answer.

SERVED = {
    "openai": {"model": "openai/gpt-4o", "api_base": "{url}/v1", "api_key": "os.environ/IMPORTED_KEY"},
    "groq": {"model": "groq/llama-3.1-8b-instant", "api_base": "{url}/v1", "api_key": "os.environ/IMPORTED_KEY"},
    "mistral": {"model": "mistral/mistral-small-latest", "api_base": "{url}/v1", "api_key": "os.environ/IMPORTED_KEY"},
    "fireworks": {"model": "fireworks_ai/llama-v3", "api_base": "{url}/v1", "api_key": "os.environ/IMPORTED_KEY"},
    "vllm": {"model": "hosted_vllm/Qwen/Qwen3-8B", "api_base": "{url}/v1", "temperature": 0.5, "max_tokens": 9},
    "anthropic": {
        "model": "anthropic/claude-sonnet-4-5",
        "api_base": "{url}",
        "api_key": "os.environ/IMPORTED_KEY",
        "max_tokens": 100,
    },
    "gemini": {"model": "gemini/gemini-2.5-flash", "api_base": "{url}/v1beta", "api_key": "os.environ/IMPORTED_KEY"},
    "ollama": {"model": "ollama_chat/llama3.1", "api_base": "{url}", "num_ctx": 4096},
    "zai": {"model": "zai/glm-4.6", "api_base": "{url}/api/paas/v4", "api_key": "os.environ/IMPORTED_KEY"},
    "dashscope": {"model": "dashscope/qwen-max", "api_base": "{url}/v1", "api_key": "os.environ/IMPORTED_KEY"},
    "proxy": {"model": "litellm_proxy/gpt", "api_base": "{url}/v1", "api_key": "os.environ/IMPORTED_KEY"},
    "headers": {
        "model": "openai/gpt-4o",
        "api_base": "{url}/v1",
        "api_key": "none",
        "extra_headers": {"X-Team": "search"},
        "top_p": 0.5,
        "user": "me",
    },
}


def build_served(name: str, url: str) -> dict[str, Any]:
    params = {k: v.replace("{url}", url) if isinstance(v, str) else v for k, v in SERVED[name].items()}
    return {"model_list": [{"model_name": "m", "litellm_params": params}]}


def convert_served(name: str, url: str) -> Any:
    done = convert("-", input=json.dumps(build_served(name, url)))
    assert (done.exit_code, done.stderr) == (0, "1 model converted\n")
    return yaml.safe_load(done.stdout)


@pytest.mark.parametrize("name", SERVED)
def test_a_converted_model_answers(name: str, server: MockServer, caller: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IMPORTED_KEY", "sk-imported-1")
    with ModelRegistry(convert_served(name, server.url)["models"]) as hub:
        assert caller.call(hub.get_model("m"), "echo: hi").text == "hi"


@noisy
@pytest.mark.parametrize("name", SERVED)
def test_litellm_asks_the_same(name: str, server: MockServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """LiteLLM's router and the converted config send the same model, key and options to the same address."""
    monkeypatch.setenv("LITELLM_LOCAL_MODEL_COST_MAP", "True")
    monkeypatch.setenv("IMPORTED_KEY", "sk-imported-1")
    import litellm

    router = litellm.Router(**build_served(name, server.url), num_retries=0)
    router.completion("m", [{"role": "user", "content": "echo: hi"}])
    with ModelRegistry(convert_served(name, server.url)["models"]) as hub:
        hub.get_model("m")("echo: hi")
    theirs, ours = server.requests
    assert ours.path == theirs.path
    for key in ("Authorization", "x-api-key", "x-goog-api-key", "X-Team"):
        made_up = ours.headers.get(key, "").replace("Bearer none", "Bearer fake-api-key") if name == "vllm" else None
        assert (made_up or ours.headers.get(key)) == theirs.headers.get(key), key
    common = ("model", "temperature", "max_tokens", "top_p", "user")
    assert {key: ours.json.get(key) for key in common} == {key: theirs.json.get(key) for key in common}
    if name == "ollama":
        assert ours.json["options"] == theirs.json["options"]


@pytest.mark.parametrize(
    ("model", "mode"),
    [("openai/text-embedding-3-small", None), ("openai/house", "embedding"), ("ollama/nomic-embed-text", None)],
)
def test_converted_embeddings_answer(model: str, mode: str | None, server: MockServer, caller: Any) -> None:
    base = server.url if model.startswith("ollama") else f"{server.url}/v1"
    params = {"model": model, "api_base": base, "api_key": "none"}
    source = {"model_list": [{"model_name": "m", "litellm_params": params, "model_info": {"mode": mode}}]}
    models = yaml.safe_load(convert("-", input=json.dumps(source)).stdout)["models"]
    with ModelRegistry(models) as hub:
        assert len(caller.call(hub.get_model("m"), ["a", "b"]).embedding) == 2


def test_converted_images_answer(server: MockServer, caller: Any) -> None:
    params = {"model": "openai/gpt-image-1", "api_base": f"{server.url}/v1", "api_key": "none"}
    source = {"model_list": [{"model_name": "m", "litellm_params": params}]}
    models = yaml.safe_load(convert("-", input=json.dumps(source)).stdout)["models"]
    with ModelRegistry(models) as hub:
        assert caller.call(hub.get_model("m"), "a cat").image_urls


# The rows of data agree with LiteLLM.


ASK = """
import json, sys
import litellm
found = {"vendors": {}, "models": {}}
for name in json.loads(sys.argv[1]):
    found["vendors"][name] = litellm.get_llm_provider(f"{name}/some-model")
known = {}  # what is before a slash says who it is, and to ask takes long
for model, about in litellm.model_cost.items():
    prefix = model.partition("/")[0] if "/" in model else model
    if prefix not in known:
        try:
            known[prefix] = litellm.get_llm_provider(model)[1]
        except Exception:
            known[prefix] = None  # a name that it does not take without being told the provider
    if known[prefix] is not None:
        found["models"][model] = known[prefix], about.get("mode")
json.dump(found, open(sys.argv[2], "w"))
"""


@pytest.fixture(scope="module")
def facts(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """What LiteLLM says about every vendor and about every model that it knows, asked in a process of its own."""
    output = tmp_path_factory.mktemp("litellm") / "facts.json"
    keys = {vendor.key: f"key-of-{vendor.key}" for vendor in VENDORS.values() if vendor.key}
    environment = {**os.environ, **keys, "LITELLM_LOCAL_MODEL_COST_MAP": "True"}
    command = [sys.executable, "-c", ASK, json.dumps(list(VENDORS)), str(output)]
    subprocess.run(command, env=environment, check=True, capture_output=True, timeout=120)
    return json.loads(output.read_text("utf-8"))


# Providers whose addresses and keys LiteLLM finds elsewhere than in get_llm_provider.
ELSEWHERE = {"openai", "anthropic", "gemini", "ollama", "ollama_chat", "azure", "openrouter"}


@pytest.mark.parametrize("name", VENDORS)
def test_a_vendor_is_what_litellm_takes_it_for(name: str, facts: Any) -> None:
    model, provider, key, address = facts["vendors"][name]
    assert split_model(f"{name}/some-model", None, None) == (provider, model)
    vendor = VENDORS[name]
    if name not in ELSEWHERE:
        assert key == f"key-of-{vendor.key}"
        if name == "dashscope":  # modelhub speaks DashScope's own protocol at the same host
            assert address == "https://dashscope.aliyuncs.com/compatible-mode/v1"
        elif vendor.base_url and not vendor.base_url.startswith("$"):
            assert address == vendor.base_url
        else:
            assert address is None
    for model_type in (vendor.chat, vendor.embedding, vendor.image):
        assert model_type is None or model_type in WRAPPERS.by_name
    assert vendor.docs.startswith("https://")


def test_names_without_a_prefix_belong_to_whom_litellm_says(facts: Any) -> None:
    bare = {model: provider for model, (provider, _) in facts["models"].items() if "/" not in model}
    ours = {model: split_model(model, None, None)[0] for model in bare}
    assert {model: (found, bare[model]) for model, found in ours.items() if found and found != bare[model]} == {}
    known = [model for model, provider in bare.items() if provider in ("openai", "anthropic")]
    assert len(known) > 100
    missed = [model for model in known if ours[model] is None]
    assert len(missed) < len(known) / 10, missed


def test_modes_are_those_that_litellm_knows(facts: Any) -> None:
    """The guess by name, where LiteLLM's table says better: few may differ, and no chat may become something else."""
    same = {"completion": "chat", "evaluation": "chat", "search": "chat"}
    wrong = {}
    total = 0
    for model, (_, mode) in facts["models"].items():
        provider, name = split_model(model, None, None)
        vendor = VENDORS.get(provider) if provider else None
        if mode and vendor:
            total += 1
            if guess_mode(name, provider) != same.get(mode, mode):
                wrong[model] = (guess_mode(name, provider), mode)
    assert total > 700
    assert len(wrong) < total / 20, wrong
    assert {model: guess for model, guess in wrong.items() if guess[1] == "embedding" and guess[0] != "chat"} == {}


def test_models_of_providers_without_chats_are_not_converted(facts: Any) -> None:
    """No provider that LiteLLM's table has speech of, and no chat, is taken for one with chats."""
    modes: dict[str, set[str]] = {}
    for provider, mode in facts["models"].values():
        modes.setdefault(provider, set()).add(mode)
    only = [name for name, found in modes.items() if found <= {"audio_speech", "audio_transcription"}]
    assert {"elevenlabs", "deepgram", "aws_polly"} <= set(only)
    for provider in only:
        assert guess_mode(f"{provider}/some-model").startswith("audio_"), provider
        assert guess_mode("some-model", provider).startswith("audio_"), provider


def test_speech_is_not_converted(tmp_path: Path) -> None:
    config = tmp_path / "config.yaml"
    for model in ("elevenlabs/multilingual_v2", "deepgram/nova-3", "aws_polly/neural", "azure/speech/azure-stt"):
        config.write_text(f"model_list: [{{model_name: voice, litellm_params: {{model: {model}}}}}]\n")
        done = convert(str(config))
        assert (done.exit_code, done.stdout) == (1, "")
        assert f"'{model}' is not converted: there is no model_type for audio_" in done.stderr


# The writer.

texts = st.text(st.characters(exclude_categories=("Cs",))) | st.from_regex(r"[-\w${}:/.@~ #'\"]*", fullmatch=True)
leaves = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts
values = st.recursive(leaves, lambda inner: st.lists(inner) | st.dictionaries(texts, inner), max_leaves=12)


@given(st.dictionaries(texts, values, min_size=1))
def test_what_the_writer_writes_is_read_back(data: dict[str, Any]) -> None:
    (parsed,) = parse_yaml(write_block(data))
    assert (parsed.data, list(parsed.faults)) == (data, [])
