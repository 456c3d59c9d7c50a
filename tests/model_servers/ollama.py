"""A real Ollama server: the one that ``scripts/fetch_ollama_for_tests`` made, or the one on the PATH."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import requests

from .process import Engine, run_engine

INSTALL = "no Ollama here: run scripts/fetch_ollama_for_tests once, or put `ollama` on the PATH"

# ChatML with Hermes tool calls, as the chat template inside the model has it, in Ollama's language of templates.
TEMPLATE = """\
{{- if or .System .Tools }}<|im_start|>system
{{ .System }}
{{- if .Tools }}{{ if .System }}

{{ end }}Tools:{{ range .Tools }} {{ .Function.Name }}{{ end }}{{ end }}<|im_end|>
{{ end }}
{{- range $index, $_ := .Messages }}
{{- $last := eq (len (slice $.Messages $index)) 1 }}
{{- if eq .Role "user" }}<|im_start|>user
{{ .Content }}<|im_end|>
{{ else if eq .Role "tool" }}<|im_start|>user
<tool_response>
{{ .Content }}
</tool_response><|im_end|>
{{ else if eq .Role "assistant" }}<|im_start|>assistant
{{ if .Content }}{{ .Content }}
{{- else if .ToolCalls }}<tool_call>
{{ range .ToolCalls }}{"name": "{{ .Function.Name }}", "arguments": {{ .Function.Arguments }}}
{{ end }}</tool_call>
{{- end }}
{{- if not $last }}<|im_end|>
{{ end }}
{{- end }}
{{- if and $last (ne .Role "assistant") }}<|im_start|>assistant
{{ end }}
{{- end }}"""

# Greedy and unpenalised (Ollama's own repeat_penalty is 1.1): only then are the answers those that were learnt.
PARAMETERS = {
    "temperature": 0,
    "repeat_penalty": 1.0,
    "num_ctx": 1024,
    "num_gpu": 0,
    "num_thread": 1,
    "stop": ["<|im_end|>"],
}


def find_ollama() -> Path | None:
    """The binary to test against; None when there is none. Raises FileNotFoundError for a folder that has none."""
    named = os.environ.get("MODELHUB_TEST_OLLAMA")
    binary = Path(named or "~/.cache/modelhub-tests/ollama").expanduser() / "bin/ollama"
    if binary.exists():
        return binary
    if named:
        raise FileNotFoundError(f"MODELHUB_TEST_OLLAMA names {named}, which has no bin/ollama")
    installed = shutil.which("ollama")
    return Path(installed) if installed else None


def get_ollama() -> Path:
    """The binary to test against; raises RuntimeError when there is none."""
    binary = find_ollama()
    if binary is None:
        raise RuntimeError(INSTALL)
    return binary


@contextlib.contextmanager
def run_ollama(binary: Path, folder: Path, model: Path) -> Iterator[Engine]:
    """Ollama serving ``model`` as "tiny" for the time of the block; everything it writes stays in ``folder``."""
    env = {name: value for name, value in os.environ.items() if not name.startswith(("OLLAMA_", "GIN_"))}
    env |= {"HOME": str(folder), "OLLAMA_MODELS": str(folder / "models"), "OLLAMA_HOST": "127.0.0.1:0"}
    libraries = binary.parent.with_name("lib")
    if (libraries / "libllama.so").exists():  # the fetched one; a release finds its own
        env["LD_LIBRARY_PATH"] = str(libraries)
    command = [sys.executable, str(Path(__file__).with_name("leash.py")), str(binary), "serve"]
    with run_engine(command, folder / "ollama.log", r"Listening on ([\d.:]+) ", "/api/version", env) as engine:
        create_model(engine.url, model)
        yield engine


def create_model(url: str, model: Path) -> None:
    """Upload the GGUF file ``model`` and make "tiny" of it; raises requests.HTTPError."""
    blob = model.read_bytes()
    digest = f"sha256:{hashlib.sha256(blob).hexdigest()}"
    body = {
        "model": "tiny",
        "files": {model.name: digest},
        "template": TEMPLATE,
        "parameters": PARAMETERS,
        "stream": False,
    }
    requests.post(f"{url}/api/blobs/{digest}", blob, timeout=60).raise_for_status()
    requests.post(f"{url}/api/create", json=body, timeout=60).raise_for_status()
