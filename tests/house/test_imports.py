"""What an import may cost: next to nothing, and never what the program does not use."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def modules_after(program: str) -> set[str]:
    """The modules that are loaded once ``program`` has run in a fresh interpreter."""
    program += "\nimport sys; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return set(done.stdout.split("\n")[-2].split())


def test_import_loads_next_to_nothing() -> None:
    extra = modules_after("import modelhub") - modules_after("")
    assert extra <= {"modelhub", "typing", "__future__", "collections.abc"} | modules_after("import typing"), extra


def test_init_and_get_model_load_only_what_they_need(tmp_path: Path) -> None:
    path = tmp_path / "models.yaml"
    path.write_text("- config_name: a\n  model_type: openai_chat\n  model_name: m\n  api_key: ${X}\n")
    loaded = modules_after(f"import modelhub; modelhub.init({str(path)!r}); modelhub.get_model('a')")
    assert "modelhub.wrappers.openai" in loaded
    heavy = {
        *("aiohttp", "click", "requests", "urllib3", "jsonschema", "pluggy", "ssl", "asyncio", "orjson", "jmespath"),
        *("importlib.metadata", "email", "html", "pickle", "http", "logging", "hashlib", "random", "uuid"),
        *("dataclasses", "inspect", "ast", "dis", "mimetypes", "sqlite3"),
        *("modelhub.wrappers.ollama", "modelhub.server", "modelhub.events", "modelhub.vendors", "modelhub.sync.pool"),
        *("modelhub.wrappers.openai_reply", "modelhub.wrappers.openai_embedding", "modelhub.wrappers.openai_messages"),
        *("modelhub.base.calling", "modelhub.base.composite", "modelhub.engine.call", "modelhub.messages.normalize"),
        *("modelhub.media.sources", "modelhub.formatters", "modelhub.diagnostics.codes", "modelhub.registry.report"),
        *("modelhub.configs.readers.yaml_tree", "modelhub.validation.explain_errors", "modelhub.validation.full_check"),
        *("modelhub.validation.schema.derive", "modelhub.validation.environment", "modelhub.policies.kept"),
    }
    assert loaded & heavy == set()


def test_calling_one_way_does_not_load_the_other() -> None:
    assert "aiohttp" not in modules_after("import modelhub.sync.pool")
    assert "requests" not in modules_after("import modelhub.aio.session")


def test_drivers_load_connections_with_the_first_request() -> None:
    loaded = modules_after("import modelhub.sync, modelhub.aio")
    assert loaded & {"requests", "urllib3", "aiohttp"} == set()
