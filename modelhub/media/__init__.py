"""What may stand for an image, a video, a sound or a file, and what vendors take of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelhub.faces import build_face

if TYPE_CHECKING:
    from modelhub.media.data_uris import build_source as build_source
    from modelhub.media.data_uris import split_data_uri as split_data_uri
    from modelhub.media.kinds import find_media_type as find_media_type
    from modelhub.media.kinds import guess_type as guess_type
    from modelhub.media.kinds import guess_url_type as guess_url_type
    from modelhub.media.load import Load as Load
    from modelhub.media.load import load_media as load_media
    from modelhub.media.sources import find_local_path as find_local_path
    from modelhub.media.sources import is_file as is_file
    from modelhub.media.sources import load_image as load_image
    from modelhub.media.sources import read_medium as read_medium
    from modelhub.media.takes import ANYTHING as ANYTHING
    from modelhub.media.takes import PLAIN_IMAGES as PLAIN_IMAGES
    from modelhub.media.takes import Takes as Takes

_HOMES = {
    "ANYTHING": "takes",
    "Load": "load",
    "PLAIN_IMAGES": "takes",
    "Takes": "takes",
    "build_source": "data_uris",
    "find_local_path": "sources",
    "find_media_type": "kinds",
    "guess_type": "kinds",
    "guess_url_type": "kinds",
    "is_file": "sources",
    "load_image": "sources",
    "load_media": "load",
    "read_medium": "sources",
    "split_data_uri": "data_uris",
}

if not TYPE_CHECKING:
    __getattr__ = build_face(__name__, _HOMES)
