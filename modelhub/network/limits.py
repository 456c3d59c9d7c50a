"""How large the headers of a reply may be; both drivers read as much."""

from typing import Final

MAX_LINE: Final = 65536  # bytes of one header
MAX_FIELDS: Final = 256
