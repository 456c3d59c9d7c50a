"""What vendors are sent for media of every form and kind, and what is refused before anything is sent."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from modelhub.wrappers.openai_media import find_takes

import modelhub
from modelhub import ModelRegistry, errors
from modelhub.testing import MockServer

from ..served import build_model
from .samples import BASE64, FILES, PNG, URIS, build, read_parts, wrap

PACKED = BASE64["png"]
PDF, PDF64 = FILES["pdf"][0], BASE64["pdf"]
OPENAI_PNG = {"type": "image_url", "image_url": {"url": URIS["png"]}}
# An image as each vendor wants it.
IMAGE: dict[str, Any] = {
    "openai_chat": OPENAI_PNG,
    "litellm_chat": OPENAI_PNG,
    "yi_chat": OPENAI_PNG,
    "post_api_chat": OPENAI_PNG,
    "zhipuai_chat": {"type": "image_url", "image_url": {"url": PACKED}},
    "anthropic_chat": {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PACKED}},
    "gemini_chat": {"inlineData": {"mimeType": "image/png", "data": PACKED}},
    "dashscope_multimodal": {"image": URIS["png"]},
    "ollama_chat": PACKED,
}
SOURCES: dict[str, Callable[[Path], Any]] = {
    "path": str,
    "pathlib": lambda path: path,
    "file URL": lambda path: path.as_uri(),
    "bytes": lambda path: path.read_bytes(),
    "open file": lambda path: io.BytesIO(path.read_bytes()),
    "data URI": lambda path: URIS["png"],
    "wrong label": lambda path: f"data:image/jpeg;base64,{PACKED}",
    "no label": lambda path: f"data:;base64,{PACKED}",
    "capitals": lambda path: f"Data:image/PNG;Base64,{PACKED}",
    "no base64": lambda path: "data:image/png," + "".join(f"%{byte:02X}" for byte in PNG),
    "base64": lambda path: PACKED,
}


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "pier.jpg"  # of the wrong name
    path.write_bytes(PNG)
    return path


@pytest.mark.parametrize("shape", ["object", "bare"])
@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("model_type", IMAGE)
def test_an_image_of_any_form(model_type: str, source: str, shape: str, picture: Path) -> None:
    given = SOURCES[source](picture)
    part = {"type": "image_url", "image_url": {"url": given} if shape == "object" else given}
    assert read_parts(build(model_type, [part])) == [IMAGE[model_type]]
    assert part["image_url"] is given or part["image_url"] == {"url": given}, "what the caller gave stays as it was"


@pytest.mark.parametrize("source", SOURCES)
def test_the_images_of_a_prompt(source: str, picture: Path) -> None:
    given = {"config_name": "m", "model_type": "ollama_generate", "model_name": "tiny", "host": "http://127.0.0.1:9"}
    model: Any = ModelRegistry(given).get_model("m")
    for images in ([SOURCES[source](picture)], SOURCES[source](picture)):
        assert f'"images":["{PACKED}"]'.encode() in model.build_request("hi", {"images": images}, False).body
    with pytest.raises(
        errors.BadRequestError, match=r"images\[1\]: Ollama takes no SVG images: convert it to PNG, JPEG"
    ):
        model.build_request("hi", {"images": [PNG, FILES["svg"][0]]}, False)


@pytest.mark.parametrize("source", SOURCES)
def test_dashscopes_own_parts(source: str, picture: Path) -> None:
    given, link = SOURCES[source](picture), "https://e.com/1.png"
    parts = [
        {"image": given, "min_pixels": 4},
        {"type": "image", "url": given, "max_pixels": 9},
        {"video": [given, link], "fps": 2},
        {"type": "video", "video": [given]},
        {"text": "?"},
    ]
    assert read_parts(build("dashscope_multimodal", parts)) == [
        {"image": URIS["png"], "min_pixels": 4},
        {"image": URIS["png"], "max_pixels": 9},
        {"video": [URIS["png"], link], "fps": 2},
        {"video": [URIS["png"]]},
        {"text": "?"},
    ]
    frames = {"type": "video", "video": [given, link]}
    assert read_parts(build("openai_chat", [frames])) == [{"type": "video", "video": [URIS["png"], link]}]


@pytest.mark.parametrize("source", ["pathlib", "bytes", "open file"])
def test_other_vendors_own_parts(source: str, picture: Path) -> None:
    given = SOURCES[source](picture)
    block = {"type": "image", "source": {"type": "base64", "media_type": "image/jpeg", "data": given}}
    assert read_parts(build("anthropic_chat", [block])) == [IMAGE["anthropic_chat"]]
    given = SOURCES[source](picture)
    for name, kind in (("inline_data", "mime_type"), ("inlineData", "mimeType")):
        part = {name: {kind: "image/jpeg", "data": given}}
        assert read_parts(build("gemini_chat", [part])) == [{name: {kind: "image/png", "data": PACKED}}]
    assert read_parts(build("gemini_chat", [{"inline_data": {"mime_type": "x/y", "data": "x"}}])) == [
        {"inline_data": {"mime_type": "x/y", "data": "x"}}
    ]


def test_claudes_own_blocks(picture: Path) -> None:
    image: dict[str, Any] = IMAGE["anthropic_chat"]
    wrong = {**image["source"], "media_type": "image/jpeg"}
    for source in (wrong, {"bytes": PNG}, picture, str(picture), io.BytesIO(PNG)):
        block = {"type": "image", "source": source, "cache_control": {"type": "ephemeral"}}
        assert read_parts(build("anthropic_chat", [block])) == [{**image, "cache_control": {"type": "ephemeral"}}]
    for source in (
        {"type": "url", "url": "https://e.com/a.png"},
        {"type": "file", "file_id": "f"},
        {"type": "text", "media_type": "text/plain", "data": "hi"},
    ):
        block = {"type": "document", "source": source}
        assert read_parts(build("anthropic_chat", [block])) == [block]
    text = {"type": "document", "source": {"type": "base64", "media_type": "text/csv", "data": "YSxi"}}
    assert read_parts(build("anthropic_chat", [text]))[0]["source"]["data"] == "a,b"
    svg = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": BASE64["svg"]}}
    for block, role, why in (
        (svg, "user", "no SVG images"),
        ({**image, "source": wrong}, "system", "no image in a system"),
    ):
        with pytest.raises(errors.BadRequestError, match=why):
            build("anthropic_chat", [block], role)


# Which kinds.

TAKEN = {
    "anthropic_chat": "png jpg gif webp pdf",
    "zhipuai_chat": "png jpg",
    "ollama_chat": "png jpg webp",
    "dashscope_multimodal": "png jpg webp bmp tif tiff heic HEIC",
    "gemini_chat": "png jpg gif webp bmp heic HEIC heif avif pdf mp4 mov webm mp3 wav flac ogg",
    "openai_chat": "png jpg gif webp bmp tif avif",
    "yi_chat": "png jpg gif webp bmp tif avif",
    "litellm_chat": "png jpg gif webp bmp heic pdf mp4 mp3",
    "post_api_chat": "png jpg gif webp bmp heic svg pdf mp4 mp3 html",
}
REFUSED = {
    "anthropic_chat": "svg SVG heic HEIC heif avif bmp tif ico html mp4 mov webm mkv mp3 wav",
    "zhipuai_chat": "svg heic gif webp bmp pdf mp4 mp3 html",
    "ollama_chat": "svg heic gif bmp pdf mp4 mp3 html",
    "dashscope_multimodal": "svg gif avif pdf mp4 mp3 html",
    "gemini_chat": "svg SVG html",
    "openai_chat": "svg SVG heic HEIC heif pdf html mp4 mov webm mp3 wav",
    "yi_chat": "svg heic pdf mp4 mp3 html",
    "litellm_chat": "svg html",
}


@pytest.mark.parametrize(("model_type", "name"), [(t, n) for t, names in TAKEN.items() for n in names.split()])
def test_kinds_that_are_taken(model_type: str, name: str) -> None:
    (part,) = read_parts(build(model_type, [wrap("image_url", FILES[name][0])]))
    assert BASE64[name] in str(part)
    if model_type == "anthropic_chat":
        assert part["type"] == ("document" if name == "pdf" else "image")


@pytest.mark.parametrize("form", ["bytes", "data URI", "file"])
@pytest.mark.parametrize(("model_type", "name"), [(t, n) for t, names in REFUSED.items() for n in names.split()])
def test_kinds_that_are_refused_by_name(model_type: str, name: str, form: str, tmp_path: Path) -> None:
    data = FILES[name][0]
    (path := tmp_path / f"a.{name}").write_bytes(data)
    given = {"bytes": data, "data URI": URIS[name], "file": path}[form]
    with pytest.raises(errors.BadRequestError) as caught:
        build(model_type, [{"type": "text", "text": "?"}, wrap("image_url", given)])
    said = caught.value.message
    assert said.startswith("messages[0].content[1] (image_url): ")
    assert f"takes no {name}".lower() in said.lower()
    assert ": " in said.split("takes no", 1)[1], "what to do is told"


@pytest.mark.parametrize(
    ("model_type", "part", "why"),
    [
        ("anthropic_chat", wrap("video_url", [PNG]), "Anthropic takes no videos: pass frames"),
        ("dashscope_multimodal", wrap("video_url", [PNG, FILES["gif"][0]]), "DashScope takes no GIF images"),
        ("anthropic_chat", wrap("video_url", "https://e.com/a.mp4"), "Anthropic takes no videos: pass frames"),
        ("anthropic_chat", wrap("input_audio", FILES["wav"][0]), "Anthropic takes no audio: pass what is said"),
        ("anthropic_chat", wrap("image_url", "https://e.com/a.svg?x=1"), "Anthropic takes no SVG images: convert"),
        ("openai_chat", wrap("image_url", "https://e.com/a.mp4"), "pass it in a part of type video_url"),
        ("openai_chat", wrap("image_url", PDF), "pass it in a part of type file"),
        ("openai_chat", wrap("video_url", PNG), "the server takes no PNG images in the place of a video"),
        ("openai_chat", wrap("input_audio", PNG), "pass it in a part of type image_url"),
        ("openai_chat", wrap("input_audio", PDF), "pass it in a part of type file"),
        ("zhipuai_chat", wrap("file", PDF), "ZhipuAI takes no PDF files: pass its pages as images"),
        ("ollama_chat", wrap("file", PDF), "Ollama takes no files: pass its content as text"),
        ("ollama_chat", wrap("video_url", FILES["mp4"][0]), "Ollama takes no videos"),
        ("ollama_chat", wrap("image_url", "https://e.com/a.png"), "Ollama takes images as data, not by URL"),
        ("dashscope_multimodal", wrap("file", PDF), "DashScope takes no files"),
        (
            "dashscope_multimodal",
            {"image": FILES["svg"][0]},
            "DashScope takes no SVG images: convert it to PNG, JPEG or WebP",
        ),
        ("dashscope_multimodal", {"video": [PNG, "/no/such.png"]}, "'/no/such.png' cannot be read"),
        ("anthropic_chat", wrap("file", FILES["mp4"][0]), "Anthropic takes no MP4 videos: pass frames"),
        (
            "anthropic_chat",
            wrap("file", "data:text/csv;base64,5Cw="),
            "takes text in UTF-8, and this is another encoding",
        ),
        ("dashscope_multimodal", wrap("video_url", b"\xff\0"), "in the place of a video: pass MP4"),
        ("anthropic_chat", wrap("file", b"\xff\0"), "files of an unknown kind: pass its content as text"),
        ("anthropic_chat", wrap("image_url", b"\xff\0"), "files of an unknown kind in the place of an image"),
        ("openai_chat", wrap("image_url", 3), "it must be a URL"),
        ("openai_chat", wrap("input_audio", [b"a"]), "it must be a URL"),
        ("gemini_chat", {"inline_data": {"mime_type": "image/png", "data": b""}}, "no bytes"),
        ("anthropic_chat", {"type": "image", "source": {"type": "base64", "data": Path("/no/a")}}, "cannot be read"),
    ],
)
def test_what_is_refused(model_type: str, part: dict[str, Any], why: str) -> None:
    with pytest.raises(errors.BadRequestError) as caught:
        build(model_type, [part])
    assert why in caught.value.message
    assert caught.value.message.startswith("messages[0].content[0]")


ROLES = {
    "anthropic_chat": "tool",
    "gemini_chat": "assistant tool",
    "zhipuai_chat": "",
    "openai_chat": "system assistant tool",
    "dashscope_multimodal": "system assistant tool",
    "ollama_chat": "system assistant tool",
}


@pytest.mark.parametrize("role", ["system", "developer", "assistant", "tool"])
@pytest.mark.parametrize("model_type", ROLES)
def test_images_in_messages_of_others_than_users(model_type: str, role: str) -> None:
    content = [{"type": "text", "text": "Look:"}, wrap("image_url", PNG)]
    if role.replace("developer", "system") in ROLES[model_type].split():
        assert PACKED in str(build(model_type, content, role))
        return
    with pytest.raises(
        errors.BadRequestError, match=rf"no image in a {role} message: put it into a user message"
    ) as caught:
        build(model_type, content, role)
    assert caught.value.message.startswith("messages[")
    assert ".content[1] (image_url): " in caught.value.message


def test_what_openai_itself_takes() -> None:
    own: dict[str, Any] = {"client_args": {}}
    assert read_parts(build("openai_chat", [wrap("image_url", PNG)], **own)) == [OPENAI_PNG]
    for part, why in (
        (wrap("image_url", FILES["bmp"][0]), "OpenAI takes no BMP images: convert it to PNG, JPEG, GIF or WebP"),
        (wrap("video_url", "https://e.com/a.mp4"), "OpenAI takes no videos"),
        (wrap("input_audio", FILES["flac"][0]), "OpenAI takes no FLAC audio: convert it to WAV or MP3"),
        (wrap("input_audio", "https://e.com/a.mp3"), "OpenAI takes audio as data, not by URL"),
        (wrap("file", "https://e.com/a.pdf"), "OpenAI takes files as data, not by URL"),
    ):
        with pytest.raises(errors.BadRequestError) as caught:
            build("openai_chat", [part], **own)
        assert why in caught.value.message
    for role in ("system", "assistant", "tool"):
        with pytest.raises(errors.BadRequestError, match=f"OpenAI takes no image in a {role} message"):
            build("openai_chat", [wrap("image_url", PNG)], role, **own)


@pytest.mark.parametrize("url", ["https://eu.api.openai.com/v1", "https://a.openai.azure.com/openai/v1"])
def test_openai_by_other_names(url: str) -> None:
    with pytest.raises(errors.BadRequestError, match="OpenAI takes no image in a system message"):
        build("openai_chat", [wrap("image_url", PNG)], "system", client_args={"base_url": url})
    assert find_takes("https://api.openai.com.example.com/v1") is find_takes("http://localhost/api.openai.com/")


@pytest.mark.parametrize("url", ["https://dashscope.aliyuncs.com/compatible-mode/v1", "https://x.googleapis.com/v1"])
def test_servers_that_see_heic(url: str) -> None:
    config: dict[str, Any] = {"client_args": {"base_url": url}}
    assert BASE64["heic"] in str(build("openai_chat", [wrap("image_url", FILES["heic"][0])], **config))
    with pytest.raises(errors.BadRequestError, match="no SVG images"):
        build("openai_chat", [wrap("image_url", FILES["svg"][0])], **config)


# Sounds, videos and files.


@pytest.mark.parametrize(
    ("given", "form"),
    [
        ({"data": FILES["mp3"][0]}, "mp3"),
        ({"data": FILES["MP3"][0], "format": "wav"}, "mp3"),
        ({"data": BASE64["wav"]}, "wav"),
        ({"data": BASE64["wav"], "format": "mp3"}, "wav"),
        ({"data": URIS["flac"]}, "flac"),
        ({"data": io.BytesIO(FILES["m4a"][0])}, "m4a"),
        (FILES["ogg"][0], "ogg"),
        ({"data": "QUJD", "format": "mp3"}, "mp3"),
        ({"data": "QUJD"}, "wav"),
        ({"data": b"\xff\0", "format": "pcm16"}, "pcm16"),
        ({"data": FILES["webm"][0]}, "webm"),
    ],
)
def test_sounds_of_any_form(given: Any, form: str) -> None:
    part = {"type": "input_audio", "input_audio": given}
    (sent,) = read_parts(build("openai_chat", [part]))
    assert sent["input_audio"]["format"] == form
    data = sent["input_audio"]["data"]
    assert base64.b64decode(data)
    assert read_parts(build("gemini_chat", [part])) == [{"inlineData": {"mimeType": f"audio/{form}", "data": data}}]
    assert read_parts(build("dashscope_multimodal", [part])) == [{"audio": f"data:audio/{form};base64,{data}"}]


def test_sounds_in_files_and_elsewhere(tmp_path: Path) -> None:
    (path := tmp_path / "a sound.bin").write_bytes(FILES["wav"][0])
    for given in (str(path), path, path.as_uri()):
        (sent,) = read_parts(build("openai_chat", [wrap("input_audio", given)]))
        assert sent["input_audio"] == {"data": BASE64["wav"], "format": "wav"}
    url = "https://e.com/a.mp3"
    assert read_parts(build("dashscope_multimodal", [wrap("input_audio", url)])) == [{"audio": url}]
    (sent,) = read_parts(build("openai_chat", [wrap("input_audio", f"{url}?x=1")]))
    assert sent["input_audio"] == {"data": f"{url}?x=1", "format": "mp3"}
    assert read_parts(build("dashscope_multimodal", [{"audio": path}])) == [{"audio": URIS["wav"]}]
    assert read_parts(build("openai_chat", [wrap("audio_url", path)])) == [wrap("audio_url", URIS["wav"])]
    assert read_parts(build("dashscope_multimodal", [wrap("audio_url", path)])) == [{"audio": URIS["wav"]}]


def test_videos(tmp_path: Path) -> None:
    (path := tmp_path / "a.bin").write_bytes(FILES["mp4"][0])
    sent = wrap("video_url", URIS["mp4"])
    assert read_parts(build("openai_chat", [wrap("video_url", path)])) == [sent]
    assert read_parts(build("zhipuai_chat", [wrap("video_url", path.read_bytes())])) == [sent]
    part = {**wrap("video_url", path), "fps": 2}
    assert read_parts(build("dashscope_multimodal", [part])) == [{"video": URIS["mp4"], "fps": 2}]
    assert read_parts(build("gemini_chat", [part])) == [
        {"inlineData": {"mimeType": "video/mp4", "data": BASE64["mp4"]}, "videoMetadata": {"fps": 2}}
    ]
    frames = wrap("video_url", "data:video/jpeg;base64,/9j/4A==,/9j/4A==")
    assert read_parts(build("openai_chat", [frames])) == [frames]


NAMED = {
    "its own": ("{path}", {}, "tides.pdf"),
    "file URL": ("file://{path}", {}, "tides.pdf"),
    "given": ("{path}", {"filename": "t.pdf"}, "t.pdf"),
    "empty": ("{path}", {"filename": ""}, "tides.pdf"),
    "none": (PDF, {}, "file.pdf"),
    "base64": (PDF64, {}, "file.pdf"),
    "data URI": (URIS["pdf"], {}, "file.pdf"),
    "data URI of a text": ("data:text/csv;base64,YSxi", {}, "file.csv"),
    "text": ("data:,hello%20you", {}, "file.txt"),
}


@pytest.mark.parametrize("model_type", ["openai_chat", "litellm_chat", "yi_chat"])
@pytest.mark.parametrize("form", NAMED)
def test_files_have_names(model_type: str, form: str, tmp_path: Path) -> None:
    (path := tmp_path / "tides.pdf").write_bytes(PDF)
    data, beside, name = NAMED[form]
    if isinstance(data, str):
        data = data.replace("{path}", str(path))
    (sent,) = read_parts(build(model_type, [{"type": "file", "file": {"file_data": data, **beside}}]))
    assert sent["file"]["filename"] == name
    assert sent["file"]["file_data"].startswith("data:")
    if name.endswith(".pdf"):
        assert sent["file"]["file_data"] == URIS["pdf"]


def test_files_that_need_no_name() -> None:
    by_id = {"type": "file", "file": {"file_id": "file-1"}}
    assert read_parts(build("openai_chat", [by_id])) == [by_id]
    (sent,) = read_parts(build("anthropic_chat", [wrap("file", PDF)]))
    assert "title" not in sent
    linked = wrap("file", "https://e.com/a.pdf")
    by_url = {"type": "file", "file": {"file_id": "https://e.com/a.pdf"}}
    for part in (linked, by_url):
        source = {"type": "url", "url": "https://e.com/a.pdf"}
        assert read_parts(build("anthropic_chat", [part])) == [{"type": "document", "source": source}]
    assert read_parts(build("zhipuai_chat", [linked])) == [
        {"type": "file_url", "file_url": {"url": "https://e.com/a.pdf"}}
    ]


def test_documents_for_claude(tmp_path: Path) -> None:
    (path := tmp_path / "a.json").write_text('{"ä": 1}', "utf-8")
    text = {"type": "text", "media_type": "text/plain", "data": '{"ä": 1}'}
    pdf = {"type": "base64", "media_type": "application/pdf", "data": PDF64}
    parts = [
        wrap("file", path),
        wrap("file", PNG),
        wrap("image_url", PDF),
        wrap("image_url", "https://e.com/a.pdf#page=2"),
    ]
    assert read_parts(build("anthropic_chat", parts)) == [
        {"type": "document", "source": text, "title": "a.json"},
        IMAGE["anthropic_chat"],
        {"type": "document", "source": pdf},
        {"type": "document", "source": {"type": "url", "url": "https://e.com/a.pdf#page=2"}},
    ]


# What stands beside.

MARK = {"type": "ephemeral"}


@pytest.mark.parametrize(
    ("model_type", "part", "beside"),
    [
        ("anthropic_chat", wrap("image_url", PNG), {"cache_control": MARK}),
        ("anthropic_chat", wrap("image_url", PDF), {"cache_control": MARK, "citations": {"enabled": True}}),
        ("anthropic_chat", wrap("file", PDF), {"cache_control": MARK, "context": "tides"}),
        ("anthropic_chat", wrap("file", PNG), {"cache_control": MARK}),
        ("dashscope_multimodal", wrap("image_url", PNG), {"cache_control": MARK, "min_pixels": 1}),
        ("dashscope_multimodal", wrap("input_audio", FILES["wav"][0]), {"cache_control": MARK}),
        ("gemini_chat", wrap("image_url", PNG), {"mediaResolution": {"level": "MEDIA_RESOLUTION_LOW"}}),
        ("openai_chat", wrap("image_url", PNG), {"cache_control": MARK}),
        ("zhipuai_chat", wrap("image_url", PNG), {"detail": "low"}),
    ],
)
def test_what_stands_beside_is_kept(model_type: str, part: dict[str, Any], beside: dict[str, Any]) -> None:
    (sent,) = read_parts(build(model_type, [{**part, **beside}]))
    assert {name: sent.get(name) for name in beside} == beside


def test_the_detail_of_an_image_is_for_those_who_know_it() -> None:
    part = {"type": "image_url", "image_url": {"url": PNG, "detail": "low"}, "cache_control": MARK}
    assert read_parts(build("openai_chat", [part]))[0]["image_url"] == {"url": URIS["png"], "detail": "low"}
    assert read_parts(build("gemini_chat", [part])) == [IMAGE["gemini_chat"]]
    assert read_parts(build("anthropic_chat", [part])) == [{**IMAGE["anthropic_chat"], "cache_control": MARK}]
    assert read_parts(build("ollama_chat", [part])) == [PACKED]


def test_the_blocks_of_a_msg(picture: Path) -> None:
    (sound := picture.with_name("a.mp3")).write_bytes(FILES["wav"][0])
    blocks = [
        {"type": "image", "url": str(picture)},
        {"type": "image", "url": URIS["png"].replace("png", "jpg")},
        {"type": "audio", "url": str(sound)},
        {"type": "audio", "url": URIS["wav"].replace("wav", "mpeg")},
        {"type": "file", "url": URIS["pdf"]},
    ]
    model = build_model("openai_chat", "http://127.0.0.1:9")
    input, options = model.bind(modelhub.Msg("Alice", blocks, "user"))
    sound_part = {"type": "input_audio", "input_audio": {"data": BASE64["wav"], "format": "wav"}}
    assert read_parts(json.loads(model.build_request(input, options, False).body)) == [
        *[OPENAI_PNG, OPENAI_PNG, sound_part, sound_part],
        {"type": "file", "file": {"file_data": URIS["pdf"], "filename": "file.pdf"}},
    ]


def test_texts_are_not_looked_at() -> None:
    content = [{"type": "text", "text": "/no/such.png"}, {"type": "text", "text": "data:image/png"}]
    assert read_parts(build("openai_chat", content)) == content


def test_images_to_draw_after(picture: Path) -> None:
    given = {"config_name": "draw", "model_type": "dashscope_image_synthesis", "model_name": "wanx2.1-imageedit"}
    with ModelRegistry({**given, "api_key": "k"}) as hub:
        model: Any = hub.get_model("draw")
        for source in ({"base_image_url": picture}, {"ref_img": str(picture)}, {"images": [PNG, picture]}):
            body = model.build_submission("a cat", dict(source)).body.decode()
            assert body.count(URIS["png"]) == (2 if "images" in source else 1)
        assert (
            '"ref_img":"https://e.com/a"' in model.build_submission("a", {"ref_img": "https://e.com/a"}).body.decode()
        )
        with pytest.raises(errors.BadRequestError, match=r"mask_image_url: the file '/no/such.png' cannot be read"):
            model.build_submission("a cat", {"mask_image_url": "/no/such.png"})


def test_the_error_names_the_config_and_the_place(server: MockServer, caller: Any) -> None:
    model = build_model("anthropic_chat", server.url)
    messages = [{"role": "user", "content": "hi"}, {"role": "user", "content": [wrap("image_url", FILES["svg"][0])]}]
    with pytest.raises(
        modelhub.errors.BadRequestError,
        match=r"^m \(anthropic_chat\): messages\[1\]\.content\[0\] \(image_url\): Anthropic takes no SVG",
    ):
        caller.call(model, messages)
    assert server.requests == []
