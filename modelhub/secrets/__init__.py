"""References such as ``${NAME}``: their grammar and their values; masking secrets in everything that is shown."""

from modelhub.secrets.anchors import anchor_files, anchor_paths
from modelhub.secrets.redaction import find_referred, find_secrets, is_secret_name, is_secret_place, redact, scrub
from modelhub.secrets.references import Types, find_files, reference_names, resolve
from modelhub.secrets.shapes import MASK, mask_keys
from modelhub.secrets.sources import (
    find_path,
    find_secret,
    find_variable_in,
    read_secret_file,
    read_variable,
    stat_files,
)

__all__ = [
    "MASK",
    "Types",
    "anchor_files",
    "anchor_paths",
    "find_files",
    "find_path",
    "find_referred",
    "find_secret",
    "find_secrets",
    "find_variable_in",
    "is_secret_name",
    "is_secret_place",
    "mask_keys",
    "read_secret_file",
    "read_variable",
    "redact",
    "reference_names",
    "resolve",
    "scrub",
    "stat_files",
]
