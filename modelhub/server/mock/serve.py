"""The mock server as a command that runs until it is stopped."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from modelhub.server.http import listening
from modelhub.server.mock.app import build_app
from modelhub.server.mock.settings import MockSettings

GREETING = "modelhub mock is listening on {url} (OpenAI at /v1, Ollama at /api, POST API at /llm/)"
_print = partial(print, flush=True)


def serve(
    settings: MockSettings, *, host: str = "127.0.0.1", port: int = 8080, announce: Callable[[str], None] = _print
) -> None:
    """Serve until Ctrl-C or SIGTERM; ``announce`` is called with one line that has the URL. Port 0 means a free port.

    Raises ModelHubError when the address cannot be listened on.
    """
    listening.serve(build_app(settings), GREETING, host=host, port=port, announce=announce)
