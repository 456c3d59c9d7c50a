"""Addresses: their parts, what is wrong with them, and that no credentials are ever shown."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelhub.centres.address import BadAddress, Place
from modelhub.centres.answers import Refused
from modelhub.centres.parsing import is_address, parse_address, show
from modelhub.configs import is_address as is_address_of_configs
from modelhub.configs import load

SECRET = "hunter2-of-alice"
PLACES = {
    "https://host/models.yaml": ("https://host/models.yaml", "host", 443, None, None, "models.yaml"),
    "https://h:8/a%20b/m.json?v=1": ("https://h:8/a%20b/m.json?v=1", "h", 8, None, None, "a b/m.json"),
    "HTTPS://host/m.yaml": ("https://host/m.yaml", "host", 443, None, None, "m.yaml"),
    " redis://host/0/key ": ("redis://host/0/key", "host", 6379, None, None, "0/key"),
    "redis://:${SECRET}@h/0/k": ("redis://h/0/k", "h", 6379, "", SECRET, "0/k"),
    "rediss://${env:SECRET}:a%40b@[::1]:7/2/k": ("rediss://[::1]:7/2/k", "::1", 7, SECRET, "a@b", "2/k"),
    "etcd://h:2379//app/x": ("etcd://h:2379//app/x", "h", 2379, None, None, "/app/x"),
    "etcds://u:${SECRET}@h/app%2Fx?format=yaml": ("etcds://h/app%2Fx?format=yaml", "h", 2379, "u", SECRET, "app/x"),
    "consul://${SECRET}@h/a/b?dc=two&token=${SECRET}": (
        "consul://h/a/b?dc=two&token=${SECRET}",
        *("h", 8500, SECRET, None, "a/b"),
    ),
    "consul://h/a?token=abcdefgh": ("consul://h/a?token=***", "h", 8500, None, None, "a"),
    "nacos://${HOST:-a/b?c}/id?group=G": ("nacos://${HOST:-a/b?c}/id?group=G", "a/b?c", 8848, None, None, "id"),
    "https://h:${PORT:-8}/m": ("https://h:${PORT:-8}/m", "h", 8, None, None, "m"),
    "https://$${x}@h/m": ("https://h/m", "h", 443, "${x}", None, "m"),
}


@pytest.mark.parametrize("text", PLACES)
def test_parts(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET", SECRET)
    address = parse_address(text)
    place = address.resolve()
    assert (address.shown, place.host, place.port, place.user, place.password, place.key) == PLACES[text]
    assert show(text) == address.shown
    assert SECRET not in f"{address!r} {place!r}"


def test_own_parameters() -> None:
    address = parse_address("https://h/m?a=1&format=yml&every=0.5&a=2%26")
    assert (address.format, address.every, address.query) == ("yaml", 0.5, (("a", "1"), ("a", "2&")))
    foreign = parse_address(f"acme://{SECRET}@x/y.json?format=toml&every=2")
    assert (foreign.format, foreign.every, foreign.path) == ("toml", 2, "x/y.json")
    assert foreign.shown == "acme://x/y.json?format=toml&every=2"


BAD = {
    f"https://u:{SECRET}/x@host/m": ("cannot be read", "%2F"),
    f"redis://:{SECRET}#x@host/0/m": ("cannot be read", "%23"),
    f"etcd://u:{SECRET}?x@host/m": ("cannot be read", "%3F"),
    f"etcd://{SECRET}": ("", ""),
    "https:///m.yaml": ("no host", "https://host"),
    "https://host:port/m": ("no port", "https://host"),
    "https://host:99999/m": ("no port", "https://host"),
    "consul://ho st/m": ("cannot be read", "consul://host"),
    "https://h/m?format=ymal": ("no format 'ymal'", "did you mean yaml"),
    "https://h/m?format=xml": ("no format", "yaml, json"),
    "https://h/m?every=0": ("every=", "every=5"),
    "https://h/m?every=x": ("every=", "every=5"),
    "https://h/m?every=nan": ("every=", "every=5"),
    "https://h/\ue000": ("no address", "https://host"),
}


@pytest.mark.parametrize("text", [text for text in BAD if BAD[text][0]])
def test_what_is_wrong(text: str) -> None:
    with pytest.raises(BadAddress) as caught:
        parse_address(text)
    message, hint = BAD[text]
    assert message in caught.value.message
    assert hint in caught.value.hint
    loaded = load(text)
    (problem,) = loaded.problems
    assert (problem.code, problem.file) == ("MH101", caught.value.shown)
    assert SECRET not in f"{problem} {show(text)}"


def test_what_is_no_address() -> None:
    for text in (
        "models.yaml",
        "/a/b.yaml",
        "C:/a.yaml",
        "C://a.yaml",
        "- url: https://h/m",
        "a\nhttps://h/m",
        "://h",
        "",
    ):
        assert not is_address(text), text
        assert not is_address_of_configs(text), text
    assert is_address("s3://h/m") and is_address_of_configs("s3://h/m")


def test_a_port_that_resolves_to_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "eighty")
    with pytest.raises(Refused, match="port"):
        parse_address("https://h:${PORT}/m").resolve()


EXPOSED = {
    f"https://u:{SECRET}@h/m": True,
    "https://u:${X}@h/m": False,
    "https://u:${X}y@h/m": True,
    f"consul://{SECRET}@h/m": True,
    "consul://${X}@h/m": False,
    "redis://:${X:-y}@h/0/m": False,
    f"https://h/m?token={SECRET}": True,
    "https://h/m?token=${X}": False,
    "https://h/m": False,
}


@pytest.mark.parametrize("text", EXPOSED)
def test_a_secret_that_is_written_out_is_told(text: str) -> None:
    assert parse_address(text).is_exposed is EXPOSED[text]


TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Co")), min_size=1, max_size=12)
SEGMENTS = st.text(st.sampled_from("ab._-$ %#?@:é"), min_size=1, max_size=6)


@given(
    scheme=st.sampled_from(["https", "etcd", "consuls", "nacos"]),
    user=st.none() | TEXTS,
    password=st.none() | TEXTS,
    host=st.sampled_from(["host", "a.b-c", "::1", "10.0.0.1"]),
    port=st.none() | st.integers(1, 65535),
    path=st.lists(SEGMENTS, max_size=3),
    query=st.lists(st.tuples(st.sampled_from(["a", "b"]), TEXTS), max_size=2),
)
def test_what_is_written_with_escapes_comes_back(
    scheme: str,
    user: str | None,
    password: str | None,
    host: str,
    port: int | None,
    path: list[str],
    query: list[tuple[str, str]],
) -> None:
    login = (
        ""
        if user is None
        else quote(user, safe="") + ("" if password is None else f":{quote(password, safe='')}") + "@"
    )
    place = (f"[{host}]" if ":" in host else host) + (f":{port}" if port else "")
    key = "/".join(path)
    tail = "&".join(f"{name}={quote(value, safe='')}" for name, value in query)
    address = parse_address(f"{scheme}://{login}{place}/{quote(key)}" + (f"?{tail}" if tail else ""))
    found = address.resolve()
    assert isinstance(found, Place)
    assert (found.host, found.key, list(found.query)) == (host, key, query)
    assert (found.user, found.password) == (user, None if user is None else password)
    assert port is None or found.port == port


@given(
    scheme=st.sampled_from(["https", "redis", "etcd", "consul", "nacos", "acme"]),
    before=st.text(max_size=5),
    after=st.text(max_size=5),
    user=st.sampled_from(["", "u:", ":", "${X}:", "u%3A:"]),
    rest=st.sampled_from(["h/0/m.yaml", "h:80/m?format=yaml", "[::1]/m", "", "h", "/m"]),
)
def test_no_password_is_ever_shown(scheme: str, before: str, after: str, user: str, rest: str) -> None:
    """Whatever characters stand around it, written out and not escaped."""
    text = f"{scheme}://{user}{before}{SECRET}{after}@{rest}"
    if not is_address(text):
        return
    try:
        address = parse_address(text)
        said = f"{address!r} {address.shown}"
    except BadAddress as error:
        said = f"{error} {error.hint} {error.shown}"
    assert SECRET not in said
    assert SECRET not in show(text)
