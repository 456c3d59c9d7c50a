"""New configs are valid as they are, and with each of the keys that they show as comments."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from modelhub.authoring.editor_schema import load_built_ins
from modelhub.authoring.template import build_sketch, print_sketch
from modelhub.configs.layers.entry import Entry
from modelhub.configs.readers.document import Document
from modelhub.registry.installed import WRAPPERS
from modelhub.validation import check, derive_from_source

from ..paths import TESTS

BUILT_IN = load_built_ins()


def validate(value: Any) -> list[str]:
    document = Document(value, name="new.yaml")
    entries = [Entry(config, document, (index,)) for index, config in enumerate(value)]
    found = check(entries, schema_of=WRAPPERS.schema, model_types=WRAPPERS.by_name)
    said = [f"{problem.code} {problem.message}" for problem in found]
    return [words for words in said if "MH303" not in words]  # what it refers to is not in the same file yet


@pytest.mark.parametrize("name", [None, "my model: #1"])
@pytest.mark.parametrize("model_type", sorted(WRAPPERS.by_name))
def test_new_configs_are_valid(model_type: str, name: str | None) -> None:
    schema = WRAPPERS.schema(model_type) or {}
    check_sketch(model_type, schema, name)


def check_sketch(model_type: str, schema: dict[str, Any], name: str | None) -> None:
    sketch = build_sketch(model_type, schema, name)
    text = print_sketch(sketch, schema)
    (config,) = yaml.safe_load(text)
    assert config == {key.name: key.value for key in sketch if key.used}
    assert config["config_name"] == (name or config["config_name"])
    if model_type in WRAPPERS.by_name:
        assert validate([config]) == []
    for key in sketch:
        if not key.used:  # each of the others can be taken in as it stands
            lines = text.split("\n")
            (place,) = [at for at, line in enumerate(lines) if line.startswith(f"  # {key.name}:")]
            lines[place] = lines[place].replace("# ", "", 1)
            (longer,) = yaml.safe_load("\n".join(lines))
            assert longer == {**config, key.name: key.value}
            if model_type in WRAPPERS.by_name:
                assert [said for said in validate([longer]) if "MH402" not in said] == []


def test_a_new_config_of_a_plugin_without_a_schema() -> None:
    source = (TESTS / "plugins" / "plain" / "modelhub_plain.py").read_text("utf-8")
    schema = derive_from_source(source, "EchoWrapper")
    assert schema is not None
    check_sketch("acme_echo", schema, "echo")
    text = print_sketch(build_sketch("acme_echo", schema, "echo"), schema)
    assert text.startswith("- config_name: echo\n  model_type: acme_echo\n  greeting: greeting\n")
    assert "  # shout: false" in text


def test_a_new_config_has_the_vendors_variable_and_its_own_name() -> None:
    schema = BUILT_IN["openai_chat"]
    (config,) = yaml.safe_load(print_sketch(build_sketch("openai_chat", schema, "fast"), schema))
    assert config["config_name"] == "fast"
    assert config["api_key"] == "${OPENAI_API_KEY}"
    assert config["model_name"] == "gpt-4o-mini"


def run(*args: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-W", "error", "-m", "modelhub", *args]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60, cwd=cwd)


def test_the_command(tmp_path: Path) -> None:
    made = run("new", "openai_chat", "gpt", cwd=tmp_path)
    assert (made.returncode, made.stderr) == (0, "")
    (tmp_path / "models.yaml").write_text(made.stdout + run("new", "ollama_chat", "llama", cwd=tmp_path).stdout)
    (tmp_path / "more.json").write_text(run("new", "yi_chat", "yi", "--format", "json", cwd=tmp_path).stdout)
    checked = run("validate", "--strict", "models.yaml", "more.json", cwd=tmp_path)
    assert (checked.returncode, checked.stdout) == (0, "3 configs ok\n")
    unknown = run("new", "openai_caht", cwd=tmp_path)
    assert unknown.returncode == 1 and "did you mean 'openai_chat'?" in unknown.stderr
