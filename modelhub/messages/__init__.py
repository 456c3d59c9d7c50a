"""What a caller may pass: messages of any form in, one neutral form out."""

from modelhub.messages.normalize import build_tool_call as build_tool_call
from modelhub.messages.normalize import build_tool_message as build_tool_message
from modelhub.messages.normalize import normalize_messages as normalize_messages
from modelhub.messages.normalize import tool_choice_name as tool_choice_name
from modelhub.messages.normalize import write_output as write_output
