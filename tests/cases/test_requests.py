"""What people sent in the field, to servers that refuse as the vendors' documents say.

A case is a file in ``requests``. It has a config, a call, the replies of a server with what they require of a request,
and what is right; its variants are the same with other values. Values that JSON does not have are objects with one key:
see ``build_value``.
"""

from __future__ import annotations

import base64
import copy
import json
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from modelhub import ModelRegistry, Msg
from modelhub.errors import ModelCallError, ModelHubError
from modelhub.response import ToolCall

from .checks import Json, find_fault
from .wire_server import CaseServer, serve

COMMON = {"config_name": "case", "model_name": "m", "api_key": "test-key", "timeout": 20, "retry": {"max_attempts": 1}}


def read_cases() -> list[Any]:
    """Every variant of every case."""
    found = []
    for path in sorted((Path(__file__).parent / "requests").glob("*.json")):
        case = json.loads(path.read_text("utf-8"))
        for variant in [{"name": "main"}, *case.get("variants", ())]:
            found.append(pytest.param({**case, **variant}, id=f"{path.stem}-{variant['name']}"))
    return found


def find_ferry(port: str) -> str:
    """A tool as Python has it."""
    return port


def build_class(schema: Json) -> type:
    """A class that tells its schema, as pydantic's do."""
    return type("Report", (), {"model_json_schema": classmethod(lambda cls: copy.deepcopy(schema))})


def build_object(value: Any, media: Path) -> Any:
    if isinstance(value, dict):
        return SimpleNamespace(**{name: build_object(item, media) for name, item in value.items()})
    return [build_object(item, media) for item in value] if isinstance(value, list) else build_value(value, media)


def build_value(value: Any, media: Path) -> Any:
    """A value as Python has it; ``{media}`` is the folder of the case's files."""
    if isinstance(value, str):
        return value.replace("{media}", str(media))
    if isinstance(value, list):
        return [build_value(item, media) for item in value]
    if not isinstance(value, dict):
        return value
    kind, given = next(iter(value.items())) if len(value) == 1 else ("", None)
    special: dict[str, Any] = {
        "$object": lambda: build_object(given, media),
        "$call": lambda: ToolCall(**given),
        "$bytes": lambda: base64.b64decode(given),
        "$path": lambda: media / given,
        "$decimal": lambda: Decimal(given),
        "$set": lambda: set(given),
        "$function": lambda: find_ferry,
        "$model": lambda: build_class(given),
        "$texts": lambda: [f"text {n}" for n in range(given)],
    }
    return special[kind]() if kind in special else {name: build_value(item, media) for name, item in value.items()}


def ask(model: Any, call: Json, caller: Any, media: Path) -> Any:
    """The response to the call of a case; ``format`` has messages that the model lays out itself."""
    options = build_value(call.get("options", {}), media)
    if "format" in call:
        given = model.format([Msg(**message) for message in call["format"]])
    else:
        given = build_value(call["input"], media)
    if call.get("stream"):
        return caller.deltas(model, given, **options)[1]
    return caller.call(model, given, **options)


def find_faults(expect: Json, outcome: Any, server: CaseServer) -> list[str]:
    """What is not as it should be."""
    faults: list[str] = []
    for name, wanted in expect.items():
        if name == "one_of":
            tries = [find_faults(other, outcome, server) for other in wanted]
            faults += ["; ".join(found) for found in tries] if all(tries) else []
        elif name == "error":
            faults += find_faults_of_error(wanted, outcome)
        elif name == "request":
            faults += find_faults_of_requests(wanted, server)
        elif name == "requests":
            faults += [f"{len(server.bodies)} requests, not {wanted}"] if len(server.bodies) != wanted else []
        elif isinstance(outcome, ModelHubError):
            faults.append(f"{name}: {outcome!r}")
        elif name == "tool_calls":
            found = [{key: getattr(call, key) for key in w} for w, call in zip(wanted, outcome.tool_calls, strict=True)]
            faults += [] if found == wanted else [f"tool_calls: {found}"]
        else:
            wanted = [[float(n)] for n in range(wanted)] if name == "embedding_count" else wanted
            value = getattr(outcome, name.removesuffix("_count"))
            faults += [] if value == wanted else [f"{name}: {value!r}, not {wanted!r}"]
    return faults


def find_faults_of_requests(checks: list[Json], server: CaseServer) -> list[str]:
    told = []
    for check in checks:
        n = check.get("n", 1) - 1
        sent = n < len(server.bodies)
        told.append(find_fault(server.bodies[n], check, server.headers[n]) if sent else f"there is no request {n + 1}")
    return [fault for fault in told if fault]


def find_faults_of_error(wanted: Json, error: Any) -> list[str]:
    if not isinstance(error, ModelCallError):
        return [f"no error but {error!r}"]
    names = {cls.__name__ for cls in type(error).__mro__}
    faults = [] if wanted.get("class", "ModelCallError") in names else [repr(error)]
    text = str(error).lower()
    return faults + [f"{w!r} is not in {error}" for w in wanted.get("message_contains", ()) if w.lower() not in text]


@pytest.mark.parametrize("case", read_cases())
def test_case(case: Json, caller: Any, tmp_path: Path) -> None:
    for name, data in case.get("files", {}).items():
        (tmp_path / name).write_bytes(base64.b64decode(data))
    with serve(case["server"]) as server:
        config = {**COMMON, "model_type": case["model_type"], **case.get("config", {})}
        text = json.dumps(config).replace("{server}", server.url).replace("{media}", str(tmp_path))
        with ModelRegistry(json.loads(text)) as hub:
            try:
                outcome = ask(hub.get_model("case"), case["call"], caller, tmp_path)
            except ModelHubError as error:
                outcome = error
        assert find_faults(case["expect"], outcome, server) == [], case["right"]
