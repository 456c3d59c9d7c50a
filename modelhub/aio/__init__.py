"""The asyncio driver; ``driver`` serves flows, ``session`` holds the connections of one event loop."""

from modelhub.aio.driver import AioDriver as AioDriver
