"""The mock server as a command that runs until it is stopped."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from modelhub.server.http import listening
from modelhub.server.mock.app import build_app
from modelhub.server.mock.point import list_addresses
from modelhub.server.mock.settings import MockSettings
from modelhub.server.mock.showing import build_shower
from modelhub.server.mock.tally import Tally

GREETING = "modelhub mock is listening on {url} (OpenAI at /v1, Ollama at /api, POST API at /llm/)"
_print = partial(print, flush=True)


def serve(
    settings: MockSettings,
    *,
    host: str = "127.0.0.1",
    port: int = 8080,
    announce: Callable[[str], None] = _print,
    stats: bool = False,
    show: Callable[[str], object] | None = None,
) -> None:
    """Serve until Ctrl-C or SIGTERM; ``announce`` is called with one line that has the URL. Port 0 means a free port.

    With ``stats``, it is called with a table of what was seen at the end. ``show`` is called with the addresses of the
    formats, and with a line for each request. Raises ModelHubError when the address cannot be listened on.
    """
    tally = Tally()
    app = build_app(settings, tally=tally)
    if show is not None:
        app.middlewares.append(build_shower(show))
    greet = announce if show is None else partial(_greet, announce, show)
    listening.serve(app, GREETING, host=host, port=port, announce=greet)
    if stats:
        announce(tally.tell().table())


def _greet(announce: Callable[[str], None], show: Callable[[str], object], greeting: str) -> None:
    announce(greeting)
    url = next(word for word in greeting.split() if word.startswith("http://"))
    for title, key, address in list_addresses(url):
        show(f"  {title:14} {key}: {address}")
