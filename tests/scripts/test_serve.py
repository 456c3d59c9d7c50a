"""scripts/serve: the image, the compose file and the unit start what is there, with options that the command has."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest
import yaml
from click.testing import CliRunner

from modelhub.cli.app import cli
from modelhub.cli.commands.serve import serve
from modelhub.server.gateway.keys import make_key

from ..paths import ROOT

FOLDER = ROOT / "scripts" / "serve"
IMAGE = (FOLDER / "Containerfile").read_text("utf-8")
COMPOSE = yaml.safe_load((FOLDER / "compose.yaml").read_text("utf-8"))
UNIT = (FOLDER / "modelhub.service").read_text("utf-8")


def find_command(name: str) -> list[str]:
    """The arguments of ``modelhub serve`` in one of the files."""
    if name == "compose":
        return list(COMPOSE["services"]["gateway"]["command"])
    if name == "unit":
        (line,) = re.findall(r"^ExecStart=/opt/modelhub/bin/modelhub serve (.+)$", UNIT, re.M)
        return shlex.split(line)
    (text,) = re.findall(r"^CMD (\[.+\])$", IMAGE, re.M)
    return list(json.loads(text))


@pytest.mark.parametrize("name", ["compose", "unit", "image"])
def test_the_command_has_these_options(name: str) -> None:
    context = serve.make_context("serve", find_command(name))
    assert context.params["paths"] == ("/etc/modelhub/models.yaml",)
    assert context.params["keys"] == "/etc/modelhub/keys.yaml"
    assert context.params["port"] == 4000


def test_the_image_is_made_of_what_is_there() -> None:
    for line in re.findall(r"^COPY (?!--)(.+)$", IMAGE, re.M):
        *sources, _ = line.split()
        assert all((ROOT / source).exists() for source in sources), line
    assert {"modelhub", "wrappers", "schemas", "scripts/examples", "docs"} <= set(
        re.findall(r"^COPY (\S+) \1$", IMAGE, re.M)
    )
    assert 'ENTRYPOINT ["modelhub", "serve"]' in IMAGE  # no shell, which would keep SIGTERM to itself
    user = int(re.findall(r"^USER (\d+):\d+$", IMAGE, re.M)[0])
    assert user > 0
    extras = re.findall(r"\.\[([\w,]+)\]", IMAGE)[0].split(",")
    assert set(extras) <= find_extras()
    (check,) = re.findall(r"CMD (\[\"python\".+\])$", IMAGE, re.M)
    compile(json.loads(check)[2], "HEALTHCHECK", "exec")
    assert "127.0.0.1:4000/healthz" in check


def find_extras() -> set[str]:
    import tomllib

    return set(tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"])


def test_what_compose_mounts_is_there() -> None:
    services = COMPOSE["services"]
    for service in services.values():
        for volume in service["volumes"]:
            source, target, *_ = volume.split(":")
            made = source in COMPOSE["volumes"] or source == "./metrics.key"  # as the README says
            assert made or (FOLDER / source).is_file(), volume
            assert target.startswith("/")
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", []))
        assert service["image"] == "modelhub" or re.fullmatch(r"docker\.io/[\w./-]+:[\w.]+", service["image"])
    gateway = services["gateway"]
    assert (FOLDER / gateway["build"]["context"] / gateway["build"]["dockerfile"]).resolve() == FOLDER / "Containerfile"
    assert gateway["depends_on"].keys() <= services.keys()
    targets = {volume.split(":")[1] for volume in gateway["volumes"]}
    assert {word for word in gateway["command"] if word.startswith("/")} == targets
    scraped = yaml.safe_load((FOLDER / "prometheus.yaml").read_text("utf-8"))["scrape_configs"][0]
    assert scraped["static_configs"][0]["targets"] == ["gateway:4000"]
    assert any(
        volume.split(":")[1] == scraped["authorization"]["credentials_file"]
        for volume in services["prometheus"]["volumes"]
    )
    used = set(
        re.findall(
            r"\$\{(\w+)\}", (FOLDER / "models.yaml").read_text("utf-8") + (FOLDER / "keys.yaml").read_text("utf-8")
        )
    )
    assert used == gateway["environment"].keys()


def test_there_is_time_to_drain() -> None:
    grace = [float(find_command(name)[find_command(name).index("--grace") + 1]) for name in ("compose", "unit")]
    assert float(COMPOSE["services"]["gateway"]["stop_grace_period"].removesuffix("s")) > grace[0]
    assert float(re.findall(r"^TimeoutStopSec=(\d+)$", UNIT, re.M)[0]) > grace[1]


def test_the_models_are_valid() -> None:
    done = CliRunner().invoke(cli, ["validate", "--strict", str(FOLDER / "models.yaml")])
    assert done.exit_code == 0, done.output


def test_the_unit_serves(tmp_path: Path, unused_port: int) -> None:
    app, metrics = make_key("app"), make_key("metrics")
    for name in ("models.yaml", "keys.yaml"):
        shutil.copy(FOLDER / name, tmp_path)
    words = " ".join(find_command("unit")).replace("/etc/modelhub", str(tmp_path)).replace("4000", str(unused_port))
    hashes = {"APP_HASH": app.entry["hash"], "METRICS_HASH": metrics.entry["hash"]}
    with subprocess.Popen(
        [sys.executable, "-m", "modelhub", "serve", *words.split()],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, **hashes, "OPENAI_API_KEY": "sk-test"},
    ) as process:
        assert process.stdout is not None
        greeting, told = process.stdout.readline(), {}
        try:
            for key in (app.key, metrics.key):
                headers = {"Authorization": f"Bearer {key}"}
                request = Request(f"http://127.0.0.1:{unused_port}/v1/models", headers=headers)
                with urlopen(request, timeout=10) as reply:
                    told[key] = [model["id"] for model in json.load(reply)["data"]]
        finally:
            process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
    assert "2 models" in greeting and "2 callers" in greeting
    assert told == {app.key: ["gpt", "vectors"], metrics.key: []}


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs systemd")
def test_the_unit_is_one_for_systemd(tmp_path: Path) -> None:
    unit = tmp_path / "modelhub.service"
    unit.write_text(UNIT.replace("/opt/modelhub/bin/modelhub", sys.executable), "utf-8")
    done = subprocess.run(["systemd-analyze", "verify", str(unit)], capture_output=True, text=True, timeout=60)
    told: Any = [line for line in done.stderr.splitlines() if "modelhub.service" in line]
    assert (done.returncode, told) == (0, [])


def test_the_readme_names_the_files() -> None:
    page = (FOLDER / "README.md").read_text("utf-8")
    for path in FOLDER.iterdir():
        if path.name not in ("README.md", "prometheus.yaml"):
            assert path.name in page
    for linked in re.findall(r"\]\(([\w.]+)\)", page):
        assert (FOLDER / linked).is_file()
