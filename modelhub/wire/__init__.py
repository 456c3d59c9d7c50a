"""What crosses the wire, as plain data."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelhub.faces import build_face

if TYPE_CHECKING:
    from modelhub.wire.decoders import LineDecoder as LineDecoder
    from modelhub.wire.decoders import SSEDecoder as SSEDecoder
    from modelhub.wire.event_decoder import EventDecoder as EventDecoder
    from modelhub.wire.event_decoder import TooLarge as TooLarge
    from modelhub.wire.halves import Halves as Halves
    from modelhub.wire.halves import mend as mend
    from modelhub.wire.halves import mend_inside as mend_inside
    from modelhub.wire.halves import mend_text as mend_text
    from modelhub.wire.json_text import decode_json as decode_json
    from modelhub.wire.json_text import encode_json as encode_json
    from modelhub.wire.json_text import find_unsendable as find_unsendable
    from modelhub.wire.timeouts import Deadline as Deadline
    from modelhub.wire.timeouts import Timeouts as Timeouts
    from modelhub.wire.timeouts import build_timeouts as build_timeouts
    from modelhub.wire.unsendable import Unsendable as Unsendable
    from modelhub.wire.way import Certificates as Certificates
    from modelhub.wire.way import Proxy as Proxy
    from modelhub.wire.way import Way as Way
    from modelhub.wire.wire import MAX_BODY as MAX_BODY
    from modelhub.wire.wire import MAX_EVENT as MAX_EVENT
    from modelhub.wire.wire import Event as Event
    from modelhub.wire.wire import Reply as Reply
    from modelhub.wire.wire import Request as Request
    from modelhub.wire.wire import said as said

_HOMES = {
    "Certificates": "way",
    "Deadline": "timeouts",
    "Event": "wire",
    "EventDecoder": "event_decoder",
    "Halves": "halves",
    "LineDecoder": "decoders",
    "MAX_BODY": "wire",
    "MAX_EVENT": "wire",
    "Proxy": "way",
    "Reply": "wire",
    "Request": "wire",
    "SSEDecoder": "decoders",
    "Timeouts": "timeouts",
    "TooLarge": "event_decoder",
    "Unsendable": "unsendable",
    "Way": "way",
    "build_timeouts": "timeouts",
    "decode_json": "json_text",
    "encode_json": "json_text",
    "find_unsendable": "json_text",
    "mend": "halves",
    "mend_inside": "halves",
    "mend_text": "halves",
    "said": "wire",
}

if not TYPE_CHECKING:
    __getattr__ = build_face(__name__, _HOMES)
