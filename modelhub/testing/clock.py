"""A clock that tests move: whatever sleeps by it does not wait."""

from __future__ import annotations

from modelhub.aio import AioDriver
from modelhub.base.drivers import Drivers
from modelhub.overriding import override
from modelhub.sync import SyncDriver


class VirtualClock:
    """Seconds that pass when something sleeps, or when a test says so; calling it tells the time.

    ``slept`` holds every pause, in order.
    """

    def __init__(self, now: float = 0.0) -> None:
        self.now = now
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        """Let ``seconds`` pass without waiting."""
        self.slept.append(seconds)
        self.now += seconds

    async def asleep(self, seconds: float) -> None:
        """The same for an async driver."""
        self.sleep(seconds)

    def advance(self, seconds: float) -> None:
        """Let ``seconds`` pass that nobody has slept."""
        self.now += seconds


class VirtualDrivers(Drivers):
    """Real connections whose pauses take no time: ``model.drivers = VirtualDrivers()``; ``clock`` tells the pauses."""

    def __init__(self, clock: VirtualClock | None = None) -> None:
        super().__init__()
        self.clock = self.wall = self.virtual = clock or VirtualClock()

    @override
    def build_sync(self) -> SyncDriver:
        """A blocking driver that does not wait between tries."""
        return SyncDriver(sleep=self.virtual.sleep)

    @override
    def build_aio(self) -> AioDriver:
        """The same for event loops."""
        return AioDriver(sleep=self.virtual.asleep)
