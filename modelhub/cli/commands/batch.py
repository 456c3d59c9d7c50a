"""The batch command: a model asked about every row of a file."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Any

import click
import orjson

from modelhub.bulk.engines import ENGINES
from modelhub.bulk.local import CONCURRENCY
from modelhub.bulk.outputs.writer import SUFFIXES
from modelhub.bulk.questions import WAYS
from modelhub.cli.jobs import Job, print_answers, refusing, write_answers
from modelhub.cli.sources import config_option, find_configs, profile_option, python_option
from modelhub.cli.streams import describe, plugins_apart
from modelhub.errors import ModelHubError
from modelhub.fitting.formats import normalize_format
from modelhub.registry import ModelRegistry

_PIPE = "-"


@click.command()
@click.argument("inputs", nargs=-1, required=True, metavar="INPUT...")
@click.option("-m", "--model", "name", required=True, metavar="NAME", help="The model that is asked.")
@click.option("-o", "--output", required=True, metavar="OUT", help="Where the rows go; - prints them as they come.")
@config_option
@profile_option
@python_option
@click.option("--engine", type=click.Choice(ENGINES), default="local", show_default=True, help="Who makes the calls.")
@click.option("--field", metavar="COLUMN", help="The column whose text is asked.")
@click.option("--prompt", metavar="TEXT", help='What is asked, with columns in it: "Summarize {text}"; {{ is a brace.')
@click.option("--messages-field", metavar="COLUMN", help="The column whose list of messages is asked.")
@click.option("--concurrency", type=click.IntRange(1), metavar="N", help=f"Calls at a time [{CONCURRENCY}]")
@click.option("--embed", is_flag=True, help="Turn texts into vectors.")
@click.option("--schema", metavar="FILE", help="A JSON Schema that answers are to keep to.")
@click.option("--limit", type=click.IntRange(1), metavar="N", help="Only the first N rows.")
@click.option("--select", multiple=True, metavar="COLUMNS", help="The columns that are written: id,response [all]")
@click.option("--errors", metavar="FILE", help="Where rows that failed go, too [OUT.errors.jsonl]")
@click.option("--resume", is_flag=True, help="Insist that there is work to go on from.")
@click.option("--restart", is_flag=True, help="Throw the work away that there is.")
@click.option("--cancel", is_flag=True, help="Cancel what the vendor works on, and collect what is done.")
@click.option("--no-order", is_flag=True, help="Let rows come as they are answered, where they are printed.")
def batch(
    inputs: tuple[str, ...],
    name: str,
    output: str,
    paths: tuple[str, ...],
    profile: str | None,
    allow_python: bool,
    engine: str,
    field: str | None,
    prompt: str | None,
    messages_field: str | None,
    concurrency: int | None,
    embed: bool,
    schema: str | None,
    limit: int | None,
    select: tuple[str, ...],
    errors: str | None,
    resume: bool,
    restart: bool,
    cancel: bool,
    no_order: bool,
) -> None:
    """Ask a model about every row of INPUT: files of .jsonl, .csv, .parquet or .arrow, folders, patterns, or - for
    JSON lines from stdin.

    \b
    modelhub batch in.jsonl -m gpt -o out.jsonl --prompt "Summarize: {text}"
    modelhub batch reviews/*.csv -m gpt -o out.csv --field review --schema mood.json --select id,parsed
    modelhub batch docs.parquet -m embedder -o vectors.parquet --field text --embed
    cat in.jsonl | modelhub batch - -m gpt -o -

    OUT has each row with the columns response, parsed, usage, cost, model and error. Until it is whole, the work lies
    in OUT.partial (of out.jsonl: out.partial): killed at any moment, the same command goes on. It also tries rows that
    failed again. Ctrl-C finishes the calls under way; twice, it stops them.

    Exit code: 0 all rows are answered, 1 rows failed, 2 wrong usage or refused, 130 ctrl-C.
    """
    asked = {"field": field, "prompt": prompt, "messages_field": messages_field, "schema": _read_schema(schema)}
    if sum(asked[way] is not None for way in WAYS) > 1:
        raise click.UsageError("one of --field, --prompt and --messages-field says what is asked; leave the others out")
    if cancel and (engine != "vendor" or restart):
        raise click.UsageError("--cancel is for work that was begun with --engine vendor: give that, too")
    if resume and restart:
        raise click.UsageError("--resume goes on, and --restart begins anew: leave one of them out")
    columns = tuple(column.strip() for each in select for column in each.split(",") if column.strip())
    with plugins_apart(), ExitStack() as stack:
        with refusing():
            hub = stack.enter_context(ModelRegistry(find_configs(paths), profile=profile, allow_python=allow_python))
            task = hub.get_model(name).task
        if embed and task != "embedding":
            raise click.UsageError(f"--embed is for embeddings, and {name} is for {task}")
        asked["embed"] = task == "embedding"
        job = Job(hub, name, inputs, limit, asked, columns, concurrency)
        if output == _PIPE:
            if resume or restart or engine != "local":
                raise click.UsageError("rows that are printed are kept nowhere; name a file by -o to go on from it")
            code = print_answers(job, None if errors is None else _check_place(errors), ordered=not no_order)
        else:
            out = _check_output(output)
            failures = out.with_suffix(".errors.jsonl") if errors is None else _check_place(errors)
            if failures.resolve() == out.resolve():
                raise click.UsageError("the output and the errors are one file; choose another name for --errors")
            if cancel and not out.with_suffix(".partial").is_dir():
                raise click.UsageError(f"there is nothing to cancel: there is no {out.with_suffix('.partial')}")
            code = write_answers(job, engine, out, failures, resume=resume or cancel, restart=restart, cancels=cancel)
    raise click.exceptions.Exit(code)


def _read_schema(file: str | None) -> Any:
    if file is None:
        return None
    try:
        schema = orjson.loads(Path(file).read_bytes())
        normalize_format(schema)
    except OSError as error:
        raise click.UsageError(f"{file} cannot be read: {describe(error)}") from None
    except ValueError as error:
        raise click.UsageError(f"{file} is not JSON: {error}") from None
    except ModelHubError as error:
        raise click.UsageError(f"{file}: {error}") from None
    return schema


def _check_output(text: str) -> Path:
    """The path of the output; a usage error for one whose suffix does not say how it is written."""
    if Path(text).suffix.lower() not in SUFFIXES:
        raise click.UsageError(f"how is {text} to be written? Its suffix says it, one of {', '.join(SUFFIXES)}")
    return _check_place(text)


def _check_place(text: str) -> Path:
    """The path of a file; a usage error for one that could not be written at the end."""
    out = Path(text)
    if not out.absolute().parent.is_dir():
        raise click.UsageError(f"{text} cannot be written: there is no folder {out.absolute().parent}")
    if out.is_dir():
        raise click.UsageError(f"{text} is a folder; name a file")
    return out
