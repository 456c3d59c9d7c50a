"""A service as a program and as an application for WSGI servers, whichever loaders it uses."""

from __future__ import annotations

import argparse
import importlib.util
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from types import FrameType
from typing import TYPE_CHECKING, Any, NoReturn

from .loading import Loading, describe
from .settings import PREFIX, Settings, read_settings

if TYPE_CHECKING:
    from flask import Flask

    from .generation import Model

log = logging.getLogger("flask_service")


@dataclass(frozen=True)
class Service:
    """One of the services: what it needs, and what loads its models."""

    title: str
    packages: tuple[str, ...]
    find_loaders: Callable[[], tuple[Any, Any]]
    _created: list[Flask] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def create_app(self, **given: Any) -> Flask:
        """The application, whose model is being loaded; settings that are not given are those of the environment."""
        from .app import build_app

        settings = read_settings(given)
        return build_app(settings, Loading(lambda: self.load(settings)).start())

    def application(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """A WSGI application that is made of the environment's settings when the first request comes."""
        with self._lock:
            if not self._created:
                self._created.append(self.create_app())
        return self._created[0](environ, start_response)

    def load(self, settings: Settings) -> Model:
        """The model of the settings."""
        from .transformer import load_model

        return load_model(settings, self.find_loaders)

    def main(self, argv: list[str] | None = None) -> NoReturn:
        """Read the command line, load the model, serve it until a signal ends that."""
        ending = Ending()
        settings, host, port = self.read_command_line(argv)
        missing = [name for name in self.packages if importlib.util.find_spec(name) is None]
        if missing:
            say(f"{', '.join(missing)} not installed: pip install {' '.join(self.packages)} waitress")
            end(3)
        logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s", stream=sys.stderr)
        try:
            loading = Loading(lambda: self.load(settings)).run()
            if loading.error is not None:
                end(1)
            from .app import build_app

            serve(build_app(settings, loading, ending.event.is_set), settings, host, port)
        except OSError as error:
            say(f"cannot listen on {host}:{port}: {describe(error)}")
            end(1)
        except SystemExit:
            pass
        end(ending.code)

    def read_command_line(self, argv: list[str] | None) -> tuple[Settings, str, int]:
        """The settings, the host and the port; ends the program when they are wrong."""
        parser = argparse.ArgumentParser(
            description=self.title, epilog=f"Each option is also read from ${PREFIX}OPTION."
        )
        parser.add_argument("--model", help="a folder, or the id of a model that is downloaded")
        parser.add_argument("--name", help="what requests call it (default: the folder's name, or the id)")
        parser.add_argument("--host", default=os.environ.get(f"{PREFIX}HOST", "127.0.0.1"))
        parser.add_argument(
            "--port", type=int, default=os.environ.get(f"{PREFIX}PORT", "8000"), help="0 is any free one"
        )
        parser.add_argument("--device", help="cpu, cuda:0, ... (default: auto)")
        parser.add_argument("--concurrency", help="answers that are made at the same time (default: 1)")
        parser.add_argument("--queue", help="requests that may wait for that (default: 64)")
        parser.add_argument(
            "--max-tokens", help="the most tokens of any answer (default: what the context has room for)"
        )
        parser.add_argument("--max-body", help="the most bytes of a request (default: 8 MiB)")
        parser.add_argument("--api-key", help=f"needed by every request; better given in ${PREFIX}API_KEY")
        given = vars(parser.parse_args(argv))
        host, port = given.pop("host"), given.pop("port")
        try:
            return read_settings(given), host, port
        except ValueError as error:
            parser.error(str(error))


class Ending:
    """How the program is ended: SIGTERM is code 0, ctrl-C is 130."""

    def __init__(self) -> None:
        self.event = threading.Event()
        self.code = 0
        signal.signal(signal.SIGTERM, self.receive)
        signal.signal(signal.SIGINT, self.receive)

    def receive(self, number: int, frame: FrameType | None) -> None:
        self.code = 130 if number == signal.SIGINT else 0
        self.event.set()
        raise SystemExit(self.code)


def serve(app: Flask, settings: Settings, host: str, port: int) -> None:
    """Serve with waitress, or else with Flask's own server; raises OSError when the address cannot be had."""
    if importlib.util.find_spec("waitress") is None:
        from werkzeug.serving import make_server

        log.info("waitress is not installed: this is Flask's own server, fit for trying things out")
        own = make_server(host, port, app, threaded=True)
        announce(own.host, own.server_port)
        own.serve_forever()
        return
    import waitress

    server = waitress.create_server(
        app,
        host=host,
        port=port,
        threads=settings.concurrency + settings.queue + 4,  # the four refuse, list models and say how things are
        channel_request_lookahead=1,  # or waitress does not look whether the client is still there
        connection_limit=1000,
        asyncore_use_poll=True,
        max_request_body_size=16 * settings.max_body,  # up to this the application refuses, in JSON
    )
    for name, number in getattr(server, "effective_listen", None) or [(server.effective_host, server.effective_port)]:
        announce(name, number)
    server.run()


def announce(host: str, port: int | str) -> None:
    log.info("listening on http://%s:%s", f"[{host}]" if ":" in host else host, port)


def say(line: str) -> None:
    print(line, file=sys.stderr)


def end(code: int) -> NoReturn:
    """End at once: a thread that still computes would hold up the interpreter's own way out, or crash it."""
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
