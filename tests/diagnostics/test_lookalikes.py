"""Characters that cannot be seen or look like others are named; names in any script are left in peace."""

from __future__ import annotations

import pytest

from modelhub.configs import Sources
from modelhub.diagnostics.lookalikes import find_odd, simplify
from modelhub.errors import Problem
from modelhub.registry import checking

ODD = {
    "gpt\u200b": "U+200B (ZERO WIDTH SPACE)",
    "\ufeffgpt": "U+FEFF (ZERO WIDTH NO-BREAK SPACE)",
    "gp\u00adt": "U+00AD (SOFT HYPHEN)",
    "gpt\u202e": "U+202E (RIGHT-TO-LEFT OVERRIDE)",
    "gpt\u2066": "U+2066 (LEFT-TO-RIGHT ISOLATE)",
    "gpt\u00a0": "U+00A0 (NO-BREAK SPACE)",
    "gpt\u3000": "U+3000 (IDEOGRAPHIC SPACE)",
    "gp\u200dt": "U+200D (ZERO WIDTH JOINER)",
    "gр\u0442": "U+0440 (CYRILLIC SMALL LETTER ER)",
    "gρt": "U+03C1 (GREEK SMALL LETTER RHO)",
    "ｇpt": "U+FF47 (FULLWIDTH LATIN SMALL LETTER G)",
    "“gpt”": "U+201C (LEFT DOUBLE QUOTATION MARK)",
    "gpt‑t": "U+2011 (NON-BREAKING HYPHEN)",
    "gpt\u2060": "U+2060 (WORD JOINER)",
    "gpt ": "U+0020 (SPACE)",
    "gpt\n": "U+000A (LINE FEED)",
}
FINE = [
    "通义千问",
    "通义（测试）",
    "模型：一",
    "通义　千问",
    "модель",
    "модель-gpt",
    "α-model",
    "naïve",
    "東京—大阪",
    "日本語モデル",
    "한국어",
    "می‌خواهم",
    "हिन्दी",
    "👩‍💻",
    "❤️",
    "Bob’s",
    "gpt-4o",
    "a b",
    "ação",
    "Ελληνικά",
    "תמונה",
]


def validate(text: str) -> list[Problem]:
    sources = Sources()
    sources.add_text(text.encode(), name="m", format="yaml")
    return checking.read(sources).problems


def write(text: str) -> str:
    return '"' + "".join(f"\\u{ord(char):04x}" for char in text) + '"'


@pytest.mark.parametrize("key", ["config_name", "model_name"])
@pytest.mark.parametrize(("name", "told"), ODD.items(), ids=[ascii(name) for name in ODD])
def test_names(name: str, told: str, key: str) -> None:
    other = "model_name: x" if key == "config_name" else "config_name: x"
    [problem] = validate(f"model_type: openai_chat\n{other}\n{key}: {write(name)}\n")
    assert (problem.code, problem.severity, problem.line) == ("MH112", "warning", 3)
    assert told in problem.message
    assert problem.message.isprintable()


@pytest.mark.parametrize("name", FINE)
def test_names_of_every_script(name: str) -> None:
    assert not validate(f"config_name: '{name}'\nmodel_type: openai_chat\nmodel_name: '{name}'\n")
    assert not find_odd(name)


@pytest.mark.parametrize(
    ("text", "meant", "told"),
    [
        ("config_name: a\nmodel_type: {}\n", "openai_chat", "U+"),
        ("config_name: a\nmodel_type: openai_chat\n{}: x\n", "model_name", "U+"),
        ("config_name: a\nmodel_type: openai_chat\ngenerate_args: {{ {}: 1 }}\n", "temperature", "U+"),
        ("model_type: openai_chat\n{}: a\n", "config_name", "U+"),
        ("config_name: a\nmodel_type: ollama_chat\nmodel_name: m\nthink: {}\n", "high", "U+"),
        ("config_name: a\nmodel_type: openai_chat\nstream: {}\n", "true", "U+"),
    ],
    ids=["type", "key", "option", "identity", "choice", "boolean"],
)
@pytest.mark.parametrize("change", ["{}\u200b", "\ufeff{}", "“{}”", "\u00a0{}", "full", "cyrillic"])
def test_words_that_are_known(text: str, meant: str, told: str, change: str) -> None:
    if change == "full":
        word = "".join(chr(ord(char) + 0xFEE0) for char in meant)
    elif change == "cyrillic":
        word = meant.translate(str.maketrans("aeopcyxih", "аеорсухіһ"))
    else:
        word = change.format(meant)
    assert simplify(word) == meant
    problems = validate(text.format(write(word)))
    said = " ".join(f"{problem.message} {problem.hint}" for problem in problems)
    assert meant in said
    assert told in said
    assert said.isprintable()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("config_name：a\nmodel_type: openai_chat\n", "U+FF1A (FULLWIDTH COLON)"),
        ("- config_name: a\n\u00a0 model_type: openai_chat\n", "U+00A0 (NO-BREAK SPACE)"),
        ("config_name: [a，b\nmodel_type: x\n", "U+FF0C (FULLWIDTH COMMA)"),
    ],
)
def test_syntax_that_is_none(text: str, told: str) -> None:
    assert told in " ".join(str(problem.hint) for problem in validate(text))


def test_quotes_of_a_word_processor_in_json() -> None:
    sources = Sources()
    sources.add_text("{“config_name”: “a”}".encode(), name="m", format="json")
    [problem] = sources.load().problems
    assert "U+201C (LEFT DOUBLE QUOTATION MARK)" in str(problem.hint)
