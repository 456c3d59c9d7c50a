"""Puts data in place of the files, bytes and images that messages hold, so that wrappers need not read them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Protocol

from modelhub.errors import BadRequestError
from modelhub.late import late
from modelhub.media.takes import ANYTHING, PARTS, Takes

if TYPE_CHECKING:
    from modelhub.media import data_uris, kinds, sources
else:
    data_uris = late("modelhub.media.data_uris")
    kinds = late("modelhub.media.kinds")
    sources = late("modelhub.media.sources")


class Load(Protocol):
    """Reads one medium of a part in a vendor's own form, and says its URL or data URI."""

    def __call__(self, kind: str, given: Any, label: str = "") -> str:
        """``kind`` is image, video, audio or file; raises BadRequestError for what the vendor does not take."""
        ...


LoadOwn = Callable[[dict[str, Any], Load], dict[str, Any]]


def load_media(
    messages: list[dict[str, Any]],
    find_takes: Callable[[], Takes] = lambda: ANYTHING,
    load_own: LoadOwn | None = None,
) -> list[dict[str, Any]]:
    """``messages`` with URLs and data URIs in place of all else that may stand for a medium.

    Data URIs are base64 and say what their first bytes say; audio is bare base64. ``load_own`` does the same to parts
    in the vendor's own form. The messages that are passed in are not changed. Raises BadRequestError, which names the
    place, for what cannot be read and for what the vendor does not take.
    """
    if not any(isinstance(message.get("content"), list) for message in messages):
        return messages
    return [_load_message(message, n, find_takes, load_own) for n, message in enumerate(messages)]


def _load_message(
    message: dict[str, Any], index: int, find_takes: Callable[[], Takes], load_own: LoadOwn | None
) -> dict[str, Any]:
    content = message.get("content")
    if not isinstance(content, list):
        return message
    loaded = []
    for n, part in enumerate(content):
        kind = part.get("type") if isinstance(part, dict) else "text"
        if kind != "text" and (kind in PARTS or kind == "video" or load_own is not None):
            place = f"messages[{index}].content[{n}]"
            part = _load_part(part, place, message["role"], find_takes(), load_own)
        loaded.append(part)
    return {**message, "content": loaded}


def _load_part(part: dict[str, Any], place: str, role: str, takes: Takes, load_own: LoadOwn | None) -> dict[str, Any]:
    kind = part.get("type")
    try:
        if kind in ("image_url", "video_url", "audio_url"):
            return _load_url(part, kind, role, takes)
        if kind == "input_audio":
            return _load_audio(part, role, takes)
        if kind == "file":
            return _load_file(part, role, takes)
        if kind == "video":
            return _load_frames(part, part.get("video"), role, takes)
        return part if load_own is None else load_own(part, _Loader(role, takes))
    except BadRequestError as error:
        named = f" ({kind})" if kind in PARTS else ""
        raise BadRequestError(f"{place}{named}: {error.message}") from None


class _Loader:
    """Reads the media of one message in a vendor's own form."""

    def __init__(self, role: str, takes: Takes) -> None:
        self.role = role
        self.takes = takes

    def __call__(self, kind: str, given: Any, label: str = "") -> str:
        self.takes.check_kind(kind, self.role)
        medium = sources.read_medium(given, label=label)
        self.takes.check_medium(kind, medium)
        return medium.url


def _load_url(part: dict[str, Any], kind: str, role: str, takes: Takes) -> dict[str, Any]:
    details = part.get(kind)
    given = details.get("url") if isinstance(details, Mapping) else details
    family = PARTS[kind]
    if family == "video" and isinstance(given, list | tuple):
        beside = {name: value for name, value in part.items() if name not in ("type", kind)}
        return _load_frames({"type": "video", **beside}, given, role, takes)
    takes.check_kind(family, role)
    if family == "video" and isinstance(given, str) and given.startswith("data:video/jpeg;base64,"):
        medium = sources.Medium(given, "video/jpeg")  # frames with commas between them, which vLLM takes
    else:
        medium = sources.read_medium(given)
    takes.check_medium(family, medium)
    return {**part, kind: {**(details if isinstance(details, Mapping) else {}), "url": medium.url}}


def _load_frames(part: dict[str, Any], frames: Any, role: str, takes: Takes) -> dict[str, Any]:
    """A video as Qwen's models take it: by its frames, or whole."""
    takes.check_kind("video", role)
    load = _Loader(role, takes)
    if isinstance(frames, list | tuple):
        return {**part, "video": [load("image", frame) for frame in frames]}
    return part if frames is None else {**part, "video": load("video", frames)}


def _load_audio(part: dict[str, Any], role: str, takes: Takes) -> dict[str, Any]:
    """``part`` with bare base64, as OpenAI wants it, or a URL, and the format that its first bytes tell."""
    details = part.get("input_audio")
    audio = dict(details) if isinstance(details, Mapping) else {"data": details}
    takes.check_kind("audio", role)
    form = audio.get("format")
    label = f"audio/{form}" if form and isinstance(form, str) else ""
    medium = sources.read_medium(audio.get("data"), label=label, packed=True)
    takes.check_medium("audio", medium)
    data = data_uris.split_data_uri(medium.url)
    if data is None:
        form = form or kinds.name_format(kinds.guess_url_type(medium.url) or "audio/wav")
        return {**part, "input_audio": {**audio, "data": medium.url, "format": form}}
    if medium.kind is not None and medium.kind.partition("/")[0] in ("audio", "video"):
        form = kinds.name_format(medium.kind)
    return {**part, "input_audio": {**audio, "data": data[1], "format": form or "wav"}}


def _load_file(part: dict[str, Any], role: str, takes: Takes) -> dict[str, Any]:
    details = part.get("file")
    file = dict(details) if isinstance(details, Mapping) else {"file_data": details}
    takes.check_kind("file", role)
    if file.get("file_data") is None:
        return part
    name = file.get("filename")
    name = name if isinstance(name, str) else ""
    medium = sources.read_medium(file["file_data"], name=name, packed=True)
    takes.check_medium("file", medium)
    file["file_data"] = medium.url
    if not name and medium.name:
        file["filename"] = medium.name
    elif not name and takes.names_files and medium.kind is not None and not file.get("file_id"):
        file["filename"] = f"file.{kinds.name_format(medium.kind)}"
    return {**part, "file": file}
