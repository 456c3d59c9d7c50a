"""`modelhub fix`: what is certain is mended, what else a file holds keeps its bytes, and no key is lost or shown."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from click.testing import CliRunner

from modelhub.authoring.fixing.env_files import build_env, parse_env
from modelhub.cli.app import cli

A, B, C = (f"sk-proj-{n}f9aB2kLmN7qRsT8uVwX1yZ3cDeFgHiJkL" for n in range(3))
G = "- config_name: g\n  model_type: openai_chat\n"
CASES = {  # a suffix, a text, and what becomes of it
    "key": ("yaml", G + "  tiemout:   5 # why\n", G + "  timeout:   5 # why\n"),
    "quoted key": ("yaml", G + "  generate_args: {'temprature': 1}\n", G + "  generate_args: {'temperature': 1}\n"),
    "type": ("yaml", G.replace("openai_chat", "opnai_chat"), G),
    "old type": ("yaml", G.replace("openai_chat", '"openai"'), G.replace("openai_chat", '"openai_chat"')),
    "old keys": (
        "yaml",
        "type: openai\nname: g\nmodel: m\n",
        "model_type: openai_chat\nconfig_name: g\nmodel_name: m\n",
    ),
    "choice": (
        "yaml",
        "{config_name: o, model_type: ollama_chat, model_name: m, think: hihg}\n",
        "{config_name: o, model_type: ollama_chat, model_name: m, think: high}\n",
    ),
    "type, then key": (
        "yaml",
        "{config_name: g, model_type: opnai_chat, generate_args: {max_tokns: 1}}\n",
        "{config_name: g, model_type: openai_chat, generate_args: {max_tokens: 1}}\n",
    ),
    "model": (
        "yaml",
        G + "- {config_name: f, model_type: fallback, models: [gg]}\n",
        G + "- {config_name: f, model_type: fallback, models: [g]}\n",
    ),
    "anchor": (
        "yaml",
        f"{G}  generate_args: &a {{temprature: 1}}\n{G.replace(' g', ' h')}  generate_args: *a\n",
        f"{G}  generate_args: &a {{temperature: 1}}\n{G.replace(' g', ' h')}  generate_args: *a\n",
    ),
    "profile": (
        "yaml",
        "models:\n" + G + "profiles: {dev: {g: {tiemout: 1}}}\n",
        "models:\n" + G + "profiles: {dev: {g: {timeout: 1}}}\n",
    ),
    "secret": ("yaml", f"{G}  api_key: {A} # mine\n", G + '  api_key: "${OPENAI_API_KEY}" # mine\n'),
    "secret in quotes": ("yaml", f"{G}  api_key: '{A}'\n", G + "  api_key: '${OPENAI_API_KEY}'\n"),
    "secret after a word": (
        "yaml",
        f"{G}  headers: {{Authorization: Bearer {A}}}\n",
        G + '  headers: {Authorization: "Bearer ${API_TOKEN}"}\n',
    ),
    "secret as default": ("yaml", f"{G}  api_key: ${{MINE:-{A}}}\n", G + '  api_key: "${MINE}"\n'),
    "json": (
        "json",
        f'{{"config_name": "g",\r\n "model_type": "openai_chat", "tiemout": 5, "api_key": "{A}"}}',
        '{"config_name": "g",\r\n "model_type": "openai_chat", "timeout": 5, "api_key": "${OPENAI_API_KEY}"}',
    ),
    "toml": (
        "toml",
        f'[[models]] # one\nconfig_name = "g"\nmodel_type = "openai"\ntiemout = 5\napi_key = "{A}"\n',
        '[[models]] # one\nconfig_name = "g"\nmodel_type = "openai_chat"\ntimeout = 5\napi_key = "${OPENAI_API_KEY}"\n',
    ),
    "mark and line ends": ("yaml", "\ufeff" + (G + "  tiemout: 5\n").replace("\n", "\r\n"), None),
    "both are there": ("yaml", G + "  timeout: 1\n  tiemout: 5\n", ""),
    "in the wrong place": ("yaml", G + "  temprature: 1\n", ""),
    "nothing": ("yaml", "#  as it is \n" + G, ""),
    "block": (
        "yaml",
        f"{G}  api_key: |-  # mine\n    {A}\n  # more\n  timeout: 1\n",
        G + '  api_key: "${OPENAI_API_KEY}"  # mine\n  # more\n  timeout: 1\n',
    ),
    "folded": ("yaml", f'{G}  api_key: "{A[:9]}\\\n    {A[9:]}"\n', G + '  api_key: "${OPENAI_API_KEY}"\n'),
    "tag": ("yaml", f"{G}  api_key: !!str {A}\n", G + '  api_key: !!str "${OPENAI_API_KEY}"\n'),
    "anchor of a key": (
        "yaml",
        f"{G}  api_key: &k {A}\n{G.replace(' g', ' h')}  api_key: *k\n",
        f'{G}  api_key: &k "${{OPENAI_API_KEY}}"\n{G.replace(" g", " h")}  api_key: "${{OPENAI_API_KEY}}"\n',
    ),
    "documents": (
        "yaml",
        f"{G}  tiemout: 1\n---\n{G.replace(' g', ' h')}  tiemout: 2 # two\n...\n",
        f"{G}  timeout: 1\n---\n{G.replace(' g', ' h')}  timeout: 2 # two\n...\n",
    ),
    "escaped json": (
        "json",
        f'{{"config_name": "g", "model_type": "openai_chat", "ti\\u0065mout": 5, "api_key": "\\u0073{A[1:]}"}}',
        '{"config_name": "g", "model_type": "openai_chat", "timeout": 5, "api_key": "${OPENAI_API_KEY}"}',
    ),
    "inline toml": (
        "toml",
        f'models = [{{config_name = "g", model_type = "openai_chat", generate_args = {{temprature = 1}}}}] # {B}\n',
        f'models = [{{config_name = "g", model_type = "openai_chat", generate_args = {{temperature = 1}}}}] # {B}\n',
    ),
    "dotted toml": (
        "toml",
        f'[[models]]\nconfig_name = "g"\nmodel_type = "openai_chat"\nclient_args."base_ulr" = "http://x/v1"\n'
        f'api_key = """{A}"""\n',
        '[[models]]\nconfig_name = "g"\nmodel_type = "openai_chat"\nclient_args."base_url" = "http://x/v1"\n'
        'api_key = "${OPENAI_API_KEY}"\n',
    ),
}


def fix(folder: Path, *arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(cli, ["fix", *arguments])
    assert not any(key in done.output for key in (A, B, C))
    return done.exit_code, done.output


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("case", CASES)
def test_a_case(folder: Path, case: str) -> None:
    suffix, before, after = CASES[case]
    after = before.replace("tiemout", "timeout") if after is None else after or before
    path = folder / f"m.{suffix}"
    path.write_bytes(before.encode())
    path.chmod(0o640)
    code, said = fix(folder, "--check", path.name)
    assert (code, path.read_bytes().decode(), os.listdir(folder)) == (int(before != after), before, [path.name])
    assert fix(folder, path.name)[0] == 0
    assert path.read_bytes().decode() == after
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert fix(folder, "--check", path.name)[0] == 0
    assert (A in (folder / ".env").read_text() if (folder / ".env").exists() else True) and A not in said


def test_different_keys_have_different_variables(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "m.yaml").write_text(
        f"- {{config_name: a, model_type: openai_chat, api_key: {A}}}\n"
        f"- {{config_name: b-eu, model_type: openai_chat, api_key: {B}}}\n"
        f"- {{config_name: c, model_type: openai_embedding, api_key: {A}}}\n"
        f"- {{config_name: d, model_type: anthropic_chat}}\n"
        f"- {{config_name: e, model_type: anthropic_chat, api_key: {C}}}\n"
    )
    (folder / ".env").write_text("OTHER=1")
    _, said = fix(folder, "m.yaml")
    text = (folder / "m.yaml").read_text()
    named = [line.partition('"${')[2].partition("}")[0] for line in text.splitlines()]
    assert named == ["OPENAI_API_KEY", "B_EU_OPENAI_API_KEY", "OPENAI_API_KEY", "", "E_ANTHROPIC_API_KEY"]
    kept = parse_env((folder / ".env").read_text())
    assert kept == {"OTHER": "1", "OPENAI_API_KEY": A, "B_EU_OPENAI_API_KEY": B, "E_ANTHROPIC_API_KEY": C}
    assert all(name in said for name in kept if name != "OTHER")


def test_what_the_environment_has_is_not_written(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = f"{G}  api_key: {A}\n"
    (folder / "m.yaml").write_text(text)
    monkeypatch.setenv("OPENAI_API_KEY", A)
    fix(folder, "m.yaml")
    assert "${OPENAI_API_KEY}" in (folder / "m.yaml").read_text() and not (folder / ".env").exists()
    (folder / "m.yaml").write_text(text)
    monkeypatch.setenv("OPENAI_API_KEY", B)
    fix(folder, "m.yaml", "--env-file", "keys.env")
    assert "${G_OPENAI_API_KEY}" in (folder / "m.yaml").read_text()
    assert (folder / "keys.env").read_text() == f"G_OPENAI_API_KEY={A}\n"
    assert stat.S_IMODE((folder / "keys.env").stat().st_mode) == 0o600


def test_what_a_person_must_mend_is_counted_and_its_key_not_copied(folder: Path) -> None:
    text = f"{G}  proxy: http://user:{A}@proxy:3128\n"
    (folder / "m.yaml").write_text(text)
    assert fix(folder, "m.yaml") == (
        0,
        "nothing to mend; `modelhub validate` tells of 1 problem that only you can mend\n",
    )
    assert os.listdir(folder) == ["m.yaml"] and (folder / "m.yaml").read_text() == text


def test_a_comment_that_has_the_key_too_is_told(folder: Path) -> None:
    (folder / "m.yaml").write_text(f"# was {A}\n{G}  api_key: {A}\n")
    assert fix(folder, "m.yaml")[1].startswith("m.yaml:1:7: the key of ${OPENAI_API_KEY} stands here still\n")


def test_a_file_that_is_read_only_stays(folder: Path) -> None:
    (folder / "m.yaml").write_text(f"{G}  api_key: {A}\n")
    (folder / "m.yaml").chmod(0o444)
    code, said = fix(folder, "m.yaml")
    assert code == 74 and "m.yaml cannot be written: it is read-only" in said
    assert os.listdir(folder) == ["m.yaml"] and A in (folder / "m.yaml").read_text()


def test_links_and_included_files(folder: Path) -> None:
    (folder / "real").mkdir()
    (folder / "real" / "part.yaml").write_text(G + "  tiemout: 5\n")
    (folder / "m.yaml").write_text("include: [real/part.yaml]\nmodels: []\n")
    (folder / "link.yaml").symlink_to(folder / "real" / "part.yaml")
    assert fix(folder, "m.yaml")[1].startswith("real/part.yaml:3:3: ")
    assert (folder / "real" / "part.yaml").read_text() == G + "  timeout: 5\n"
    (folder / "real" / "part.yaml").write_text(G + "  tiemout: 5\n")
    fix(folder, "link.yaml")
    assert (folder / "link.yaml").is_symlink()
    assert (folder / "real" / "part.yaml").read_text() == G + "  timeout: 5\n"


def test_the_file_of_variables_is_read_as_it_is_written() -> None:
    variables = {"A": "b c'd\"", "B": "x#y", "C": ""}
    assert parse_env(build_env(variables)) == variables
    assert parse_env("# no\nexport X = 'y'\nnot a variable\n") == {"X": "y"}
