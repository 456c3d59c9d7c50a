"""The mock server as a command that runs until it is stopped."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from modelhub.server.http import listening
from modelhub.server.mock.app import build_app
from modelhub.server.mock.settings import MockSettings
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
) -> None:
    """Serve until Ctrl-C or SIGTERM; ``announce`` is called with one line that has the URL. Port 0 means a free port.

    With ``stats``, it is called with a table of what was seen at the end. Raises ModelHubError when the address cannot
    be listened on.
    """
    tally = Tally()
    listening.serve(build_app(settings, tally=tally), GREETING, host=host, port=port, announce=announce)
    if stats:
        announce(tally.tell().table())
