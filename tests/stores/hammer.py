"""Puts and gets entries of a store until it is told to end, or for so many rounds: run by the tests as a process.

    hammer.py STORE SEED ROUNDS

It prints the first thing that went wrong, or nothing. Whatever stands in a store says what it must be.
"""

from __future__ import annotations

import hashlib
import logging
import random
import sys

from modelhub.stores import open_store


def build_value(key: str, salt: int) -> bytes:
    """A value that shows whether it is whole, and whose it is."""
    rest = f"{key} {salt} ".encode() * (salt % 900)
    return hashlib.blake2b(key.encode() + rest).digest() + rest


def is_whole(key: str, value: bytes) -> bool:
    """Whether a value is one that was put under ``key``."""
    return value[:64] == hashlib.blake2b(key.encode() + value[64:]).digest()


def main(text: str, seed: int, rounds: int) -> None:
    """Work, with entries that all processes use."""
    dice = random.Random(seed)
    store = open_store(text, 200)
    for n in range(rounds):
        if n == 20:
            store.put(f"of {seed}", build_value(f"of {seed}", 1), 100.0, 1e9)
        key = str(dice.randrange(100))
        store.put(key, build_value(key, dice.randrange(10_000)), 100.0, 1e9)
        key = str(dice.randrange(100))
        value = store.get(key, 100.0)
        if value is not None and not is_whole(key, value):
            sys.exit(f"{key} is broken")
    store.close()


if __name__ == "__main__":
    logging.basicConfig(format="%(message)s", stream=sys.stdout)
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
