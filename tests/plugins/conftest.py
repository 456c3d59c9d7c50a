"""Distributions that are laid out on a path by hand, and searched by this process."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from modelhub.registry.installed import InstalledWrappers

Install = Callable[..., InstalledWrappers]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Lays out a distribution with entry points and files, and searches anew."""
    monkeypatch.syspath_prepend(str(tmp_path))
    before = set(sys.modules)

    def install(
        entries: dict[str, str], files: dict[str, str], metadata: str | None = "Name: odd\nVersion: 9"
    ) -> InstalledWrappers:
        info = tmp_path / "odd-9.dist-info"
        points = "".join(f"{name} = {value}\n" for name, value in entries.items())
        texts = {info / "entry_points.txt": f"[modelhub.wrappers]\n{points}"}
        texts |= {tmp_path / name: text for name, text in files.items()}
        if metadata is not None:
            texts[info / "METADATA"] = f"Metadata-Version: 2.1\n{metadata}\n"
        for path, text in texts.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
        return InstalledWrappers()

    yield install
    for name in set(sys.modules) - before:
        if name.startswith("odd"):
            del sys.modules[name]
