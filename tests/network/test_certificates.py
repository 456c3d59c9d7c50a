"""The certificates that the environment names are those that both drivers trust."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from modelhub import errors
from modelhub.network.certificates import find_certificates

from .server import CERTIFICATE, RawServer, build_tls
from .test_faults import CALLERS, ask, tell
from .test_proxies import answer

VARIABLES = ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR"]


@pytest.mark.parametrize("caller", CALLERS)
@pytest.mark.parametrize("variable", VARIABLES[:3])
def test_a_bundle(monkeypatch: pytest.MonkeyPatch, caller: str, variable: str) -> None:
    monkeypatch.setenv(variable, str(CERTIFICATE))
    with RawServer(answer, build_tls()) as server:
        assert ask(caller, server.url) == "ok"


@pytest.mark.skipif(shutil.which("openssl") is None, reason="needs the name that OpenSSL gives a certificate")
@pytest.mark.parametrize("caller", CALLERS)
@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "SSL_CERT_DIR"])
def test_a_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caller: str, variable: str) -> None:
    command = ["openssl", "x509", "-noout", "-hash", "-in", str(CERTIFICATE)]
    name = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    shutil.copy(CERTIFICATE, tmp_path / f"{name}.0")
    monkeypatch.setenv(variable, str(tmp_path))
    with RawServer(answer, build_tls()) as server:
        assert ask(caller, server.url) == "ok"


@pytest.mark.parametrize("caller", CALLERS)
@pytest.mark.parametrize("variable", VARIABLES)
def test_a_path_that_does_not_exist(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caller: str, variable: str
) -> None:
    path = str(tmp_path / "nowhere.pem")
    monkeypatch.setenv(variable, path)
    outcome = ask(caller, "https://models.example")
    assert type(outcome) is errors.ConnectionError
    assert outcome.message == f"the path {path!r} that {variable} names does not exist"
    assert not outcome.retryable


@pytest.mark.parametrize("caller", CALLERS)
def test_a_file_without_certificates(monkeypatch: pytest.MonkeyPatch, caller: str) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", __file__)
    assert tell(ask(caller, "https://models.example")).endswith("that SSL_CERT_FILE names holds no certificates")


def test_which_come_first(monkeypatch: pytest.MonkeyPatch) -> None:
    assert find_certificates() == ()
    for variable in reversed(VARIABLES):
        monkeypatch.setenv(variable, f"/{variable}")
    assert find_certificates() == (("REQUESTS_CA_BUNDLE", "/REQUESTS_CA_BUNDLE"),)
    monkeypatch.delenv("REQUESTS_CA_BUNDLE")
    assert find_certificates() == (("CURL_CA_BUNDLE", "/CURL_CA_BUNDLE"),)
    monkeypatch.delenv("CURL_CA_BUNDLE")
    assert find_certificates() == (("SSL_CERT_FILE", "/SSL_CERT_FILE"), ("SSL_CERT_DIR", "/SSL_CERT_DIR"))
