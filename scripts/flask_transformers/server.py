"""Serves a chat model loaded with transformers, to OpenAI's clients and to AgentScope's."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # where flask_service is

from flask_service.serve import Service


def find_loaders() -> tuple[Any, Any]:
    """What loads a model and its tokenizer."""
    from transformers import AutoModelForCausalLM, AutoTokenizer

    return AutoModelForCausalLM, AutoTokenizer


service = Service(__doc__ or "", ("flask", "torch", "transformers"), find_loaders)
create_app, application = service.create_app, service.application

if __name__ == "__main__":
    service.main()
