"""The server beside this file: a model loaded with ModelScope behind Flask, for OpenAI's clients and AgentScope's."""

from __future__ import annotations

from pathlib import Path

from serving.flask_plan import build_flask_plan
from serving.options import Options
from serving.plan import Need, Plan

PORT = 8000
EXAMPLE = "Qwen/Qwen2.5-0.5B-Instruct"
NEED = Need("pip install flask waitress torch modelscope transformers", modules=("flask", "torch", "modelscope"))


def build_plan(options: Options) -> Plan:
    return build_flask_plan(options, Path(__file__).with_name("server.py"), NEED)
