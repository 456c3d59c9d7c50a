"""What starting costs: imports, a first model, and the whole way to a first answer, each in fresh processes."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from benchmarks.contestant import LABELS
from benchmarks.fresh import BARE, take_cpu_time
from benchmarks.measure import Rival, Row, compare

CONFIG = """\
config_name: bench
model_type: openai_chat
model_name: gpt-4o-mini
api_key: ${{OPENAI_API_KEY:-sk-bench}}
client_args:
  base_url: {url}
generate_args:
  temperature: 0.7
"""
FETCH = "import modelhub; modelhub.init('models.yaml'); modelhub.get_model('bench')"
ASK = f"{FETCH}('Hello').text"
THEIRS = "from contestants.{name} import open_blocking; open_blocking({url!r})['call']()"


def measure(url: str, folder: Path, peers: dict[str, str], quick: bool) -> Iterator[Row]:
    """The rows about starting; costs of importing are those over bare Python's."""
    rounds = 1 if quick else 5 if peers else 15
    folder.joinpath("models.yaml").write_text(CONFIG.format(url=url), "utf-8")
    bare = partial(take_cpu_time, BARE, folder)
    requests = partial(take_cpu_time, "import requests", folder)
    imports = [
        Rival(LABELS.get(peer, peer), partial(take_cpu_time, f"import {peer}", folder, python))
        for peer, python in peers.items()
    ]
    answers = [
        Rival(
            LABELS.get(peer, peer),
            partial(take_cpu_time, THEIRS.format(name=peer, url=url), folder, python),
            0.18 if peer == "openai" else None,
        )
        for peer, python in peers.items()
    ]
    yield from compare(
        "import modelhub",
        partial(take_cpu_time, "import modelhub", folder),
        [Rival("import requests", requests), *imports],
        rounds=rounds,
        unit="ms",
        bare=bare,
    )
    yield from compare(
        "init + get_model",
        partial(take_cpu_time, FETCH, folder),
        [Rival("import requests", requests, 0.8)],
        rounds=rounds,
        unit="ms",
        bare=bare,
    )
    by_hand = Rival("requests", partial(take_cpu_time, THEIRS.format(name="requests", url=url), folder))
    yield from compare(
        "start to first answer",
        partial(take_cpu_time, ASK, folder),
        [by_hand, *answers],
        rounds=rounds,
        unit="ms",
    )
