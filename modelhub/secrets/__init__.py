"""References such as ``${NAME}``: their grammar and their values; masking secrets in everything that is shown."""

from modelhub.secrets.redaction import MASK, is_secret_name, redact, scrub
from modelhub.secrets.references import Types, find_files, reference_names, resolve
from modelhub.secrets.sources import find_secret, read_secret_file, stat_files

__all__ = [
    "MASK",
    "Types",
    "find_files",
    "find_secret",
    "is_secret_name",
    "read_secret_file",
    "redact",
    "reference_names",
    "resolve",
    "scrub",
    "stat_files",
]
