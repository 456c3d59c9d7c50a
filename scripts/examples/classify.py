# python classify.py tickets.jsonl labels.jsonl
#
# Stopped with Ctrl-C and started again, it goes on where it was, and asks again about lines that failed. Without a key:
# `modelhub mock` in one terminal, and in another one MODELHUB_PROFILE=mock in front of the command.
# For millions of lines there is `modelhub batch`.
"""Labels the texts of a JSONL file, many at a time: one line of output for each line of input, in the same order."""

import argparse
import asyncio
import json
import os
import sys
import time
from pathlib import Path
from typing import Literal, TypedDict

import modelhub
from modelhub import errors

PROMPT = "Which department should deal with this message of a customer?\n\n{text}"


class Label(TypedDict):
    label: Literal["billing", "delivery", "technical", "other"]


# What would fail for every line ends the program; whatever else goes wrong is noted beside its line.
FATAL = (errors.AuthenticationError, errors.PermissionDeniedError, errors.QuotaExceededError, errors.ConnectionError)


class Progress:
    """How far it is; ``done`` of ``total`` lines are, of which ``asked`` were in this run."""

    def __init__(self, done, total):
        self.done, self.total = done, total
        self.asked = self.tokens = self.failed = 0
        self.began = time.monotonic()

    def add(self, row):
        self.done += 1
        self.asked += 1
        self.failed += "error" in row
        self.show()

    def show(self):
        bar = "#" * (30 * self.done // max(self.total, 1))
        facts = f"{self.done}/{self.total}"
        if self.asked:
            rate = self.asked / max(time.monotonic() - self.began, 1e-3)
            minutes, seconds = divmod(round((self.total - self.done) / rate), 60)
            facts += f"  {rate:.1f}/s  {minutes}:{seconds:02} left  {self.tokens:,} tokens  {self.failed} failed"
        print(f"\r[{bar:<30}] {facts}", end="\n" * (self.done == self.total), file=sys.stderr, flush=True)


async def classify(model, limit, progress, line):
    """The output for one line: what it holds with a label, or with what went wrong."""
    row = {}
    try:
        row |= json.loads(line)
        async with limit:
            reply = await model.acall(PROMPT.format(text=row["text"]), response_format=Label, stream=False)
        progress.tokens += reply.usage.total_tokens if reply.usage else 0
        return row | (reply.parsed or {"error": f"there is no answer: {reply.finish_reason}"})
    except FATAL:
        raise
    except (errors.ModelCallError, ValueError, KeyError, TypeError) as error:
        return (row or {"line": line.decode("utf-8", "replace")}) | {"error": f"{type(error).__name__}: {error}"}


def resume(path):
    """The rows that the output has; half a line, which a crash may have left, is cut off."""
    if not path.exists():
        return []
    data = path.read_bytes()
    size = data.rfind(b"\n") + 1
    os.truncate(path, size)
    return [json.loads(line) for line in data[:size].splitlines()]


def encode(row):
    return json.dumps(row, ensure_ascii=False).encode() + b"\n"


async def gather(tasks, progress, keep):
    """Hand the result of each task to ``keep``, in their order, while the others go on; all end with this."""

    async def hand_over():
        for number, task in enumerate(tasks):
            row = await task
            keep(number, row)
            progress.add(row)

    handing = asyncio.create_task(hand_over())
    try:
        await asyncio.gather(handing, *tasks)
    finally:
        for task in (handing, *tasks):
            task.cancel()
        await asyncio.gather(handing, *tasks, return_exceptions=True)


async def ask_again(start, rows, failed, progress, path):
    """Ask about the lines whose numbers are ``failed``, and put what comes of it into their rows of the output."""
    await gather([start(number) for number in failed], progress, lambda n, row: rows.__setitem__(failed[n], row))
    whole = path.with_name(f"{path.name}.new")
    whole.write_bytes(b"".join(map(encode, rows)))
    whole.replace(path)


async def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("input", type=Path, help='lines such as {"id": 1, "text": "..."}')
    parser.add_argument("output", type=Path)
    parser.add_argument("--limit", type=int, default=8, help="how many to ask about at once (%(default)s)")
    parser.add_argument("-m", "--model", default="chat", help="config_name of the model (%(default)s)")
    parser.add_argument("-c", "--config", default="models.yaml", help="file or folder of configs (%(default)s)")
    args = parser.parse_args()
    lines = args.input.read_bytes().splitlines()
    rows = resume(args.output)
    failed = [number for number, row in enumerate(rows) if "error" in row]
    progress = Progress(len(rows) - len(failed), len(lines))
    progress.show()
    limit = asyncio.Semaphore(args.limit)
    async with modelhub.init(model_configs=args.config) as hub:
        model = hub.get_model(args.model)

        def start(number):
            return asyncio.create_task(classify(model, limit, progress, lines[number]))

        if failed:
            await ask_again(start, rows, failed, progress, args.output)
        with args.output.open("ab", buffering=0) as output:  # one write for each line: it is there or it is not
            rest = [start(number) for number in range(len(rows), len(lines))]
            await gather(rest, progress, lambda _, row: output.write(encode(row)))


if __name__ == "__main__":
    try:
        asyncio.run(main())
    except modelhub.ModelHubError as error:
        sys.exit(f"\nclassify: {error}")
    except KeyboardInterrupt:
        sys.exit(130)
