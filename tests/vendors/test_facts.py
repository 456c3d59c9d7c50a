"""What ``_vendors.json`` says of a vendor is sound, agrees with everything else, and is what ``vendor`` does."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from modelhub import ModelRegistry, errors
from modelhub.authoring.editor_schema import load_built_ins
from modelhub.cli.app import cli
from modelhub.registry.installed import WRAPPERS
from modelhub.server.mock.point import point_at
from modelhub.testing import MockServer
from modelhub.validation.schema.capabilities import capabilities_of
from modelhub.validation.schema.flatten import flatten
from modelhub.validation.schema.store import load_file
from modelhub.vendors import Vendor, find_compatible, find_vendor, list_compatible, list_vendors

from ..paths import ROOT

ROWS: dict[str, dict[str, Any]] = (load_file("_vendors.json") or {})["vendors"]
VENDORS = list_vendors()
COMPATIBLE = [vendor for vendor in VENDORS if vendor.openai_base_url]
BUILT_IN = load_built_ins()
TYPES = {"chat": "openai_chat", "embedding": "openai_embedding", "image": "openai_dall_e"}
# Types whose own vendor says where they are, and with which key.
OWN = [
    (name, vendor)
    for name in BUILT_IN
    for vendor in VENDORS
    if name.startswith(f"{vendor.name}_") and (vendor.name != "openai" or name in TYPES.values())
]
KEYS = {
    "title": str,
    "docs": str,
    "base_url": str,
    "base_url_variable": str,
    "openai_base_url": str,
    "key_variables": list,
    "key_optional": bool,
    "model_types": dict,
    "model": str,
    "batch_size": int,
    "batch_tokens": int,
    "hosts": list,
    "lacks": list,
    "renames": dict,
    "litellm": dict,
}
URL = re.compile(r"https://[a-z0-9.-]+\.[a-z]+(/[\w.~-]+)*|http://127\.0\.0\.1:\d+(/[\w.~-]+)*")
VARIABLE = re.compile(r"[A-Z][A-Z0-9]*(_[A-Z0-9]+)+")


# The rows.


def test_there_are_many_vendors() -> None:
    assert len(COMPATIBLE) >= 45
    assert [vendor.name for vendor in VENDORS] == list(ROWS)


def test_no_name_stands_there_twice() -> None:
    def refuse_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        assert len({name for name, _ in pairs}) == len(pairs), pairs
        return dict(pairs)

    json.loads((ROOT / "schemas" / "_vendors.json").read_text("utf-8"), object_pairs_hook=refuse_repeats)
    assert len({row["title"] for row in ROWS.values()}) == len(ROWS)
    providers = [provider for row in ROWS.values() for provider in row.get("litellm", ())]
    assert len(set(providers)) == len(providers)
    assert {alias for row in ROWS.values() for about in row.get("litellm", {}).values() for alias in about} <= {
        "base_url",
        "key_variable",
        "prefix",
    }


@pytest.mark.parametrize("name", ROWS)
def test_a_row_is_sound(name: str) -> None:
    row = ROWS[name]
    assert re.fullmatch(r"[a-z][a-z0-9_]*", name)
    assert {key: type(value) for key, value in row.items()} == {key: KEYS[key] for key in row}
    assert {"title", "docs", "key_variables", "model_types"} <= row.keys()
    assert row["docs"].startswith("https://")
    for key in ("base_url", "openai_base_url"):
        assert key not in row or URL.fullmatch(row[key]), key
    assert row["key_variables"]
    for variable in (*row["key_variables"], row.get("base_url_variable", "A_B")):
        assert VARIABLE.fullmatch(variable)
    assert set(row["model_types"]) <= TYPES.keys()
    assert set(row["model_types"].values()) <= BUILT_IN.keys()
    assert all(re.fullmatch(r"[a-z0-9.-]+\.[a-z]+", host) for host in row.get("hosts", ()))
    assert row.get("batch_size", 1) > 0 and row.get("batch_tokens", 1) > 0
    assert set(row.get("lacks", ())) <= {"stream_options", "json_schema", "tools", "blank_texts"}
    options = flatten(BUILT_IN["openai_chat"])["properties"]["generate_args"]["properties"]
    assert row.get("renames", {}).keys() <= options.keys()
    if "model" in row:
        assert row["model_types"]["chat"] and row["base_url"]


# Everybody says the same.


def test_the_choices_of_the_schema_are_the_vendors() -> None:
    common = (load_file("_common.json") or {})["$defs"]["vendor"]
    assert common["enum"] == list_compatible()
    assert {name for name, schema in BUILT_IN.items() if "vendor" in schema["properties"]} == set(TYPES.values())


@pytest.mark.parametrize(("model_type", "vendor"), OWN, ids=[name for name, _ in OWN])
def test_a_type_has_the_address_and_the_key_of_its_vendor(
    model_type: str, vendor: Vendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert BUILT_IN[model_type]["x-capabilities"]["auth"].get("variable", vendor.key_variables[0]) in (
        vendor.key_variables
    )

    def build() -> Any:
        return WRAPPERS.load(model_type)(config_name="x", model_name="m").endpoint

    if not vendor.key_optional:
        with pytest.raises(errors.AuthenticationError, match=vendor.key_variables[0]):
            build()
    for variable in vendor.key_variables:
        with monkeypatch.context() as patch:
            patch.setenv(variable, "id.secret")
            endpoint = build()
            assert endpoint.url.startswith(f"{vendor.base_url}")
            assert any("id.secret" in value for value in endpoint.headers.values()), variable
    monkeypatch.setenv(vendor.key_variables[0], "id.secret")
    monkeypatch.setenv(vendor.base_url_variable, "http://127.0.0.1:9/here")
    assert build().url.startswith("http://127.0.0.1:9/here")


def test_the_pages_list_them() -> None:
    reference = (ROOT / "docs" / "reference.md").read_text("utf-8")
    for vendor in COMPATIBLE:
        (line,) = [line for line in reference.split("\n") if line.startswith(f"| `{vendor.name}` |")]
        assert vendor.key_variables[0] in line and f"`{vendor.openai_base_url}`" in line
    number = f"{len(COMPATIBLE)} vendors"
    assert number in (ROOT / "README.md").read_text("utf-8")


# A config that names one.


def build(vendor: str | None, model_type: str = "openai_chat", **more: Any) -> Any:
    config = {"config_name": "m", "model_type": model_type, "model_name": "some-model", "vendor": vendor, **more}
    return ModelRegistry({key: value for key, value in config.items() if value is not None}).get_model("m")


def take_request(model: Any, options: dict[str, Any], stream: bool = False) -> dict[str, Any]:
    """The body that a model would send."""
    model.endpoint  # noqa: B018  resolves what the config refers to, as a call does first
    body: dict[str, Any] = json.loads(model.build_request([{"role": "user", "content": "hi"}], options, stream).body)
    return body


@pytest.mark.parametrize("vendor", COMPATIBLE, ids=lambda vendor: vendor.name)
def test_a_vendor_gives_the_address_and_the_key(vendor: Vendor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_ORG_ID", "org-1")
    if vendor.name != "openai":
        monkeypatch.setenv("OPENAI_API_KEY", "sk-of-openai")
        monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
    for variable in vendor.key_variables:
        with monkeypatch.context() as patch:
            patch.setenv(variable, "k-1")
            for model_type, path in (
                ("openai_chat", "/chat/completions"),
                ("openai_embedding", "/embeddings"),
                ("openai_dall_e", "/images/generations"),
            ):
                endpoint = build(vendor.name, model_type).endpoint
                assert endpoint.url == f"{vendor.openai_base_url}{path}"
                assert endpoint.headers["Authorization"] == "Bearer k-1"
                assert ("OpenAI-Organization" in endpoint.headers) == (vendor.name == "openai")
    if vendor.key_optional:
        assert "Authorization" not in build(vendor.name).endpoint.headers
    elif vendor.name != "openai":
        with pytest.raises(errors.AuthenticationError, match=vendor.key_variables[0]):
            build(vendor.name).endpoint  # noqa: B018


def test_the_config_wins_over_the_vendor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GROQ_API_KEY", "k-groq")
    endpoint = build("groq", api_key="k-mine", client_args={"base_url": "http://127.0.0.1:9/v1"}).endpoint
    assert endpoint.url == "http://127.0.0.1:9/v1/chat/completions"
    assert endpoint.headers["Authorization"] == "Bearer k-mine"
    assert build("groq", client_args={"max_retries": 1}).endpoint.url.startswith("https://api.groq.com/openai/v1/")


def test_what_a_vendor_lacks_is_left_out_or_refused() -> None:
    plain = {"api_key": "k"}
    assert "stream_options" in take_request(build("groq", **plain), {}, stream=True)
    assert "stream_options" not in take_request(build("mistral", **plain), {}, stream=True)
    sent = take_request(build("mistral", **plain), {"max_completion_tokens": 5, "seed": 7})
    assert (sent["max_tokens"], sent["random_seed"]) == (5, 7)
    assert sent.keys().isdisjoint({"max_completion_tokens", "seed"})
    schema = {"response_format": {"type": "json_schema", "json_schema": {"name": "n", "schema": {}}}}
    assert take_request(build("groq", **plain), dict(schema))["response_format"] == schema["response_format"]
    with pytest.raises(errors.BadRequestError, match="DeepSeek has no response_format json_schema"):
        take_request(build("deepseek", **plain), dict(schema))
    assert take_request(build("deepseek", **plain), {"response_format": {"type": "json_object"}})
    with pytest.raises(errors.BadRequestError, match="Perplexity has no option 'tools'"):
        take_request(build("perplexity", **plain), {"tools": [{"type": "function"}]})


def test_only_openai_is_asked_for_packed_vectors() -> None:
    def ask(vendor: str | None) -> Any:
        model = build(vendor, "openai_embedding", api_key="k")
        return json.loads(model.build_request("hi", {}, False).body).get("encoding_format")

    assert (ask(None), ask("openai"), ask("mistral")) == ("base64", "base64", None)


def test_capabilities_know_the_vendor(tmp_path: Path) -> None:
    assert capabilities_of("openai_chat", vendor="perplexity")["tools"] is False
    assert capabilities_of("openai_chat", vendor="deepseek")["json_schema"] is False
    assert capabilities_of("openai_chat", vendor="groq") == capabilities_of("openai_chat")
    assert "stream_options" not in capabilities_of("openai_chat", vendor="mistral")
    path = tmp_path / "models.yaml"
    path.write_text("- {config_name: a, model_type: openai_chat, vendor: deepseek, model_name: deepseek-chat}\n")
    shown = json.loads(CliRunner().invoke(cli, ["show", "a", "--capabilities", "-c", str(path)]).stdout)
    assert (shown["json_schema"], shown["tools"]) == (False, True)


@pytest.mark.parametrize("model_type", TYPES.values())
def test_models_of_a_vendor_can_be_pointed_at_the_mock(model_type: str, server: MockServer, caller: Any) -> None:
    config = {"config_name": "m", "model_type": model_type, "vendor": "mistral", "model_name": "m"}
    with ModelRegistry(point_at(config, server.url)) as hub:
        response = caller.call(hub.get_model("m"), "echo: hi")
    assert response.text == "hi" or response.image_urls or len(response.embedding) == 1


# What is wrong is told.


def validate(text: str, *options: str) -> tuple[int, str]:
    done = CliRunner().invoke(cli, ["validate", *options, "-"], input=text)
    return done.exit_code, done.output


@pytest.mark.parametrize(("written", "meant"), [("grok", "groq"), ("mistrall", "mistral"), ("deepsek", "deepseek")])
def test_an_unknown_vendor(written: str, meant: str) -> None:
    code, said = validate(f"- config_name: a\n  model_type: openai_chat\n  vendor: {written}\n")
    assert code == 1
    number = len(COMPATIBLE)
    assert said.startswith(f"<stdin>:3:11: MH202 vendor must be one of {number} names, not '{written}'; did you mean")
    assert f"did you mean '{meant}'?" in said


def test_an_unknown_vendor_without_a_near_one_lists_them() -> None:
    _, said = validate("- config_name: a\n  model_type: openai_embedding\n  vendor: somebody\n")
    assert all(f"'{vendor.name}'" in said for vendor in COMPATIBLE)


@pytest.mark.parametrize("name", ["nobody", "azure"])
def test_an_unknown_vendor_at_run_time(name: str, monkeypatch: pytest.MonkeyPatch, caller: Any) -> None:
    monkeypatch.setenv("MH_VENDOR", name)
    with pytest.raises(errors.ConfigError, match=r"MH202 config 'm': the value of .*MH_VENDOR.*'groq'"):
        caller.call(build("${MH_VENDOR}"), "hi")
    cls = WRAPPERS.load("openai_chat")
    with pytest.raises(errors.ConfigError, match="there is no vendor"):
        caller.call(cls("m", vendor=name), "hi")
    with pytest.raises(errors.ConfigError):
        find_compatible(name, where="here")


def test_a_vendor_may_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MH_VENDOR", "groq")
    assert build("${MH_VENDOR}", api_key="k").endpoint.url.startswith("https://api.groq.com/")


def test_other_types_have_no_vendor() -> None:
    code, said = validate("- config_name: a\n  model_type: yi_chat\n  vendor: groq\n")
    assert code == 1 and "MH103 unknown key 'vendor' in yi_chat" in said


@pytest.mark.parametrize(
    ("keys", "missing"),
    [
        ("vendor: groq", "GROQ_API_KEY"),
        ("vendor: together", "TOGETHER_API_KEY"),
        ("vendor: groq, api_key: null", "GROQ_API_KEY"),
        ("vendor: groq, api_key: '${OTHER_KEY:-x}'", None),
        ("vendor: groq, client_args: {base_url: 'http://127.0.0.1:9/v1'}", None),
        ("vendor: vllm", None),
        ("organization: o", None),
    ],
)
def test_the_key_of_a_vendor_is_looked_for(keys: str, missing: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    text = f"- {{config_name: a, model_type: openai_chat, {keys}}}\n"
    assert validate(text)[0] == 0
    code, said = validate(text, "--env")
    assert code == (1 if missing else 0), said
    if missing:
        assert f"<stdin>:1:{text.index('vendor') + 9}: MH301 the key of" in said
        assert f"environment variable {missing} is not set" in said
        monkeypatch.setenv(find_vendor(keys.split(",")[0].split()[1]).key_variables[-1], "k")  # type: ignore[union-attr]
        assert validate(text, "--env")[0] == 0


def test_a_key_in_plain_text_belongs_in_the_variable_of_the_vendor() -> None:
    key = "api_key: gsk-abcdefghijklmnop123456"
    for vendor, variable in (("groq", "GROQ_API_KEY"), ("together", "TOGETHER_API_KEY")):
        _, said = validate(f"- {{config_name: a, model_type: openai_chat, vendor: {vendor}, {key}}}\n")
        assert f"${{{variable}}}" in said
    assert "${OPENAI_API_KEY}" in validate(f"- {{config_name: a, model_type: openai_chat, {key}}}\n")[1]
    assert "${ZHIPUAI_API_KEY}" in validate(f"- {{config_name: a, model_type: zhipuai_chat, {key}}}\n")[1]
    assert "${API_KEY}" in validate(f"- {{config_name: a, model_type: litellm_chat, {key}}}\n")[1]


# `modelhub new VENDOR`.


@pytest.mark.parametrize("vendor", [vendor for vendor in VENDORS if vendor.model], ids=lambda vendor: vendor.name)
def test_a_new_config_of_a_vendor(vendor: Vendor, monkeypatch: pytest.MonkeyPatch) -> None:
    made = CliRunner().invoke(cli, ["new", vendor.name, "mine"])
    assert made.exit_code == 0, made.output
    assert validate(made.stdout, "--strict") == (0, "1 config ok\n")
    (config,) = yaml.safe_load(made.stdout)
    assert (config["config_name"], config["model_name"]) == ("mine", vendor.model)
    assert config["model_type"] == vendor.model_types["chat"]
    monkeypatch.setenv(vendor.key_variables[0], "id.secret")
    with ModelRegistry(config) as hub:
        assert hub.get_model("mine").endpoint.url.startswith(f"{vendor.base_url}")


def test_a_new_config_says_who_is_asked() -> None:
    (config,) = json.loads(CliRunner().invoke(cli, ["new", "groq", "--format", "json"]).stdout)
    assert config == {
        "config_name": "groq",
        "model_type": "openai_chat",
        "vendor": "groq",
        "model_name": ROWS["groq"]["model"],
        "api_key": "${GROQ_API_KEY}",
    }
    (local,) = json.loads(CliRunner().invoke(cli, ["new", "vllm", "--format", "json"]).stdout)
    assert "api_key" not in local


@pytest.mark.parametrize(("written", "hint"), [("grok", "'groq'"), ("azure", "reference"), ("openai_caht", "'openai_")])
def test_what_is_neither_a_type_nor_a_vendor(written: str, hint: str) -> None:
    done = CliRunner().invoke(cli, ["new", written])
    assert done.exit_code == 1
    assert f"there is no model_type and no vendor '{written}'" in str(done.exception) and hint in str(done.exception)


# The file is read by those who need it.


def test_a_config_without_a_vendor_reads_nothing() -> None:
    program = (
        "import modelhub, pkgutil, sys\n"
        "read, get = [], pkgutil.get_data\n"
        "pkgutil.get_data = lambda package, name: (read.append(name), get(package, name))[1]\n"
        "config = {'config_name': 'a', 'model_type': 'openai_chat', 'api_key': 'k'}\n"
        "hub = modelhub.init([config, {**config, 'config_name': 'b', 'vendor': 'groq'}])\n"
        "hub.get_model('a').endpoint; hub.get_model('b')\n"
        "assert '_common.json' in read and '_vendors.json' not in read, read\n"
        "assert 'modelhub.vendors' not in sys.modules\n"
        "hub.get_model('b').endpoint; hub.get_model('b').endpoint\n"
        "assert read.count('_vendors.json') == 1, read\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
