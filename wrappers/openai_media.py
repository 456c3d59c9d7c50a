"""What media OpenAI takes, and what is known of others who speak its API."""

from __future__ import annotations

import re

from modelhub.media import PLAIN_IMAGES, Takes
from modelhub.records import replace

# https://platform.openai.com/docs/guides/images-vision; only the messages of users have more than text.
TAKES = Takes(
    "OpenAI",
    kinds=frozenset({"image", "audio", "file"}),
    images=PLAIN_IMAGES,
    audio=("audio/wav", "audio/mpeg"),
    roles=frozenset({"user"}),
    by_url=frozenset({"image"}),
    names_files=True,
)
UNKNOWN_SERVER = Takes("the server", never=frozenset({"image/svg+xml", "image/heic", "image/heif"}), names_files=True)
# Google's and Alibaba's models see HEIC, too.
_SEEING_HEIC = replace(UNKNOWN_SERVER, never=frozenset({"image/svg+xml"}))
_OWN = re.compile(r"//(?:[^/]*\.)?(?:api\.openai\.com|openai\.azure\.com)(?:[:/]|$)")
_SEE_HEIC = re.compile(r"//[^/]*\b(?:googleapis|aliyuncs)\.com")
# LiteLLM hands images on to vendors that see PDFs and videos, too: https://docs.litellm.ai/docs/completion/vision
LITELLM = Takes(
    "LiteLLM", never=frozenset({"image/svg+xml"}), as_image=frozenset({"pdf", "video", "audio"}), names_files=True
)


def find_takes(url: str) -> Takes:
    """What the server at ``url`` takes."""
    if _OWN.search(url):
        return TAKES
    return _SEEING_HEIC if _SEE_HEIC.search(url) else UNKNOWN_SERVER
