"""A job takes no more memory for many rows than for few."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
import asyncio, resource, sys
from pathlib import Path
from modelhub.bulk.answers import Answer
from modelhub.bulk.finishing import write_outputs
from modelhub.bulk.log import Log
from modelhub.bulk.progress import Progress
from modelhub.bulk.questions import Questions
from modelhub.bulk.rows.sources import Input, Source
from modelhub.bulk.running import settle

class Echo:
    async def carry(self, questions):
        async for number, question in questions:
            yield number, Answer(question.input * 5, usage={"total_tokens": 3}, model="echo")

folder, count = Path(sys.argv[1]), int(sys.argv[2])
with (folder / "in.jsonl").open("w") as file:
    file.writelines('{"id": %d, "text": "this is question number %d"}\\n' % (n, n % (count // 2)) for n in range(count))
rows, questions, log = Input([Source(folder / "in.jsonl")]), Questions(field="text"), Log(folder)
progress = Progress()
asyncio.run(settle(rows, questions, log, Echo(), progress))
outcome = write_outputs(rows, questions, log, folder / "out.jsonl", folder / "errors.jsonl")
log.close()
print(outcome.rows, progress.asked, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="memory is counted in other units elsewhere")
def test_memory_is_flat(tmp_path: Path) -> None:
    most = []
    for count in (1000, 50_000):
        folder = tmp_path / str(count)
        folder.mkdir()
        command = [sys.executable, "-c", PROGRAM, str(folder), str(count)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        rows, asked, megabytes = map(int, done.stdout.split())
        assert (rows, asked) == (count, count // 2)
        most.append(megabytes)
    assert most[1] - most[0] < 10
