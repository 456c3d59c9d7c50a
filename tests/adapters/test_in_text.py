"""Tool calls that stand in texts are found and cut out, however the text arrives."""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelhub.adapters.in_text import Marks, Scan, compile_marks
from modelhub.response.tool_calls import MalformedToolCall

MARKS = {"json": Marks("<call>", "</call>", "json"), "xml": Marks("<call>", "</call>", "xml")}
F: list[Any] = ["f", {}]

JSON: dict[str, tuple[str, str, list[Any]]] = {
    "no call": ("just text < here", "just text < here", []),
    "a call": ('<call>{"name": "f", "arguments": {"a": 1}}</call>', "", [["f", {"a": 1}]]),
    "text around it": ('So. <call>{"name": "f"}</call> Done.', "So.  Done.", [F]),
    "white space in it": ('a<call>\n {"name": "f"} \n</call>\n', "a\n", [F]),
    "two calls": ('<call>{"name": "f"}</call>, <call>{"name": "g"}</call>', ", ", [F, ["g", {}]]),
    "a list of calls": ('<call>[{"name": "f"}, {"name": "g"}]</call>', "", [F, ["g", {}]]),
    "arguments in a text": ('<call>{"name": "f", "arguments": "{\\"a\\": 1}"}</call>', "", [["f", {"a": 1}]]),
    "a mark that is never closed": ('a <call>{"name": "f"}', 'a <call>{"name": "f"}', []),
    "half a mark at the end": ("a <cal", "a <cal", []),
    "half a mark that goes on otherwise": ("a <cat>", "a <cat>", []),
    "half a closing mark": ('<call>{"name": "f"}</cal', '<call>{"name": "f"}</cal', []),
    "a closing mark alone": ("a </call>", "a </call>", []),
    "nothing between the marks": ("a<call> </call>b", "ab", []),
    "a mark that is opened twice": ('<call> or <call>{"name": "f"}</call>', "<call> or ", [F]),
    "marks within a string": (
        '<call>{"name": "f", "arguments": {"a": "</call><call>"}}</call>!',
        "!",
        [["f", {"a": "</call><call>"}]],
    ),
    "a quote that is escaped": (
        '<call>{"name": "f", "arguments": {"a": "\\"</call>"}}</call>',
        "",
        [["f", {"a": '"</call>'}]],
    ),
    "no JSON": ("a <call>f(1)</call> b", "a  b", [None]),
    "no name": ('<call>{"arguments": {}}</call>', "", [None]),
    "a quote too many": ('<call>{"name": "f" "}</call> and <call>{"name": "g"}</call>.', " and .", [None, ["g", {}]]),
    "two calls with a quote too many": (
        '<call>"</call> <call>"</call> <call>{"name": "f"}</call>',
        "  ",
        [None, None, F],
    ),
    "a quote too many, and no end": ('<call>{"name": "}</call> and <call>', " and <call>", [None]),
}
XML: dict[str, tuple[str, str, list[Any]]] = {
    "a call": ("<call><f><a>1</a><b>x y</b></f></call>", "", [["f", {"a": "1", "b": "x y"}]]),
    "text around it": ("So. <call><f><a>1</a></f></call> Done.", "So.  Done.", [["f", {"a": "1"}]]),
    "white space": ("<call>\n<f>\n  <a>\n 1 \n</a>\n</f>\n</call>", "", [["f", {"a": "1"}]]),
    "no arguments": ("<call><f></f></call><call><f/></call>", "", [F, F]),
    "attributes": ("<call><f city=\"Paris\" x='&lt;'/></call>", "", [["f", {"city": "Paris", "x": "<"}]]),
    "two in one mark": ("<call><f/><g><a>1</a></g></call>", "", [F, ["g", {"a": "1"}]]),
    "entities": ("<call><f><a>1 &lt; 2 &amp;&#65;&#x42; &nbsp;</a></f></call>", "", [["f", {"a": "1 < 2 &AB &nbsp;"}]]),
    "what is not well-formed": (
        "<call><f><code>a < b && c > d</code></f></call>",
        "",
        [["f", {"code": "a < b && c > d"}]],
    ),
    "markup as it is": ("<call><f><html><p>hi</p></html></f></call>", "", [["f", {"html": "<p>hi</p>"}]]),
    "CDATA": ("<call><f><a><![CDATA[<x> & </y>]]></a></f></call>", "", [["f", {"a": "<x> & </y>"}]]),
    "the same name twice": ("<call><f><a>1</a><a>2</a><a>3</a></f></call>", "", [["f", {"a": ["1", "2", "3"]}]]),
    "an argument with the name of its tool": ("<call><f><f>1</f></f></call>", "", [["f", {"f": "1"}]]),
    "a document type": ('<call><!DOCTYPE f [<!ENTITY e "x">]><f/></call>', "", [None]),
    "no end": ("<call><f><a>1</f></call>", "", [None]),
    "no element": ("<call>f</call>", "", [None]),
}
CASES = [pytest.param("json", *case, id=f"json {name}") for name, case in JSON.items()]
CASES += [pytest.param("xml", *case, id=f"xml {name}") for name, case in XML.items()]


def scan(marks: Marks, pieces: list[str]) -> tuple[str, list[Any]]:
    found = Scan(marks)
    told = [found.feed(piece) for piece in pieces] + [found.end()]
    return "".join(text for text, _ in told), [show(call) for _, calls in told for call in calls]


def show(call: Any) -> Any:
    return None if isinstance(call, MalformedToolCall) else [call.name, call.arguments]


@pytest.mark.parametrize(("format", "text", "rest", "calls"), CASES)
def test_calls_are_cut_out_of_texts(format: str, text: str, rest: str, calls: list[Any]) -> None:
    found = MARKS[format].cut(text)
    assert (found[0], [show(call) for call in found[1]]) == (rest, calls)
    assert scan(MARKS[format], list(text)) == (rest, calls)
    for at in range(len(text)):
        assert scan(MARKS[format], [text[:at], text[at:]]) == (rest, calls), at


PIECES = ["<call>", "</call>", "<cal", "l>", '{"name": "f"}', '"', "\\", "<", " text ", "<f>", "</f>", "[", '{"name":']


@given(st.lists(st.sampled_from(PIECES), max_size=14), st.sampled_from(["json", "xml"]), st.data())
def test_how_a_text_is_cut_makes_no_difference(words: list[str], format: str, data: st.DataObject) -> None:
    text = "".join(words)
    whole = scan(MARKS[format], [text])
    cuts = sorted(data.draw(st.sets(st.integers(0, len(text)), max_size=8)))
    pieces = [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    assert scan(MARKS[format], pieces) == whole
    assert scan(MARKS[format], list(text)) == whole


@given(st.text(alphabet="ab<", max_size=30), st.sampled_from(["aab", "<<a", "abab", "a"]))
def test_text_without_calls_stays_whole(text: str, mark: str) -> None:
    marks = Marks(mark, "never", "json")
    assert scan(marks, list(text)) == (text, [])


def test_text_is_not_held_back_longer_than_needed() -> None:
    found = Scan(MARKS["json"])
    assert found.feed("a <b")[0] == "a <b"
    assert found.feed(" <ca")[0] == " "
    assert found.feed("t")[0] == "<cat"


LONG = {
    "pieces of one call": ["<call>", *['{"name": "f", "x": "'], *["y"] * 200_000, '"}</call>'],
    "calls": ['<call>{"name": "f"}</call>' * 20_000],
    "marks in strings": ['<call>{"name": "' + "</call>" * 100_000],
    "open marks": ["<call>" * 100_000],
    "odd quotes": ['<call>"</call>' * 30_000],
}


@pytest.mark.parametrize("pieces", LONG.values(), ids=LONG)
def test_the_work_is_in_proportion_to_the_text(pieces: list[str]) -> None:
    began = time.process_time()
    scan(MARKS["json"], pieces)
    assert time.process_time() - began < 3


LONG_XML = [
    "<a>" * 100_000,
    "<a/>" * 100_000,
    "<a><b></b>" * 50_000,
    "<a " + "x" * 300_000,
    "<a " + "x = " * 100_000 + ">",
]
LONG_XML += ["<a>" + "<![CDATA[" * 100_000 + "</a>", "<a>" + "&lt" * 100_000 + "</a>"]


@pytest.mark.parametrize("text", LONG_XML, ids=range(len(LONG_XML)))
def test_so_it_is_for_xml(text: str) -> None:
    began = time.process_time()
    MARKS["xml"].cut(f"<call>{text}</call>")
    assert time.process_time() - began < 3


def test_the_format_is_json_unless_said_otherwise() -> None:
    assert compile_marks({"open": "[", "close": "]"}, "x").cut('a[{"name": "f"}]')[0] == "a"
