"""How questions come into a cluster: packs with numbers, which a task of Ray Data reads from an actor."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from typing import Any

from modelhub.overriding import override

_MOST = 64  # packs that are taken at once


class Feed:
    """The packs that wait for answers, an actor beside the process that has the rows.

    A task that reads is begun anew where it fails, and then has to say the same again: what is asked for once more is
    still here until it is answered, and is empty afterwards, for then its answer has arrived.
    """

    def __init__(self) -> None:
        self._packs: dict[int, bytes] = {}
        self._next = 0  # the number of the pack that comes next
        self._ended = False
        self._changed = asyncio.Condition()

    async def fill(self, start: int, packs: Sequence[bytes], answered: Sequence[int], ended: bool) -> bool:
        """Take in ``packs``, numbered from ``start``, and let go of those ``answered``; with ``ended``, no more come.

        False if ``start`` is not what comes next, since what came before was lost with the actor: see ``refill``.
        """
        if start != self._next:
            return False
        for number in answered:
            self._packs.pop(number, None)
        await self.refill({**self._packs, **dict(enumerate(packs, start))}, start + len(packs), ended)
        return True

    async def refill(self, packs: dict[int, bytes], following: int, ended: bool) -> None:
        """Take in all that is not yet answered; ``following`` is the number of the pack that comes next."""
        async with self._changed:
            self._packs, self._next, self._ended = packs, following, ended
            self._changed.notify_all()

    async def take(self, number: int, stop: int) -> list[bytes]:
        """Packs from ``number`` on, before ``stop``, once there are any; none when no more will come."""
        async with self._changed:
            await self._changed.wait_for(lambda: number < self._next or self._ended)
            return [self._packs.get(each, b"") for each in range(number, min(self._next, stop, number + _MOST))]

    async def wait(self) -> None:
        """Never return: what waits for this is told when the actor is lost."""
        await asyncio.Event().wait()


def read_packs(feed: Any, start: int, stop: int) -> Iterator[Any]:
    """Tables of one pack and its number each, from the number ``start`` until ``stop`` or until there are no more."""
    import pyarrow
    import ray

    number = start
    while packs := ray.get(feed.take.remote(number, stop)):
        for pack in packs:
            yield pyarrow.table({"number": [number], "pack": [pack]})
            number += 1


def build_source(feed: Any, start: int, stop: int) -> Any:
    """A Datasource of Ray Data, of one task, which reads the packs with these numbers."""
    from functools import partial

    from ray.data.block import BlockMetadata
    from ray.data.datasource import Datasource, ReadTask

    nothing_known = BlockMetadata(num_rows=None, size_bytes=None, input_files=None, exec_stats=None)

    class Questions(Datasource):  # type: ignore[misc]
        @override
        def estimate_inmemory_data_size(self) -> int | None:
            return None

        @override
        def get_read_tasks(self, parallelism: int, *limits: Any, **kwargs: Any) -> list[Any]:
            return [ReadTask(partial(read_packs, feed, start, stop), nothing_known)]

    return Questions()
