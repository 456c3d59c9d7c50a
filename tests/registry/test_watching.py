"""A registry that watches its files: editors, half-written files, links that are swapped, folders, threads."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import threading
import time
import weakref
from collections.abc import Callable
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import pytest

import modelhub
from modelhub import ReloadReport
from modelhub.errors import ConfigError, ConfigWarning
from modelhub.registry import default, waiting, watching
from modelhub.registry.registry import ModelRegistry
from modelhub.testing import VirtualClock

A = "{config_name: a, model_type: openai_chat, model_name: m}"
B = "{config_name: b, model_type: openai_chat, model_name: m}"
C = "{config_name: c, model_type: openai_chat, model_name: m}"
WRONG = f"[{A[:-1]}, nonsense: 1}}]"


def write(path: Path, text: str) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)


class Scene:
    """A registry without a thread, and a lookout that a test makes look."""

    def __init__(self, source: Any, profile: str = "") -> None:
        self.clock = VirtualClock()
        self.hub = ModelRegistry(source, profile=profile)
        self.heard: list[Any] = []
        self.hub.on_reload(self.heard.append)
        self.lookout = watching.Lookout(self.clock)

    def look(self) -> float:
        """Look once, after the time that it wants to be waited."""
        seconds = self.lookout.look(self.hub._loader)
        self.clock.advance(seconds)
        return seconds

    def settle(self, looks: int = 6) -> list[Any]:
        """Look until nothing more can happen; what the callbacks have heard since."""
        self.heard.clear()
        for _ in range(looks):
            self.look()
        return list(self.heard)


def save_anew(path: Path) -> None:
    """What vim does: the old file is renamed, and a new one written."""
    path.rename(path.with_name("m.yaml~"))
    path.write_text(f"[{A}, {B}]")


def replace_by_rename(path: Path) -> None:
    (path.parent / ".m.yaml.tmp").write_text(f"[{A}, {B}]")
    (path.parent / ".m.yaml.tmp").replace(path)


def keep_the_time(path: Path) -> None:
    """Another text of the same length, with the time of the old one."""
    before = path.stat()
    path.write_text(f"[{B}]")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


EDITS: dict[str, tuple[Callable[[Path], Any], tuple[tuple[str, ...], ...]]] = {
    "in place": (lambda path: path.write_text(f"[{A}, {B}]"), (("b",), (), (), ("a",))),
    "appended": (lambda path: path.write_text(f"{path.read_text()}- {B}\n"), (("b",), (), (), ("a",))),
    "renamed and written anew": (save_anew, (("b",), (), (), ("a",))),
    "replaced": (replace_by_rename, (("b",), (), (), ("a",))),
    "of the same length and time": (keep_the_time, (("b",), (), ("a",), ())),
    "touched": (lambda path: os.utime(path, (1, 1)), ((), (), (), ("a",))),
}


@pytest.mark.parametrize("edit", EDITS)
def test_an_edit(edit: str, tmp_path: Path) -> None:
    path = tmp_path / "m.yaml"
    path.write_text(f"- {A}\n" if edit == "appended" else f"[{A}]")
    scene = Scene(path)
    assert scene.settle() == []
    change, names = EDITS[edit]
    change(path)
    assert scene.settle() == [ReloadReport(*names, 2 if any(names[:3]) else 1)]
    assert scene.settle() == []


def test_it_waits_until_the_files_lie_still(tmp_path: Path) -> None:
    path = tmp_path / "m.yaml"
    path.write_text(f"[{A}]")
    scene = Scene(path)
    assert scene.look() == waiting.PAUSE
    for number in range(5):
        path.write_text(f"[{A}] #{'x' * number}")
        assert (scene.look(), scene.heard) == (watching.SETTLE, [])
    assert (scene.look(), len(scene.heard)) == (waiting.PAUSE, 1)
    for number in range(50):
        path.write_text(f"[{A}, {B}] #{'x' * number}")
        scene.look()
    assert scene.hub.names() == ["a", "b"], "a file that is always moving is read all the same"


HALVES = {"empty": "", "blank": "\n\n", "cut": "[{config_name: a, model_ty", "no configs": "[]", "comments": "# mod"}


@pytest.mark.parametrize("half", HALVES)
def test_a_half_written_file_is_read_again(half: str, tmp_path: Path) -> None:
    path = tmp_path / "m.yaml"
    path.write_text(f"[{A}]")
    scene = Scene([path])
    model = scene.hub.get_model("a")
    path.write_text(HALVES[half])
    assert [scene.look(), scene.look()] == [watching.SETTLE, waiting.PAUSE]
    assert (scene.heard, scene.hub.last_error, scene.hub.names()) == ([], None, ["a"])
    path.write_text(f"[{A}, {B}]")
    assert scene.settle() == [ReloadReport(("b",), (), (), ("a",), 2)]
    assert scene.hub.get_model("a") is model


@pytest.mark.parametrize("half", HALVES)
def test_what_stays_half_written_is_taken_at_its_word(half: str, tmp_path: Path) -> None:
    path = tmp_path / "m.yaml"
    path.write_text(f"[{A}]")
    scene = Scene([path])
    path.write_text(HALVES[half])
    told = scene.settle()
    if half == "no configs":
        assert told == [ReloadReport((), (), ("a",), (), 2)]
        return
    assert len(told) == 1
    assert isinstance(told[0], ConfigError)
    assert told[0] is scene.hub.last_error
    assert scene.hub.names() == ["a"]
    assert scene.settle() == [], "it is told once"
    path.write_text(f"[{A}]")
    assert scene.settle() == [ReloadReport((), (), (), ("a",), 1)]
    assert scene.hub.last_error is None


def test_a_wrong_file_is_refused_at_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "m.yaml"
    path.write_text(f"[{A}]")
    scene = Scene(path)
    path.write_text(WRONG)
    scene.look()
    scene.look()
    assert [str(error).partition(" ")[0] for error in scene.heard] == [f"{path}:1:59:"]
    assert f"refused, the old ones stay in use: {path}:1:59: MH103" in caplog.text
    assert scene.hub.names() == ["a"]


def test_a_warning_that_is_raised_refuses(tmp_path: Path) -> None:
    path = tmp_path / "m.yaml"
    path.write_text(f"[{A}]")
    scene = Scene(path)
    path.write_text(f"[{A[:-1]}, generate_args: {{our_option: 1}}}}]")
    with pytest.warns(ConfigWarning):
        scene.hub.reload()
    path.write_text(f"\n[{A[:-1]}, generate_args: {{our_option: 2}}}}]")
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        (told,) = scene.settle()
    assert [problem.code for problem in told.problems] == ["MH110"]
    assert scene.hub.config("a")["generate_args"] == {"our_option": 1}


@pytest.mark.skipif(os.name == "nt", reason="needs links")
def test_the_links_of_kubernetes(tmp_path: Path) -> None:
    def publish(version: str, text: str) -> None:
        write(tmp_path / version / "m.yaml", text)
        (tmp_path / "..data_tmp").symlink_to(version)
        (tmp_path / "..data_tmp").replace(tmp_path / "..data")

    publish("..2026_1", f"[{A}, {B[:-1]}, api_key: '${{file:key}}'}}]")
    (tmp_path / "m.yaml").symlink_to("..data/m.yaml")
    for source in (tmp_path, tmp_path / "m.yaml"):
        scene = Scene(source)
        publish("..2026_2", f"[{A[:-1]}, timeout: 5}}, {B[:-1]}, api_key: '${{file:key}}'}}]")
        assert scene.settle() == [ReloadReport((), ("a",), (), ("b",), 2)]
        publish("..2026_1", f"[{A}, {B[:-1]}, api_key: '${{file:key}}'}}]")
        assert scene.settle() == [ReloadReport((), ("a",), (), ("b",), 3)]


def test_a_folder(tmp_path: Path) -> None:
    folder = tmp_path / "conf"
    write(folder / "a.yaml", A)
    scene = Scene(folder)
    write(folder / "b.yaml", B)
    assert scene.settle() == [ReloadReport(("b",), (), (), ("a",), 2)]
    write(folder / "below" / "c.yaml", C)
    assert scene.settle() == [ReloadReport(("c",), (), (), ("a", "b"), 3)]
    write(folder / "notes.txt", "no config")
    write(folder / ".b.yaml.swp", "no config")
    assert scene.settle() == []
    (folder / "b.yaml").unlink()
    assert [scene.look(), scene.look()] == [watching.SETTLE, waiting.PAUSE]
    assert scene.heard == [], "somebody may be writing it anew"
    assert scene.settle() == [ReloadReport((), (), ("b",), ("a", "c"), 4)]
    for path in (folder / "a.yaml", folder / "below" / "c.yaml"):
        path.rename(path.with_suffix(".old"))
    (refusal,) = scene.settle()
    assert "the folder holds no config file" in str(refusal)
    assert scene.hub.names() == ["a", "c"]


def test_includes_and_overlays(tmp_path: Path) -> None:
    folder = tmp_path / "conf"
    write(folder / "m.yaml", f"include: [one.yaml, 'team/*.yaml']\nmodels: [{A}]")
    write(folder / "one.yaml", "profiles: {prod: {a: {timeout: 1}}}")
    write(folder / "team" / "b.yaml", B)
    scene = Scene(folder / "m.yaml", profile="prod")
    write(folder / "one.yaml", "profiles: {prod: {a: {timeout: 2}}}")
    assert scene.settle() == [ReloadReport((), ("a",), (), ("b",), 2)]
    write(folder / "team" / "c.yaml", C)
    assert scene.settle() == [ReloadReport(("c",), (), (), ("b", "a"), 3)]
    (folder / "team" / "b.yaml").unlink()
    assert scene.settle() == [ReloadReport((), (), ("b",), ("c", "a"), 4)]
    (folder / "one.yaml").unlink()
    (refusal,) = scene.settle()
    assert refusal.problems[0].code == "MH303"
    write(folder / "one.yaml", "profiles: {prod: {a: {timeout: 3}}}")
    assert scene.settle() == [ReloadReport((), ("a",), (), ("c",), 5)]


def test_a_reload_by_hand_is_not_done_again(tmp_path: Path) -> None:
    path = tmp_path / "m.yaml"
    path.write_text(f"[{A}]")
    scene = Scene(path)
    path.write_text(f"[{A}, {B}]")
    scene.hub.reload()
    assert len(scene.heard) == 1
    assert scene.settle() == []


def count_threads() -> int:
    return sum(thread.name == "modelhub-watch" for thread in threading.enumerate())


def wait_until(reached: Callable[[], bool]) -> None:
    """Give threads up to ten seconds."""
    end = time.monotonic() + 10
    while not reached():
        assert time.monotonic() < end
        time.sleep(0.01)


@pytest.fixture(params=["told by the system", "polling"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param == "polling":
        monkeypatch.setattr(waiting, "find_spec", lambda name: None)
    else:
        pytest.importorskip("watchfiles")
    return str(request.param)


@pytest.mark.usefixtures("way")
def test_real_files_and_a_real_thread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(default, "_default", None)
    path = tmp_path / "m.yaml"
    path.write_text(f"[{A}]")
    before = count_threads()
    told: SimpleQueue[Any] = SimpleQueue()
    hub = modelhub.init(path, watch=True)
    hub.on_reload(lambda news: told.put((news, threading.current_thread().name)))
    assert count_threads() == before + 1
    model = hub.get_model("a")
    path.write_text(f"[{A}, {B}]")
    assert told.get(timeout=10) == (ReloadReport(("b",), (), (), ("a",), 2), "modelhub-watch")
    assert modelhub.get_model("a") is model
    path.write_text(WRONG)
    assert told.get(timeout=10)[0] is hub.last_error
    replace_by_rename(path)
    assert told.get(timeout=10)[0] == ReloadReport((), (), (), ("a", "b"), 2)
    hub.close()
    assert count_threads() == before


@pytest.mark.usefixtures("way")
def test_a_dropped_registry_ends_its_thread(tmp_path: Path) -> None:
    path = tmp_path / "m.yaml"
    path.write_text(f"[{A}]")
    before = count_threads()
    hub = ModelRegistry(path, watch=True)
    hub.get_model("a")
    gone = weakref.ref(hub)
    del hub
    wait_until(lambda: gc.collect() >= 0 and gone() is None)
    wait_until(lambda: count_threads() == before)


def test_close_from_a_callback(tmp_path: Path) -> None:
    path = tmp_path / "m.yaml"
    path.write_text(f"[{A}]")
    closed, before = threading.Event(), count_threads()
    hub = ModelRegistry(path, watch=True)
    hub.on_reload(lambda news: (hub.close(), closed.set()))
    path.write_text(f"[{A}, {B}]")
    assert closed.wait(10)
    assert hub.is_closed
    wait_until(lambda: count_threads() == before)


def test_no_thread_without_watch_or_after_a_failure(tmp_path: Path) -> None:
    before = count_threads()
    ModelRegistry({"config_name": "a", "model_type": "openai_chat"}).reload()
    (tmp_path / "m.yaml").write_text(WRONG)
    with pytest.raises(ConfigError):
        ModelRegistry(tmp_path, watch=True)
    assert count_threads() == before


FORKED = f"""
import os, threading, modelhub
from pathlib import Path
Path("m.yaml").write_text("[{A}]")
hub = modelhub.init("m.yaml", watch=True)
if (child := os.fork()) == 0:
    threads = threading.active_count()
    hub.reload()
    hub.close()
    os._exit(threads)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), threading.active_count())
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_fork_does_not_inherit_it(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", FORKED], cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert (done.stdout.split(), done.returncode) == (["1", "2"], 0), done.stderr


def test_where_the_system_does_not_tell(tmp_path: Path) -> None:
    pytest.importorskip("watchfiles")
    stop = threading.Event()
    stop.set()
    waiter = waiting.Listener(stop)
    waiter.wait(waiting.PAUSE, frozenset({str(tmp_path / "gone")}))
    waiter.wait(waiting.PAUSE, frozenset())
    assert isinstance(waiting.build_waiter(stop), waiting.Listener)
