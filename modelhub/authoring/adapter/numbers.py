"""Finds vectors and images in a reply."""

from __future__ import annotations

import re
from typing import Any

from modelhub.authoring.adapter.counts import find_usage
from modelhub.authoring.adapter.paths import Path, get, last_name, list_leaves, list_nodes, write_key, write_path
from modelhub.authoring.adapter.replies import Part, add_identity
from modelhub.authoring.adapter.words import list_words, split_name

_VECTOR = frozenset(
    list_words(
        "embedding embeddings vector vectors vec vecs emb embs values v float dense 向量 features encoding sentence"
    )
)
_NO_VECTOR = frozenset(
    list_words(
        "ids id tokens token shape logprobs probs scores offsets indices bbox context prices size usage tool "
        "arguments args ratings"
    )
)
_INDEX = ("index", "i", "idx", "position", "pos", "order", "n", "no", "序号", "seq", "rank", "ordinal")
_SPENT = ("cost", "spent", "used", "consumed")
_BASE64 = re.compile(r"(?:iVBORw0KGgo|/9j/|R0lGOD|UklGR|Qk0|PHN2Zy|data:image/)")
_TYPES = {
    "/9j/": "image/jpeg",
    "R0lGOD": "image/gif",
    "UklGR": "image/webp",
    "Qk": "image/bmp",
    "PHN2Zy": "image/svg+xml",
}
_PICTURE = re.compile(r"https?://\S+?\.(?:png|jpe?g|webp|gif|bmp|svg)(?:\?\S*)?", re.IGNORECASE)
_IMAGE = frozenset(list_words("image images img imgs picture pictures b64 base64 artifacts photo png image_url 图片"))


def read_vectors(document: Any) -> Part | None:
    """The config's ``response`` that reads vectors; None if there are none."""
    for path, node in list_nodes(document):
        if not _is_vector(node) or set(split_name(last_name(path))) & _NO_VECTOR:
            continue
        named = set(split_name(last_name(path))) & _VECTOR or not last_name(path)
        if not named and len(node) < 8 and not all(isinstance(number, float) for number in node):
            continue
        config: dict[str, Any] = {"embedding": _write_vectors(document, path)}
        if usage := find_usage(document):
            config["usage"] = usage
        elif isinstance(document, dict) and (spent := [key for key in _SPENT if type(document.get(key)) is int]):
            config["usage"] = {"prompt_tokens": spent[0]}
        add_identity(config, document, path)
        return Part(config, {} if usage else {("usage",): "guessed: that these are tokens"}, path)
    return None


def _is_vector(node: Any) -> bool:
    if not isinstance(node, list) or len(node) < 2:
        return False
    return all(isinstance(number, int | float) and not isinstance(number, bool) for number in node)


def _write_vectors(document: Any, path: Path) -> Any:
    place = next((number for number in range(len(path) - 1, -1, -1) if isinstance(path[number], int)), None)
    if place is None:
        return write_path(path, document)
    each, inside = path[:place], path[place + 1 :]
    base = write_path(each, document) if each else "@"
    if not inside:
        return base
    item = get(document, path[: place + 1])
    vector = ".".join(write_key(str(step)) for step in inside)
    index = next((key for key in item if key.lower() in _INDEX and type(item[key]) is int), None)
    if index is None:
        return f"{'' if base == '@' else base}[].{vector}"
    return {"each": base, "vector": vector, "index": write_key(index)}


def read_images(document: Any, *, any_link: bool = False) -> Part | None:
    """The config's ``response`` that reads images, by URL or in base64; None if there are none.

    With ``any_link``, an address is one of an image though nothing says so.
    """
    for path, value in list_leaves(document):
        if not isinstance(value, str) or len(value) < 8:
            continue
        names = {word for step in path if isinstance(step, str) for word in split_name(step)}
        data = _BASE64.match(value)
        link = _PICTURE.fullmatch(value) or (value.startswith(("http://", "https://")) and (any_link or names & _IMAGE))
        if not (data and (len(value) > 24 or names & _IMAGE)) and not link:
            continue
        if names & {"input", "prompt", "request", "avatar", "icon", "error"}:
            continue
        config: dict[str, Any] = {"image_urls": _write_all(document, path)}
        kind = next((kind for start, kind in _TYPES.items() if data and value.startswith(start)), None)
        if kind is not None:
            config["image_type"] = kind
        add_identity(config, document, path)
        return Part(config, {}, path)
    return None


def _write_all(document: Any, path: Path) -> str:
    """The expression of all values like the one at ``path``, as a list."""
    place = next((number for number in range(len(path) - 1, -1, -1) if isinstance(path[number], int)), None)
    if place is None:
        return f"[{write_path(path, document)}]"
    base = write_path(path[:place], document) if place else "@"
    inside = ".".join(write_key(str(step)) for step in path[place + 1 :])
    return f"{'' if base == '@' else base}[].{inside}" if inside else base


def is_named(part: Part) -> bool:
    """Whether vectors stand under a key that says so."""
    return any(set(split_name(step)) & _VECTOR for step in part.answer or () if isinstance(step, str))
