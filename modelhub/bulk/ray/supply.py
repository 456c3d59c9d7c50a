"""What a job has handed to a cluster and not yet got back: kept here, so that nothing is lost with a machine."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

from modelhub.bulk.ray.packs import Numbered, build_pack
from modelhub.errors import ModelHubError

_PATIENCE = 0.02  # seconds that a pack which is not full waits for the next question


class Supply:
    """Fills ``feed``, an actor, with packs of at most ``size`` questions, of which ``ahead`` are open at a time."""

    def __init__(self, feed: Any, size: int, ahead: int) -> None:
        self._feed = feed
        self._size = size
        self._room = asyncio.Semaphore(ahead)
        self._open: dict[int, bytes] = {}
        self._answered: list[int] = []
        self._next = 0
        self._ended = False
        self._telling = asyncio.Lock()

    async def fill(self, questions: AsyncIterator[Numbered]) -> None:
        """Hand all ``questions`` over, and then say that there are no more."""
        coming: asyncio.Task[Numbered] | None = None
        pack: list[Numbered] = []
        try:
            while True:
                coming = coming or asyncio.ensure_future(anext(questions))
                if pack and not (await asyncio.wait([coming], timeout=_PATIENCE))[0]:
                    await self._hand_over(pack)
                    pack = []
                pack.append(await coming)
                coming = None
                if len(pack) == self._size:
                    await self._hand_over(pack)
                    pack = []
        except StopAsyncIteration:
            coming = None
        finally:
            if coming is not None:
                coming.cancel()
        if pack:
            await self._hand_over(pack)
        self._ended = True
        await self._tell()

    async def mend(self) -> None:
        """Fill the feed anew whenever it has been lost and is there again."""
        from ray.exceptions import RayError

        while True:
            with suppress(RayError):
                await self._feed.wait.options(max_task_retries=0).remote()
            with suppress(RayError):
                await self._tell()
            await asyncio.sleep(1)  # where it comes back no more, the job ends

    def release(self, number: int) -> None:
        """Note that the answers to a pack have come; they come once more where a machine was lost meanwhile."""
        if self._open.pop(number, None) is not None:
            self._answered.append(number)
            self._room.release()

    def is_open(self, number: int) -> bool:
        """Whether the answers to a pack are waited for."""
        return number in self._open

    def check_all_came(self) -> None:
        """Raise ModelHubError if answers are waited for that will not come."""
        if self._open or not self._ended:
            raise ModelHubError(f"Ray has lost {len(self._open)} packs of rows; they are asked when the job goes on")

    async def _hand_over(self, pack: list[Numbered]) -> None:
        await self._room.acquire()
        self._open[self._next] = packed = build_pack(pack)
        self._next += 1
        await self._tell(packed)

    async def _tell(self, *packs: bytes) -> None:
        """Hand over the newest packs, if there are any, and all that is open to a feed that has lost it."""
        async with self._telling:
            answered, self._answered = self._answered, []
            if not await self._feed.fill.remote(self._next - len(packs), packs, answered, self._ended):
                await self._feed.refill.remote(self._open, self._next, self._ended)
