"""Embeddings and images of replies."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from modelhub.adapters.reading import compile_response
from modelhub.errors import ResponseParsingError

EACH = {"each": "data", "vector": "v", "index": "i"}

GOOD: dict[str, tuple[Any, Any, list[list[float]]]] = {
    "a list of vectors": ("v", {"v": [[1.0, 2], [3.0]]}, [[1.0, 2], [3.0]]),
    "one vector": ("v", {"v": [1.0, 2.0]}, [[1.0, 2.0]]),
    "a projection": ("data[].v", {"data": [{"v": [1.0]}, {"v": [2.0]}]}, [[1.0], [2.0]]),
    "of each": ({"each": "data", "vector": "v"}, {"data": [{"v": [1]}, {"v": [2]}]}, [[1], [2]]),
    "an index": (EACH, {"data": [{"v": [1], "i": 1}, {"v": [0], "i": 0}]}, [[0], [1]]),
    "an index in digits": (EACH, {"data": [{"v": [1], "i": "10"}, {"v": [0], "i": "9"}]}, [[0], [1]]),
    "no index after all": (EACH, {"data": [{"v": [1]}, {"v": [0]}]}, [[1], [0]]),
    "one object": (EACH, {"data": {"v": [1]}}, [[1]]),
    "large numbers": ("v", {"v": [1e308, 1e308]}, [[1e308, 1e308]]),
}


@pytest.mark.parametrize(("config", "document", "vectors"), GOOD.values(), ids=GOOD)
def test_vectors(config: Any, document: Any, vectors: list[list[float]]) -> None:
    assert compile_response({"embedding": config}, "embedding")(document).embedding == vectors


BAD: dict[str, tuple[Any, Any]] = {
    "nothing": ("v", {"w": 1}),
    "no vectors": ("v", {"v": []}),
    "a text": ("v", {"v": "AAAA"}),
    "texts": ("v", {"v": ["a"]}),
    "an empty vector": ("v", {"v": [[1.0], []]}),
    "null": ("v", {"v": [[1.0, None, 2.0]]}),
    "a text among numbers": ("v", {"v": [[1.0, "2", 3.0]]}),
    "not a number": ("v", {"v": [[1.0, float("nan"), 2.0]]}),
    "no end": ("v", {"v": [[1.0, float("inf"), 2.0]]}),
    "an integer that no float can hold": ("v", {"v": [[10**400]]}),
    "a sum that no float can hold": ("v", {"v": [[1.5, 10**400, 1.5]]}),
    "booleans": ("v", {"v": [[True, False]]}),
    "vectors of tokens": ("v", {"v": [[[1.0]]]}),
    "an object": ("v", {"v": {"a": 1}}),
    "each is no list": (EACH, {"data": "x"}),
    "two with one index": (EACH, {"data": [{"v": [1], "i": 0}, {"v": [2], "i": 0}]}),
    "one without an index": (EACH, {"data": [{"v": [1], "i": 0}, {"v": [2]}]}),
    "one without a vector": (EACH, {"data": [{"v": [1], "i": 0}, {"i": 1}]}),
}


@pytest.mark.parametrize(("config", "document"), BAD.values(), ids=BAD)
def test_what_is_no_list_of_numbers(config: Any, document: Any) -> None:
    with pytest.raises(ResponseParsingError, match=r"response\.embedding"):
        compile_response({"embedding": config}, "embedding")(document)


PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(20)).decode()
JPEG = base64.b64encode(b"\xff\xd8\xff\xe0" + bytes(20)).decode()

IMAGES: dict[str, tuple[Any, str | None, list[str]]] = {
    "urls": (["https://a/1.png", "http://a/2"], None, ["https://a/1.png", "http://a/2"]),
    "one": ("https://a/1.png", None, ["https://a/1.png"]),
    "a data URI": (["data:image/gif;base64,AAAA"], "image/png", ["data:image/gif;base64,AAAA"]),
    "base64 of the type that is given": ([JPEG], "image/webp", [f"data:image/webp;base64,{JPEG}"]),
    "base64 that tells its type": (
        [JPEG, PNG],
        None,
        [f"data:image/jpeg;base64,{JPEG}", f"data:image/png;base64,{PNG}"],
    ),
    "base64 that does not": (["AAAA"], None, ["data:image/png;base64,AAAA"]),
    "base64 with line ends": (["AA\nAA\n"], None, ["data:image/png;base64,AAAA"]),
    "what is empty is left out": ([None, "", "https://a/1"], None, ["https://a/1"]),
}


@pytest.mark.parametrize(("found", "kind", "images"), IMAGES.values(), ids=IMAGES)
def test_images(found: Any, kind: str | None, images: list[str]) -> None:
    config = {"image_urls": "i", "image_type": kind}
    assert compile_response(config, "image")({"i": found}).image_urls == images


@pytest.mark.parametrize("found", [None, [], "", [None], {"url": "x"}, ["not base64!"], [{"url": "https://a"}], 3])
def test_what_is_no_image(found: Any) -> None:
    with pytest.raises(ResponseParsingError, match=r"response\.image_urls \(i\) finds"):
        compile_response({"image_urls": "i"}, "image")({"i": found})
