"""The fix command: mends config files, with all that is around."""

from __future__ import annotations

import errno
import os
import shutil
import stat
from collections.abc import Mapping
from pathlib import Path

import click

from modelhub.authoring.fixing import Fixed
from modelhub.authoring.fixing import fix as mend
from modelhub.authoring.fixing.env_files import build_env, parse_env
from modelhub.cli.printing import colour, count
from modelhub.cli.sources import config_option, find_configs, python_option
from modelhub.cli.streams import UnwrittenError, describe, plugins_apart
from modelhub.printable import printable, shorten
from modelhub.registry.types import KnownTypes
from modelhub.secrets import mask_keys

_WRITABLE = stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH
_LONGEST = 400  # characters of a line


@click.command()
@click.argument("files", nargs=-1, metavar="[PATHS]...")
@config_option
@python_option
@click.option("--check", is_flag=True, help="Write nothing; exit code 1 where there is something to mend.")
@click.option(
    "--env-file", default=".env", show_default=True, metavar="FILE", help="Where keys go that stood in plain text."
)
def fix(files: tuple[str, ...], paths: tuple[str, ...], allow_python: bool, check: bool, env_file: str) -> None:
    """Mend config files where it is certain what was meant; comments and all else stay as they are.

    Misspelt keys, types and choices get the word that `validate` asks about, old names the new ones, and keys in plain
    text become references such as ${OPENAI_API_KEY}: different keys different ones.

    No key is lost: those that the environment does not have are added to the --env-file, which only you may read if it
    is new. modelhub does not read that file; load it before your program starts, or move the keys to where you keep
    such, and leave it out of version control.

    \b
    modelhub fix models.yaml
    modelhub fix --check configs/

    Exit code: 0 mended, or nothing to mend; 1 with --check, where there is something; 2 wrong usage.
    """
    named = find_configs([*paths, *files])
    if "-" in named:
        raise click.UsageError("standard input cannot be mended; name files or folders")
    known = _read_variables(env_file)
    with plugins_apart():
        fixed = mend(named, KnownTypes({}, allow_python=allow_python), {**known, **os.environ})
    for each in sorted([*fixed.told, *fixed.left], key=lambda told: (told.file, told.line, told.column)):
        place = printable(f"{each.file}:{each.line}:{each.column}")
        click.echo(mask_keys(f"{colour(place, bold=True)}: {shorten(printable(each.what), _LONGEST)}"))
    lost = {name: value for name, value in fixed.variables.items() if os.environ.get(name) != value}
    if not check:
        _write(fixed, lost, known, env_file)
    _conclude(fixed, lost, env_file, check)
    if check and fixed.told:
        raise click.exceptions.Exit(1)


def _read_variables(env_file: str) -> dict[str, str]:
    """What the file of variables sets by now; a usage error if it cannot be read."""
    try:
        return parse_env(Path(env_file).read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        reason = describe(error) if isinstance(error, OSError) else "it is not UTF-8"
        raise click.UsageError(f"{env_file} cannot be read: {reason}") from None


def _write(fixed: Fixed, lost: Mapping[str, str], known: Mapping[str, str], env_file: str) -> None:
    """Write the keys, so that none is lost, and then the files."""
    new = {name: value for name, value in lost.items() if name not in known}
    name = env_file
    try:
        for name in fixed.texts:
            if not Path(name).stat().st_mode & _WRITABLE:
                raise PermissionError(errno.EACCES, "it is read-only", name)
        name = env_file
        if new:
            _append(Path(env_file), build_env(new))
        for name, text in fixed.texts.items():
            _replace(Path(os.path.realpath(name)), text)
    except OSError as error:
        raise UnwrittenError(f"{name} cannot be written: {describe(error)}") from error


def _append(path: Path, lines: str) -> None:
    """Add lines to a file, which only its owner may read if it is new."""
    descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
    with os.fdopen(descriptor, "r+b") as file:
        size = file.seek(0, os.SEEK_END)
        if size:
            file.seek(size - 1)
            lines = lines if file.read(1) == b"\n" else f"\n{lines}"
        file.write(lines.encode())


def _replace(path: Path, text: bytes) -> None:
    """Write a file as a whole or not at all; its mode stays."""
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with part.open("xb") as file:
            shutil.copymode(path, part)
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def _conclude(fixed: Fixed, lost: Mapping[str, str], env_file: str, check: bool) -> None:
    """Say what has come of it, and what is left to do."""
    things, files = count(len(fixed.told), "thing"), count(len(fixed.texts), "file")
    verdict = f"{things} {'to mend' if check else 'mended'} in {files}" if fixed.told else "nothing to mend"
    if lost:
        names = ", ".join(lost)
        verdict += f"; {'would go to' if check else 'kept in'} {env_file}: {names}"
    left = sum(problem.severity == "error" or problem.code == "MH401" for problem in fixed.problems)
    if left:
        verdict += f"; `modelhub validate` tells of {count(left, 'problem')} that only you can mend"
    click.echo(printable(verdict))
