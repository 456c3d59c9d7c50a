"""What is too much is refused at once, and as much as is allowed is read and checked within ten seconds and 500 MB."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from modelhub.configs import Sources
from modelhub.configs.readers.allowance import MAX_BYTES, MAX_VALUES
from modelhub.registry import checking

ENTRY = "- config_name: big-{:06d}\n  model_type: openai_chat\n  model_name: m\n"


def build(shape: str, share: int = 1) -> tuple[str, str]:
    """A text that is as bad as it may be, or one of ``share`` parts of that, and its format."""
    values, size = MAX_VALUES // share, {format: most // share for format, most in MAX_BYTES.items()}
    names = range(values // 4)
    config = {"config_name": "a", "model_type": "openai_chat"}
    match shape:
        case "configs":
            return "".join(map(ENTRY.format, names)), "yaml"
        case "flow":
            return (
                f"config_name: a\nmodel_type: openai_chat\ngenerate_args: {{stop: [{'0,' * (values - 10)}]}}",
                "yaml",
            )
        case "events":
            return "a: [" + "[]," * (size["yaml"] // 3 - 10) + "]", "yaml"
        case "aliases":
            return "a: &a [" + "0," * 9000 + "]\nb: [" + "*a," * 100 + "]", "yaml"
        case "comments":
            return ENTRY.format(1) + "# x\n" * (size["yaml"] // 4 - 100), "yaml"
        case "unknown types":
            return json.dumps([{"config_name": f"n{n}", "model_type": f"openax_{n}"} for n in names]), "json"
        case "mistakes":
            return json.dumps(
                [{**config, "config_name": f"n{n}", "temprature": 1, "timeout": "x"} for n in names[::2]]
            ), "json"
        case "keys":
            return json.dumps({**config, **{f"k{n}": 1 for n in range(values - 10)}}), "json"
        case "empty":
            return "[" + "{}," * (size["json"] // 3 - 10) + "{}]", "json"
        case "lists":
            return "[" + "[]," * (size["json"] // 3 - 10) + "[]]", "json"
        case "duplicates":
            return "[" + '{"a":1,"a":1},' * (size["json"] // 15) + "{}]", "json"
        case "tables":
            return "".join(f'[[models]]\nconfig_name = "n{n}"\nmodel_type = "openai_chat"\n' for n in names), "toml"
    raise ValueError(shape)


SHAPES = [
    "configs",
    "flow",
    "events",
    "aliases",
    "comments",
    "unknown types",
    "mistakes",
    "keys",
    "empty",
    "lists",
    "duplicates",
    "tables",
]
# The highest memory that getrusage tells of is also that of the process that started this one.
PROGRAM = """
import pathlib, re, resource, sys, time
from modelhub.configs import Sources
from modelhub.registry import checking
sources = Sources()
sources.add(sys.argv[1])
checking.read(sources)
status = pathlib.Path("/proc/self/status")
told = re.search("VmHWM: *\\s*([0-9]+)", status.read_text()) if status.exists() else None
print(time.process_time(), told[1] if told else resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


@pytest.mark.parametrize(("shape", "share"), [("configs", 1), *((shape, 10) for shape in SHAPES)])
def test_as_much_as_is_allowed(tmp_path: Path, shape: str, share: int) -> None:
    """A tenth of it may take a tenth of the time."""
    text, format = build(shape, share)
    assert len(text) <= MAX_BYTES[format]
    file = tmp_path / f"big.{format}"
    file.write_text(text, "utf-8")
    done = subprocess.run([sys.executable, "-c", PROGRAM, str(file)], capture_output=True, text=True, check=True)
    seconds, kilobytes = map(float, done.stdout.split())
    assert seconds < 15 / share + 3, "ten of a machine that does nothing else, and the time to start"
    assert kilobytes < 500_000


@pytest.mark.parametrize("format", MAX_BYTES)
def test_what_is_larger_is_refused_at_once(tmp_path: Path, format: str) -> None:
    with (tmp_path / f"big.{format}").open("wb") as file:
        file.truncate(50 * 1024 * 1024)
    start = time.process_time()
    sources = Sources()
    sources.add(tmp_path)
    [problem] = sources.load().problems
    assert time.process_time() - start < 1
    assert problem.message == f"the file is larger than {MAX_BYTES[format] // 1024 // 1024} MB"


def test_files_and_includes_share_what_is_allowed(tmp_path: Path) -> None:
    padding = "# x\n" * (MAX_BYTES["yaml"] // 16)
    for number in range(4):
        (tmp_path / f"part{number}.yaml").write_text(
            f"config_name: a{number}\nmodel_type: openai_chat\n{padding}", "utf-8"
        )
    sources = Sources()
    sources.add(tmp_path)
    loaded = checking.read(sources)
    assert [entry.config["config_name"] for entry in loaded.entries] == ["a0", "a1", "a2"]
    [problem] = loaded.problems
    assert problem.message.startswith("the files together are larger than what is read")
    (tmp_path / "inner").mkdir()
    for file in tmp_path.glob("part*.yaml"):
        file.rename(tmp_path / "inner" / file.name)
    (tmp_path / "top.yaml").write_text("include: inner\nmodels: []\n", "utf-8")
    sources = Sources()
    sources.add(tmp_path / "top.yaml")
    assert any("the files together" in problem.message for problem in sources.load().problems)


def test_values_are_counted_over_all_sources() -> None:
    sources = Sources()
    config = {"config_name": "a", "model_type": "openai_chat", "generate_args": {"stop": ["x"] * (MAX_VALUES // 2)}}
    sources.add([config, {**config, "config_name": "b"}])
    assert [problem.message for problem in sources.load().problems] == [
        f"the configs hold more than {MAX_VALUES:,} values"
    ]
