"""rediss, etcds and consuls: the real servers behind TLS, with certificates of a CA of the tests."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from modelhub.configs import load

from ..model_servers.centre_servers import run_centre
from ..model_servers.chosen import needs
from ..network.authority import Authority

A = "- {config_name: a, model_type: openai_chat, model_name: m}\n"


def pump(source: socket.socket, target: socket.socket) -> None:
    """Hand on what comes until it ends."""
    with suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)


@contextmanager
def put_tls_before(port: int, tls: ssl.SSLContext) -> Iterator[int]:
    """A port where TLS is spoken, with what listens on ``port`` behind it."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve(plain: socket.socket) -> None:
        with (
            suppress(OSError),
            tls.wrap_socket(plain, server_side=True) as client,
            socket.create_connection(("127.0.0.1", port)) as behind,
        ):
            back = threading.Thread(target=pump, args=(behind, client), daemon=True)
            back.start()
            pump(client, behind)
            back.join(5)

    def accept() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=serve, args=(connection,), daemon=True).start()

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield int(listener.getsockname()[1])
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(5)


@pytest.mark.parametrize("kind", [pytest.param(name, marks=needs(name)) for name in ("redis", "etcd", "consul")])
def test_tls(kind: str, tmp_path: Path, authority: Authority, monkeypatch: pytest.MonkeyPatch) -> None:
    trusted, elsewhere = authority.issue(f"{kind}-tls"), authority.issue(f"{kind}-elsewhere", ["elsewhere.test"])
    with run_centre(kind, tmp_path) as server:
        server.put("m.yaml", A)
        for issued, is_trusted in ((trusted, True), (elsewhere, False)):
            with put_tls_before(server.port, issued.serve()) as port:
                address = server.find_address("m.yaml").replace(f"{kind}://", f"{kind}s://")
                address = address.replace(f"127.0.0.1:{server.port}", f"localhost:{port}")
                monkeypatch.setenv("SSL_CERT_FILE", str(authority.path))
                assert [each.code for each in load(address).problems] == ([] if is_trusted else ["MH101"])
                monkeypatch.delenv("SSL_CERT_FILE")
                (problem,) = load(address).problems
                assert problem.code == "MH101"
                assert "certificate" in problem.message
                assert "SSL_CERT_FILE" in (problem.hint or "")
