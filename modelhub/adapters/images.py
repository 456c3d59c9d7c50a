"""The images that expressions find in replies."""

from __future__ import annotations

from typing import Any

from modelhub.adapters.documents import describe_keys
from modelhub.adapters.values import Field
from modelhub.errors import ResponseParsingError
from modelhub.media.data_uris import clean_base64, find_packed_type


def read_images(field: Field, document: Any, kind: str | None = None) -> list[str]:
    """The images as URLs; base64 becomes a data URI of the type ``kind``, or of the type that its first bytes tell.

    Raises ResponseParsingError where there is no image, or what is neither.
    """
    found = field(document)
    items = [found] if isinstance(found, str) else found
    images = [_read_image(item, field, kind) for item in items if item] if isinstance(items, list) else []
    if not images:
        raise ResponseParsingError(f"{field.name} finds no image; the reply {describe_keys(document)}")
    return images


def _read_image(item: Any, field: Field, kind: str | None) -> str:
    if isinstance(item, str):
        if item[:5].lower() == "data:" or "://" in item[:40]:
            return item
        packed = clean_base64(item)
        if packed:
            return f"data:{kind or _find_kind(packed)};base64,{packed}"
    raise ResponseParsingError(f"{field.name} finds what is neither a URL nor base64")


def _find_kind(packed: str) -> str:
    found = find_packed_type(packed)
    return found if found.startswith("image/") else "image/png"
