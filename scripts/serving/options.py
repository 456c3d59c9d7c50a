"""What the command line asks for, the same for every engine."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

EPILOG = """\
Arguments after -- go to the engine as they are. Environment: PYTHON is the interpreter that the engine is
installed for (default: python3). The config goes to stdout, everything else to stderr.

exit status: 0 stopped by ctrl-C or a signal while serving; 1 the engine failed or ended by itself, or the port is
taken; 2 wrong usage; 3 something is not installed; 128 + signal when stopped before it served."""

# Addresses to listen on that are none to connect to.
_EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1", "*": "127.0.0.1"}


@dataclass(frozen=True, slots=True)
class Options:
    """The arguments of a start script; ``extra`` are those for the engine itself."""

    model: str
    host: str
    port: int
    device: str
    given_name: str | None
    wait: float | None
    dry_run: bool
    config_path: Path | None
    extra: list[str]

    @property
    def name(self) -> str:
        """The config's name: the one given, or the last part of the model's."""
        return self.given_name or Path(self.model).name.removesuffix(".gguf")

    @property
    def url(self) -> str:
        """Where a client on this machine finds the server."""
        host = _EVERYWHERE.get(self.host, self.host)
        return f"http://[{host}]:{self.port}" if ":" in host else f"http://{host}:{self.port}"


def build_parser(engine: str, port: int, example: str) -> argparse.ArgumentParser:
    """The parser of an engine's start script, whose server listens on ``port`` unless told otherwise."""
    parser = argparse.ArgumentParser(
        f"{engine}_setup.sh",
        usage="%(prog)s -m MODEL [options] [-- ARGUMENTS OF THE ENGINE]",
        description=f"Serve a model with {engine}, and print the config that calls it.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("-m", "--model", required=True, type=parse_text, help=f"what to serve, such as {example}")
    parser.add_argument("-p", "--port", type=parse_port, default=port, help="where to listen (default: %(default)s)")
    parser.add_argument("--host", type=parse_text, default="127.0.0.1", help="the address (default: %(default)s)")
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto", help="default: %(default)s")
    parser.add_argument("--name", type=parse_text, help="the config_name (default: the last part of MODEL)")
    parser.add_argument("--wait", type=float, metavar="SECONDS", help="how long the start may take (default: 1800)")
    parser.add_argument("--dry-run", action="store_true", help="print the commands and the config, start nothing")
    parser.add_argument("--write-config", type=Path, metavar="PATH", help="also write it to a new .yaml or .json file")
    return parser


def parse_options(parser: argparse.ArgumentParser, arguments: Sequence[str]) -> Options:
    """The options in ``arguments``; leaves with status 2 when they are wrong."""
    cut = list(arguments).index("--") if "--" in arguments else len(arguments)
    found = parser.parse_args(arguments[:cut])
    if found.write_config and found.write_config.suffix not in (".yaml", ".yml", ".json"):
        refuse(parser, f"--write-config: {found.write_config} ends neither in .yaml or .yml nor in .json")
    return Options(
        model=found.model,
        host=found.host,
        port=found.port,
        device=found.device,
        given_name=found.name,
        wait=found.wait,
        dry_run=found.dry_run,
        config_path=found.write_config,
        extra=list(arguments[cut + 1 :]),
    )


def refuse(parser: argparse.ArgumentParser, problem: str) -> NoReturn:
    """Leave with status 2 and one line that says why."""
    parser.exit(2, f"{parser.prog}: {problem}\n")


def parse_port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 0 < int(text) < 65536):
        raise argparse.ArgumentTypeError(f"{text!r} is not a port from 1 to 65535")
    return int(text)


def parse_text(text: str) -> str:
    if not text.strip():
        raise argparse.ArgumentTypeError("it is empty")
    return text
