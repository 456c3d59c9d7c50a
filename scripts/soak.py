"""Call models for a long time on a server where much goes wrong, and say whether anything grows meanwhile.

    scripts/soak                          10 minutes, 64 calls at a time
    scripts/soak --seconds 60 --in-flight 16

Half of the callers are threads, half are tasks of one event loop. The server refuses, fails, cuts streams off, stalls
and hangs; streams are left early, and tasks cancelled. Printed is, every few seconds, what the process has: resident
memory, blocks that Python has allocated, file descriptors, threads, tasks. Exit code 1 when one of them grows after the
first quarter (memory: of a minute or more), when something is left over at the end, or when a call ended with what is
no error of a call.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))  # also where PYTHONSAFEPATH is set

from soaking.calling import calling
from soaking.sampling import Sample, find_growth, find_left, take_sample
from soaking.steps import Log

OUTAGE = Path(__file__).with_name("soaking") / "outage.yaml"
SAMPLES = 120
"""How many are taken, unless that would be more than ten in a second."""


def main() -> int:
    """Run as the command line says; 1 when something grows."""
    parser = argparse.ArgumentParser(
        prog="soak", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--in-flight", type=int, default=64)
    given = parser.parse_args()
    if not Path("/proc/self/statm").exists():
        parser.error("memory and descriptors are read from /proc, which only Linux has")
    with serve() as os.environ["SOAK_URL"]:
        log, samples, after = soak(given.in_flight, given.seconds)
    print(f"calls: {dict(log.ended.most_common())}")
    problems = [*find_growth(samples[1:]), *find_left(samples[0], after), *log.wrong[:20]]
    print(*(f"WRONG: {problem}" for problem in problems), sep="\n", end="\n" if problems else "")
    print("verdict:", "something grows" if problems else "flat, and nothing is left")
    return 1 if problems else 0


@contextmanager
def serve() -> Iterator[str]:
    """The URL of a mock server in a process of its own."""
    command = [
        sys.executable,
        "-P",
        "-m",
        "modelhub",
        "mock",
        "--quiet",
        "--port",
        "0",
        "--scenario",
        str(OUTAGE),
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield next(word for word in process.stdout.readline().split() if word.startswith("http://"))
        finally:
            process.terminate()


def soak(in_flight: int, seconds: float) -> tuple[Log, list[Sample], Sample]:
    """Call for so long; what came of it, samples of before and of meanwhile, and one of afterwards."""
    first = Log()
    with calling(2, first, asyncio.new_event_loop()):
        while not first.ended:  # what the first use of a library leaves open is no leak
            time.sleep(0.01)
    log, loop = Log(), asyncio.new_event_loop()
    every = max(seconds / SAMPLES, 0.1)
    samples = [take_sample(0, 0, loop)]
    started = time.monotonic()
    with calling(in_flight, log, loop):
        while (passed := time.monotonic() - started) < seconds:
            time.sleep(min(every, seconds - passed))
            samples.append(take_sample(time.monotonic() - started, log.ended.total(), loop))
            print(samples[-1].describe(), flush=True)
    return log, samples, take_sample(time.monotonic() - started, log.ended.total(), loop)


if __name__ == "__main__":
    sys.exit(main())
