"""What carries questions to a cluster: nothing is lost with a part of it, and only what is under way is asked twice."""

from __future__ import annotations

import asyncio
import os
import signal
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from modelhub.bulk.answers import Answer
from modelhub.bulk.partial import RefusedError
from modelhub.bulk.questions import Question, Questions
from modelhub.bulk.ray import RayCarrier, cluster
from modelhub.bulk.ray.feed import Feed
from modelhub.registry import ModelRegistry
from modelhub.testing import MockServer

from ...model_servers.chosen import needs

CALLS = 8

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # Ray has its own


async def number(texts: list[str]) -> AsyncIterator[tuple[int, Question]]:
    questions = Questions(field="text")
    for index, text in enumerate(texts):
        yield index, questions.build({"text": text})


def find_workers(name: str) -> list[int]:
    """The processes of Ray that this test may end: those below its own."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                title = (folder / "cmdline").read_text()
            except OSError:
                continue
            if title.startswith(name) and is_ours(int(folder.name)):
                found.append(int(folder.name))
    return found


def is_ours(process: int) -> bool:
    while process > 1:
        if process == os.getpid():
            return True
        process = int(Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[1])
    return False


@needs("ray")
def test_an_actor_and_the_feed_are_killed(ray_cluster: str, tmp_path: Path) -> None:
    texts = [f"question {n}" for n in range(60)]
    with MockServer(latency=0.1) as server:
        path = tmp_path / "models.yaml"
        path.write_text(
            f"- {{config_name: gpt, model_type: openai_chat, api_key: k, client_args: {{base_url: '{server.url}/v1'}}}}"
        )

        async def carry() -> dict[int, Answer]:
            answers: dict[int, Answer] = {}
            victims = ["ray::MapWorker", "ray::Feed"]
            with ModelRegistry(str(path)) as hub:
                async for index, answer in RayCarrier(hub.get_model("gpt"), CALLS).carry(number(texts)):
                    assert index not in answers
                    answers[index] = answer
                    if victims and len(answers) >= 10 * (3 - len(victims)):
                        (pid, *_) = find_workers(victims.pop(0))
                        os.kill(pid, signal.SIGKILL)
            assert victims == []
            return answers

        answers = asyncio.run(carry())
        asked = Counter(request.json["messages"][-1]["content"] for request in server.requests)
    assert sorted(answers) == [*range(len(texts))]
    assert all(answer.error is None and answer.response for answer in answers.values())
    assert set(asked) == set(texts)
    assert asked.total() - len(texts) <= CALLS


def test_a_feed_that_was_lost_says_so() -> None:
    async def use() -> None:
        feed = Feed()
        assert await feed.fill(0, [b"a", b"b"], [], False)
        assert await feed.take(0, 10) == [b"a", b"b"]
        assert await feed.fill(2, [b"c"], [0], False)
        assert await feed.take(0, 2) == [b"", b"b"], "what is answered is asked no more"
        anew = Feed()
        assert not await anew.fill(3, [b"d"], [], False), "b and c would be taken for answered"
        await anew.refill({1: b"b", 2: b"c", 3: b"d"}, 4, True)
        assert await anew.take(1, 10) == [b"b", b"c", b"d"]
        assert await anew.take(4, 10) == []

    asyncio.run(use())


def test_no_key_crosses() -> None:
    config = {"config_name": "gpt", "model_type": "openai_chat", "api_key": "sk-secret-key-1"}
    with ModelRegistry(config) as hub, pytest.raises(RefusedError, match="Ray cannot carry the model gpt") as caught:
        RayCarrier(hub.get_model("gpt"))
    assert "sk-secret" not in str(caught.value)


def test_without_ray(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "find_spec", lambda name: None)
    needed = pytest.raises(RefusedError, match=r"needs the library ray: pip install 'ray\[data\]'")
    with ModelRegistry({"config_name": "gpt", "model_type": "openai_chat"}) as hub, needed:
        RayCarrier(hub.get_model("gpt"))
