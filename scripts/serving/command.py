"""What a start script does: plan, check, run, print the config, and wait; with an exit status for each way to end."""

import importlib.util
import shlex
import signal
import subprocess
import sys
from pathlib import Path
from types import FrameType, ModuleType
from typing import NoReturn

from .options import Options, build_parser, parse_options, refuse
from .plan import Plan, has_module
from .printing import build_text
from .running import ServingError, is_running, run_plan, watch

SCRIPTS = Path(__file__).resolve().parents[1]
FAILED, USAGE, MISSING = 1, 2, 3
ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Stopped(BaseException):
    """A signal asks for the end."""


def main() -> int:
    engines = sorted(path.parent.name for path in SCRIPTS.glob("*/engine.py"))
    if len(sys.argv) < 2 or sys.argv[1] not in engines:
        say(f"usage: start.py ENGINE -m MODEL ..., where ENGINE is one of {', '.join(engines)}")
        return USAGE
    engine = load_engine(sys.argv[1])
    parser = build_parser(sys.argv[1], engine.PORT, engine.EXAMPLE)
    options = parse_options(parser, sys.argv[2:])
    try:
        plan = engine.build_plan(options)
    except ValueError as error:
        refuse(parser, str(error))
    if options.dry_run:
        print_commands(plan)
        print(build_text(plan.configs), end="")
        return 0
    if problem := find_obstacle(plan, options.config_path):
        refuse(parser, problem)
    if missing := find_missing(plan):
        say(f"{parser.prog}: {missing}")
        return MISSING
    return serve(plan, options)


def load_engine(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"serving.{name}", SCRIPTS / name / "engine.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def serve(plan: Plan, options: Options) -> int:
    """Run until the engine ends or a signal comes; the exit status."""
    serving = False
    for number in ENDING:
        if signal.getsignal(number) is not signal.SIG_IGN:  # as nohup has it
            signal.signal(number, stop)
    try:
        print_commands(plan)
        with run_plan(plan, options.wait) as servers:
            print(build_text(plan.configs), end="", flush=True)
            serving = True
            if options.config_path is not None and not write_config(plan, options.config_path):
                return FAILED
            say(f"{options.model} is served at {options.url}" + ("; ctrl-C stops it" if servers else ""))
            watch(servers)
            return 0
    except ServingError as error:
        say(str(error))
        return FAILED
    except Stopped as stopped:
        return 0 if serving else 128 + stopped.args[0]


def stop(number: int, frame: FrameType | None) -> NoReturn:
    """Leave through every ``finally``, which no second signal interrupts."""
    for other in ENDING:
        signal.signal(other, signal.SIG_IGN)
    raise Stopped(number)


def find_missing(plan: Plan) -> str | None:
    """What is to be installed, and how; None when all is there."""
    for process in plan.processes:
        if process.need is not None and (missing := process.need.find_missing()) and not is_running(process):
            other = "; PYTHON=/path/to/python names another interpreter" if process.need.modules else ""
            return f"{process.name} needs {', '.join(missing)}: {process.need.install}{other}"
    return None


def find_obstacle(plan: Plan, path: Path | None) -> str | None:
    """Why ``path`` cannot be written: there is no such folder, or the file is there and says something else."""
    if path is None:
        return None
    if not path.parent.is_dir():
        return f"--write-config: there is no folder {path.parent}"
    if path.exists() and not (path.is_file() and path.read_bytes() == build_text(plan.configs, path).encode()):
        return f"--write-config: {path} is there and has another config; remove it or name another file"
    return None


def write_config(plan: Plan, path: Path) -> bool:
    """Write the configs, and let modelhub validate them where it is installed; whether they are good."""
    try:
        path.write_bytes(build_text(plan.configs, path).encode())
    except OSError as error:
        say(f"--write-config: {path}: {error.strerror}")
        return False
    if not has_module("modelhub"):
        say(f"wrote {path}; check it with: modelhub validate {shlex.quote(str(path))}")
        return True
    validate = [sys.executable, "-m", "modelhub", "validate", str(path)]
    return subprocess.run(validate, stdout=sys.stderr.fileno(), check=False).returncode == 0


def print_commands(plan: Plan) -> None:
    for process in plan.processes:
        env = [f"{name}={value}" for name, value in process.env.items()]
        note = "  # unless it runs already" if process.may_run_already else ""
        say("+ " + shlex.join([*(["env", *env] if env else []), *process.command]) + note)


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
