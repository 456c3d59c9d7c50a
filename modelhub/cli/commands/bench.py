"""The bench command: how fast models answer when many calls come at once."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from modelhub.cli import differences, levels
from modelhub.cli.kept import Kept, has_blocks
from modelhub.cli.loads import expect_folder, read_callers, read_objectives, read_rates, read_time
from modelhub.cli.progress import progress
from modelhub.cli.sources import find_configs, profile_option, python_option
from modelhub.cli.streams import describe, plugins_apart, say
from modelhub.errors import ModelCallError, ModelHubError
from modelhub.load import prompts
from modelhub.load.asking import Asker
from modelhub.load.comparing import build_document as build_comparison
from modelhub.load.comparing import compare, parse_report
from modelhub.load.objectives import OF_STREAMS
from modelhub.load.plan import UNITS, Level, Mode
from modelhub.load.report import build_document, build_level
from modelhub.load.running import Measured, run_level
from modelhub.registry import ModelRegistry

_MOST_CALLS = 100_000  # of a level that only its time bounds
_LONGEST = 600.0  # seconds of a level that only its calls bound
_THREADS = 1000  # for models that answer in threads; each is made when it is needed
_CALLERS = (1, 5, 10, 20)
Levels = list[dict[str, Any]]
_File = click.Path(dir_okay=False, path_type=str)


@click.command()
@click.argument("names", nargs=-1, metavar="NAME...")
@click.option(
    "--config",
    "paths",
    multiple=True,
    metavar="PATH",
    help="File, folder, pattern or address of configs, as -c of the other commands; repeatable.",
)
@profile_option
@python_option
@click.option("-c", "callers", metavar="LIST", callback=read_callers, help="Calls at a time [1,5,10,20]")
@click.option("--rate", "rates", metavar="LIST", callback=read_rates, help="Calls a second, at random times.")
@click.option("-n", "calls", type=click.IntRange(1), metavar="N", help="Calls of each level [200]")
@click.option("--duration", "seconds", metavar="TIME", callback=read_time, help="Time of each level: 30s, 2m.")
@click.option(
    "--grace",
    default="30s",
    show_default=True,
    metavar="TIME",
    callback=read_time,
    help="Time that calls have to end after that.",
)
@click.option("--prompt", metavar="TEXT", help="What is asked; without it, another short question each time.")
@click.option(
    "--prompts",
    "file",
    metavar="FILE",
    type=click.Path(exists=True, dir_okay=False),
    help="What is asked in turn: a prompt a line; .jsonl: a list of messages.",
)
@click.option("--tokens-in", type=click.IntRange(1), metavar="N", help="Ask with about N tokens, of random words.")
@click.option("--tokens-out", type=click.IntRange(1), metavar="N", help="Let answers have N tokens at most.")
@click.option("--stream", is_flag=True, help="Ask for streams, and time their tokens.")
@click.option("--cache", is_flag=True, help="Let the caches of the configs answer, too.")
@click.option(
    "--slo",
    "objectives",
    metavar="LIST",
    callback=read_objectives,
    help="What counts as good: ttft=0.5,tpot=50ms; itl, latency.",
)
@click.option("--seed", default=0, show_default=True, help="Another seed gives other arrivals with --rate.")
@click.option("--plot", metavar="FILE", type=_File, callback=expect_folder, help="Draw it: .png, .svg or .pdf.")
@click.option("--json", "report", metavar="FILE", type=_File, callback=expect_folder, help="Keep it, with every call.")
@click.option("--csv", "table", metavar="FILE", type=_File, callback=expect_folder, help="Keep it, a row a level.")
@click.option("--compare", "is_comparison", is_flag=True, help="Compare two files of --json.")
def bench(
    names: tuple[str, ...],
    paths: tuple[str, ...],
    profile: str | None,
    allow_python: bool,
    callers: list[int],
    rates: list[float],
    calls: int | None,
    seconds: float | None,
    grace: float,
    prompt: str | None,
    file: str | None,
    tokens_in: int | None,
    tokens_out: int | None,
    stream: bool,
    cache: bool,
    objectives: dict[str, float],
    seed: int,
    plot: str | None,
    report: str | None,
    table: str | None,
    is_comparison: bool,
) -> None:
    """Measure how fast the models called NAME answer when many calls come at once.

    \b
    modelhub bench gpt --config models.yaml -c 1,5,10 -n 50 --stream
    modelhub bench gpt llama --rate 2,4,8 --duration 1m --slo latency=2 --plot load.png
    modelhub bench gpt --json before.json
    modelhub bench --compare before.json after.json

    With -c, so many callers each wait for an answer before they ask again. With --rate, calls arrive whatever the
    answers do, and latency counts from when a call was to start. Ctrl-C shows and writes what there is.

    Exit code: 0 it was measured, also when calls failed; 1 it could not be, 2 wrong usage, 130 ctrl-C.
    """
    kept = Kept(plot, report, table)
    if is_comparison:
        _compare(names, kept)
        return
    if not names:
        raise click.UsageError("which models? Name them: `modelhub list` tells what there is")
    build_prompt = _choose_prompt(prompt, file, tokens_in)
    bounds = calls or (200 if seconds is None else _MOST_CALLS), seconds or _LONGEST, grace, seed
    closed = callers or ([] if rates else _CALLERS)
    loads: Sequence[tuple[Mode, Sequence[float]]] = (("closed", closed), ("open", rates))
    options = {} if cache else {"cache": False}
    of_chat = {**({"stream": True} if stream else {}), **({"max_tokens": tokens_out} if tokens_out else {})}
    done: Levels = []
    started = datetime.now(UTC)
    with plugins_apart(), ModelRegistry(find_configs(paths), profile=profile, allow_python=allow_python) as hub:
        models = {name: hub.get_model(name) for name in names}
        _check_objectives(models, stream, objectives)
        plan = []
        for name, model in models.items():
            asker = Asker(model, build_prompt, {**options, **(of_chat if model.task == "chat" else {})})
            plan += [(Level(name, mode, size, *bounds), asker) for mode, sizes in loads for size in sizes]
        try:
            interrupted = asyncio.run(_run(hub, plan, objectives, done, kept))
            if len(done) > 1 or kept.lacks_picture:
                _show_all(done, kept)
        finally:
            if done:  # of a test that could not begin, what an earlier one has written stays
                kept.write(build_document(done, objectives, started), done, objectives)
    if interrupted:
        say("interrupted")
        raise click.exceptions.Exit(130)


def _choose_prompt(text: str | None, file: str | None, tokens: int | None) -> prompts.BuildPrompt:
    if sum(given is not None for given in (text, file, tokens)) > 1:
        raise click.UsageError("one of --prompt, --prompts and --tokens-in says what is asked; leave the others out")
    if text is not None:
        return prompts.repeat_text(text)
    if file is not None:
        return prompts.take_in_turn(prompts.parse_lines(_read(file), file))
    return prompts.draw_words(tokens) if tokens is not None else prompts.ask_briefly


def _read(file: str) -> bytes:
    try:
        return Path(file).read_bytes()
    except OSError as error:
        raise click.UsageError(f"{file} cannot be read: {describe(error)}") from None


def _check_objectives(models: Mapping[str, Any], stream: bool, objectives: Mapping[str, float]) -> None:
    """A usage error for objectives that no call could be measured by."""
    bounds = [name for name in objectives if name in OF_STREAMS]
    for name, model in models.items() if bounds else ():
        if model.task != "chat":
            raise click.UsageError(f"--slo {bounds[0]} is about streams, and {name} has none; use --slo latency=...")
        if not (stream or getattr(model, "stream", False)):
            raise click.UsageError(f"--slo {bounds[0]} is about streams: ask for them with --stream")


async def _run(
    hub: ModelRegistry,
    plan: Sequence[tuple[Level, Asker]],
    objectives: Mapping[str, float],
    done: Levels,
    kept: Kept,
) -> bool:
    """Run the levels of ``plan``, and add to ``done`` what came of them; whether it was interrupted."""
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(_THREADS))
    async with hub:
        for level, asker in plan:
            if await _warm_up(level, asker):
                with progress(
                    f"{levels.write_name(level.name, 24)}, {level.size:g} {UNITS[level.mode]}", "calls"
                ) as tell:
                    measured = await run_level(level, asker.ask, tell)
            else:
                measured = Measured(level, interrupted=True)
            done.append(build_level(measured, objectives))
            kept.show(levels.describe(done[-1]))
            if measured.interrupted:
                return True
    return False


async def _warm_up(level: Level, asker: Asker) -> bool:
    """Make one call that does not count; False if it was interrupted. Raises what no call can mend."""
    try:
        async with asyncio.timeout(level.seconds + level.grace):
            await asker.ask(level.requests)
    except asyncio.CancelledError:
        return False
    except ModelHubError as error:
        if not isinstance(error, ModelCallError):
            raise
    except Exception:  # it is counted when it comes again
        return True
    return True


def _show_all(done: Levels, kept: Kept) -> None:
    kept.show(levels.put_side_by_side(done))
    kept.show(levels.chart(done, blocks=has_blocks()))


def _compare(names: Sequence[str], kept: Kept) -> None:
    if len(names) != 2:
        raise click.UsageError("--compare takes two files of --json: the test before, and the one after")
    before, after = (parse_report(_read(name), name) for name in names)
    compared = compare(before, after)
    if not compared:
        raise ModelHubError(f"{names[0]} and {names[1]} have no level in common: run both with the same -c or --rate")
    for comparison in compared:
        kept.show(differences.describe(comparison))
    named = zip(names, (before, after), strict=True)
    both = [{**level, "name": f"{level['name']} ({file})"} for file, part in named for level in part]
    kept.write(build_comparison(compared), both, {})
