"""Files in OpenAI's form: https://platform.openai.com/docs/api-reference/files"""

from __future__ import annotations

from dataclasses import dataclass

from modelhub.server.formats.batches.api import Service, parse_page
from modelhub.server.formats.batches.jobs import Desk, File
from modelhub.server.formats.batches.uploads import parse_upload
from modelhub.server.formats.format import Ask
from modelhub.server.formats.replies import Failure, Json, Reply, build_json


@dataclass(frozen=True, slots=True)
class FileStore:
    """One vendor's files, of at most ``max_bytes``."""

    name: str
    bases: tuple[str, ...]
    max_bytes: int
    prefix: str = "file-"

    def services(self) -> tuple[Service, ...]:
        """Where files are uploaded, listed, read and deleted."""

        def paths(rest: str) -> tuple[str, ...]:
            return tuple(f"{base}/files{rest}" for base in self.bases)

        return (
            Service("POST", paths(""), self.upload, json=False),
            Service("GET", paths(""), self.list_files),
            Service("GET", paths("/{file_id}"), self.tell),
            Service("DELETE", paths("/{file_id}"), self.drop),
            Service("GET", paths("/{file_id}/content"), self.read),
        )

    def upload(self, desk: Desk, ask: Ask) -> Reply:
        """Keep the file of a form; raises Failure for one that is too large, or of no purpose."""
        upload = parse_upload(ask)
        if not upload.fields.get("purpose"):
            raise Failure(400, "bad_request", "'purpose' is a required property")
        if len(upload.data) > self.max_bytes:
            raise Failure(413, "bad_request", f"The file is larger than {self.max_bytes} bytes.")
        file = desk.keep_file(self.name, self.prefix, upload.name, upload.data, upload.fields["purpose"])
        return build_json(build_file(file))

    def list_files(self, desk: Desk, ask: Ask) -> Reply:
        """A page of the files, the newest first."""
        limit, purpose = parse_page(ask, 10000, 10000), ask.query.get("purpose")
        files = [file for file in desk.list_files(self.name) if purpose in (None, file.purpose)]
        if after := ask.query.get("after"):
            files = files[next((number for number, file in enumerate(files, 1) if file.id == after), len(files)) :]
        data = [build_file(file) for file in files[:limit]]
        ends = {"first_id": data[0]["id"] if data else None, "last_id": data[-1]["id"] if data else None}
        return build_json({"object": "list", "data": data, **ends, "has_more": len(files) > limit})

    def tell(self, desk: Desk, ask: Ask) -> Reply:
        """What a file is."""
        return build_json(build_file(find_file(desk, self.name, ask.path["file_id"])))

    def drop(self, desk: Desk, ask: Ask) -> Reply:
        """Forget a file."""
        file = find_file(desk, self.name, ask.path["file_id"])
        desk.drop_file(file)
        return build_json({"id": file.id, "object": "file", "deleted": True})

    def read(self, desk: Desk, ask: Ask) -> Reply:
        """The content of a file."""
        data = find_file(desk, self.name, ask.path["file_id"]).data
        return Reply(body=data, content_type="application/octet-stream")


def find_file(desk: Desk, name: str, file_id: str) -> File:
    """A vendor's file; raises Failure when there is none of this id."""
    file = desk.find_file(name, file_id)
    if file is None:
        raise Failure(404, "bad_request", f"No such File object: {file_id}")
    return file


def build_file(file: File) -> Json:
    """A file in OpenAI's form."""
    return {
        "id": file.id,
        "object": "file",
        "bytes": len(file.data),
        "created_at": int(file.at),
        "filename": file.name,
        "purpose": file.purpose,
        "status": "processed",
        "status_details": None,
    }
