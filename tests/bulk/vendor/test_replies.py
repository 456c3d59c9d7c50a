"""What vendors tell of jobs and results, read from files of ``replies``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from modelhub.bulk.questions import Question
from modelhub.bulk.vendor import calls
from modelhub.errors import ModelCallError

from .models import build_api

REPLIES = {
    path.stem: json.loads(path.read_text()) for path in sorted((Path(__file__).parent / "replies").glob("*.json"))
}


def list_cases(kind: str) -> list[Any]:
    return [
        pytest.param(vendor, case, id=f"{vendor}-{n}")
        for vendor, seen in REPLIES.items()
        for n, case in enumerate(seen[kind])
    ]


@pytest.mark.parametrize(("vendor", "case"), list_cases("jobs"))
def test_jobs(vendor: str, case: Any) -> None:
    job = build_api(vendor).parse_job(case["reply"])
    found = {name: getattr(job, name) for name in case["told"]}
    if "results" in found:
        found["results"] = list(found["results"])
    if "complaints" in found:
        found["complaints"] = [[each.message, each.code, each.line] for each in found["complaints"]]
    assert found == case["told"]


@pytest.mark.parametrize(("vendor", "case"), list_cases("lists"))
def test_lists(vendor: str, case: Any) -> None:
    jobs, after = build_api(vendor).parse_list(case["reply"])
    assert ([job.id for job in jobs], after) == (case["ids"], case["next"])


@pytest.mark.parametrize(("vendor", "case"), list_cases("results"))
def test_results(vendor: str, case: Any, tmp_path: Path) -> None:
    api = build_api(vendor)
    call = calls.prepare(api.model, Question("hi", {}, f"{1:032x}"))
    file = tmp_path / "results"
    file.write_text(json.dumps(case["line"], separators=(",", ":")) + "\n\n")
    (result,) = api.parse_results(file)
    told, found = case["told"], {"id": result.id}
    if "error" in told:
        with pytest.raises(ModelCallError) as caught:
            calls.read_result(call, result)
        found |= {"error": type(caught.value).__name__, "code": caught.value.code}
        found |= {"request_id": caught.value.request_id, "status": caught.value.status}
    else:
        response = calls.read_result(call, result)
        found |= {"text": response.text, "request_id": response.request_id}
        found["total_tokens"] = response.usage and response.usage.total_tokens
    assert {name: found[name] for name in told} == told


@pytest.mark.parametrize(("vendor", "line"), list_cases("passed_over"))
def test_what_is_no_result_is_passed_over(vendor: str, line: Any, tmp_path: Path) -> None:
    good = json.dumps(REPLIES[vendor]["results"][0]["line"], separators=(",", ":"))
    file = tmp_path / "results"
    file.write_text("\n".join([good, json.dumps(line), '{"cut": ', "", good]))
    assert len(list(build_api(vendor).parse_results(file))) == 2


def test_results_that_come_with_the_job(tmp_path: Path) -> None:
    replies = [case["reply"] for case in REPLIES["gemini"]["jobs"] if case["told"].get("results") == [""]]
    assert replies
    for reply in replies:
        file = tmp_path / "results"
        file.write_text(json.dumps(reply, indent=1))
        assert [result.status for result in build_api("gemini").parse_results(file)] == [200, 400]


def test_vectors(tmp_path: Path) -> None:
    lines = {
        "gemini": {"key": f"{1:032x}", "response": {"embedding": {"values": [1.0, 2.0]}}},
        "openai": {
            "custom_id": f"{1:032x}",
            "response": {"status_code": 200, "body": {"data": [{"index": 0, "embedding": [1.0, 2.0]}]}},
        },
    }
    for vendor, line in lines.items():
        api = build_api(vendor, f"{vendor}_embedding")
        call = calls.prepare(api.model, Question("hi", {}, f"{1:032x}"))
        assert calls.read_result(call, api.parse_result(line)).embedding == [[1.0, 2.0]]
