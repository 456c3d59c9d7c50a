"""What processes share: answers that are kept, in memory, in a file or in Redis, and limits, through Redis."""

from modelhub.stores.address import Address, parse_address
from modelhub.stores.opening import MAX_ENTRIES, Stores, open_limiter, open_store

__all__ = ["MAX_ENTRIES", "Address", "Stores", "open_limiter", "open_store", "parse_address"]
