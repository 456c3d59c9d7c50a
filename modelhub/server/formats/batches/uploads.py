"""Forms with files, as browsers and SDKs send them: https://www.rfc-editor.org/rfc/rfc7578"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from modelhub.server.formats.format import Ask
from modelhub.server.formats.replies import Failure

_BOUNDARY = re.compile(r'boundary="?([^";]+)"?')
_NAME = re.compile(rb'[; ]name="([^"]*)"')
_FILENAME = re.compile(rb'filename="([^"]*)"')


@dataclass(frozen=True, slots=True)
class Upload:
    """A file and the other fields of its form."""

    name: str
    data: bytes = field(repr=False)
    fields: dict[str, str]


def parse_upload(ask: Ask) -> Upload:
    """Read a form with one field ``file``; raises Failure for a body that is none."""
    boundary = _BOUNDARY.search(ask.headers.get("Content-Type", ""))
    if boundary is None:
        raise Failure(400, "bad_request", "the body must be multipart/form-data with a field 'file'")
    name, data, fields = "", None, {}
    for part in (b"\r\n" + ask.raw).split(b"\r\n--" + boundary[1].encode())[1:-1]:
        head, _, content = part.partition(b"\r\n\r\n")
        key = _NAME.search(head)
        if key is None:
            raise Failure(400, "bad_request", "a part of the form has no name")
        if key[1] == b"file":
            filename = _FILENAME.search(head)
            name, data = "" if filename is None else filename[1].decode("utf-8", "replace"), content
        else:
            fields[key[1].decode("utf-8", "replace")] = content.decode("utf-8", "replace")
    if data is None:
        raise Failure(400, "bad_request", "'file' is a required property")
    return Upload(name or "upload", data, fields)
