"""`modelhub validate` checks the base and every profile, tells what they share once, and says which are sound."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from modelhub.cli.app import cli

GPT = "{config_name: gpt, model_type: openai_chat, timeout: 3}"
CASES = {  # profiles, then what is found in all and the verdict
    "all sound": ("{dev: {gpt: {timeout: 1}}, prod: {}}", [], "1 config ok; base, dev, prod ok"),
    "in one": ("{dev: {gpt: {timeout: 0}}, prod: {}}", ["MH201"], "1 problem in 1 config; base, prod ok; wrong: dev"),
    "in two": (
        "{dev: {gpt: {timeout: 0}}, prod: {gpt: {timeout: 0}}}",
        ["MH201", "MH201"],
        "2 problems in 1 config; base ok; wrong: dev, prod",
    ),
    "nobody": ("{dev: {tpg: {timeout: 1}}}", ["MH303"], "1 problem in 1 config; base ok; wrong: dev"),
    "another model": ("{dev: {new: {model_type: openai_chat}}}", [], "2 configs ok; base, dev ok"),
    "it is nowhere": (
        "{dev: {gpt: {extends: none_such}}}",
        ["MH303"],
        "1 problem in 1 config; base ok; wrong: dev",
    ),
}


def validate(path: Path, *options: str) -> tuple[int, str]:
    done = CliRunner().invoke(cli, ["validate", str(path), *options])
    return done.exit_code, done.stdout


@pytest.mark.parametrize("case", CASES)
def test_every_profile(tmp_path: Path, case: str) -> None:
    profiles, codes, verdict = CASES[case]
    path = tmp_path / "m.yaml"
    path.write_text(f"models: [{GPT}]\nprofiles: {profiles}\n")
    code, printed = validate(path)
    assert (code, printed.splitlines()[-1]) == (int(bool(codes)), verdict)
    assert [each["code"] for each in json.loads(validate(path, "--format", "json")[1])] == codes
    assert validate(path, "--profile", "")[1].splitlines()[-1].endswith(" 1 config" if case == "nobody" else "ok")


def test_what_several_share_comes_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "m.yaml"
    shared = GPT.replace("timeout: 3", "temprature: 1, top: 1")
    path.write_text(f"models: [{shared}]\nprofiles: {{dev: {{gpt: {{timeout: 1}}}}, prod: {{gpt: {{timeout: 2}}}}}}\n")
    code, printed = validate(path)
    assert (code, printed.count("MH103"), printed.splitlines()[-1]) == (
        *(1, 2),
        "2 problems in 1 config; wrong: base, dev, prod",
    )
    monkeypatch.setenv("MODELHUB_PROFILE", "dev")
    assert validate(path)[1].splitlines()[-1] == "2 problems in 1 config"


def test_what_is_wrong_under_a_profile_alone_names_it(tmp_path: Path) -> None:
    path = tmp_path / "m.yaml"
    path.write_text(
        "models: [{config_name: gpt, model_type: ollama_chat, model_name: m, think: high}]\n"
        "profiles: {dev: {gpt: {model_type: openai_chat}}}\n"
    )
    code, printed = validate(path)
    assert code == 1
    assert "think" in printed and "(under the profile 'dev')" in printed
