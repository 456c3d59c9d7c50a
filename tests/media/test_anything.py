"""Whatever stands for a medium ends in a request or in an error that names its place, and reads no file unasked."""

from __future__ import annotations

import base64
import io
import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from modelhub.errors import BadRequestError
from modelhub.media import find_media_type, read_medium, split_data_uri
from modelhub.media.data_uris import clean_base64
from modelhub.media.kinds import find_signature

from .samples import FILES, build, wrap

TYPES = (
    *("openai_chat", "anthropic_chat", "gemini_chat", "dashscope_multimodal", "dashscope_chat", "zhipuai_chat"),
    *("ollama_chat", "litellm_chat", "post_api_chat", "yi_chat"),
)
PARTS = ("image_url", "video_url", "audio_url", "input_audio", "file")
DATA = st.one_of(
    st.binary(max_size=40), st.builds(bytes.__add__, st.sampled_from([d for d, _ in FILES.values()]), st.binary())
)
PACKED = DATA.map(lambda data: base64.b64encode(data).decode())
LABELS = st.one_of(
    st.sampled_from(
        ["", "image/png", "IMAGE/JPG", "text/plain", "x", "image/png;name=a.png", "application/octet-stream"]
    ),
    st.text(max_size=9),
)
URIS = st.builds(
    lambda scheme, label, mark, data: f"{scheme}:{label}{mark}{data}",
    st.sampled_from(["data", "DATA"]),
    LABELS,
    st.sampled_from([";base64,", ";BASE64,", ",", ";utf8,", ";", ""]),
    st.one_of(PACKED, st.text(max_size=20)),
)
NAMES = st.one_of(
    st.sampled_from(["here.png", "~", "~/a", "file:", "file://", "file:///", "a:b", "//", ".", "..", "C:\\a", "urn:a"]),
    st.text(max_size=12).filter(lambda name: "/" not in name),
)
TEXTS = st.one_of(NAMES, URIS, PACKED, NAMES.map("https://e.com/{}".format), NAMES.map("file:{}".format))
GIVEN = st.one_of(
    TEXTS,
    DATA,
    DATA.map(bytearray),
    DATA.map(io.BytesIO),
    NAMES.map(Path),
    st.none(),
    st.integers(),
    st.lists(TEXTS, max_size=2),
    st.dictionaries(st.text(max_size=3), st.none(), max_size=1),
)


@pytest.fixture(scope="module", autouse=True)
def folder(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A folder with a file that may be named and one that nobody names."""
    with pytest.MonkeyPatch.context() as patch:
        path = tmp_path_factory.mktemp("media")
        patch.chdir(path)
        patch.setenv("HOME", str(path))
        (path / "here.png").write_bytes(FILES["png"][0])
        yield path


@st.composite
def parts(draw: st.DrawFn) -> dict[str, Any]:
    """A part of a message, neutral or in a vendor's own form."""
    own = st.sampled_from(["image", "video", "audio", "inline_data", "source", "Qwen's", "AgentScope's"])
    kind, value = draw(st.one_of(st.sampled_from(PARTS), own)), draw(GIVEN)
    if kind == "inline_data":
        return {kind: {"mime_type": draw(LABELS), "data": value}}
    if kind == "source":
        return {"type": "image", "source": {"type": "base64", "media_type": draw(LABELS), "data": value}}
    if kind == "Qwen's":
        return {"type": "video", "video": [value]}
    if kind == "AgentScope's":
        return {"type": "image", "url": value}
    if kind not in PARTS:
        return {kind: value}
    return draw(st.sampled_from([wrap(kind, value), {"type": kind, kind: value}, {"type": kind}]))


def can_be_sent(part: dict[str, Any]) -> bool:
    """Whether JSON can hold a part; what is not a medium for a vendor goes to it as it is."""
    try:
        json.dumps(part)
    except TypeError:
        return False
    return True


@given(st.sampled_from(TYPES), parts(), st.sampled_from(["user", "system", "tool"]))
@example("anthropic_chat", {"type": "file", "file": {"file_data": "data:text/plain;base64,/w=="}}, "user")
def test_a_request_or_an_error_that_names_the_place(model_type: str, part: dict[str, Any], role: str) -> None:
    media = part.get("type") in PARTS
    if not media and not can_be_sent(part):
        media = model_type == "dashscope_multimodal" and set(part) & {"image", "video", "audio"} and "type" not in part
        if not media:
            return
    try:
        build(model_type, [part], role)
    except BadRequestError as error:
        assert not media or "content[0]" in error.message or "dashscope_chat takes text" in error.message


@given(TEXTS)
@example("here.png")
@example("file:here.png")
def test_no_file_is_read_that_is_not_named(text: str) -> None:
    read: list[str] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Path, "read_bytes", lambda self: read.append(self.name) or b"x")
        try:
            medium = read_medium(text)
        except BadRequestError:
            pass
        else:
            assert read or ":" in medium.url
    assert all(name in text or name in unquote(text) or "~" in text for name in read)


@given(st.sampled_from(sorted(FILES)), st.sampled_from(["", "image/jpeg", "image/PNG", "x/y", "application/pdf"]))
def test_no_label_hides_what_the_first_bytes_say(name: str, label: str) -> None:
    data, kind = FILES[name]
    packed = base64.b64encode(data).decode()
    quoted = "".join(f"%{byte:02x}" for byte in data)
    for uri in (f"data:{label};base64,{packed}", f"data:{label},{quoted}"):
        assert read_medium(uri).url == f"data:{kind};base64,{packed}"


@given(DATA, LABELS)
def test_data_stays_what_it_is(data: bytes, label: str) -> None:
    if not data:
        return
    medium = read_medium(data, label=label)
    kind, packed = split_data_uri(medium.url) or ("", "")
    assert (base64.b64decode(packed), kind) == (data, medium.kind)
    assert find_media_type(data, label=label) == medium.kind
    if (found := find_signature(data)) is not None and not label.lower().strip().startswith("text/"):
        assert medium.kind == found
    assert re.fullmatch(r"data:[a-z0-9.+-]+/[a-z0-9.+_-]+;base64,[A-Za-z0-9+/]+=*", medium.url)


@given(st.binary(), st.booleans(), st.booleans(), st.integers(1, 80))
def test_base64_of_any_form_is_the_same(data: bytes, for_urls: bool, padded: bool, width: int) -> None:
    packed = base64.b64encode(data).decode()
    given = base64.urlsafe_b64encode(data).decode() if for_urls else packed
    given = given if padded else given.rstrip("=")
    assert clean_base64("\r\n".join(given[n : n + width] for n in range(0, len(given), width))) == packed
