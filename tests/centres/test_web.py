"""Configs from web servers: what has not changed, what cannot be read and why, what is never shown or sent."""

from __future__ import annotations

import socket
import threading
import time
from base64 import b64decode
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from modelhub import ModelRegistry
from modelhub.centres import web as dialect
from modelhub.centres.http import check_private, is_public
from modelhub.configs import load
from modelhub.errors import ConfigError, Problem

from ..network.authority import Authority
from .web_server import HttpServer

A = "- {config_name: a, model_type: openai_chat, model_name: m}\n"
SECRET = "hunter2-of-alice"


def read_problem(address: str) -> Problem:
    """The one problem of an address, which a registry has, too."""
    (problem,) = [each for each in load(address).problems if each.severity == "error"]
    with pytest.raises(ConfigError) as caught:
        ModelRegistry(address)
    assert [str(each) for each in caught.value.problems] == [str(problem)]
    return problem


def test_what_has_not_changed_is_not_sent_again(web: HttpServer) -> None:
    web.put("m.yaml", A)
    hub = ModelRegistry(web.find_address("m.yaml"))
    hub.reload()
    web.put("m.yaml", A + A.replace("a,", "b,"))
    assert hub.reload().added == ("b",)
    tags = [headers.get("If-None-Match") for _, _, headers, _ in web.requests]
    assert tags[0] is None and tags[1] == tags[2] != None  # noqa: E711
    assert {path for _, path, _, _ in web.requests} == {"/m.yaml"}, "every= is modelhub's own"


FORMATS = {
    "m.yaml": (A, "yaml"),
    "m.json": ('[{"config_name": "a", "model_type": "openai_chat"}]', "json"),
    "m.toml": ('[[models]]\nconfig_name = "a"\nmodel_type = "openai_chat"\n', "toml"),
    "m": (A, "no suffix, YAML"),
    "models": ('[[models]]\nconfig_name = "a"\nmodel_type = "openai_chat"\n', "no suffix, TOML"),
    "v1.2": ('{"config_name": "a", "model_type": "openai_chat"}', "no suffix that is known"),
}


@pytest.mark.parametrize("key", FORMATS)
def test_formats(key: str, web: HttpServer) -> None:
    web.put(key, FORMATS[key][0])
    loaded = load(web.find_address(key))
    assert ([entry.config["config_name"] for entry in loaded.entries], loaded.problems) == (["a"], [])


def test_the_format_that_is_given_counts(web: HttpServer) -> None:
    web.put("m.json", A)
    assert read_problem(web.find_address("m.json")).code == "MH101"
    assert load(web.find_address("m.json") + "&format=yaml").problems == []


ANSWERS: dict[str, tuple[tuple[int, dict[str, str], bytes], str, str]] = {
    "404": ((404, {}, b"no such page"), "nothing at this address: HTTP 404 (no such page)", "path"),
    "401": ((401, {}, b""), "refuses access: HTTP 401", "credentials"),
    "403": ((403, {}, b"<html>no</html>"), "refuses access: HTTP 403", "credentials"),
    "418": ((418, {}, b"teapot"), "refuses the request: HTTP 418 (teapot)", "address"),
    "500": ((500, {}, b"oh\n  no"), "HTTP 500 (oh no)", "log"),
    "503": ((503, {"Retry-After": "9"}, b""), "HTTP 503", "log"),
    "429": ((429, {}, b""), "HTTP 429", "log"),
    "204": ((204, {}, b""), "HTTP 204", ""),
    "304": ((304, {}, b""), "HTTP 304", ""),
    "a page": ((200, {"Content-Type": "text/html; charset=utf-8"}, b"<html>"), "a web page", "log in"),
    "empty": ((200, {}, b""), "holds no model config", ""),
    "not UTF-8": ((200, {}, b"- config_name: \xff\xfe"), "not UTF-8", "UTF-8"),
    "UTF-16": ((200, {}, A.encode("utf-16")), "UTF-16", "UTF-8"),
    "NUL": ((200, {}, b"- config_name: a\0"), "NUL", ""),
    "too large": ((200, {}, b"#" * (11 << 20)), "larger than 10 MB", "elsewhere"),
    "large for YAML": ((200, {}, b"#" * (5 << 20)), "more than 4 MB", ""),
    "much too large": ((200, {}, b"#" * (20 << 20)), "larger than 10 MB", "elsewhere"),
    "bad zip": ((200, {"Content-Encoding": "gzip"}, b"not zipped"), "cannot be decoded", ""),
    "without TLS": ((302, {"Location": "http://localhost/m.yaml"}, b""), "without TLS", "https://"),
    "a file": ((302, {"Location": "file:///etc/passwd"}, b""), "without TLS", "https://"),
    "to itself": ((302, {"Location": "/m.yaml?secret"}, b""), "redirects more than 5 times", "ends"),
    "to nothing": ((302, {}, b""), "the same address", ""),
    "to no address": ((301, {"Location": "https://[x/"}, b""), "no address", ""),
    "cookies": ((200, {}, b"[1, 2"), ":1:", ""),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_what_cannot_be_read(name: str, web: HttpServer) -> None:
    answer, message, hint = ANSWERS[name]
    steps = iter(range(100))

    def build_answer(path: str) -> tuple[int, dict[str, str], bytes]:
        status, headers, content = answer
        return status, {**headers, "Location": f"/m.yaml?{next(steps)}"} if name == "to itself" else headers, content

    web.override = build_answer
    problem = read_problem(web.find_address("m.yaml"))
    assert (problem.code, problem.file) in {(code, web.find_address("m.yaml")) for code in ("MH101", "MH106")}
    assert message in str(problem)
    assert hint in (problem.hint or "")


def test_redirects(web: HttpServer) -> None:
    web.put("there/m.yaml", A)
    web.override = lambda path: (302, {"Location": "../there/m.yaml"}, b"") if path == "/here/m.yaml" else None
    assert load(web.find_address("here/m.yaml")).problems == []


def test_another_server_is_not_shown_the_credentials(web: HttpServer, authority: Authority, monkeypatch: Any) -> None:
    monkeypatch.setenv("USER_OF_TESTS", "al:ice")
    monkeypatch.setenv("PASSWORD_OF_TESTS", SECRET)
    other = HttpServer(authority.issue("other").serve())
    other.start()
    other.put("m.yaml", A)
    web.override = lambda path: (307, {"Location": other.find_address("m.yaml")}, b"")
    address = web.find_address("m.yaml").replace("://", "://${USER_OF_TESTS}:${PASSWORD_OF_TESTS}@")
    assert load(address).problems == []
    other.kill()
    login = web.requests[0][2]["Authorization"].removeprefix("Basic ")
    assert b64decode(login).decode() == f"al:ice:{SECRET}"
    assert "Authorization" not in other.requests[0][2]


def test_no_credentials_are_shown(web: HttpServer, monkeypatch: Any, caplog: Any, cache: Path) -> None:
    monkeypatch.setenv("TOKEN_OF_TESTS", SECRET)
    web.override = lambda path: (403, {}, f"{SECRET} may not".encode())
    for login in (f"u:{SECRET}", "u:${TOKEN_OF_TESTS}"):
        address = web.find_address("m.yaml").replace("://", f"://{login}@")
        error = read_problem(address)
        assert SECRET not in repr(error)
        assert error.file == web.find_address("m.yaml")
        assert "*** may not" in error.message
    loaded = load(web.find_address("m.yaml").replace("://", f"://u:{SECRET}@"))
    assert [each.code for each in loaded.problems] == ["MH101", "MH401"]
    web.override = lambda path: None
    web.put("m.yaml", A)
    hub = ModelRegistry(web.find_address("m.yaml").replace("://", f"://u:{SECRET}@"))
    (copy,) = cache.iterdir()
    assert SECRET not in f"{copy} {copy.read_text()} {hub!r} {caplog.text}"


def test_a_reference_that_is_not_set(web: HttpServer) -> None:
    problem = read_problem(web.find_address("m.yaml").replace("://", "://u:${NOT_SET_AT_ALL}@"))
    assert (problem.code, problem.file) == ("MH301", web.find_address("m.yaml"))
    assert web.requests == []


TEXTS = {
    "include": ("include: more.yaml\nmodels: []\n", "MH303", 1, "cannot include files"),
    "include by path": ("include: [/etc/m.yaml]\nmodels: []\n", "MH303", 1, "cannot include files"),
    "secret": (f"{A[:-2]}, api_key: '${{file:key}}'}}\n", "MH302", 1, "the path 'key' is relative"),
    "tls": (f"{A[:-2]}, tls: {{ca: ca.pem}}}}\n", "MH302", 1, "the path 'ca.pem' is relative"),
}


@pytest.mark.parametrize("name", TEXTS)
def test_relative_paths_mean_nothing(name: str, web: HttpServer) -> None:
    text, code, line, message = TEXTS[name]
    web.put("m.yaml", text)
    problem = next(each for each in load(web.find_address("m.yaml")).problems if each.severity == "error")
    assert (problem.code, problem.file, problem.line) == (code, web.find_address("m.yaml"), line)
    assert message in problem.message


def test_absolute_paths_are_taken(web: HttpServer) -> None:
    web.put("m.yaml", f"{A[:-2]}, api_key: '${{file:/run/key}}', tls: {{ca: '${{CA}}', cert: ~/c.pem}}}}\n")
    assert [each for each in load(web.find_address("m.yaml")).problems if each.severity == "error"] == []


def test_a_file_cannot_include_an_address(tmp_path: Path, web: HttpServer) -> None:
    path = tmp_path / "m.yaml"
    path.write_text(f"include: {web.find_address('m.yaml')}\n")
    (problem,) = load(path).problems
    assert (problem.code, problem.line, problem.message) == ("MH303", 1, "cannot include an address")


CERTIFICATES: dict[str, tuple[Callable[[Authority], Any], str]] = {
    "expired": (lambda authority: authority.issue("expired", days=(-9, -1)), "has expired"),
    "of another host": (lambda authority: authority.issue("elsewhere", ["elsewhere.test"]), "localhost"),
    "self-signed": (lambda authority: authority.issue("alone", self_signed=True), "self-signed"),
}


@pytest.mark.parametrize("name", CERTIFICATES)
def test_a_wrong_certificate(name: str, authority: Authority, monkeypatch: pytest.MonkeyPatch) -> None:
    build, message = CERTIFICATES[name]
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.path))
    server = HttpServer(build(authority).serve())
    server.start()
    server.put("m.yaml", A)
    problem = read_problem(server.find_address("m.yaml"))
    server.kill()
    assert (problem.code, server.requests) == ("MH101", [])
    assert message in problem.message
    assert "SSL_CERT_FILE" in (problem.hint or "")


def test_a_server_that_is_not_there(unused_port: int) -> None:
    problem = read_problem(f"https://localhost:{unused_port}/m.yaml")
    assert (problem.code, problem.file) == ("MH101", f"https://localhost:{unused_port}/m.yaml")
    assert "Connection refused" in problem.message
    assert "host and port" in (problem.hint or "")


def test_time_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that sends nothing, and one that sends a byte now and then, for ever."""
    monkeypatch.setattr("modelhub.centres.http.TOTAL", 0.5)
    stop = threading.Event()

    def drip(connection: socket.socket) -> None:
        with connection:
            connection.recv(4096)
            connection.sendall(b"HTTP/1.1 200 OK\r\nX: ")
            while not stop.wait(0.05):
                try:
                    connection.sendall(b"x")
                except OSError:
                    return

    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(10)
        thread = threading.Thread(target=lambda: drip(listener.accept()[0]))
        thread.start()
        start = time.monotonic()
        (problem,) = load(f"http://127.0.0.1:{listener.getsockname()[1]}/m.yaml").problems
        assert 0.4 < time.monotonic() - start < 5
        stop.set()
        thread.join()
    assert (problem.code, problem.message) == ("MH101", "the server took longer than 0.5 s")
    from modelhub.centres.dialect import build_request

    request = build_request("https://h/")
    assert (request.connect_timeout, request.timeout) == (5, 10)


PUBLIC = {
    "127.0.0.1": False,
    "10.1.2.3": False,
    "192.168.0.1": False,
    "169.254.1.1": False,
    "100.64.0.1": False,
    "::1": False,
    "fd00::1": False,
    "fe80::1%eth0": False,
    "::ffff:10.0.0.1": False,
    "8.8.8.8": True,
    "2606:4700::1": True,
    "::ffff:8.8.8.8": True,
}


@pytest.mark.parametrize("address", PUBLIC)
def test_without_tls_only_private_nets_are_asked(address: str) -> None:
    assert is_public(address) is PUBLIC[address]


def test_without_tls_nothing_public_is_asked(plain_web: HttpServer) -> None:
    plain_web.put("m.yaml", A)
    assert load(plain_web.find_address("m.yaml")).problems == []
    with pytest.raises(Exception, match="without TLS"):
        check_private("http://8.8.8.8/m.yaml")
    assert dialect.DIALECT.only_private
    assert "without TLS" in load("http://8.8.8.8/m.yaml").problems[0].message
    plain_web.override = lambda path: (302, {"Location": "http://8.8.8.8/m.yaml"}, b"")
    assert "without TLS" in load(plain_web.find_address("m.yaml")).problems[0].message


def test_proxies_of_the_environment(plain_web: HttpServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy for HTTP gets the whole URL as its path."""
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{plain_web.port}")
    monkeypatch.setenv("no_proxy", "")
    plain_web.override = lambda path: (200, {}, A.encode()) if path == "http://10.99.99.99/m.yaml" else None
    assert load("http://10.99.99.99/m.yaml").problems == []


def test_an_address_is_asked_once(web: HttpServer) -> None:
    web.put("m.yaml", A)
    address = web.find_address("m.yaml")
    assert len(load([address, address]).entries) == 1
    assert len(web.requests) == 1


@pytest.mark.parametrize("scheme", ["http", "https", "redis", "etcd", "consul", "nacos"])
@pytest.mark.parametrize("host", ["☃.invalid", "a..b", "x" * 300, "${ODD_HOST}", "[::1", "[]"])
def test_hosts_that_can_be_none(scheme: str, host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ODD_HOST", "a\nb ☃")
    (problem,) = load(f"{scheme}://{host}/0/m.yaml").problems
    assert problem.code == "MH101"
    assert problem.hint
