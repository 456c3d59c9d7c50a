"""Calls models on a server that plays an outage, from many threads or tasks, and checks that no call is lost,
duplicated or mixed up, and that nothing is left over.

    python tests/chaos/run.py --in-flight 64 --seconds 60           in threads
    python tests/chaos/run.py --in-flight 64 --seconds 60 --tasks   in one event loop

Each call asks for a text of its own, and must return it whole or raise an error of modelhub's. The attempts that all
calls tell of must be those that the server has counted. Exit code 1 when something is wrong.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from harness.running import OUTAGE, Report, run


def describe(report: Report, seconds: float) -> str:
    """The figures of a run."""
    seen, calls = report.seen, sum(report.seen.calls.values())
    times = sorted(seen.seconds) or [0.0]
    lines = [
        f"{calls:,} calls, {sum(seen.attempts.values()):,} attempts, {calls / seconds:,.0f} calls/s",
        f"calls: {dict(seen.calls.most_common())}",
        f"attempts here:  {dict(seen.attempts.most_common())}",
        f"requests there: {report.served['outcomes']}, at most {report.served['most_in_flight']} at a time",
        f"seconds: median {times[len(times) // 2]:.4f}, 99 % {times[len(times) * 99 // 100]:.3f}, most {times[-1]:.3f}",
        f"left over: {report.left}",
    ]
    return "\n".join([*lines, *(f"WRONG: {problem}" for problem in report.problems[:20])])


def main() -> int:
    """Run as the command line says; 1 when something is wrong."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n\n")[0])
    parser.add_argument("--in-flight", type=int, default=64)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--tasks", action="store_true", help="tasks of one event loop in place of threads")
    parser.add_argument("--scenario", type=Path, default=OUTAGE)
    given = parser.parse_args()
    report = run(given.in_flight, given.seconds, tasks=given.tasks, scenario=given.scenario.resolve())
    print(describe(report, given.seconds))
    return 1 if report.problems else 0


if __name__ == "__main__":
    sys.exit(main())
