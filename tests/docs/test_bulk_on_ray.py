"""docs/bulk.md, on a Ray cluster: command and pipeline run, and files of clusters are as those who read them want."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

from modelhub.bulk.ray.carrier import CALLS_OF_ACTOR
from modelhub.cli.commands.batch import batch
from modelhub.testing import MockServer

from ..model_servers.chosen import needs
from ..paths import ROOT

PART = re.split(
    r"^## ", (ROOT / "docs" / "bulk.md").read_text("utf-8").partition("\n## On a Ray cluster\n")[2], flags=re.M
)[0]
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", PART, re.M | re.S)
REVIEWS = [{"id": 1, "text": "Great."}, {"id": 2, "text": "Never again."}]


def find(kind: str) -> list[str]:
    return [text for each, text in BLOCKS if each == kind]


def write_files(folder: Path, server: MockServer) -> None:
    (folder / "models.yaml").write_text(
        f"- {{config_name: gpt, model_type: openai_chat, api_key: k, client_args: {{base_url: '{server.url}/v1'}}}}\n"
    )
    (folder / "reviews.jsonl").write_text("".join(json.dumps(row) + "\n" for row in REVIEWS))


def run(command: list[str], folder: Path) -> None:
    environment = {**os.environ, "MODELHUB_CONFIG": "models.yaml"}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=90, check=False)
    assert done.returncode == 0, done.stderr


@needs("ray")
def test_the_command(ray_cluster: str, tmp_path: Path, server: MockServer) -> None:
    write_files(tmp_path, server)
    (line,) = find("sh")
    _, *arguments = shlex.split(line)
    run([sys.executable, "-m", "modelhub", *arguments], tmp_path)
    rows = [json.loads(row) for row in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert [(row["id"], row["error"], bool(row["response"])) for row in rows] == [(1, None, True), (2, None, True)]
    assert f"({CALLS_OF_ACTOR} unless said)" in PART


@needs("ray")
def test_the_pipeline(ray_cluster: str, tmp_path: Path, server: MockServer) -> None:
    from pyarrow import dataset

    write_files(tmp_path, server)
    (program,) = find("python")
    (tmp_path / "job.py").write_text(program.replace("/data", str(tmp_path)))
    run([sys.executable, "job.py"], tmp_path)
    rows: list[dict[str, Any]] = dataset.dataset(tmp_path / "moods").to_table().to_pylist()
    assert sorted((row["id"], row["error"], bool(row["response"])) for row in rows) == [
        (1, None, True),
        (2, None, True),
    ]


def test_the_job_of_kubernetes() -> None:
    job = yaml.safe_load(find("yaml")[0])
    assert (job["apiVersion"], job["kind"]) == ("ray.io/v1", "RayJob")
    spec = job["spec"]["rayClusterSpec"]
    for group in (spec["headGroupSpec"], *spec["workerGroupSpecs"]):
        (container,) = group["template"]["spec"]["containers"]
        mounts = {mount["name"] for mount in container["volumeMounts"]}
        assert mounts == {volume["name"] for volume in group["template"]["spec"]["volumes"]}
        assert all(isinstance(value, str) for value in group["rayStartParams"].values())
    name, command, *arguments = shlex.split(job["spec"]["entrypoint"])
    assert (name, command) == ("modelhub", "batch")
    with batch.make_context("batch", list(arguments)) as context:
        assert (context.params["engine"], context.params["concurrency"]) == ("ray", 512)


@needs("ray")
def test_the_file_of_the_autoscaler() -> None:
    import ray
    from jsonschema import validate

    schema = json.loads((Path(ray.__file__).parent / "autoscaler" / "ray-schema.json").read_text("utf-8"))
    validate(yaml.safe_load(find("yaml")[1]), schema)
