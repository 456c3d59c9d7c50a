"""Old spellings, secrets, placeholders and addresses, where a data case would not say it."""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelhub.configs import load_text
from modelhub.configs.layers.entry import Entry
from modelhub.configs.readers.document import Document
from modelhub.errors import Problem
from modelhub.validation import check, check_environment, load_schema, modernize
from modelhub.validation.rules.urls import repair

TYPES = ["ollama_chat", "openai_chat", "post_api"]


def check_object(config: dict[str, Any], name: str | None = None) -> list[Problem]:
    entry = Entry(config, Document(config, name=name), ())
    return [*check([entry], schema_of=load_schema, model_types=TYPES), *check_environment([entry])]


@pytest.mark.parametrize(
    ("old", "modern"),
    [
        ({"model_type": "openai"}, {"model_type": "openai_chat"}),
        ({"model_type": "OllamaChatWrapper", "model": "m"}, {"model_type": "ollama_chat", "model_name": "m"}),
        ({"type": "openai", "name": "a"}, {"model_type": "openai_chat", "config_name": "a"}),
        (
            {"model_type": "ollama_chat", "options": {"seed": "-1", "top_p": "0.5", "stop": "1"}},
            {"model_type": "ollama_chat", "options": {"seed": -1, "top_p": 0.5, "stop": "1"}},
        ),
    ],
    ids=str,
)
def test_old_spellings(old: dict[str, Any], modern: dict[str, Any]) -> None:
    before = repr(old)
    assert modernize(old, TYPES) == modern
    assert repr(old) == before, "the config itself must stay as it is"
    assert list(modernize(old, TYPES)) == list(modern)


@pytest.mark.parametrize(
    "config",
    [
        {"model_type": "openai_chat", "config_name": "a"},
        {"model_type": "tongyi_chat"},  # dashscope_chat is not among the types
        {"model_type": "acme_chat", "model": "m", "options": {"seed": "1"}},
        {"model_type": "openai_chat", "model": "a", "model_name": "b"},
        {"model_type": "openai_chat", "name": "a"},
        {"model_type": ["openai"], "options": 3},
        {},
    ],
    ids=str,
)
def test_what_is_no_old_spelling_stays(config: dict[str, Any]) -> None:
    assert modernize(config, TYPES) is config


def test_a_type_of_that_name_keeps_it() -> None:
    assert modernize({"model_type": "openai"}, [*TYPES, "openai"]) == {"model_type": "openai"}


def test_duplicates_are_found_under_their_modern_names() -> None:
    text = b"- {type: openai, name: twin}\n- {model_type: openai_chat, config_name: twin}\n"
    loaded = load_text(text, name="models.yaml", format="yaml")
    problems = check(loaded.entries, schema_of=load_schema, model_types=TYPES)
    assert [problem.code for problem in problems] == ["MH109", "MH109", "MH109", "MH108"]
    assert "models.yaml:1:3" in problems[-1].message


def test_a_program_may_pass_a_key() -> None:
    config = {"config_name": "a", "model_type": "openai_chat", "api_key": "sk-canary-canary"}
    assert check_object(config) == []
    assert [problem.code for problem in check_object(config, "models.yaml")] == ["MH401"]


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("http:localhost:8000/v1/", "http://localhost:8000/v1/"),
        ("https:///api.example", "https://api.example"),
        ("http//api.example", "http://api.example"),
        (" https://api.example/v1, ", "https://api.example/v1"),
        ("localhost:8000", "http://localhost:8000"),
        ("10.0.0.1/v1", "http://10.0.0.1/v1"),
        ("api.example:443", "https://api.example:443"),
        ("https://", None),
        ("ftp://files.example", None),
        ("http://a b", None),
        ("http:user:hunter2@api.example", None),
        ("xxx", None),
    ],
)
def test_addresses_are_repaired_when_the_meaning_is_plain(written: str, meant: str | None) -> None:
    assert repair(written) == meant


@pytest.mark.parametrize(
    "text", ["a-" * 20000, "change" + "-a" * 20000, "your " * 20000, "{" * 40000, "1" * 9000, "." * 40000]
)
@pytest.mark.parametrize("key", ["api_key", "api_url"])
def test_long_values_take_no_time(key: str, text: str) -> None:
    config = {"config_name": "a", "model_type": "post_api", "api_url": "https://a.example", key: text}
    start = time.process_time()
    check_object(config, "models.yaml")
    check_object({**config, "api_url": f"http://a:{text}"}, "models.yaml")
    assert time.process_time() - start < 30


def test_deep_values_are_no_trouble() -> None:
    deep: Any = "sk-canary"
    for _ in range(3000):
        deep = [deep]
    config = {"config_name": "a", "model_type": "post_api", "api_url": "https://a.example", "json_args": {"x": deep}}
    check_object(config, "models.yaml")


TEXTS = st.text(alphabet="aB1-_ :/.@?=&#{}<>$[]*x\n", max_size=30) | st.sampled_from(["Bearer x", "${A:-b}", "$${a}"])


@given(st.dictionaries(st.sampled_from(["api_key", "model_name", "organization"]), TEXTS), TEXTS, TEXTS)
@settings(max_examples=200, deadline=None)
def test_any_text_can_be_checked(keys: dict[str, str], url: str, header: str) -> None:
    config = {
        "config_name": "a",
        "model_type": "openai_chat",
        **keys,
        "headers": {"Authorization": f"hunter2{header}hunter2"},
        "client_args": {"base_url": url},
    }
    for problem in check_object(config, "models.yaml"):
        assert "hunter2" not in str(problem)
