"""The ``modelhub`` command."""

from __future__ import annotations

import os
import sys

import click

from modelhub.cli.app import cli
from modelhub.errors import ModelHubError
from modelhub.foreign import describe_foreign


def main() -> None:
    """Run the command line and exit: 0 for success, 1 for a failure that is explained, 2 for wrong usage."""
    foreign = describe_foreign()
    if foreign is not None:
        click.echo(f"modelhub: {foreign}", err=True)
    try:
        code = cli.main(prog_name="modelhub", standalone_mode=False)
        sys.stdout.flush()
    except click.exceptions.Exit as error:
        code = error.exit_code
    except click.ClickException as error:
        error.show()
        code = error.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("interrupted", err=True)
        code = 130
    except BrokenPipeError:  # `modelhub list | head -1`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 0
    except ModelHubError as error:
        click.echo(f"modelhub: {error}", err=True)
        code = 1
    sys.exit(code if isinstance(code, int) else 0)
