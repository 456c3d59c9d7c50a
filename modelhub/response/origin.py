"""Where an answer came from, and what of it only that vendor understands and wants back."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any, NamedTuple
from urllib.parse import urlsplit


class Dialect(NamedTuple):
    """How the models that share an API tell what they want back.

    ``gather`` takes the ``raw`` of a response and the message made of it, and gives what the message lacks, as a dict
    that fits into JSON; an empty dict if it lacks nothing. ``restore`` takes such a message and such a dict, and gives
    the message as the vendor wants it.
    """

    name: str
    gather: Callable[[Any, dict[str, Any]], dict[str, Any]]
    restore: Callable[[dict[str, Any], dict[str, Any]], dict[str, Any]]


class Origin(NamedTuple):
    """The vendor that gave an answer; only models of the same ``name`` are sent what it wants back."""

    name: str
    gather: Callable[[Any, dict[str, Any]], dict[str, Any]]


@lru_cache(maxsize=256)
def build_origin(dialect: Dialect, url: str, model_name: str) -> Origin:
    """The origin of the answers of a model at ``url``.

    Where one address serves models of many makers, such as ``openai/gpt-5`` and ``anthropic/claude``, each maker is an
    origin of its own.
    """
    maker, slash, _ = model_name.partition("/")
    place = urlsplit(url).netloc.rpartition("@")[2]
    return Origin(" ".join(filter(None, (dialect.name, place, maker if slash else ""))), dialect.gather)
