"""Images in the answers of chats, for protocols whose answers hold texts alone."""

from __future__ import annotations

from collections.abc import Iterable


def write_pictures(urls: Iterable[str] | None) -> str:
    """Images as Markdown, each on a line."""
    return "".join(f"\n![image]({url})\n" for url in urls or ())
