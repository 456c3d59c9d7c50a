"""What a caller may pass: messages of any form in, one neutral form out."""

from modelhub.messages.blocks import build_tool_call as build_tool_call
from modelhub.messages.blocks import build_tool_message as build_tool_message
from modelhub.messages.normalize import normalize_messages as normalize_messages
from modelhub.messages.parts import OwnParts as OwnParts
from modelhub.messages.plain import write_output as write_output
