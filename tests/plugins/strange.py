"""Plugins that are strange, each with what must be said of it; they are made into wheels and installed by pip."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass, field
from pathlib import Path

GOOD = """
from modelhub import ModelWrapperBase

class W(ModelWrapperBase):
    def __init__(self, config_name, voice="loud"):
        super().__init__(config_name)

    def __call__(self, text):
        return text
"""
HOOK = """
from modelhub.hooks import hookimpl

@hookimpl
def resolve_secret(scheme, name):
    return None
"""
LATER = "def f():\n    {}\nf()\n" + GOOD  # what only an import finds out


@dataclass
class Strange:
    """A plugin: its modules, and what is said of it.

    ``seen`` is what `modelhub plugins` says, and ``tried`` what it says with --check; None when all is well.
    ``codes`` are those of a config with a misspelt key.
    """

    files: dict[str, str]
    seen: str | None = None
    tried: str | None = None
    codes: list[str] = field(default_factory=lambda: ["MH103"])
    value: str = "{0}:W"
    group: str = "modelhub.wrappers"
    gone: list[str] = field(default_factory=list)  # the files that are gone again


def source(text: str, **more: object) -> Strange:
    """A plugin of one module."""
    return Strange({"{0}.py": text}, **more)  # type: ignore[arg-type]


GONE = "is gone; install it again, or uninstall it"
ENDED = "importing it ended the process, "
TABLE: dict[str, Strange] = {
    "good": source(GOOD),
    "slow": source("import time\ntime.sleep(60)" + GOOD, tried="importing it takes more than 6 seconds"),
    "spins": source(LATER.format("while True: pass"), tried="importing it takes more than 6 seconds"),
    "exits": source(
        "import os\nos._exit(7)" + GOOD, seen="ends the program: os._exit(7)", tried=ENDED + "exit status 7"
    ),
    "exits_well": source(LATER.format("import os; os._exit(0)"), tried=ENDED + "exit status 0"),
    "leaves": source("import sys\nsys.exit('bye')" + GOOD, seen="sys.exit('bye')", tried="raised SystemExit: bye"),
    "leaves_later": source(LATER.format("import sys; sys.exit('bye')"), tried="raised SystemExit: bye"),
    "aborts": source(LATER.format("import os; os.abort()"), tried=ENDED + "signal SIGABRT"),
    "crashes": source(LATER.format("import ctypes; ctypes.string_at(0)"), tried=ENDED + "signal SIGSEGV"),
    "interrupts": source(LATER.format("raise KeyboardInterrupt"), tried="raised KeyboardInterrupt"),
    "raises": source(
        "raise RuntimeError('no licence')" + GOOD,
        seen="importing it raises RuntimeError: no licence",
        tried="importing it raised RuntimeError: no licence",
    ),
    "raises_below": Strange(
        {"{0}/__init__.py": "from .a.b import W", "{0}/a/__init__.py": "", "{0}/a/b.py": "raise OSError('no')" + GOOD},
        seen="importing it raises OSError: no",
        tried="importing it raised OSError: no",
    ),
    "raises_perhaps": source("if False:\n    raise OSError('no')" + GOOD),
    "no_python": source("def f(:", seen="importing it raises SyntaxError", tried="SyntaxError", codes=["MH503"]),
    "needs": source("import nowhere_at_all" + GOOD, seen="needs the package 'nowhere_at_all'", tried="nowhere_at_all"),
    "needs_perhaps": source("try:\n    import nowhere_at_all\nexcept ImportError:\n    pass" + GOOD),
    "prints": source("print('hello')" + GOOD, tried="prints on standard output"),
    "writes": source("import os\nos.write(1, b'raw')" + GOOD, tried="where only answers belong: 'raw'"),
    "complains": source("import sys\nprint('hello', file=sys.stderr)" + GOOD),
    "asks": source("input('key? ')" + GOOD, tried="raised EOFError"),
    "threads": source("import threading, time\nthreading.Thread(target=time.sleep, args=(60,)).start()" + GOOD),
    "stays": source("import atexit, time\natexit.register(time.sleep, 60)" + GOOD),
    "spawns": source("import subprocess\nsubprocess.Popen(['sleep', '60'])" + GOOD),
    "number": source("W = 1", seen="no subclass of modelhub.ModelWrapperBase", tried="no subclass", codes=["MH503"]),
    "function": source("def W(**kw): ...", seen="no subclass of", tried="no subclass", codes=["MH503"]),
    "other_class": source("class W: ...", seen="no subclass of", tried="no subclass", codes=["MH503"]),
    "unnamed": source("V = 1", seen="there is no 'W' in ", tried="has no attribute 'W'", codes=["MH503"]),
    "lazy": Strange(
        {
            "{0}/__init__.py": "import importlib\ndef __getattr__(name):\n"
            "    return getattr(importlib.import_module('.x', __name__), name)",
            "{0}/x.py": GOOD,
        },
        codes=["MH503"],
    ),
    "made": source(GOOD + "\nV = W\nW = (lambda cls: cls)(V)", codes=["MH103"]),
    "made_only": source(
        "from modelhub import ModelWrapperBase\nW = type('W', (ModelWrapperBase,), {})", codes=["MH503"]
    ),
    "starred": Strange({"{0}/__init__.py": "from .x import *", "{0}/x.py": GOOD}),
    "renamed": Strange({"{0}/__init__.py": "from .x import W as V", "{0}/x.py": GOOD}, value="{0}:V"),
    "nested": source(GOOD + "\nclass N:\n    V = W\n    class W(W): ...", value="{0}:N.W"),
    "no_init": source("from modelhub import ModelWrapperBase\nclass W(ModelWrapperBase): ...", codes=[]),
    "extends": source("from modelhub.wrappers.openai import OpenAIChatWrapper\nclass W(OpenAIChatWrapper): ..."),
    "gone": Strange({"{0}/__init__.py": GOOD}, GONE, GONE, ["MH501"], gone=["{0}"]),
    "gone_module": source(GOOD, seen=GONE, tried=GONE, codes=["MH501"], gone=["{0}.py"]),
    "gone_below": Strange(
        {"{0}/__init__.py": "", "{0}/x.py": GOOD}, GONE, GONE, ["MH501"], value="{0}.x:W", gone=["{0}/x.py"]
    ),
    "hollow": Strange(
        {"{0}/__init__.py": GOOD, "{0}/data.txt": ""},
        "nothing but a folder is left",
        "nothing but a folder is left",
        ["MH501"],
        gone=["{0}/__init__.py"],
    ),
    "garbled": source(GOOD, value="no reference", seen="no 'module:name'", tried="no 'module:name'", codes=["MH501"]),
    "bad_schema": Strange(
        {"{0}/__init__.py": GOOD, "{0}/schemas/{0}.json": "["}, "is not JSON", "is not JSON", ["MH501"]
    ),
    "hooks": source(HOOK, group="modelhub", value="{0}"),
    "hooks_print": source("print('hello')" + HOOK, tried="prints on standard output", group="modelhub", value="{0}"),
    "hooks_gone": source(HOOK, seen=GONE, tried=GONE, group="modelhub", value="{0}", gone=["{0}.py"]),
    "hooks_exit": source(
        "import os\nos._exit(3)" + HOOK, seen="os._exit(3)", tried="exit status 3", group="modelhub", value="{0}"
    ),
    "hooks_none": source("X = 1", tried="it implements no hook", group="modelhub", value="{0}"),
    "formatter": source(
        "from modelhub.formatters import FormatterBase\nclass W(FormatterBase): ...", group="modelhub.formatters"
    ),
    "formatter_gone": source("class W: ...", seen=GONE, tried=GONE, group="modelhub.formatters", gone=["{0}.py"]),
    "formatter_slow": source(
        LATER.format("import time; time.sleep(60)"), tried="takes more than 6 seconds", group="modelhub.formatters"
    ),
    "formatter_none": source("W = {}", tried="no subclass", group="modelhub.formatters"),
    "formatter_text": source("W = ''", seen="no subclass", tried="no subclass", group="modelhub.formatters"),
}


def build_wheel(name: str, strange: Strange, folder: Path) -> Path:
    """The wheel of a plugin, whose module and type are called odd_NAME."""
    own = f"odd_{name}"
    info = f"{own}-1.0.dist-info"
    files = {file.format(own): text for file, text in strange.files.items()}
    files |= {
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {own.replace('_', '-')}\nVersion: 1.0\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/entry_points.txt": f"[{strange.group}]\n{own} = {strange.value.format(own)}\n",
    }
    path = folder / f"{own}-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as wheel:
        for file, text in files.items():
            wheel.writestr(file, text)
        wheel.writestr(f"{info}/RECORD", "".join(f"{file},,\n" for file in files) + f"{info}/RECORD,,\n")
    return path
