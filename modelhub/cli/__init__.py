"""The ``modelhub`` command."""

from __future__ import annotations

import io
import sys
from traceback import format_exc

import click

from modelhub.cli.app import cli
from modelhub.cli.streams import UnreadError, escape_unknown, finish, hold_closed, refuse, say, say_warnings
from modelhub.errors import ModelHubError
from modelhub.foreign import describe_foreign
from modelhub.printable import shorten

_LONGEST = 1000  # characters of a line


def main() -> None:
    """Run the command line and exit.

    0 is success, 1 a failure that is explained, 2 wrong usage, 74 output that could not be written, 130 ctrl-C.
    """
    hold_closed()
    escape_unknown()
    foreign = describe_foreign()
    if foreign is not None:
        say(f"modelhub: {foreign}")
    code = _run()
    for stream in (sys.__stdout__, sys.__stderr__):
        code = finish(stream, code)
    sys.exit(code)


def _run() -> int:
    """Run the command line; its exit code."""
    say_warnings()
    try:
        code = cli.main(prog_name="modelhub", standalone_mode=False)
    except click.exceptions.Exit as error:
        code = error.exit_code
    except click.ClickException as error:
        shown = io.StringIO()
        error.show(shown)
        say(shown.getvalue().rstrip("\n"))
        code = error.exit_code
    except (click.Abort, KeyboardInterrupt):
        say("interrupted")
        code = 130
    except ModelHubError as error:
        say(f"modelhub: {error}")
        code = 1
    except UnreadError:
        code = 0
    except OSError as error:
        code = refuse(error)
    except Exception:  # of a plugin, or a mistake of ours; what it says may be anything
        say("\n".join(shorten(line, _LONGEST) for line in format_exc().splitlines()))
        code = 1
    return code if isinstance(code, int) else 0
