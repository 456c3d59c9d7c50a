"""Print what modelhub costs beside hand-written code and, when asked for, beside other libraries.

    scripts/bench                     all rows
    scripts/bench --peers             also those beside the openai SDK, litellm, langchain and any-llm, which are
                                      installed into environments of their own and kept for the next time
    scripts/bench --peers --readme    and write README.md's table
    scripts/bench --gateway           what modelhub serve adds to a call, and what one core of it can do;
                                      with --peers beside LiteLLM's proxy
    scripts/bench --count             how many instructions of modelhub a call takes, and whether they have grown
    scripts/bench --count --record    write these numbers down, which the tests compare with

Costs are CPU time of the client, user and system, never time that passes (of the gateway, both): a fixed server on
another core answers with bytes that were made beforehand. All take turns in each round, each in a process of its own,
and what is printed are medians: of the costs, and of the ratios within a round. Nothing fails here: the table is for
reading.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

sys.path.insert(0, str(Path(__file__).parent))  # also where PYTHONSAFEPATH is set

from benchmarks import calls, counts, gateway, memory, peers, readme, startup, table, validating
from benchmarks.fixed_server import FixedServer
from benchmarks.fresh import lay_out_modelhub
from benchmarks.measure import Row

SECTIONS = ("calls", "startup", "memory", "validating")


def main() -> int:
    """Read the command line, measure, print."""
    parser = argparse.ArgumentParser(
        prog="bench", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="one round, to see that it runs")
    parser.add_argument("--only", choices=SECTIONS, action="append", help="measure only these")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--peers", action="store_true", help="beside other libraries, too")
    parser.add_argument("--readme", action="store_true", help="write README.md's table (with --peers)")
    parser.add_argument("--gateway", action="store_true", help="measure the gateway instead")
    parser.add_argument("--count", action="store_true", help="count instructions instead")
    parser.add_argument("--record", action="store_true", help="write the counts down (with --count)")
    given = parser.parse_args()
    if given.readme and (not given.peers or given.only or given.json):
        parser.error("--readme goes with --peers, and with neither --only nor --json")
    if given.gateway and (given.readme or given.only or given.count):
        parser.error("--gateway goes with neither --readme, --only nor --count")
    if given.record and not given.count:
        parser.error("--record goes with --count")
    if given.count:
        return counts.report(given.record)
    if given.gateway:
        pythons = peers.make_environments(packages=peers.PROXIES) if given.peers else {}
        rows = measure_gateway(pythons.get("litellm_proxy"), given.quick)
    else:
        pythons = peers.make_environments() if given.peers else {}
        rows = measure(given.only or SECTIONS, pythons, given.quick)
    if given.json:
        print(json.dumps([row.describe() for row in rows], indent=2))
        return 0
    known = table.print_rows(rows)
    if given.readme:
        readme.write_table(known, peers.list_versions(pythons))
    return 0


def measure(sections: Iterable[str], pythons: dict[str, str], quick: bool) -> Iterator[Row]:
    """Every row, with this process and its children on the first core and the server on the second."""
    mine, other = find_cores()
    if mine is not None:
        os.sched_setaffinity(0, {mine})
    with FixedServer(other) as url, TemporaryDirectory() as name:
        if "calls" in sections:
            yield from calls.measure(url, pythons, quick)
        folder = Path(name)
        lay_out_modelhub(folder)
        if "startup" in sections:
            yield from startup.measure(url, folder, pythons, quick)
        if "memory" in sections:
            yield from memory.measure(url, folder, quick)
        if "validating" in sections:
            yield from validating.measure(folder, quick)


def measure_gateway(python: str | None, quick: bool) -> Iterator[Row]:
    """The rows about the gateway, which has the first core to itself; ``python`` has LiteLLM's proxy."""
    alone, other = find_cores()
    with FixedServer(other) as url, TemporaryDirectory() as name:
        yield from gateway.measure(url, Path(name), alone, python, quick)


def find_cores() -> tuple[int | None, int | None]:
    """The cores for the client and the server; None where there is no choice to make."""
    if not hasattr(os, "sched_getaffinity"):
        return None, None
    cores = sorted(os.sched_getaffinity(0))
    return (cores[0], cores[1]) if len(cores) > 1 else (None, None)


if __name__ == "__main__":
    sys.exit(main())
