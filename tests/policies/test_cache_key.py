"""Equal calls have equal keys, different ones different keys, and no key shows what it was made of."""

from __future__ import annotations

import json
import random
import re
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from modelhub.policies.cache_key import build_call_key, build_request_key
from modelhub.wire import encode_json

URL = "https://api.example.com/v1/chat/completions"
BODY = {"model": "m", "messages": [{"role": "user", "content": "hi"}], "temperature": 0.5}
scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4), max_leaves=12
)
bodies = st.dictionaries(st.text(), values, max_size=5)


def build_key(body: Any = BODY, **changes: Any) -> str:
    arguments = {"method": "POST", "url": URL, **changes}
    return build_request_key(body=body if isinstance(body, bytes | None) else encode_json(body), **arguments)


def shuffle(value: Any, dice: random.Random) -> Any:
    """The same JSON with the keys of its objects in another order."""
    if isinstance(value, dict):
        items = [(key, shuffle(item, dice)) for key, item in value.items()]
        dice.shuffle(items)
        return dict(items)
    return [shuffle(item, dice) for item in value] if isinstance(value, list) else value


def write_canonical(value: Any) -> str:
    """What a body is, written by another library: floats and integers are not the same."""
    kept = {key: item for key, item in value.items() if key not in ("stream", "stream_options")}
    return json.dumps(kept, sort_keys=True)


@given(bodies, st.randoms(use_true_random=False))
def test_the_order_of_keys_does_not_matter(body: dict[str, Any], dice: random.Random) -> None:
    assert build_key(shuffle(body, dice)) == build_key(body)
    assert build_call_key("a", shuffle(body, dice), 1) == build_call_key("a", body, 1)


@given(bodies, bodies)
def test_bodies_have_one_key_exactly_when_they_are_equal(one: dict[str, Any], other: dict[str, Any]) -> None:
    equal = write_canonical(json.loads(encode_json(one))) == write_canonical(json.loads(encode_json(other)))
    assert (build_key(one) == build_key(other)) is equal


@given(bodies, st.booleans(), st.dictionaries(st.text(), scalars))
def test_how_the_answer_comes_does_not_matter(body: dict[str, Any], stream: bool, options: dict[str, Any]) -> None:
    assume(body.keys().isdisjoint(("stream", "stream_options")))
    flagged = {"stream": stream, **body, "stream_options": options}
    assert build_key(flagged) == build_key(body)
    assert build_call_key("a", flagged, 1) == build_call_key("a", body, 1)


def test_only_flags_of_the_body_itself_are_left_out() -> None:
    assert build_key({"messages": [{"stream": True}]}) != build_key({"messages": [{"stream": False}]})


@given(bodies)
def test_how_the_body_is_written_does_not_matter(body: dict[str, Any]) -> None:
    plain = json.loads(encode_json(body))
    for written in (json.dumps(plain, indent=2), json.dumps(plain, ensure_ascii=False)):
        assert build_key(written.encode()) == build_key(body)


DIFFERENT = {
    "method": {"method": "GET"},
    "url": {"url": URL + "?x=1"},
    "no body": {"body": None},
    "empty body": {"body": b""},
    "null": {"body": b"null"},
    "no JSON": {"body": b"{"},
    "NaN": {"body": b'{"a":NaN}'},
    "a null in its place": {"body": b'{"a":null}'},
    "another model": {"body": {**BODY, "model": "n"}},
    "another number": {"body": {**BODY, "temperature": 0.50001}},
    "a text for a number": {"body": {**BODY, "temperature": "0.5"}},
    "a large integer": {"body": {**BODY, "seed": 2**80}},
    "the next one": {"body": {**BODY, "seed": 2**80 + 1}},
    "header": {"headers": {"X-Team": "a"}},
    "its value": {"headers": {"X-Team": "b"}},
    "its name": {"headers": {"X-Teama": ""}},
    "two headers": {"headers": {"X-Team": "a", "X-Other": "a"}},
    "organization": {"organization": "org"},
    "empty organization": {"organization": ""},
    "api_key": {"api_key": "org"},
    "empty key": {"api_key": ""},
    "reader": {"reader": "post_api"},
}


def test_each_part_counts() -> None:
    keys = {name: build_key(**changes) for name, changes in DIFFERENT.items()} | {"none": build_key()}
    assert len(set(keys.values())) == len(keys)


def test_what_may_be_written_in_two_ways() -> None:
    assert build_key(headers={"X-Team": "a", "X-B": "b"}) == build_key(headers={"x-b": "b", "X-TEAM": "a"})
    assert build_key(headers={}) == build_key(headers=None) == build_key()
    assert build_key(method="post") == build_key()


@given(st.lists(st.text(), min_size=2, max_size=2, unique=True), st.text(), st.text())
def test_the_parts_cannot_run_together(parts: list[str], organization: str, api_key: str) -> None:
    one, other = parts
    assert build_key(organization=one, api_key=other) != build_key(organization=other, api_key=one)
    assert build_key(organization=organization, api_key=api_key) != build_key(
        organization=organization + api_key, api_key=None
    )


@pytest.mark.parametrize("api_key", ["sk-" + "a1" * 20, "x", "ключ", "\ud800"])
def test_a_key_shows_nothing(api_key: str) -> None:
    key = build_key(api_key=api_key, headers={"Authorization": api_key}, url=f"{URL}?key=1")
    assert re.fullmatch("[0-9a-f]{64}", key)
    called = build_call_key(api_key, {"messages": "hi"}, [])
    assert called is not None and re.fullmatch("[0-9a-f]{64}", called)


def test_keys_stay_what_they_are() -> None:
    """A store outlives the process; whoever changes what a key is made of counts VERSION up."""
    assert build_key() == "b3b169a37e0b95a62ba64e1c8cad1817a8f0ec447fc723bb0fb72671ad146c90"


def test_calls_of_composites() -> None:
    call = {"messages": [{"role": "user", "content": "hi"}], "options": {"temperature": 1}}
    reach = {"gpt": {"model_type": "openai_chat", "model_name": "m"}}
    keys = {
        build_call_key("a", call, reach),
        build_call_key("b", call, reach),
        build_call_key("a", {**call, "tools": []}, reach),
        build_call_key("a", call, {"gpt": {**reach["gpt"], "model_name": "n"}}),
        build_call_key("a", call, 1),
        build_call_key("a", call, 2),
    }
    assert len(keys) == 6 and None not in keys


@pytest.mark.parametrize("strange", [print, object(), {1, 2}, b"x"])
def test_what_has_no_form_in_json_has_no_key(strange: Any) -> None:
    assert build_call_key("a", {"messages": [strange]}, 1) is None


def test_hostile_depth() -> None:
    deep = b"[" * 100_000 + b"]" * 100_000
    assert build_key(deep) != build_key(deep + b" ")
