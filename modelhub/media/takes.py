"""What media a vendor takes, as data, and the words for what it does not take."""

from __future__ import annotations

import base64
from collections.abc import Collection
from typing import TYPE_CHECKING

from modelhub.errors import BadRequestError
from modelhub.late import late
from modelhub.records import Record

if TYPE_CHECKING:
    from modelhub.media import data_uris, kinds
    from modelhub.media.sources import Medium
else:
    data_uris = late("modelhub.media.data_uris")
    kinds = late("modelhub.media.kinds")

PARTS = {"image_url": "image", "video_url": "video", "audio_url": "audio", "input_audio": "audio", "file": "file"}
PLAIN_IMAGES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
_ALL = frozenset(PARTS.values())
_SOUNDING = frozenset({"video/mp4", "video/webm", "video/ogg", "video/mpeg", "video/quicktime", "video/3gpp"})
_PARTS_OF = {family: part for part, family in PARTS.items()}
_INSTEAD = {
    "video": "pass frames of it as images",
    "audio": "pass what is said in it as text",
    "pdf": "pass its pages as images",
    "file": "pass its content as text",
}


class Takes(Record):
    """What media a vendor takes.

    ``images`` and ``audio`` are media types, None for all; those in ``never`` are not taken. ``as_image`` are media
    types and families that may stand where images do. ``files`` are the families of files, None for all. ``roles`` may
    send media, None for all. ``by_url`` are the kinds of media that may be a URL which the vendor fetches. With
    ``names_files``, a file must have a name.
    """

    vendor: str
    kinds: Collection[str] = _ALL
    images: Collection[str] | None = None
    never: Collection[str] = ()
    as_image: Collection[str] = ()
    audio: Collection[str] | None = None
    files: Collection[str] | None = None
    roles: Collection[str] | None = None
    by_url: Collection[str] = _ALL
    names_files: bool = False

    def check_kind(self, kind: str, role: str) -> None:
        """Raise BadRequestError if the vendor takes no media of this kind, or none in messages of this role."""
        many = {"image": "images", "video": "videos", "file": "files"}.get(kind, kind)
        if kind not in self.kinds:
            raise BadRequestError(f"{self.vendor} takes no {many}: {_INSTEAD.get(kind, 'leave them out')}")
        if self.roles is not None and role not in self.roles:
            one = {"image": "no image", "video": "no video", "file": "no file"}.get(kind, f"no {kind}")
            raise BadRequestError(f"{self.vendor} takes {one} in a {role} message: put it into a user message")

    def check_medium(self, kind: str, medium: Medium) -> None:
        """Raise BadRequestError, which says what to do, if the vendor does not take this medium as one of this kind."""
        if not medium.url.startswith("data:"):
            self._check_url(kind, medium.url)
        elif kind == "image":
            self._check_image(medium.kind or kinds.UNKNOWN)
        elif kind == "video":
            if kinds.find_family(medium.kind or kinds.UNKNOWN) != "video" and medium.kind != "image/gif":
                raise self._refuse_family("video", medium.kind or kinds.UNKNOWN)
        elif kind == "audio":
            self._check_audio(medium)
        else:
            self._check_file(medium)

    def _check_url(self, kind: str, url: str) -> None:
        if kind not in self.by_url and url.partition(":")[0].lower() in ("http", "https"):
            what = {"image": "images", "video": "videos", "audio": "audio"}.get(kind, "files")
            raise BadRequestError(f"{self.vendor} takes {what} as data, not by URL: pass a path, bytes or a data: URI")
        named = kinds.guess_url_type(url) if kind == "image" else None
        # The names of other formats of images are no sign: many servers convert what they deliver.
        if named is not None and (named == "image/svg+xml" or kinds.find_family(named) in ("video", "audio")):
            self._check_image(named)

    def _check_image(self, kind: str) -> None:
        family = kinds.find_family(kind)
        if kind in self.as_image or family in self.as_image:
            return
        if family != "image":
            raise self._refuse_family("image", kind)
        if kind in self.never or (self.images is not None and kind not in self.images):
            raise BadRequestError(
                f"{self.vendor} takes no {kinds.describe_kind(kind)}: convert it to {self._name_images()}"
            )

    def _check_audio(self, medium: Medium) -> None:
        kind = medium.kind or kinds.UNKNOWN
        if kind in ("text/plain", kinds.UNKNOWN):  # nothing is known of it
            return
        if kinds.find_family(kind) != "audio" and kind not in _SOUNDING:
            raise self._refuse_family("audio", kind)
        if self.audio is not None and kind not in self.audio:
            wanted = _join([kinds.name_format(one).upper() for one in self.audio])
            raise BadRequestError(f"{self.vendor} takes no {kinds.describe_kind(kind)}: convert it to {wanted}")

    def _check_file(self, medium: Medium) -> None:
        if self.files is None:
            return
        kind = medium.kind or kinds.UNKNOWN
        family = kinds.find_family(kind)
        if family == "file" or kinds.is_written(kind):
            if "text" in self.files and _is_utf8(medium.url):
                return
            if "text" in self.files and kinds.is_written(kind):
                raise BadRequestError(f"{self.vendor} takes text in UTF-8, and this is another encoding: convert it")
        elif family in self.files and (family != "image" or self.images is None or kind in self.images):
            return
        raise BadRequestError(
            f"{self.vendor} takes no {kinds.describe_kind(kind)}: {_INSTEAD.get(family, _INSTEAD['file'])}"
        )

    def _refuse_family(self, wanted: str, kind: str) -> BadRequestError:
        """The error for a medium of another family than that which its part is for."""
        family = kinds.find_family(kind)
        home = "file" if family == "pdf" else family
        one = {"image": "an image", "video": "a video"}.get(wanted, "audio")
        if (home in self.kinds and kind != kinds.UNKNOWN and home != "file") or (
            family == "pdf" and "file" in self.kinds
        ):
            advice = f"pass it in a part of type {_PARTS_OF[home]}"
        elif family == "file":
            advice = (
                f"pass {self._name_images() if wanted == 'image' else 'MP4' if wanted == 'video' else 'WAV or MP3'}"
            )
        else:
            advice = _INSTEAD.get(family, "convert it")
        return BadRequestError(f"{self.vendor} takes no {kinds.describe_kind(kind)} in the place of {one}: {advice}")

    def _name_images(self) -> str:
        names = {"image/png": "PNG", "image/jpeg": "JPEG", "image/gif": "GIF", "image/webp": "WebP"}
        taken = names if self.images is None else [kind for kind in names if kind in self.images]
        return _join([names[kind] for kind in taken])


def _is_utf8(url: str) -> bool:
    """Whether the data URI holds text."""
    data = data_uris.split_data_uri(url)
    try:
        text = base64.b64decode(data[1] if data is not None else "").decode("utf-8")
    except ValueError:
        return False
    return "\0" not in text


def _join(words: list[str]) -> str:
    return " or ".join(filter(None, (", ".join(words[:-1]), words[-1])))


# A server of the user's own may take anything.
ANYTHING = Takes("the server", as_image=frozenset({*_ALL, "pdf"}))
