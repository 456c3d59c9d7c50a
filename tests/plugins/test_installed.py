"""Sample plugins, really installed into an environment of their own: the good work, the bad harm nothing."""

from __future__ import annotations

import json
import os
import re
import shutil
import site
import subprocess
import sys
import threading
import venv
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from ..paths import TESTS

SAMPLES = sorted(path.parent for path in (TESTS / "plugins").glob("*/pyproject.toml"))

# What `modelhub plugins` says: the type, the distribution with its version, and a part of the reason.
QUARANTINED = {
    "raises": ("raises_chat", "modelhub-raises 0.4", "RuntimeError: no licence file found"),
    "exits": ("exits_chat", "modelhub-exits 0.5", "SystemExit: 3"),
    "duplicate": ("openai_chat", "a-duplicate 0.6", "model_type 'openai_chat' is taken by modelhub-registry "),
    "not_a_wrapper": ("not_a_wrapper", "modelhub-not-a-wrapper 0.7", "no subclass of modelhub.ModelWrapperBase"),
    "twin": ("acme_chat", "modelhub-twin 2.0", "model_type 'acme_chat' is taken by modelhub-acme 1.4.0"),
    "sealed": ("sealed", "modelhub-sealed 0.9", "SystemExit: the vault is sealed"),
    "typo": ("typo", "modelhub-typo 0.1", "there is no hook 'resolve_secrets'; the hooks are: resolve_secret"),
    "hookless": ("hookless", "modelhub-hookless 0.2", "it implements no hook: mark a function with "),
    "bad_schema": ("bad_schema_chat", "modelhub-bad-schema 0.8", "bad_schema_chat.json is not JSON: "),
}
GOOD = {
    "acme_chat": "modelhub-acme 1.4.0",
    "acme_echo": "modelhub-plain 0.3",
    "remote_schema_chat": "modelhub-remote-schema 1.0",
}
# Likewise of formatters, which one package declares.
FORMATTERS = [
    ("broken", "modelhub-layouts 0.9", "importing it raised RuntimeError: no brush found"),
    ("misfit", "modelhub-layouts 0.9", "no subclass of modelhub.formatters.FormatterBase"),
    ("openai", "modelhub-layouts 0.9", "the name 'openai' is taken by modelhub"),
]
HOOKS = {"vault": "modelhub-vault 1.2"}
# The types that no other plugin has and whose configs are valid, though their classes cannot be had.
UNFETCHABLE = ["raises", "exits", "not_a_wrapper"]


class Environment:
    """A Python with plugins installed; its commands run in ``folder``, with warnings as errors."""

    def __init__(self, root: Path, folder: Path) -> None:
        self.python = root / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
        self.folder = folder

    def run(self, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        command = [str(self.python), "-W", "error", *arguments]
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("MODELHUB_")}
        env = {**inherited, "NO_COLOR": "1", **variables}
        return subprocess.run(command, cwd=self.folder, env=env, capture_output=True, text=True, timeout=60)

    def evaluate(self, code: str, **variables: str) -> Any:
        """What ``code`` prints as JSON."""
        done = self.run("-c", code, **variables)
        assert (done.returncode, done.stderr) == (0, ""), done.stderr
        return json.loads(done.stdout)

    def modelhub(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return self.run("-m", "modelhub", *arguments)


def create_environment(root: Path) -> Path:
    """An environment with this one's packages; the folder for its own ones."""
    venv.create(root, symlinks=os.name != "nt")
    packages = next(root.glob("**/site-packages"))
    # addsitedir, not a plain line: the .pth files there count too, or an editable install would not be seen.
    outer = site.getsitepackages() + ([site.getusersitepackages()] if site.ENABLE_USER_SITE else [])
    lines = [f"import site; site.addsitedir({folder!r})" for folder in outer]
    (packages / "outer.pth").write_text("\n".join(lines), "utf-8")
    return packages


@pytest.fixture(scope="session")
def plugged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The root of an environment with this one's packages and every sample plugin, installed by pip."""
    root = tmp_path_factory.mktemp("plugged")
    leftovers = shutil.ignore_patterns("build", "*.egg-info")
    sources = [shutil.copytree(sample, root / "sources" / sample.name, ignore=leftovers) for sample in SAMPLES]
    create_environment(root / "venv")
    pip = [sys.executable, "-m", "pip", "--python", str(root / "venv"), "install", "--disable-pip-version-check"]
    # Twin first: were the first one installed to win, the tests below would see it.
    folders = [str(source) for source in reversed(sources)]
    done = subprocess.run([*pip, "-q", "--no-deps", "--no-build-isolation", *folders], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return root / "venv"


@pytest.fixture
def environment(plugged: Path, tmp_path: Path) -> Environment:
    return Environment(plugged, tmp_path)


class AcmeHandler(BaseHTTPRequestHandler):
    """The server side of Acme's invented protocol."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        words = f"{asked['lines'][-1]['says']} to you, {asked['mood']} {self.headers['X-Acme-Key']}".split(" ")
        end = {"words": {"heard": len(asked["lines"]), "said": len(words)}}
        pieces = [{"says": f"{word} "} for word in words[:-1]] + [{"says": words[-1]}, end]
        answers = pieces if asked["live"] else [{"says": " ".join(words), **end}]
        body = b"".join(json.dumps(answer).encode() + b"\n" for answer in answers)
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None: ...


@pytest.fixture
def acme_url() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), AcmeHandler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_every_sample_is_tested() -> None:
    assert {sample.name for sample in SAMPLES} == {*QUARANTINED, *HOOKS, "acme", "plain", "layouts", "remote_schema"}


@pytest.fixture(scope="session")
def checked(plugged: Path, tmp_path_factory: pytest.TempPathFactory) -> subprocess.CompletedProcess[str]:
    """What `modelhub plugins --check` says of all of them."""
    return Environment(plugged, tmp_path_factory.mktemp("checked")).modelhub("plugins", "--check", "--json")


def test_check_finds_the_good_and_names_the_broken(checked: subprocess.CompletedProcess[str]) -> None:
    assert (checked.returncode, checked.stderr) == (1, "")
    rows = json.loads(checked.stdout)
    found = {(row["name"], f"{row['distribution']} {row['version']}"): row for row in rows}
    assert len(found) == len(rows)
    good = {*GOOD.items(), *HOOKS.items(), ("haiku", "modelhub-layouts 0.9")}
    assert {key for key, row in found.items() if row["state"] == "ok"} == good
    assert {key[0]: found[key]["group"] for key in good} == {
        "acme_chat": "modelhub.wrappers",
        "acme_echo": "modelhub.wrappers",
        "remote_schema_chat": "modelhub.wrappers",
        "vault": "modelhub",
        "haiku": "modelhub.formatters",
    }
    assert len(rows) - len(good) == len(QUARANTINED) + len(FORMATTERS)
    for model_type, distribution, reason in (*QUARANTINED.values(), *FORMATTERS):
        row = found[model_type, distribution]
        assert row["state"] == "quarantined" and reason in row["reason"], row
    assert {row["name"]: row["taken_by"] for row in rows if row["taken_by"]}.keys() == {
        "openai_chat",
        "acme_chat",
        "openai",
    }


def test_plugins_imports_none(environment: Environment) -> None:
    code = """
        import contextlib, io, json, sys
        from modelhub.cli import main

        sys.argv = ["modelhub", "plugins"]
        with contextlib.redirect_stdout(io.StringIO()) as out, contextlib.suppress(SystemExit):
            main()
        imported = [name for name in sys.modules if name.startswith(("modelhub_", "a_duplicate"))]
        print(json.dumps([out.getvalue(), imported]))
    """
    text, imported = environment.evaluate(dedent(code))
    assert imported == []
    flat = " ".join(text.split())
    assert [line for line in text.splitlines() if len(line) > 80 and " " in line.strip()] == []
    for model_type, distribution in (*GOOD.items(), *HOOKS.items()):
        assert f"installed {model_type} {distribution} " in flat, text
    for name in ("raises", "exits", "duplicate", "twin", "bad_schema", "sealed"):  # what the source says, or the names
        assert f"quarantined {QUARANTINED[name][0]} ({QUARANTINED[name][1]}, " in flat, text
    assert "importing it ends the program: sys.exit(3)" in text
    assert "wrapper, before modelhub-twin 2.0" in text
    assert "write 'modelhub-twin:acme_chat' to use this one" in flat


def test_types_lists_the_good(environment: Environment) -> None:
    done = environment.modelhub("types", "--json")
    assert done.stderr == ""
    types = {row["model_type"]: row for row in json.loads(done.stdout)}
    assert {model_type: types[model_type]["distribution"] for model_type in GOOD} == GOOD
    assert types["acme_chat"]["description"] == "Chat models behind Acme's API."
    assert types["openai_chat"]["distribution"].startswith("modelhub-registry ")


def test_the_acme_wrapper_answers_every_way(environment: Environment, acme_url: str) -> None:
    code = """
        import asyncio, json, os, modelhub

        async def main():
            async with modelhub.init("models.yaml") as hub:
                model = modelhub.get_model("acme")
                whole = model("hello")
                told = [whole, await model.acall("hello")]
                streams = [[delta.text for delta in model("hello", stream=True)]]
                streams.append([delta.text async for delta in await model.acall("hello", stream=True)])
                last = await (await model.acall("hello", stream=True)).complete()
                told.append(last)
                facts = [(r.text, r.finish_reason, r.usage.prompt_tokens, r.usage.completion_tokens) for r in told]
                print(json.dumps({"facts": facts, "streams": streams}))

        asyncio.run(main())
    """
    config = (
        "config_name: acme\nmodel_type: modelhub-acme:acme_chat\nmood: grumpy\nhost: ${ACME}\napi_key: ${ACME_KEY}\n"
    )
    (environment.folder / "models.yaml").write_text(config)
    told = environment.evaluate(dedent(code), ACME=acme_url, ACME_KEY="k1")
    assert told["facts"] == [["hello to you, grumpy k1", "stop", 1, 5]] * 3
    assert told["streams"] == [["hello ", "to ", "you, ", "grumpy ", "k1", ""]] * 2


def test_the_plain_wrapper_answers_from_the_command_line(environment: Environment) -> None:
    config = "- {config_name: echo, model_type: acme_echo, greeting: Hi}\n"
    (environment.folder / "models.yaml").write_text(config)
    done = environment.modelhub("call", "-c", "models.yaml", "echo", "you")
    assert (done.returncode, done.stdout.strip(), done.stderr) == (0, "Hi, you", "")


def test_the_secret_of_a_plugin_reaches_the_server(environment: Environment) -> None:
    code = """
        import asyncio, json, modelhub
        from modelhub.testing import MockServer

        with MockServer() as server:
            args = {"base_url": server.url + "/v1"}
            openai = "modelhub-registry:openai_chat"
            config = {"config_name": "gpt", "model_type": openai, "api_key": "${vault:team/openai}"}
            with modelhub.init({**config, "client_args": args}) as hub:
                model = modelhub.get_model("gpt")
                model("hi")

                async def ask():
                    await model.acall("hi")
                    await hub.aclose()

                asyncio.run(ask())
                print(json.dumps([request.headers["Authorization"] for request in server.requests]))
    """
    vault = environment.folder / "vault.json"
    vault.write_text(json.dumps({"team/openai": "from-vault"}))
    assert environment.evaluate(dedent(code), VAULT_FILE=str(vault)) == ["Bearer from-vault"] * 2


def test_validate_asks_the_plugin_only_for_the_environment(environment: Environment) -> None:
    config = "config_name: gpt\nmodel_type: modelhub-registry:openai_chat\n"
    config += "api_key: ${vault:gone}\norganization: ${valut:x}\n"
    (environment.folder / "models.yaml").write_text(config)
    (environment.folder / "vault.json").write_text('{"team/openai": "from-vault"}')
    assert environment.modelhub("validate", "models.yaml").returncode == 0
    done = environment.run("-m", "modelhub", "validate", "--env", "models.yaml", VAULT_FILE="vault.json")
    assert (done.returncode, done.stderr) == (1, "")
    lines = [line for line in done.stdout.splitlines() if line.startswith("models.yaml")]
    assert lines[0].startswith("models.yaml:3:10: MH302 api_key: the vault has no 'gone'; ")
    assert lines[1].startswith("models.yaml:4:15: MH302 organization: no installed plugin resolves ${valut:...} (")
    for name in ("sealed", "typo", "hookless"):
        assert f"plugin {name} ({QUARANTINED[name][1]}, " in lines[1]


def test_no_plugin_disturbs_the_built_in_wrappers(environment: Environment) -> None:
    code = """
        import json, modelhub
        from modelhub.testing import MockServer

        with MockServer() as server:
            args = {"base_url": server.url + "/v1"}
            openai = "modelhub-registry:openai_chat"
            config = {"config_name": "gpt", "model_type": openai, "api_key": "k", "client_args": args}
            with modelhub.init(config):
                model = modelhub.get_model("gpt")
                print(json.dumps([type(model).__module__, model("echo: hi").text]))
    """
    assert environment.evaluate(dedent(code)) == ["modelhub.wrappers.openai", "hi"]


@pytest.mark.parametrize("command", ["validate", "list", "init"])
def test_reading_configs_imports_no_plugin(environment: Environment, command: str) -> None:
    types = [QUARANTINED[name][0] for name in UNFETCHABLE]
    entries = [f"- {{config_name: {model_type}, model_type: {model_type}}}\n" for model_type in types]
    entries += ["- {config_name: acme, model_type: 'modelhub-acme:acme_chat'}\n"]
    entries += ["- {config_name: echo, model_type: acme_echo, greeting: Hi}\n"]
    entries += ["- {config_name: gpt, model_type: 'modelhub-registry:openai_chat', api_key: '${vault:team/openai}'}\n"]
    (environment.folder / "models.yaml").write_text("".join(entries))
    arguments = {"validate": ["modelhub", "validate", "models.yaml"], "list": ["modelhub", "list", "-c", "models.yaml"]}
    code = f"""
        import contextlib, io, json, sys, modelhub

        with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit):
            if {command!r} == "init":
                modelhub.init("models.yaml")
            else:
                from modelhub.cli import main

                sys.argv = {arguments.get(command)!r}
                main()
        print(json.dumps(sorted(name for name in sys.modules if name.startswith(("modelhub_", "a_duplicate")))))
    """
    assert environment.evaluate(dedent(code)) == []
    if command != "init":
        done = environment.modelhub(*arguments[command][1:])
        assert (done.returncode, done.stderr) == (0, "")


def test_a_type_without_a_schema_is_checked_against_its_init(environment: Environment) -> None:
    text = """\
- config_name: first
  model_type: acme_echo
- config_name: second
  model_type: acme_echo
  greeting: Hi
  shuot: true
- config_name: third
  model_type: modelhub-acme:acme_chat
  mood: angry
"""
    (environment.folder / "models.yaml").write_text(text)
    done = environment.modelhub("validate", "models.yaml")
    assert (done.returncode, done.stderr) == (1, "")
    lines = [line for line in done.stdout.splitlines() if not line.startswith("  ")]  # less the source lines
    assert re.match(r"models\.yaml:1:3: MH102 .*'greeting'", lines[0])
    assert re.match(r"models\.yaml:6:3: MH103 .*'shuot'.*did you mean 'shout'\?", lines[1])
    assert re.match(r"models\.yaml:9:9: MH202 .*mood", lines[2])
    assert lines[3] == "3 problems in 3 configs"


def test_a_broken_schema_is_a_problem_of_the_config_that_needs_it(environment: Environment) -> None:
    config = "- {config_name: bad, model_type: bad_schema_chat}\n"
    config += "- {config_name: acme, model_type: 'modelhub-acme:acme_chat'}\n"
    (environment.folder / "models.yaml").write_text(config)
    done = environment.modelhub("validate", "models.yaml")
    assert (done.returncode, done.stderr) == (1, "")
    problem, verdict = [line for line in done.stdout.splitlines() if not line.startswith("  ")]
    assert problem.startswith("models.yaml:1:34: MH501 ")
    assert "modelhub-bad-schema 0.8" in problem and "bad_schema_chat.json is not JSON" in problem
    assert verdict == "1 problem in 2 configs"


def test_a_schema_that_refers_to_an_address_is_not_followed(environment: Environment) -> None:
    config = "- {config_name: far, model_type: remote_schema_chat, mood: good}\n"
    (environment.folder / "models.yaml").write_text(config)
    done = environment.modelhub("validate", "models.yaml")
    assert (done.returncode, done.stderr) == (1, "")
    problem, verdict = [line for line in done.stdout.splitlines() if not line.startswith("  ")]
    assert problem.startswith("models.yaml:1:34: MH501 the schema of this model_type is broken")
    assert verdict == "1 problem in 1 config"


@pytest.mark.parametrize("name", UNFETCHABLE)
def test_fetching_a_quarantined_type_names_its_distribution(environment: Environment, name: str) -> None:
    model_type, distribution, reason = QUARANTINED[name]
    code = f"""
        import json, modelhub

        echo = {{"config_name": "echo", "model_type": "acme_echo", "greeting": "Hi"}}
        told = []
        with modelhub.init([{{"config_name": "broken", "model_type": {model_type!r}}}, echo]) as hub:
            for _ in range(2):
                try:
                    hub.get_model("broken")
                except modelhub.PluginError as error:
                    told.append(str(error))
            print(json.dumps([*told, hub.get_model("echo")("you").text]))
    """
    first, again, other = environment.evaluate(dedent(code))
    assert distribution in first and reason in first
    assert (again, other) == (first, "Hi, you")


@pytest.mark.parametrize(
    ("model_type", "claims"),
    [
        ("acme_chat", "modelhub-acme 1.4.0 and modelhub-twin 2.0; modelhub-acme 1.4.0 has it"),
        ("openai_chat", "modelhub-registry {version} and a-duplicate 0.6; modelhub-registry {version} has it"),
    ],
)
def test_a_contested_type_is_told_and_chosen(environment: Environment, model_type: str, claims: str) -> None:
    from modelhub import __version__

    (environment.folder / "models.yaml").write_text(f"- {{config_name: x, model_type: {model_type}}}\n")
    done = environment.modelhub("validate", "--format", "json", "models.yaml")
    (problem,) = json.loads(done.stdout)
    assert (done.returncode, problem["code"], problem["severity"]) == (0, "MH502", "warning")
    assert claims.format(version=__version__) in problem["message"]
    code = f"""
        import json, warnings, modelhub

        told = {{}}
        for name in [{model_type!r}, *json.loads({json.dumps(re.findall("'(.*?)'", problem["hint"]))!r})]:
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                with modelhub.ModelRegistry({{"config_name": "x", "model_type": name}}) as hub:
                    told[name] = [type(hub.get_model("x")).__module__, [str(each.message) for each in caught]]
        print(json.dumps(told))
    """
    told = environment.evaluate(dedent(code))
    (module, (warning,)), *chosen = told.values()
    assert "MH502" in warning and claims.format(version=__version__) in warning
    assert [warnings for _, warnings in chosen] == [[], []]
    assert chosen[0][0] == module != chosen[1][0]


def test_the_order_of_installation_does_not_decide(environment: Environment, plugged: Path) -> None:
    packages = next(plugged.glob("**/site-packages"))
    for name in ("modelhub_acme", "modelhub_twin"):
        for found in packages.glob(f"{name}*"):
            target = environment.folder / name / found.name
            target.parent.mkdir(exist_ok=True)
            shutil.copytree(found, target) if found.is_dir() else shutil.copy(found, target)
    code = """
        import json
        from importlib.metadata import entry_points
        from modelhub.registry.installed import WRAPPERS

        order = [e.dist.name for e in entry_points(group="modelhub.wrappers") if e.name == "acme_chat"]
        print(json.dumps([order, WRAPPERS.load("acme_chat").__name__]))
    """
    folders = [str(environment.folder / name) for name in ("modelhub_acme", "modelhub_twin")]
    here = environment.evaluate(dedent(code), PYTHONPATH=os.pathsep.join(folders))
    there = environment.evaluate(dedent(code), PYTHONPATH=os.pathsep.join(reversed(folders)))
    assert here == [["modelhub-acme", "modelhub-twin"], "AcmeChatWrapper"]
    assert there == [["modelhub-twin", "modelhub-acme"], "AcmeChatWrapper"]
