"""``agentscope.serialize``: JSON with messages in it."""

from __future__ import annotations

import json
from typing import Any

from modelhub.compat.agentscope.message import Msg
from modelhub.compat.agentscope.scope import refuse


def serialize(value: Any) -> str:
    """``value`` as JSON; messages become objects, which ``deserialize`` turns into messages again."""
    return json.dumps(value, ensure_ascii=False, default=lambda item: item.to_dict())


def deserialize(text: str) -> Any:
    """The value that ``serialize`` wrote, here or in AgentScope."""
    return json.loads(text, object_hook=lambda item: Msg.from_dict(item) if item.get("__name__") == "Msg" else item)


def is_serializable(value: Any) -> bool:
    """Whether ``serialize`` can write ``value``."""
    try:
        serialize(value)
    except (AttributeError, TypeError, ValueError):
        return False
    return True


__getattr__ = refuse("agentscope.serialize")
