"""References as other tools write them: found in every place, with what to write, and never sent as they are."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import pytest

from modelhub import ConfigError, ConfigWarning, ModelRegistry, hooks
from modelhub.configs import Sources
from modelhub.configs.layers.entry import Entry
from modelhub.configs.readers.document import Document
from modelhub.errors import Problem
from modelhub.plugins.hooks import HOOKS, load_hooks
from modelhub.registry import checking
from modelhub.secrets import resolve
from modelhub.secrets.dialects import find_foreign, read_foreign
from modelhub.testing import MockServer
from modelhub.validation import check, load_schema

CERTAIN = {
    "os.environ/NAME": "${NAME}",
    "os.environ['NAME']": "${NAME}",
    'os.environ.get("NAME", "dummy")': "${NAME:-dummy}",
    "os.getenv('NAME')": "${NAME}",
    "process.env.NAME": "${NAME}",
    "{{ env.NAME }}": "${NAME}",
    "{{env.NAME}}": "${NAME}",
    "{{ env('NAME') }}": "${NAME}",
    "{{ env_var('NAME', 'dummy') }}": "${NAME:-dummy}",
    "{{ env.NAME | default('dummy') }}": "${NAME:-dummy}",
    "{{ secrets.NAME }}": "${NAME}",
    "{{ .Env.NAME }}": "${NAME}",
    '{{ getenv "NAME" }}': "${NAME}",
    "#{ENV['NAME']}": "${NAME}",
    "{{ lookup('env', 'NAME') }}": "${NAME}",
    "<%= ENV['NAME'] %>": "${NAME}",
    "{env:NAME}": "${NAME}",
    "{file:~/key}": "${file:~/key}",
    "env::NAME": "${NAME}",
    "$env:NAME": "${NAME}",
    "$Env:NAME": "${NAME}",
    "%env(NAME)%": "${NAME}",
    "!ENV NAME": "${NAME}",
    "!ENV ${NAME}": "${NAME}",
}
LIKELY = {
    "env(NAME)": "${NAME}",
    "$NAME": "${NAME}",
    "$(NAME)": "${NAME}",
    "%NAME%": "${NAME}",
    "{{NAME}}": "${NAME}",
    "{$NAME}": "${NAME}",
    "env:NAME": "${NAME}",
    "env.NAME": "${NAME}",
}
MALFORMED = {
    "${{ secrets.NAME }}": "${NAME}",
    "${{ env.NAME }}": "${NAME}",
    "${NAME:dummy}": "${NAME:-dummy}",
    "${NAME-dummy}": "${NAME:-dummy}",
    "${NAME:=dummy}": "${NAME:-dummy}",
    "${NAME:?is missing}": "${NAME}",
    "${NAME?}": "${NAME}",
    "${NAME:+other}": "${NAME}",
    "${ NAME }": "${NAME}",
    "${env.NAME}": "${NAME}",
    "${ENV:NAME}": "${NAME}",
    "${env:NAME,dummy}": "${NAME:-dummy}",
    "${NAME:-${OTHER}}": "${NAME}",
    "${NAME": "${NAME}",
    "${NAME:-dummy": "${NAME}",
    "${env:NAME": "${NAME}",
}
WARNED = CERTAIN | LIKELY
PLACES: dict[str, dict[str, Any]] = {
    "model_name": {"model_name": "..."},
    "api_key": {"api_key": "..."},
    "organization": {"organization": "..."},
    "a header": {"headers": {"X-Team": "..."}},
    "a bearer": {"headers": {"Authorization": "Bearer ..."}},
    "an address": {"client_args": {"base_url": "..."}},
    "an option": {"generate_args": {"user": "..."}},
    "a mapping": {"generate_args": {"metadata": {"team": "..."}}},
    "a list": {"tags": ["cheap", "..."]},
    "deep": {"generate_args": {"extra_body": {"one": [{"two": "..."}]}}},
}
FREE = [
    "It costs $5, or US$500, and 100% of it",
    "{{ messages }}",
    '{"model": "{{ model }}", "messages": {{ messages }}}',
    "Use $HOME and {{ env.NAME }} when you write a shell script: echo ${NAME",
    "environment",
    "$ref",
    "{name}",
    "a{2,3}",
    "100%",
    "%s and %(name)s",
    "$",
    "$$${NAME",
]


class Vault:
    """A plugin that might know any scheme."""

    @hooks.hookimpl
    def resolve_secret(self, scheme: str, name: str) -> str | None:
        return None


def put(place: Any, text: str) -> Any:
    if isinstance(place, dict):
        return {key: put(item, text) for key, item in place.items()}
    if isinstance(place, list):
        return [put(item, text) for item in place]
    return place.replace("...", text)


def check_file(config: dict[str, Any]) -> list[Problem]:
    config = {"config_name": "a", "model_type": "openai_chat", **config}
    entry = Entry(config, Document(config, name="models.yaml"), ())
    return check([entry], schema_of=load_schema, model_types=["openai_chat", "post_api"])


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("text", WARNED)
def test_another_tools_reference_is_found_once_with_what_to_write(text: str, place: str) -> None:
    [found] = [each for each in check_file(put(PLACES[place], text)) if each.code != "MH110"]
    assert (found.code, found.severity) == ("MH402", "warning")
    assert WARNED[text] in (found.hint or "")


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("text", MALFORMED)
def test_a_malformed_reference_is_an_error_with_what_was_meant(text: str, place: str) -> None:
    [found] = [each for each in check_file(put(PLACES[place], text)) if each.code != "MH110"]
    assert (found.code, found.severity) == ("MH203", "error")
    assert MALFORMED[text] in (found.hint or "")
    assert "without the name" not in found.message


@pytest.mark.parametrize("text", [*CERTAIN, "$NAME", "${NAME:30}"])
@pytest.mark.parametrize(
    "place", [{"timeout": "..."}, {"stream": "..."}, {"generate_args": {"n": "..."}}], ids=["timeout", "stream", "n"]
)
def test_for_a_number_it_is_an_error(text: str, place: dict[str, Any]) -> None:
    [problem] = check_file(put(place, text))
    assert problem.severity == "error"
    assert "${" in (problem.hint or "")


@pytest.mark.parametrize("text", FREE)
@pytest.mark.parametrize(
    "place",
    [
        {"description": "..."},
        {"generate_args": {"stop": ["..."]}},
        {"generate_args": {"extra_body": {"prompt": "...", "messages": [{"role": "system", "content": "..."}]}}},
        {"generate_args": {"extra_body": {"system": "...", "template": "..."}}},
    ],
    ids=str,
)
def test_free_text_is_left_alone(text: str, place: dict[str, Any]) -> None:
    assert [each for each in check_file(put(place, text)) if each.code != "MH110"] == []


def test_a_template_of_a_body_is_left_alone() -> None:
    body = {"messages": "{{ messages }}", "model": "{{ model }}", "price": "$5", "share": "100%", "system": "Use $HOME"}
    config = {"model_type": "post_api", "api_url": "https://h.example/%E4%BD%A0?a=%20B%20"}
    assert check_file({**config, "json_args": body}) == []


@pytest.mark.parametrize(
    ("url", "hint"),
    [
        ("http://$HOST/v1", "${HOST}"),
        ("http://%HOST%:8000/v1", "${HOST}"),
        ("https://{{ env.HOST }}/v1", "${HOST}"),
        ("https://${HOST}/$PATH_NAME", "${PATH_NAME}"),
        ("https://h.example/v1?key=%KEY%", "${KEY}"),
        ("http://${HOST/v1", "${HOST}"),
    ],
)
def test_inside_an_address(url: str, hint: str) -> None:
    [problem] = [each for each in check_file({"client_args": {"base_url": url}}) if each.code != "MH110"]
    assert hint in (problem.hint or "")


@pytest.mark.parametrize(
    "text", ["${NAME}", "${NAME:-a}", "${env:NAME}", "${env:NAME:-a}", "${file:/run/x-y}", "$${NAME}", "${a-b"]
)
def test_our_own_references_are_none_of_another_tool(text: str) -> None:
    assert find_foreign(text) == []
    assert read_foreign(text) is None


@pytest.mark.parametrize("text", [*CERTAIN, *(f"Bearer {text}" for text in CERTAIN)])
def test_what_means_nothing_else_is_not_sent(text: str) -> None:
    if "${" in text:
        return
    with pytest.raises(ConfigError, match=r"MH402 config 'x'.*another tool's form") as caught:
        resolve({"args": [text]}, where="config 'x'")
    assert caught.value.problems[0].path == ("args", 0)
    assert resolve(f"I like {text}", where="x") == f"I like {text}"


@pytest.mark.parametrize("text", LIKELY)
def test_what_may_be_a_password_is_sent(text: str) -> None:
    assert resolve(text, where="x") == text


def test_a_default_in_a_hint_is_no_secret() -> None:
    [problem] = check_file({"api_key": "${OPENAI_API_KEY:sk-9f8e7d6c5b4a39281706f5e4d3c2b1a0}"})
    assert problem.hint == "write ${OPENAI_API_KEY:-***}"
    [problem] = check_file({"api_key": "${OPENAI_API_KEY-Hunter2!}"})
    assert problem.hint == "write ${OPENAI_API_KEY:-***}"


def test_init_warns_and_the_call_refuses(server: MockServer, caller: Any) -> None:
    client_args = {"base_url": f"{server.url}/v1"}
    config = {"config_name": "a", "model_type": "openai_chat", "api_key": "os.environ/KEY", "client_args": client_args}
    with pytest.warns(ConfigWarning, match=r"api_key .*\$\{KEY\}"):
        hub = ModelRegistry(config)
    with hub, pytest.raises(ConfigError, match=r"write \$\{KEY\}"):
        caller.call(hub.get_model("a"), "hi")
    assert not server.requests


def test_with_the_environment_it_is_one_error(tmp_path: Path) -> None:
    path = tmp_path / "models.yaml"
    path.write_text(
        "config_name: a\nmodel_type: openai_chat\nmodel_name: '{{ env.MODEL }}'\norganization: ${vault:x}\n"
    )
    for environment, severity in ((False, "warning"), (True, "error")):
        sources = Sources()
        sources.add(path)
        problems = checking.read(sources, environment=environment).problems
        assert [(each.code, each.severity, each.line) for each in problems] == [
            ("MH402", severity, 3),
            ("MH302", severity, 4),
        ]


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("${file:/run/key:-x}", "only a variable has a default"),
        ("${keyring:service}", "${keyring:service/user}"),
        ("${env:A B}", "${NAME}"),
        ("${env:}", "${NAME}"),
        ("${file:}", "${NAME}"),
    ],
)
def test_a_name_that_no_source_can_have(text: str, word: str) -> None:
    [problem] = check_file({"organization": text})
    assert (problem.code, problem.severity) == ("MH203", "error")
    assert word in (problem.hint or "")


def test_a_scheme_that_a_plugin_may_have() -> None:
    config = {"config_name": "a", "model_type": "openai_chat", "api_key": "${vault:x}"}
    if not HOOKS.plugins:
        with pytest.warns(ConfigWarning, match=r"no installed plugin resolves \$\{vault:...\}"):
            ModelRegistry(config)
    plugin = Vault()
    load_hooks().register(plugin)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            ModelRegistry(config)
    finally:
        load_hooks().unregister(plugin)


def test_a_variable_by_its_scheme_may_have_a_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NAME", raising=False)
    assert resolve("${env:NAME:-small}", where="x") == "small"
    monkeypatch.setenv("NAME", "large")
    assert resolve("${env:NAME:-small}", where="x") == "large"
