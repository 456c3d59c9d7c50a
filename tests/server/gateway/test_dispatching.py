"""Which protocol, and what of it, answers a method at a path."""

from __future__ import annotations

import pytest

from modelhub.server.formats.format import Ask
from modelhub.server.formats.protocols import PROTOCOLS
from modelhub.server.gateway.dispatching import Dispatcher, parse_pattern

DISPATCHER = Dispatcher(PROTOCOLS)


def test_every_path_of_every_protocol_is_found() -> None:
    for protocol in PROTOCOLS:
        for route in protocol.routes:
            assert [DISPATCHER.find(route.method, path).route for path in route.paths] == [route] * len(route.paths)
        for listing in protocol.listings:
            found = [DISPATCHER.find(listing.method, path.replace("{model:.+}", "m")) for path in listing.paths]
            assert all(one.listing is not None for one in found)


def test_a_listing_is_that_of_the_protocol_that_fits() -> None:
    for headers, name in (({"anthropic-version": "2023-06-01"}, "anthropic"), ({}, "openai")):
        ask = Ask({}, headers=headers)
        for path in ("/v1/models", "/v1/models/a%2Fb"):
            assert DISPATCHER.find("GET", path).choose(ask).protocol.name == name


@pytest.mark.parametrize(
    ("pattern", "path", "part"),
    [
        ("/models/{model}", "/models/gpt", "gpt"),
        ("/models/{model}", "/models/a/b", None),
        ("/models/{model}", "/models/", None),
        ("/models/{model:.+}", "/models/a/b", "a/b"),
        ("/models/{model:.+}/show", "/models/a/show", "a"),
        ("/models/{model:.+}/show", "/models/show", None),
        ("/models/{model:.+}", "/model", None),
    ],
)
def test_variable_parts(pattern: str, path: str, part: str | None) -> None:
    assert parse_pattern(pattern).match(path) == (None if part is None else {"model": part})


@pytest.mark.parametrize(
    ("method", "path", "status", "name"),
    [
        ("GET", "/", 404, "openai"),
        ("GET", "/v1/nothing", 404, "openai"),
        ("PUT", "/v1/messages", 405, "anthropic"),
        ("POST", "/v1/messages/more", 404, "anthropic"),
        ("POST", "/v1/models/gpt", 405, "openai"),
        ("GET", "//", 404, "openai"),
    ],
)
def test_what_is_nowhere_is_told_by_the_nearest(method: str, path: str, status: int, name: str) -> None:
    found = DISPATCHER.find(method, path)
    assert (found.route, found.listing, found.protocol.name) == (None, None, name)
    assert DISPATCHER.build_failure(method, path).status == status
