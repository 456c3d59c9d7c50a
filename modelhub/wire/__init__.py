"""What crosses the wire, as plain data."""

from modelhub.wire.decoders import EventDecoder as EventDecoder
from modelhub.wire.decoders import LineDecoder as LineDecoder
from modelhub.wire.decoders import SSEDecoder as SSEDecoder
from modelhub.wire.wire import Event as Event
from modelhub.wire.wire import Reply as Reply
from modelhub.wire.wire import Request as Request
from modelhub.wire.wire import decode_json as decode_json
from modelhub.wire.wire import encode_json as encode_json
from modelhub.wire.wire import said as said
