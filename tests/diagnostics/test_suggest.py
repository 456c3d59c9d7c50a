"""A misspelt word leads to the word that was meant."""

from __future__ import annotations

from difflib import get_close_matches
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelhub.diagnostics.suggest import count_lacking, distance, suggest, suggest_freely
from modelhub.validation.schema.store import load_file

FILES = ["_common", "ollama_chat", "openai_chat", "openai_embedding", "post_api"]


def keys_of(node: Any) -> set[str]:
    """Every key that a schema names, at any depth."""
    if isinstance(node, list):
        return {key for item in node for key in keys_of(item)}
    if not isinstance(node, dict):
        return set()
    return set(node.get("properties", ())) | {
        key for name, sub in node.items() if name != "examples" for key in keys_of(sub)
    }


LETTERS = "e_"
WORDS = sorted({key for name in FILES for key in keys_of(load_file(f"{name}.json"))})


def slips_of(word: str) -> set[str]:
    """Every word one slip away."""
    cuts = [(word[:i], word[i:]) for i in range(len(word) + 1)]
    missing = {a + b[1:] for a, b in cuts if b}
    swapped = {a + b[1] + b[0] + b[2:] for a, b in cuts if len(b) > 1}
    changed = {a + letter + b[1:] for a, b in cuts if b for letter in LETTERS}
    added = {a + letter + b for a, b in cuts for letter in LETTERS}
    return (missing | swapped | changed | added) - {word}


@pytest.mark.parametrize("word", WORDS)
def test_every_single_slip_is_understood(word: str) -> None:
    for typo in slips_of(word):
        if len(word) == 1 and word not in typo:
            continue  # nothing of the word is left
        found = suggest(typo, WORDS)
        assert found is not None, typo
        assert distance(typo, found) <= distance(typo, word)


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_two_slips_are_understood_in_longer_words(data: st.DataObject) -> None:
    word = data.draw(st.sampled_from([word for word in WORDS if len(word) > 6]))
    once = data.draw(st.sampled_from(sorted(slips_of(word))))
    typo = data.draw(st.sampled_from(sorted(slips_of(once))))
    found = suggest(typo, WORDS)
    assert found is not None
    assert distance(typo, found) <= distance(typo, word)


@pytest.mark.parametrize(
    ("word", "found"),
    [
        ("Temperature", "temperature"),
        ("maxTokens", "max_tokens"),
        ("MAX-TOKENS", "max_tokens"),
        ("tempreature", "temperature"),
        ("temp", None),
        ("sotp", "stop"),
        ("stat", None),
        ("k", None),
        ("", None),
        ("quantum_sampling", None),
    ],
)
def test_suggestions(word: str, found: str | None) -> None:
    assert suggest(word, ["temperature", "max_tokens", "stop", "n"]) == found


@pytest.mark.parametrize(
    ("a", "b", "slips"),
    [("", "", 0), ("", "ab", 2), ("abc", "abc", 0), ("abc", "acb", 1), ("ca", "abc", 2), ("kitten", "sitting", 3)],
)
def test_distance(a: str, b: str, slips: int) -> None:
    assert distance(a, b) == distance(b, a) == slips


@given(st.text("abc", max_size=8), st.text("abc", max_size=8))
def test_no_fewer_slips_than_lacking_letters(a: str, b: str) -> None:
    assert count_lacking(a, b) <= distance(a, b)


def test_nearest_word_wins() -> None:
    assert suggest("top_pp", ["top_k", "top_p", "stop"]) == "top_p"
    assert suggest("opa_k", ["top_a", "top_k"]) == "top_k"


NAMES = ["gpt-4o-mini", "GPT_5.1", "claude-sonnet", "qwen3", "models.yaml"]


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("gpt-4o", "gpt-4o-mini"),
        ("gpt-4.1", "GPT_5.1"),
        ("claude-3-sonnet", "claude-sonnet"),
        ("CLAUDE_3_SONET", "claude-sonnet"),
        ("my_models.yml", "models.yaml"),
        ("qwen", "qwen3"),
        ("llama", None),
        ("", None),
    ],
)
def test_free_suggestions(name: str, found: str | None) -> None:
    assert suggest_freely(name, NAMES) == found
    assert suggest_freely(name, []) is None


def test_what_is_common_may_be_asked_to_be_more() -> None:
    assert suggest_freely("model_configs", ["models"]) == "models"
    assert suggest_freely("model_configs", ["models"], likeness=0.7) is None


@given(st.text("abc-.", min_size=1, max_size=8), st.lists(st.text("abc-.", min_size=1, max_size=8), max_size=4))
def test_whoever_is_like_a_name_is_suggested(name: str, known: list[str]) -> None:
    if get_close_matches(name, known, 1):
        assert suggest_freely(name, known) in known
    if near := suggest(name, known):
        assert suggest_freely(name, known) == near
