"""Prompts of chains: three kinds of places are filled in, once, and all other braces stay."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from modelhub.routing.prompts import fill_in

BRACES = st.lists(
    st.sampled_from(
        [
            "{",
            "}",
            "{input}",
            "{previous}",
            "{steps.0}",
            "{steps.1}",
            "{steps.9}",
            "{x}",
            "{{input}}",
            "steps",
            "input",
            "é",
            "\n",
            "{}",
            "{steps.01}",
        ]
    ),
    max_size=8,
).map("".join)


def expect(text: str, places: dict[str, str]) -> str:
    """The places filled in from left to right, letter by letter."""
    done = ""
    while text:
        name = next((name for name in places if text.startswith(name)), None)
        done += text[0] if name is None else places[name]
        text = text[1:] if name is None else text[len(name) :]
    return done


@given(BRACES, BRACES, st.lists(BRACES, max_size=3))
def test_the_places_are_filled_in_once(text: str, asked: str, answers: list[str]) -> None:
    places = {"{input}": asked, **{f"{{steps.{n}}}": answer for n, answer in enumerate(answers)}}
    if answers:
        places["{previous}"] = answers[-1]
    assert fill_in(text, asked, answers) == expect(text, places)


@given(st.text(), st.text())
def test_any_text_may_be_filled_in(before: str, asked: str) -> None:
    before = before.replace("{", "(")
    assert fill_in(before + "{input}" + before, asked, []) == before + asked + before
