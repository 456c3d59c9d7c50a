"""What callers pass as texts to embed and as prompts: many forms in, one form out, or an error that names the place."""

from __future__ import annotations

from collections.abc import Callable, Iterator, KeysView, Mapping, Sequence, ValuesView
from io import IOBase
from operator import index
from typing import Any

from modelhub.errors import BadRequestError

_BYTES = (bytes, bytearray, memoryview)
_ORDERED = (Sequence, Iterator, ValuesView, KeysView)


def read_texts(
    texts: Any,
    *,
    tokens: str | None = None,
    empty: bool = False,
    blank: bool = True,
    other: Callable[[Any], bool] | None = None,
) -> str | list[Any]:
    """``texts`` as one str, or as a list of str, or of what else can be embedded, that is not empty.

    A list may be any sequence or iterator, an array of numpy or a series of pandas. ``tokens`` is why lists of tokens
    are refused, None where they are taken: one list of int, or a list of such lists. Texts without a character are
    taken if ``empty``, those of nothing but white space if ``blank``; ``other`` knows what else is an input.
    Raises BadRequestError, which names the text by its index.
    """
    if isinstance(texts, Mapping) and other is not None and other(texts):
        return [texts]
    inputs = texts if isinstance(texts, str) else _list(texts)
    if isinstance(inputs, str):
        _check_text(inputs, "texts", empty, blank)
        return inputs
    if not inputs:
        raise BadRequestError("texts must be a str or a list of str with at least one item")
    if type(inputs[0]) is not str and _is_number(inputs[0]):
        return _read_tokens(inputs, "texts", tokens)
    for n, text in enumerate(inputs):
        if isinstance(text, str):
            if not text or not blank:
                _check_text(text, f"texts[{n}]", empty, blank)
        elif other is None or not other(text):
            inputs[n] = _read_other(text, f"texts[{n}]", tokens)
    return inputs


def read_prompt(prompt: Any, *, empty: bool = False, chat: str = "chat models") -> str:
    """``prompt``, a str that has a character unless ``empty``; raises BadRequestError, which says what else it is.

    ``chat`` is what takes messages.
    """
    if isinstance(prompt, str):
        if prompt or empty:
            return prompt
        raise BadRequestError("prompt must be a str that is not empty")
    if isinstance(prompt, _BYTES):
        way = "decode it"
    elif isinstance(prompt, list | tuple) and prompt and all(isinstance(item, str) for item in prompt):
        way = "call the model once for each"
    elif isinstance(prompt, Mapping | list | tuple):
        way = f"messages are for {chat}; pass the text alone"
    else:
        way = "pass the text"
    raise BadRequestError(f"prompt must be a str, not {_name(prompt)}: {way}")


def _list(texts: Any) -> str | list[Any]:
    """``texts`` as a list of its own, or the str that it is."""
    if isinstance(texts, list | tuple):
        return list(texts)
    if not isinstance(texts, (*_BYTES, IOBase, Mapping)):
        for name in ("tolist", "to_list"):  # numpy, pandas, torch; polars
            method = getattr(type(texts), name, None)
            if callable(method):
                plain: Any = method(texts)
                return plain if isinstance(plain, str) else list(plain) if isinstance(plain, list) else [plain]
        if isinstance(texts, _ORDERED):
            return list(texts)
    way = "pass a str or a list of str"
    if isinstance(texts, _BYTES):
        way = "decode it"
    elif isinstance(texts, Mapping):
        way = "pass a list of its texts"
    elif hasattr(texts, "__aiter__"):
        way = "gather its texts in a list first"
    elif isinstance(texts, set | frozenset):
        way = "it has no order, so make it a list"
    raise BadRequestError(f"texts must be a str or a list of str, not {_name(texts)}: {way}")


def _check_text(text: str, place: str, empty: bool, blank: bool) -> None:
    if not text and not empty:
        raise BadRequestError(f"{place} is empty, which the vendor refuses: leave it out")
    if not blank and not text.strip():
        raise BadRequestError(f"{place} is blank, which the vendor refuses: leave it out")


def _read_other(value: Any, place: str, refusal: str | None) -> list[int]:
    """The list of tokens that ``value`` is, where there may be one; raises BadRequestError for anything else."""
    if not isinstance(value, (str, *_BYTES, Mapping)) and callable(getattr(type(value), "tolist", None)):
        value = value.tolist()
    if isinstance(value, list | tuple) and value and _is_number(value[0]):
        return _read_tokens(list(value), place, refusal)
    if isinstance(value, list | tuple) and not value:
        raise BadRequestError(f"{place} is an empty list: leave it out")
    missing = value is None or (isinstance(value, float) and value != value)  # as pandas writes it
    way = "leave it out" if missing else "pass the text alone"
    if isinstance(value, _BYTES):
        way = "decode it"
    elif not missing and (_is_number(value) or isinstance(value, bool | float)):
        way = "write it as a str"
    raise BadRequestError(f"{place} must be a str, not {_name(value)}: {way}")


def _read_tokens(values: list[Any], place: str, refusal: str | None) -> list[int]:
    """``values`` as the tokens of one text."""
    for n, value in enumerate(values):
        if not _is_number(value):
            raise BadRequestError(f"{place}[{n}] is {_name(value)} among int: a list holds texts or tokens, not both")
    if refusal is not None:
        what = "a str or a list of str" if place == "texts" else "a str"
        raise BadRequestError(f"{place} must be {what}, not a list of int: {refusal}")
    return [index(value) for value in values]


def _is_number(value: Any) -> bool:
    """Whether ``value`` is a whole number, also one of numpy."""
    return not isinstance(value, bool) and hasattr(type(value), "__index__") and not hasattr(type(value), "__len__")


def _name(value: Any) -> str:
    if value is None or (isinstance(value, float) and value != value):
        return str(value)
    name = type(value).__name__
    return name if name == "bytes" else f"an {name}" if name[:1].lower() in "aeio" else f"a {name}"
