"""What may stand for a medium: every form gives the same data, and what cannot be read is told with its name."""

from __future__ import annotations

import base64
import io
import os
from pathlib import Path
from typing import Any

import pytest

from modelhub.errors import BadRequestError
from modelhub.media import find_local_path, find_media_type, guess_type, read_medium
from modelhub.media.kinds import describe_kind, guess_url_type
from modelhub.overriding import override

from .samples import BASE64, FILES, PNG, URIS

PACKED = BASE64["png"]


class Picture:
    """What Pillow's images have."""

    def __init__(self, form: str | None, mode: str = "RGB") -> None:
        self.format = form
        self.mode = mode

    def convert(self, mode: str) -> Picture:
        return Picture(None, mode)

    def save(self, file: Any, format: str, **options: Any) -> None:
        if (self.mode == "CMYK" and format == "PNG") or (format == "JPEG" and self.mode == "RGBA"):
            raise OSError(f"cannot write mode {self.mode} as {format}")
        if options.get("quality") == "keep" and self.format != "JPEG":
            raise ValueError("only JPEG images can keep it")
        file.write(FILES[{"PNG": "png", "JPEG": "jpg", "GIF": "gif", "WEBP": "webp"}[format]][0])


class Elsewhere:
    """A path on another computer, as other libraries have them."""

    name = "pier.png"

    def read_bytes(self) -> bytes:
        return PNG


class Link:
    """A URL as an object."""

    scheme = "https"

    @override
    def __str__(self) -> str:
        return "https://e.com/a.png"


def write_again() -> Any:
    """A file that was just written and stands at its end."""
    file = io.BytesIO()
    file.write(PNG)
    return file


FORMS: dict[str, Any] = {
    "path": lambda path: str(path),
    "pathlib": lambda path: path,
    "home": lambda path: f"~/{path.name}",
    "pathlib's home": lambda path: Path("~") / path.name,
    "a URL of a file": lambda path: path.as_uri(),
    "a URL in capitals": lambda path: f"FILE://{path}",
    "a path with line end": lambda path: f"{path}\n",
    "bytes": lambda path: path.read_bytes(),
    "bytearray": lambda path: bytearray(path.read_bytes()),
    "memoryview": lambda path: memoryview(path.read_bytes()),
    "BytesIO": lambda path: io.BytesIO(path.read_bytes()),
    "written": lambda path: write_again(),
    "Pillow": lambda path: Picture("PNG"),
    "drawn": lambda path: Picture(None, "RGBA"),
    "TIFF of Pillow": lambda path: Picture("TIFF"),
    "CMYK of Pillow": lambda path: Picture("PNG", "CMYK"),
    "JPEG that became transparent": lambda path: Picture("JPEG", "RGBA"),
    "other path": lambda path: Elsewhere(),
    "data URI": lambda path: URIS["png"],
    "capitals": lambda path: f"DATA:IMAGE/PNG;BASE64,{PACKED}",
    "wrong label": lambda path: f"data:image/jpeg;base64,{PACKED}",
    "no label": lambda path: f"data:;base64,{PACKED}",
    "parameters": lambda path: f"data:image/png;charset=utf-8;base64,{PACKED}",
    "lines": lambda path: f"data:image/png;base64,{base64.encodebytes(PNG).decode()}",
    "no padding": lambda path: URIS["png"].rstrip("="),
    "for URLs": lambda path: f"data:image/png;base64,{base64.urlsafe_b64encode(PNG).decode()}",
    "percent signs": lambda path: URIS["png"].replace("=", "%3D").replace("+", "%2B"),
    "no base64": lambda path: "data:image/png," + "".join(f"%{byte:02x}" for byte in PNG),
    "not said to be base64": lambda path: f"data:image/png,{PACKED}",
    "no semicolon": lambda path: f"data:base64,{PACKED}",
    "base64": lambda path: PACKED,
}


@pytest.fixture
def picture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    path = tmp_path / "a pier #1.png"
    path.write_bytes(PNG)
    return path


@pytest.mark.parametrize("form", FORMS)
def test_every_form_is_the_same_data(picture: Path, form: str) -> None:
    medium = read_medium(FORMS[form](picture))
    assert (medium.url, medium.kind) == (URIS["png"], "image/png")


def test_names_of_files_are_known(picture: Path) -> None:
    with picture.open("rb") as file:
        assert file.read(4)
        assert read_medium(file).name == picture.name
    assert read_medium(picture.as_uri()).name == read_medium(picture).name == picture.name
    assert read_medium(f"data:image/png;name=a%20b.png;base64,{PACKED}").name == "a b.png"
    assert read_medium(Elsewhere()).name == "pier.png"
    assert read_medium(PNG).name is None
    with os.fdopen(os.open(picture, os.O_RDONLY), "rb") as file:  # its name is a number
        assert read_medium(file).name is None


def test_formats_that_vendors_take_are_kept() -> None:
    for form, kind in (("JPEG", "image/jpeg"), ("GIF", "image/gif"), ("WEBP", "image/webp"), ("BMP", "image/png")):
        assert read_medium(Picture(form)).kind == kind


@pytest.mark.parametrize("url", ["https://e.com/a.png", " https://e.com/a.png\n", Link()])
def test_urls_stay(url: Any) -> None:
    assert read_medium(url) == ("https://e.com/a.png", None, None)


def test_texts_that_may_be_a_path_or_base64(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert read_medium("/9j/4AAQ").kind == "image/jpeg"
    assert read_medium("AAAA" * 30).url == f"data:application/octet-stream;base64,{'AAAA' * 30}"
    assert read_medium("QUJD", packed=True).url == "data:text/plain;base64,QUJD"
    for path in ("pictures/cats", "QUJD", "nowhere.png"):
        with pytest.raises(BadRequestError, match=rf"the file '{path}' cannot be read: No such file"):
            read_medium(path)
    (tmp_path / "QUJD").write_bytes(PNG)
    assert read_medium("QUJD", packed=True).name == "QUJD", "a file that is there is meant"
    (tmp_path / "at:9.png").write_bytes(PNG)
    assert read_medium("at:9.png").kind == "image/png"
    assert find_local_path("gs://b/a") is find_local_path("urn:a") is None


class Broken:
    def read(self) -> bytes:
        raise RuntimeError("the disk is gone")


class Waiting:
    async def read(self) -> bytes:
        return PNG


@pytest.mark.parametrize(
    ("given", "why"),
    [
        (None, "not NoneType"),
        (3, "it must be a URL, a data URI, base64, the path of a file, bytes, an open file or an image, not int"),
        (["a.png"], "not list"),
        ("", "it is empty"),
        (" ", "it is empty"),
        (b"", "no bytes"),
        (io.BytesIO(), "the BytesIO is empty"),
        (io.StringIO("a"), "gives text, not bytes: open it with the mode 'rb'"),
        (io.BytesIO, "the type cannot be read"),
        (Broken(), "the Broken cannot be read: the disk is gone"),
        (Waiting(), "the Waiting gives no bytes"),
        ("data:image/png;base64,", "the data URI is empty"),
        ("data:image/png", "comma"),
        ("data:image/png;base64,{}", "says that it is base64, but its data is not"),
        ("no/such.png", "the file 'no/such.png' cannot be read: No such file"),
        (Path("no/such.png"), "the file 'no/such.png' cannot be read: No such file"),
        ("file:///no/such.png", "the file '/no/such.png' cannot be read"),
        ("~/no such.png", "no such.png' cannot be read"),
        ("a\0.png", "cannot be read"),
        ("\ud800.png", "cannot be read"),
        ("x." * 9999, "cannot be read"),
        (".", "the file '.' cannot be read: Is a directory"),
        (Path(), "the file '.' cannot be read: Is a directory"),
    ],
)
def test_what_cannot_be_read_is_told(given: Any, why: str) -> None:
    with pytest.raises(BadRequestError) as caught:
        read_medium(given)
    assert why in caught.value.message


def test_files_that_are_empty_or_devices(tmp_path: Path) -> None:
    (tmp_path / "a.png").touch()
    with pytest.raises(BadRequestError, match=r"a.png' is empty"):
        read_medium(tmp_path / "a.png")
    if Path("/dev/zero").exists():  # it never ends
        with pytest.raises(BadRequestError, match="it is a device"):
            read_medium("/dev/zero")


@pytest.mark.parametrize("name", FILES)
def test_the_first_bytes_say_what_it_is(name: str) -> None:
    data, kind = FILES[name]
    assert find_media_type(data) == kind
    assert find_media_type(data, "a.txt", "application/octet-stream") == kind
    label = "image/png" if kind != "image/png" else "image/jpeg"
    assert find_media_type(data, label=label) == kind


@pytest.mark.parametrize(
    ("data", "name", "label", "kind"),
    [
        (b"\1", "a.png", "", "image/png"),
        (b"\1", "", "image/JPG", "image/jpeg"),
        (b"\1", "a.png", "image/x-png", "image/png"),
        (b"\1", "a.HEIC", "application/octet-stream", "image/heic"),
        (b"\1", "a.unheard", "", "application/octet-stream"),
        (b"a,b", "a.csv", "", "text/csv"),
        ("ä".encode() * 999, "", "", "text/plain"),
        (b"a" + "ä".encode() * 999, "", "", "text/plain"),
        (b"\xff\0", "", "", "application/octet-stream"),
        (b"<svg/>", "", "text/plain", "text/plain"),
        (b"BM is a prefix", "", "text/plain", "text/plain"),
        (b"", "", "", "application/octet-stream"),
    ],
)
def test_what_the_first_bytes_do_not_say(data: bytes, name: str, label: str, kind: str) -> None:
    assert find_media_type(data, name, label) == kind


def test_names_of_kinds() -> None:
    assert [guess_type(name) for name in ("a.PDF", "a", "a.b c", ".png")] == [
        "application/pdf",
        None,
        None,
        "image/png",
    ]
    assert guess_url_type("https://e.com/a/b.jpg?x=.png#y.gif") == "image/jpeg"
    assert guess_url_type("https://e.com") is guess_url_type("https://[e.com") is None
    kinds = ("image/svg+xml", "image/x-icon", "video/mp4", "audio/mpeg", "application/pdf", "text/plain")
    assert [describe_kind(kind) for kind in kinds] == [
        *("SVG images", "ICO images", "MP4 videos", "MP3 audio", "PDF files", "TXT files"),
    ]
