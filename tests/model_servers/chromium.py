"""A real browser without a window: the Chromium that ``scripts/fetch_chromium_for_tests`` made, or that on the PATH."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import aiohttp

_SECONDS = 60.0
_OPTIONS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--remote-debugging-port=0")


def find_chromium() -> Path | None:
    """The program to test with; None when there is none. Raises FileNotFoundError for a folder that has none."""
    named = os.environ.get("MODELHUB_TEST_CHROMIUM")
    binary = Path(named or "~/.cache/modelhub-tests/chromium").expanduser() / "bin/chromium"
    if binary.exists():
        return binary
    if named:
        raise FileNotFoundError(f"MODELHUB_TEST_CHROMIUM names {named}, which has no bin/chromium")
    installed = next(filter(None, map(shutil.which, ("chromium-headless-shell", "chromium", "google-chrome"))), None)
    return Path(installed) if installed else None


class Tab:
    """A tab of the browser, driven by its DevTools protocol (https://chromedevtools.github.io/devtools-protocol/).

    ``errors`` is what its console has said, ``requests`` the addresses that its pages have loaded.
    """

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.errors: list[str] = []
        self.requests: list[str] = []
        self._socket = socket
        self._numbers = itertools.count(1)
        self._session: str | None = None

    async def begin(self) -> None:
        """Make the tab."""
        target = await self.send("Target.createTarget", url="about:blank")
        attached = await self.send("Target.attachToTarget", targetId=target["targetId"], flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            await self.send(f"{domain}.enable")

    async def set_size(self, width: int, height: int, *, mobile: bool) -> None:
        """Have a screen of that many pixels."""
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": mobile}
        await self.send("Emulation.setDeviceMetricsOverride", **size)

    async def open(self, address: str) -> None:
        """Go to a page, and wait until it is loaded."""
        await self.send("Page.navigate", url=address)
        await self._until("Page.loadEventFired")

    async def ask(self, expression: str) -> Any:
        """The value of a JavaScript expression, awaited when it is a promise."""
        options = {"returnByValue": True, "awaitPromise": True}
        reply = await self.send("Runtime.evaluate", expression=expression, **options)
        assert "exceptionDetails" not in reply, reply
        return reply["result"].get("value")

    async def send(self, method: str, **parameters: Any) -> dict[str, Any]:
        """The result of a method of the protocol."""
        number = next(self._numbers)
        session = {"sessionId": self._session} if self._session else {}
        await self._socket.send_json({"id": number, "method": method, "params": parameters, **session})
        while True:
            message = await self._receive()
            if message.get("id") == number:
                assert "error" not in message, (method, message)
                result: dict[str, Any] = message["result"]
                return result

    async def _until(self, event: str) -> None:
        while (await self._receive()).get("method") != event:
            pass

    async def _receive(self) -> dict[str, Any]:
        message: dict[str, Any] = await self._socket.receive_json(timeout=_SECONDS)
        told = message.get("params", {})
        match message.get("method"):
            case "Network.requestWillBeSent":
                self.requests.append(told["request"]["url"])
            case "Runtime.exceptionThrown":
                self.errors.append(str(told["exceptionDetails"]))
            case "Runtime.consoleAPICalled" if told["type"] in ("error", "warning", "assert"):
                self.errors.append(str(told["args"]))
            case "Log.entryAdded" if told["entry"]["level"] in ("error", "warning"):
                self.errors.append(str(told["entry"]))
        return message


@contextlib.asynccontextmanager
async def run_chromium() -> AsyncIterator[Tab]:
    """A tab of a browser that knows nothing of the one before it; no process of it is left afterwards."""
    program = find_chromium()
    assert program is not None
    with TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        command = [str(program), *_OPTIONS, f"--user-data-dir={profile}", "about:blank"]
        process = await asyncio.create_subprocess_exec(*command, stderr=asyncio.subprocess.PIPE)
        try:
            address = await asyncio.wait_for(_find_address(process), _SECONDS)
            async with aiohttp.ClientSession() as session, session.ws_connect(address, max_msg_size=0) as socket:
                tab = Tab(socket)
                await tab.begin()
                yield tab
                await tab.send("Browser.close")
        finally:
            with contextlib.suppress(ProcessLookupError, TimeoutError):
                await asyncio.wait_for(process.wait(), 10)
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.communicate()


async def _find_address(process: asyncio.subprocess.Process) -> str:
    """Where the browser listens, which it says on stderr."""
    assert process.stderr is not None
    said = ""
    async for line in process.stderr:
        said += line.decode(errors="replace")
        if "DevTools listening on " in said:
            return said.rpartition("DevTools listening on ")[2].strip()
    raise OSError(f"Chromium has not started: {said}")
