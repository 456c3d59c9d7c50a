# python classify.py tickets.jsonl labels.jsonl
#
# Stopped with Ctrl-C and started again, it goes on where it was. Without a key: `modelhub mock` in one terminal, and in
# another one MODELHUB_PROFILE=mock in front of the command.
"""Labels the texts of a JSONL file, many at a time: one line of output for each line of input, in the same order."""

import argparse
import asyncio
import json
import os
import sys
from pathlib import Path

import modelhub
from modelhub import errors

PROMPT = "Which department should deal with this message of a customer?\n\n{text}"
LABEL = {
    "type": "json_schema",
    "json_schema": {
        "name": "label",
        "strict": True,
        "schema": {
            "type": "object",
            "properties": {"label": {"type": "string", "enum": ["billing", "delivery", "technical", "other"]}},
            "required": ["label"],
            "additionalProperties": False,
        },
    },
}
# What would fail for every line ends the program; whatever else goes wrong is noted beside its line.
FATAL = (errors.AuthenticationError, errors.PermissionDeniedError, errors.QuotaExceededError, errors.ConnectionError)


async def classify(model, limit, line):
    """The output for one line: what it holds with a label, or with what went wrong."""
    row = {}
    try:
        row |= json.loads(line)
        async with limit:
            reply = await model.acall(PROMPT.format(text=row["text"]), response_format=LABEL, stream=False)
        return row | (reply.parsed or {"error": f"there is no answer: {reply.finish_reason}"})
    except FATAL:
        raise
    except (errors.ModelCallError, ValueError, KeyError, TypeError) as error:
        return (row or {"line": line.decode("utf-8", "replace")}) | {"error": f"{type(error).__name__}: {error}"}


def resume(path):
    """How many lines the output has; half a line, which a crash may have left, is cut off."""
    if not path.exists():
        return 0
    data = path.read_bytes()
    size = data.rfind(b"\n") + 1
    os.truncate(path, size)
    return data.count(b"\n")


def show_progress(done, total):
    bar = "#" * (30 * done // max(total, 1))
    print(f"\r[{bar:<30}] {done}/{total}", end="\n" if done == total else "", file=sys.stderr, flush=True)


async def write(output, tasks, done, total):
    """Write the result of each task in the order of the input, while the others go on."""
    for number, task in enumerate(tasks, done + 1):
        row = await task
        output.write(json.dumps(row, ensure_ascii=False).encode() + b"\n")
        show_progress(number, total)


async def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("input", type=Path, help='lines such as {"id": 1, "text": "..."}')
    parser.add_argument("output", type=Path)
    parser.add_argument("--limit", type=int, default=8, help="how many to ask about at once (%(default)s)")
    parser.add_argument("-m", "--model", default="chat", help="config_name of the model (%(default)s)")
    parser.add_argument("-c", "--config", default="models.yaml", help="file or folder of configs (%(default)s)")
    args = parser.parse_args()
    lines = args.input.read_bytes().splitlines()
    done = resume(args.output)
    show_progress(done, len(lines))
    limit = asyncio.Semaphore(args.limit)
    async with modelhub.init(model_configs=args.config) as hub:
        model = hub.get_model(args.model)
        tasks = [asyncio.create_task(classify(model, limit, line)) for line in lines[done:]]
        with args.output.open("ab", buffering=0) as output:  # one write for each line: it is there or it is not
            writing = asyncio.create_task(write(output, tasks, done, len(lines)))
            try:
                await asyncio.gather(writing, *tasks)
            finally:
                for task in (writing, *tasks):
                    task.cancel()
                await asyncio.gather(writing, *tasks, return_exceptions=True)


if __name__ == "__main__":
    try:
        asyncio.run(main())
    except modelhub.ModelHubError as error:
        sys.exit(f"\nclassify: {error}")
    except KeyboardInterrupt:
        sys.exit(130)
