"""What a caller may pass: messages of any form in, one neutral form out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelhub.faces import build_face

if TYPE_CHECKING:
    from modelhub.messages.blocks import build_tool_call as build_tool_call
    from modelhub.messages.blocks import build_tool_message as build_tool_message
    from modelhub.messages.normalize import normalize_messages as normalize_messages
    from modelhub.messages.parts import OwnParts as OwnParts
    from modelhub.messages.plain import write_output as write_output

_HOMES = {
    "OwnParts": "parts",
    "build_tool_call": "blocks",
    "build_tool_message": "blocks",
    "normalize_messages": "normalize",
    "write_output": "plain",
}

if not TYPE_CHECKING:
    __getattr__ = build_face(__name__, _HOMES)
