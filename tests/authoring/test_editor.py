"""What an editor shows: the language server that VS Code, Neovim and others use for YAML, given the bundle."""

from __future__ import annotations

import json
import os
import queue
import shutil
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ..model_servers.chosen import find_language_server, needs
from ..paths import ROOT

BUNDLE = ROOT / "schemas" / "_bundle.json"
TIMEOUT = 60

pytestmark = needs("yaml-language-server")


class LanguageServer:
    """A language server behind pipes, spoken to as an editor speaks to it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        command = ["node", str(find_language_server()), "--stdio"]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self._messages: queue.Queue[dict[str, Any] | None] = queue.Queue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self._last = 0
        self.request("initialize", {"processId": os.getpid(), "rootUri": folder.as_uri(), "capabilities": CAPABILITIES})
        self.notify("initialized", {})
        settings = {"yaml": {"validate": True, "completion": True, "hover": True, "schemaStore": {"enable": False}}}
        self.notify("workspace/didChangeConfiguration", {"settings": settings})

    def close(self) -> None:
        assert self._process.stdin is not None and self._process.stdout is not None
        self.request("shutdown", None)
        self.notify("exit", None)
        self._process.stdin.close()
        self._process.wait(TIMEOUT)
        self._reader.join(TIMEOUT)
        self._process.stdout.close()

    def open(self, text: str) -> str:
        """Open a new file in the editor; its URI."""
        self._last += 1
        uri = (self._folder / f"models{self._last}.yaml").as_uri()
        self.notify(
            "textDocument/didOpen",
            {"textDocument": {"uri": uri, "languageId": "yaml", "version": 1, "text": text}},
        )
        return uri

    def diagnose(self, text: str) -> list[dict[str, Any]]:
        """The squiggles in a file."""
        uri = self.open(text)
        while True:
            message = self._receive()
            if message.get("method") == "textDocument/publishDiagnostics" and message["params"]["uri"] == uri:
                return list(message["params"]["diagnostics"])

    def complete(self, text: str) -> dict[str, dict[str, Any]]:
        """What is offered where ``text`` has a ``|``, by its label."""
        return {item["label"]: item for item in self._ask("completion", text)["items"]}

    def hover(self, text: str) -> str:
        """What is shown over the place of the ``|``."""
        return str(self._ask("hover", text)["contents"]["value"])

    def _ask(self, what: str, text: str) -> Any:
        before, _, after = text.partition("|")
        uri = self.open(before + after)
        lines = before.split("\n")
        position = {"line": len(lines) - 1, "character": len(lines[-1])}
        return self.request(f"textDocument/{what}", {"textDocument": {"uri": uri}, "position": position})

    def request(self, method: str, params: Any) -> Any:
        self._last += 1
        wanted = self._last
        self._send({"id": wanted, "method": method, "params": params})
        while True:
            message = self._receive()
            if message.get("id") == wanted and "method" not in message:
                assert "error" not in message, message
                return message["result"]

    def notify(self, method: str, params: Any) -> None:
        self._send({"method": method, "params": params})

    def _receive(self) -> dict[str, Any]:
        message = self._messages.get(timeout=TIMEOUT)
        assert message is not None, "the language server has ended"
        if "method" in message and "id" in message:  # it asks the editor something, such as its settings
            items = (message.get("params") or {}).get("items", [])
            self._send({"id": message["id"], "result": [None for _ in items] or None})
        return message

    def _send(self, message: dict[str, Any]) -> None:
        assert self._process.stdin is not None
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self._process.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        self._process.stdin.flush()

    def _read(self) -> None:
        assert self._process.stdout is not None
        while header := self._process.stdout.readline():
            length = int(header.partition(b":")[2])
            while self._process.stdout.readline().strip():
                pass
            self._messages.put(json.loads(self._process.stdout.read(length)))
        self._messages.put(None)


CAPABILITIES = {
    "textDocument": {
        "completion": {"completionItem": {"snippetSupport": True, "documentationFormat": ["markdown"]}},
        "hover": {"contentFormat": ["markdown"]},
        "publishDiagnostics": {},
    },
}
MODELINE = "# yaml-language-server: $schema=models.schema.json\n"
ENTRY = "- config_name: gpt\n  model_type: openai_chat\n"


@pytest.fixture(scope="module")
def editor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LanguageServer]:
    folder = tmp_path_factory.mktemp("project")
    shutil.copy(BUNDLE, folder / "models.schema.json")
    server = LanguageServer(folder)
    yield server
    server.close()


def test_keys_of_the_model_type_are_offered(editor: LanguageServer) -> None:
    offered = editor.complete(f"{MODELINE}{ENTRY}  |")
    assert {"model_name", "generate_args", "api_key", "organization", "extends"} <= offered.keys()
    assert not {"options", "host", "api_url"} & offered.keys()  # other types' and deprecated ones
    documentation = offered["generate_args"]["documentation"]
    assert "Options sent with every call" in str(documentation)


def test_keys_of_nested_mappings_are_offered(editor: LanguageServer) -> None:
    offered = editor.complete(f"{MODELINE}{ENTRY}  generate_args:\n    |")
    assert {"temperature", "max_tokens", "seed"} <= offered.keys()


def test_without_a_model_type_only_common_keys_are_offered(editor: LanguageServer) -> None:
    for text in ("- |\n", "- config_name: a\n  |\n", "- config_name: a\n  extends: b\n  |\n"):
        offered = editor.complete(MODELINE + text)
        assert {"model_type", "api_key", "timeout"} <= offered.keys()
        assert not {"options", "host", "api_url", "organization"} & offered.keys()


def test_the_vendors_variable_is_offered(editor: LanguageServer) -> None:
    offered = editor.complete(f"{MODELINE}- config_name: a\n  model_type: zhipuai_chat\n  api_key: |\n")
    assert "${ZHIPUAI_API_KEY}" in offered and "${OPENAI_API_KEY}" not in offered


def test_model_types_are_offered_and_described(editor: LanguageServer) -> None:
    offered = editor.complete(f"{MODELINE}- config_name: a\n  model_type: |")
    assert {"openai_chat", "ollama_chat", "post_api"} <= offered.keys()
    assert "OpenAI" in str(offered["openai_chat"])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("models:\n  - config_name: a\n    model_type: ollama_chat\n    |\n", {"host", "options", "keep_alive"}),
        ("config_name: a\nmodel_type: ollama_chat\n|", {"host", "options", "keep_alive"}),
        ("- config_name: a\n  |\n", {"model_type", "extends", "api_key"}),
        ("|\n", {"models", "config_name"}),
        ("models: []\n|\n", {"defaults", "profiles", "include"}),
        ("defaults:\n  |\n", {"all", "openai_chat"}),
        ("defaults:\n  openai_chat:\n    |\n", {"api_key", "organization"}),
        ("profiles:\n  prod:\n    gpt:\n      |\n", {"api_key", "model_name"}),
        ("profiles:\n  prod:\n    - config_name: gpt\n      |\n", {"api_key", "model_name"}),
    ],
)
def test_every_form_of_a_file_is_completed(editor: LanguageServer, text: str, expected: set[str]) -> None:
    assert expected - editor.complete(MODELINE + text).keys() == set()


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        (f"{ENTRY}  generate_arg: {{}}\n", 3, "generate_arg"),
        (f"{ENTRY}  timeout: soon\n", 3, "a number"),
        (f"{ENTRY}  timeout: 0\n", 3, "0"),
        (f"{ENTRY}  client_args: {{base_url: nowhere}}\n", 3, "URL"),
        ("- config_name: a\n  model_type: openai_caht\n", 2, "openai_chat"),
        ("- config_name: a\n", 1, "model_type"),
        ("- config_name: a\n  model_type: post_api\n", 1, "api_url"),
        ("- config_name: a\n  extends: b\n  timeuot: 1\n", 3, "timeuot"),
        ("- 3\n", 1, "a model config"),
        (f"{ENTRY}  client_args:\n    timeout: [1]\n", 4, "number"),
        ("- config_name: a\n  model_type: zhipuai_chat\n  auth: token\n", 3, '"key", "jwt"'),
        ("models: []\ndefault: {}\n", 2, "default"),
        ("models: []\nversion: 2\n", 2, "1"),
        ("defaults: {openai_chat: {timeuot: 1}}\n", 1, "timeuot"),
        ("- config_name: a\n  model_type: gemini_chat\n  seed: 1\n", 3, "it has no effect here"),
    ],
)
def test_mistakes_are_marked(editor: LanguageServer, text: str, line: int, message: str) -> None:
    found = editor.diagnose(MODELINE + text)
    assert [item["range"]["start"]["line"] for item in found] == [line]
    assert message in found[0]["message"]


LAYERED = """\
version: 1
include: teams/*.yaml
defaults:
  all: {timeout: 20, retry: {max_attempts: 2}}
  openai_chat: {api_key: "${OPENAI_API_KEY}"}
models:
  - config_name: base
    model_type: openai_chat
    abstract: true
  - config_name: gpt
    extends: base
    generate_args: {temperature: "${TEMPERATURE:-0.2}"}
profiles:
  dev:
  prod:
    gpt: {model_name: gpt-4o, timeout: null}
    other:
  test:
    models:
      - {config_name: gpt, stream: true}
    defaults:
      all: {timeout: 5}
"""


@pytest.mark.parametrize("text", [f"{ENTRY}  api_key: ${{OPENAI_API_KEY}}\n  timeout: ${{SECONDS}}\n", LAYERED])
def test_valid_files_have_no_marks(editor: LanguageServer, text: str) -> None:
    assert editor.diagnose(MODELINE + text) == []


@pytest.mark.parametrize("path", sorted((ROOT / "model_configs").glob("*.yaml")), ids=lambda path: path.name)
def test_the_example_configs_have_no_marks(editor: LanguageServer, path: Path) -> None:
    assert editor.diagnose(MODELINE + path.read_text("utf-8")) == []


def test_keys_and_types_are_explained(editor: LanguageServer) -> None:
    assert "Seconds to wait" in editor.hover(f"{MODELINE}{ENTRY}  time|out: 3\n")
    assert "compatible with it" in editor.hover(f"{MODELINE}- config_name: a\n  model_type: openai|_chat\n")
