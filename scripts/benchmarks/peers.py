"""The libraries that people use in place of modelhub, each in an environment of its own."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

PEERS = {"openai": "openai", "litellm": "litellm", "langchain_openai": "langchain-openai", "any_llm": "any-llm-sdk"}
"""What each is installed as, by the name of its module."""

PROXIES = {"litellm_proxy": "litellm[proxy]"}
"""The gateways that people use in place of ``modelhub serve``."""

FOLDER = Path(sys.prefix, "peers")


def make_environments(folder: Path = FOLDER, packages: Mapping[str, str] = PEERS) -> dict[str, str]:
    """The Python of each peer by name; what is not there yet is made, and kept for the next time."""
    pythons = {}
    for name, package in packages.items():
        environment = folder / package
        python, done = environment / "bin" / "python", environment / "installed"
        if not done.exists():
            print(f"installing {package} into {environment}", file=sys.stderr)
            subprocess.run([sys.executable, "-m", "venv", "--clear", str(environment)], check=True)
            subprocess.run([str(python), "-m", "pip", "install", "-q", package], check=True)
            done.touch()
        pythons[name] = str(python)
    return pythons


def list_versions(pythons: dict[str, str]) -> dict[str, str]:
    """The version of each peer that is installed, by what it is installed as."""
    return {PEERS[name]: _find_version(python, PEERS[name]) for name, python in pythons.items()}


def _find_version(python: str, package: str) -> str:
    program = f"from importlib.metadata import version; print(version({package!r}))"
    return subprocess.run([python, "-c", program], check=True, capture_output=True, text=True).stdout.strip()
