"""No expression takes long or much memory, whatever it is and whatever the document is; what is refused says why."""

from __future__ import annotations

import gc
import itertools
import json
import random
import resource
import time
import tracemalloc
from typing import Any

import pytest

from modelhub.adapters.expressions import ExpressionFault, compile_expression, find_expression_fault
from modelhub.errors import ConfigError

MOST = 0.1  # seconds of the processor; here all take less than a third of it, and machines differ
ITEMS = [{"a": n, "b": "x" * 30, "c": [1.5, 2.5, n / 7], "d": {"e": None, "f": True}} for n in range(8000)]
DOCUMENT = {
    "items": ITEMS,
    "text": "y" * 300_000,
    "same": "y" * 300_000,
    "numbers": [n / 7 for n in range(20_000)],
    "lists": [[n] for n in range(10_000)],
    "words": [str(n) * 5 for n in range(10_000)],
    "large": int("9" * 4000),
    "deep": json.loads("[" * 300 + "]" * 300),
}
STARTS = ["@", "items", "text", "numbers", "lists", "words", "deep", "large", "items[0]", "[text, same]", "*", "[@, @]"]
STEPS = [
    *("[@, @]", "[@, @][]", "{a: @, b: @}", "[items, items][]", "[]", "[*].[@]", "[*].[@, @]", "[*].{a: @, b: @}"),
    *("to_string(@)", "[to_string(@), to_string(@)]", "join('', [@, @])", "join(@, ['a', 'b'])", "join(',', @)"),
    *("sort(@)", "sort_by(@, &@)", "sort_by(@, &b)", "sort_by(@, &to_string(@))", "max_by(@, &a)", "max(@)", "sum(@)"),
    *("[?@ == [@, @]]", "[?a > `5` && b < 'y'].c[]", "[?contains(@, 'x')]", "[?[?[?@]]]", "[?c == `[1.5, 2.5]`]"),
    *("map(&[@, @], @)", "map(&to_string(@), @)", "map(&to_number(@), @)", "map(&map(&@, @), @)", "merge(@, @)"),
    *("[::-1]", "[0:]", "[:100000:1]", "reverse(@)", "keys(@)", "values(@)", "*.*", "contains(@, @[0])", "not_null(@)"),
    *("[@, @] | [0] == [1]", "@ == @", "[[@], [@]] | [0] == [1]", "[*].length(@)", "length(@)", "[*].type(@)"),
    *("[*].[a, b, c, d]", "[].c[].[@, @]", "avg(@)", "to_array(@)", "starts_with(@, @)", "ends_with(@, @)"),
    "`" + json.dumps([[1] * 40] * 8) + "`",
    "[*].`" + json.dumps([[1] * 40] * 8) + "`",
]


def build_hostile(count: int) -> list[str]:
    chance = random.Random(7)
    doubled = [f"{start} | " + " | ".join([step] * 60) for start in STARTS for step in STEPS]
    mixed = [" | ".join([chance.choice(STARTS), *chance.choices(STEPS, k=chance.randint(1, 8))]) for _ in range(count)]
    return [text for text in doubled + mixed if len(text) <= 4096]


def read_clock() -> float:
    """Seconds that the processor has spent on this program, without what the system has for its memory."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_utime


def ask(text: str) -> tuple[float, Any]:
    start = read_clock()
    try:
        found = compile_expression(text, "x")(DOCUMENT)
    except (ConfigError, ExpressionFault) as error:
        found = error.with_traceback(None)  # which holds the expression and what it has read
    return read_clock() - start, found


def test_no_expression_takes_long() -> None:
    slow = {}
    gc.disable()  # how long it takes depends on all that there is in the process
    try:
        for text in build_hostile(600):
            taken, _ = ask(text)
            if taken > MOST:
                slow[text[:100]] = min(ask(text)[0] for _ in range(3))
    finally:
        gc.enable()
    assert not {text: taken for text, taken in slow.items() if taken > MOST}


def test_no_expression_takes_much_memory() -> None:
    for text in itertools.islice(build_hostile(0), 0, None, 15):
        tracemalloc.start()
        ask(text)
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert most < 64 << 20, text[:100]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("text | " + "|".join(["[@,@]"] * 90), "larger"),
        ("items[*].[a, b, c] | [*].[@, @, @] | [*].[@, @, @] | [*].to_string(@)", "steps"),
        ("[deep, deep]", "levels"),
        ("[deep] == [deep]", "levels"),
        ("to_string(@)", "steps|larger|levels"),
        ("items < 'a' || sum(words)", "sum"),
        ("large < 'a'", "order"),
        ("avg([large, large])", "float"),
    ],
)
def test_what_is_too_much_says_what_it_is(text: str, why: str) -> None:
    with pytest.raises(ExpressionFault, match=why):
        compile_expression(text, "x")(DOCUMENT)


def test_realistic_expressions_are_within_bounds() -> None:
    for text in (
        "items[?a > `5` && b < 'y'].c[]",
        "sort_by(items, &a)[*].c",
        "items[].c[]",
        "numbers[*]",
        "text || ''",
    ):
        assert compile_expression(text, "x")(DOCUMENT)
    assert len(compile_expression("join('', [text, same])", "x")(DOCUMENT)) == 600_000


@pytest.mark.parametrize(
    ("text", "message", "column"),
    [
        ("", "empty", 1),
        ("a.", "ends too early", 3),
        ("a..b", "'.' is not expected", 3),
        ("a b", "'b' is not expected", 3),
        ("a = b", "means nothing", 3),
        ("a[?b=='x", "never closed", 7),
        ("a.lenght(b)", "did you mean 'length'", 3),
        ("foo(length(a), foo(b))", "there is no function foo", 1),
        ("length(a) && length(a, b)", "length takes 1 argument, not 2", 14),
        ("a[?length(b, c) > `1`].join(d)", "length takes 1", 4),
        ("join('x')", "join takes 2 arguments, not 1", 1),
        ("merge()", "merge takes 1 argument or more, not 0", 1),
        ("sort_by(a, b)", "the second argument of sort_by is an expression", 1),
        ("length(&a)", "& stands only", 8),
        ("map(&a, b) || &c", "& stands only", 15),
        ("a[1:2:0]", "step", 7),
        ("a[::0]", "step", 5),
        ("a" * 4097, "more than 4,096 characters", 4097),
        ("!" * 4000, "deep", 1),
        ("(" * 2000, "deep|early", 1),
        ("|".join(["a"] * 200), "levels", 1),
        ("a.* | *." * 300 + "a", "deep|levels|expected", None),
        ('"a"(b)', "not expected", 1),
    ],
)
def test_a_wrong_expression_says_what_is_wrong_and_where(text: str, message: str, column: int | None) -> None:
    import re

    fault = find_expression_fault(text)
    assert fault is not None
    assert re.search(message, fault[0]), fault
    assert column is None or fault[1] == column or "(" in text[:2], fault
    with pytest.raises(ConfigError, match="at column"):
        compile_expression(text, "request.body")


def test_a_path_is_quick() -> None:
    expression = compile_expression("result.output[0].content", "x")
    document = {"result": {"output": [{"content": "hi"}]}}
    best = min(_time(expression, document) for _ in range(20))
    assert best < 2e-6  # it takes some 0.3 us where nothing else runs


def _time(expression: Any, document: Any) -> float:
    start = time.perf_counter()
    for _ in range(500):
        expression(document)
    return (time.perf_counter() - start) / 500
