"""Writes what Ollama tells of its models: https://docs.ollama.com/api/tags"""

from __future__ import annotations

from modelhub.server.formats.replies import Json
from modelhub.server.formats.writers.models import CREATED
from modelhub.server.formats.writers.ollama import write_time

VERSION = "0.9.3"
"""The version of Ollama that is spoken."""


def build_model(name: str, family: str) -> Json:
    """One model of the list; what its file is like, nobody knows."""
    return {
        "name": name,
        "model": name,
        "modified_at": write_time(CREATED),
        "size": 1,
        "digest": "0" * 64,
        "details": build_details(family),
    }


def build_details(family: str) -> Json:
    """What is known of the inside of a model."""
    return {
        "parent_model": "",
        "format": "gguf",
        "family": family,
        "families": [family],
        "parameter_size": "1K",
        "quantization_level": "F32",
    }


def build_shown(family: str, task: str) -> Json:
    """What ``/api/show`` tells of a model of this ``task``."""
    abilities = ["embedding"] if task == "embedding" else ["completion", "tools"]
    return {
        "license": "",
        "modelfile": "",
        "parameters": "",
        "template": "",
        "details": build_details(family),
        "model_info": {"general.architecture": family},
        "capabilities": abilities,
        "modified_at": write_time(CREATED),
    }
