"""The file of callers: what it may hold, what is told of mistakes, and how callers are found by their keys."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest

from modelhub.errors import ConfigError
from modelhub.server.gateway.admitting import Entrances
from modelhub.server.gateway.callers import Caller, Callers, find_key, hash_key
from modelhub.server.gateway.keys import make_key, read_callers
from modelhub.server.gateway.loopback import is_loopback
from modelhub.validation.schema.store import load_file

FILES = Path(__file__).parent / "keys"
ALICE, BOB = Caller("alice", hash_key("a")), Caller("bob", hash_key("b"), ("gpt-*", "o[1]"))


@pytest.mark.parametrize("path", sorted((FILES / "valid").iterdir()), ids=lambda path: path.stem)
def test_a_right_file(path: Path) -> None:
    callers = read_callers(path)
    assert callers.all[0].name == "search"
    assert Entrances(callers).find(callers.all[0]).guards is not None


@pytest.mark.parametrize("path", sorted((FILES / "invalid").iterdir()), ids=lambda path: path.stem)
def test_a_mistake_is_told_with_its_place(path: Path) -> None:
    place, code, said = path.read_text("utf-8").partition("\n")[0].removeprefix("# ").split(" ", 2)
    with pytest.raises(ConfigError) as caught:
        read_callers(path)
    problems = caught.value.problems
    assert [(f"{problem.line}:{problem.column}", problem.code) for problem in problems] == [(place, code)], problems
    assert said in str(problems[0])
    assert "this-is-the-key-itself" not in str(caught.value)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"keys\.yaml: MH101"):
        read_callers(tmp_path / "keys.yaml")


def test_a_hash_may_be_a_reference(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "keys.yaml"
    path.write_text('[{name: a, hash: "${HASH_OF_A}"}]', "utf-8")
    for value, said in ((None, "HASH_OF_A"), ("nonsense", "is not sha256:")):
        if value is not None:
            monkeypatch.setenv("HASH_OF_A", value)
        with pytest.raises(ConfigError, match=said) as caught:
            read_callers(path)
        assert "nonsense" not in str(caught.value)
    monkeypatch.setenv("HASH_OF_A", f"sha256:{hash_key('k').upper()}")
    assert read_callers(path).find({"X-Api-Key": "k"}) is not None


def test_a_new_key_lets_in(tmp_path: Path) -> None:
    one, other = make_key("a"), make_key("a")
    assert one.key != other.key
    assert one.key not in str(one.entry)
    path = tmp_path / "keys.yaml"
    path.write_text(f"- {{name: a, hash: '{one.entry['hash']}'}}", "utf-8")
    callers = read_callers(path)
    found = callers.find({"Authorization": f"Bearer {one.key}"})
    assert found is not None
    assert found.name == "a"
    assert callers.find({"Authorization": f"Bearer {other.key}"}) is None


@pytest.mark.parametrize(
    ("headers", "key"),
    [
        ({}, None),
        ({"Authorization": "Bearer k"}, "k"),
        ({"Authorization": "BEARER  k "}, "k"),
        ({"Authorization": "Bearer "}, None),
        ({"Authorization": "Basic k"}, None),
        ({"Authorization": "Basic k", "X-Api-Key": "x"}, "x"),
        ({"X-Api-Key": "x"}, "x"),
        ({"X-Api-Key": ""}, None),
    ],
)
def test_where_a_key_stands(headers: dict[str, str], key: str | None) -> None:
    assert find_key(headers) == key


def test_callers_are_found_by_their_keys() -> None:
    callers = Callers([ALICE, BOB])
    found = [callers.find({"X-Api-Key": key}) for key in ("a", "b", "c", "\udce9")]
    assert found == [ALICE, BOB, None, None]
    assert ALICE.may_ask("anything")
    assert [name for name in ("gpt-5", "gpt", "o1", "o[1]", "xgpt-5") if BOB.may_ask(name)] == ["gpt-5", "o1", "o[1]"]


def test_what_was_used_stays_with_who_stays() -> None:
    limited = Caller("alice", ALICE.digest, None, None, {"rpm": 5})
    entrances = Entrances(Callers([limited, BOB]))
    before = entrances.find(limited)
    change = entrances.prepare(Callers([Caller("alice", "new key", ("gpt",), None, {"rpm": 5})]))
    assert entrances.find(limited) is before
    change()
    after = entrances.find(limited)
    assert after.caller.models == ("gpt",)
    assert after.guards is before.guards
    entrances.close()


def test_a_refused_change_changes_nothing() -> None:
    entrances = Entrances(Callers([ALICE]))
    with pytest.raises(ConfigError, match="NO_SUCH_VARIABLE"):
        entrances.prepare(Callers([BOB, Caller("c", "c", None, {"usd": 1, "store": "${NO_SUCH_VARIABLE}"})]))
    assert entrances.find(ALICE).caller is ALICE
    entrances.close()


def test_callers_of_a_group_share_their_limits() -> None:
    limits = {"group": "team", "rpm": 5}
    callers = [Caller(name, name, None, None, said) for name, said in (("a", limits), ("b", {"group": "team"}))]
    entrances = Entrances(Callers(callers))
    one, other = (entrances.find(caller).guards for caller in callers)
    assert one is not None
    assert other is not None
    assert one.limiter is other.limiter
    assert one.limiter is not None
    assert (one.limiter.limits.rpm, one.limiter.limits.on_limit) == (5, "fail")
    entrances.close()


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.9.1", "::1", "[::1]", "localhost", "LOCALHOST", "a.localhost"])
def test_this_machine_alone(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "", "10.0.0.1", "localhost.example", "127.0.0.1.example", "0"])
def test_other_machines_too(host: str) -> None:
    assert not is_loopback(host)


def test_the_schema_says_what_is_read(tmp_path: Path) -> None:
    schema = load_file("_callers.json")
    assert schema is not None
    path = tmp_path / "keys.json"
    for example in schema["examples"]:
        path.write_bytes(orjson.dumps(example))
        assert [caller.name for caller in read_callers(path).all] == [entry["name"] for entry in example]
    shown = (FILES / "valid" / "all_keys.yaml").read_text("utf-8")
    assert [key for key in schema["items"]["properties"] if f"{key}:" not in shown] == []
