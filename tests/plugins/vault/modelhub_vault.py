"""Secrets from a JSON file that stands for a vault: ``${vault:team/openai}``."""

from __future__ import annotations

import json
import os
from pathlib import Path

from modelhub.hooks import hookimpl


@hookimpl
def resolve_secret(scheme: str, name: str) -> str | None:
    if scheme != "vault":
        return None
    secrets: dict[str, str] = json.loads(Path(os.environ["VAULT_FILE"]).read_text("utf-8"))
    if name not in secrets:
        raise LookupError(f"the vault has no {name!r}")
    return secrets[name]
