"""What callers may ask: the requests of each protocol, read strictly into calls."""
