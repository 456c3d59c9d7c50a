"""The standard streams; each may be closed, or full, or its reader may have gone away."""

from __future__ import annotations

import codecs
import contextlib
import io
import os
import sys
import warnings
from pathlib import Path
from typing import IO, Any, BinaryIO, TextIO

import click

from modelhub.errors import ConfigWarning
from modelhub.overriding import override
from modelhub.printable import printable

UNWRITABLE = 74  # what sysexits.h calls an input/output error; 1 and 2 say something about the configs


class UnreadError(Exception):
    """The reader of the output has gone away, as in `modelhub list | head -1`."""


class Failure(click.ClickException):
    """What ends a command with an exit code of its own."""

    @override
    def show(self, file: IO[Any] | None = None) -> None:
        """Print it like all other failures."""
        click.echo(f"modelhub: {self.message}", file=file, err=file is None)


class UnwrittenError(Failure):
    """A file that was asked for cannot be written."""

    exit_code = UNWRITABLE


class PipedGroup(click.Group):
    """A group of commands that raise UnreadError, in place of what click itself does about a broken pipe."""

    @override
    def make_context(self, *args: Any, **keys: Any) -> click.Context:
        try:
            return super().make_context(*args, **keys)
        except BrokenPipeError:
            raise UnreadError from None

    @override
    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            raise UnreadError from None


def hold_closed() -> None:
    """Open the null device for each closed stream; otherwise, the next file that is opened would take its number.

    Output can then be written, as older versions of click expect; the input stays None.
    """
    while (number := os.open(os.devnull, os.O_RDWR)) <= 2:
        pass
    os.close(number)
    if sys.stdout is None:
        sys.stdout = os.fdopen(1, "w", closefd=False)
    if sys.stderr is None:
        sys.stderr = os.fdopen(2, "w", closefd=False)


def escape_unknown() -> None:
    """Let output whose encoding lacks a character have ``\\u4f60`` in its place, which is the same in JSON."""
    codecs.register_error("modelhub", _escape)
    if isinstance(sys.stdout, io.TextIOWrapper) and sys.stdout.errors == "strict":
        sys.stdout.reconfigure(errors="modelhub")


def _escape(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeEncodeError)
    units = error.object[error.start : error.end].encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[n : n + 4]}" for n in range(0, len(units), 4)), error.end


def read_input(limit: int = -1) -> bytes:
    """Read standard input, up to ``limit`` bytes; a usage error if it is closed or cannot be read."""
    if sys.stdin is None:
        raise click.UsageError("standard input is closed; give it something to read, or name a file")
    try:
        return sys.stdin.buffer.read(limit)
    except OSError as error:
        raise click.UsageError(f"standard input cannot be read: {describe(error)}") from None


def open_input() -> BinaryIO:
    """Standard input as a file of its own, for a thread that may still wait for it when the program ends."""
    if sys.stdin is None:
        raise click.UsageError("standard input is closed; give it something to read, or name a file")
    try:
        return os.fdopen(os.dup(sys.stdin.fileno()), "rb")
    except OSError:  # it is none of the operating system's
        return sys.stdin.buffer


def plugins_apart() -> contextlib.AbstractContextManager[None]:
    """Meanwhile, what plugins print when they are imported goes to stderr: standard output is for answers."""
    from modelhub.plugins.surroundings import surrounded

    return surrounded(lambda: contextlib.redirect_stdout(sys.stderr))


def save(name: str, text: str) -> None:
    """Write a text to the file ``name``; raises UnwrittenError."""
    try:
        Path(name).write_text(text, "utf-8")
    except OSError as error:
        raise UnwrittenError(f"{name} cannot be written: {describe(error)}") from error


def say(text: str) -> None:
    """Print text on stderr, if stderr can be written, without what does something to a terminal."""
    with contextlib.suppress(OSError):
        click.echo(printable(text, keep="\n\t"), err=True)


def say_warnings() -> None:
    """Print warnings about configs as all else; the place in the code of a command is nobody's business."""
    warnings.showwarning = _show_warning


_SHOW_WARNING = warnings.showwarning


def _show_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    if issubclass(category, ConfigWarning):
        say(f"warning: {message}")
    else:
        _SHOW_WARNING(message, category, filename, lineno, file, line)


def refuse(error: OSError) -> int:
    """Say that the output, or the file that the error names, cannot be written; return the exit code for that."""
    what = "the output cannot be written" if error.filename is None else str(error.filename)
    say(f"modelhub: {what}: {describe(error)}")
    return UNWRITABLE if error.filename is None else 1


def finish(stream: TextIO | None, code: int) -> int:
    """Write what is left in a stream, so that the interpreter cannot fail at it later; return the exit code."""
    try:
        if stream is not None:
            stream.flush()
    except OSError as error:
        assert stream is not None
        nothing = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nothing, stream.fileno())
        os.close(nothing)
        if code == 0 and not isinstance(error, BrokenPipeError):
            return refuse(error)
    return code


def describe(error: OSError) -> str:
    """The reason for an error, as the operating system words it."""
    return (error.strerror or str(error)).lower()
