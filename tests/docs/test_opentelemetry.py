"""docs/opentelemetry.md: its program tells a real receiver what the page says, and its tables have all names."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from typing import Any

import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from modelhub.telemetry.otel import happenings
from modelhub.testing import MockServer

from ..paths import ROOT
from ..telemetry.otlp_receiver import Receiver, read_attributes

PAGE = (ROOT / "docs" / "opentelemetry.md").read_text("utf-8")
SOURCES = [path.read_text("utf-8") for path in sorted((ROOT / "modelhub" / "telemetry" / "otel").glob("*.py"))]


def find_section(title: str) -> dict[str, str]:
    """The rows of the table under a title: the rest of each by its name."""
    section = PAGE.partition(f"\n## {title}\n")[2].partition("\n## ")[0]
    return dict(re.findall(r"^\| `([\w.]+)` \| (.*) \|$", section, re.M))


@pytest.fixture(scope="module")
def received(tmp_path_factory: pytest.TempPathFactory) -> Receiver:
    """What the program of the page has told."""
    folder = tmp_path_factory.mktemp("opentelemetry")
    blocks = re.findall(r"^```\w+\n# (\S+)\n(.*?)^```$", PAGE, re.M | re.S)
    assert [name for name, _ in blocks] == ["models.yaml", "program.py"]
    for name, text in blocks:
        (folder / name).write_text(text)
    with MockServer() as server, Receiver() as receiver:
        server.script(*["503;retry-after-ms=1"] * 3, "ok")
        variables = {
            "OPENAI_API_KEY": "sk-test",
            "OPENAI_BASE_URL": f"{server.url}/v1",
            "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.url,
        }
        command = [sys.executable, "-W", "error", str(folder / "program.py")]
        done = subprocess.run(
            command,
            cwd=folder,
            env={**os.environ, **variables},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert (done.stdout, done.stderr) == ("thanks\n", "")
        last = server.requests[-1].headers["traceparent"]
    receiver.traceparent = last  # type: ignore[attr-defined]
    return receiver


def test_the_trace_is_the_one_that_is_drawn(received: Receiver) -> None:
    lines = re.findall(r"^```\n(order\n.*?)^```$", PAGE, re.M | re.S)[0].splitlines()
    assert [line for line, _ in draw(received.spans, b"")] == [" ".join(line.split()) for line in lines]


def draw(spans: list[Any], parent: bytes, lead: str = "") -> list[tuple[str, Any]]:
    """The spans as the page draws them."""
    drawn: list[tuple[str, Any]] = []
    below = sorted(
        (span for span in spans if span.parent_span_id == parent), key=lambda span: span.start_time_unix_nano
    )
    for n, span in enumerate(below):
        mark = "" if not parent else "└── " if n == len(below) - 1 else "├── "
        error = " ERROR" if span.status.code == Status.STATUS_CODE_ERROR else ""
        drawn.append((" ".join(f"{lead}{mark}{span.name}{error}".split()), span))
        drawn += draw(spans, span.span_id, lead + ("    " if parent else ""))
    return drawn


def test_the_server_knows_its_span(received: Receiver) -> None:
    (span,) = [span for span in received.spans if span.name == "chat gpt-4o-mini"]
    assert received.traceparent.startswith(f"00-{span.trace_id.hex()}-{span.span_id.hex()}-")  # type: ignore[attr-defined]
    assert span.kind == Span.SPAN_KIND_CLIENT


def test_what_was_told_is_in_the_tables(received: Receiver) -> None:
    known, events, metrics = map(find_section, ("Attributes", "Events of a span", "Metrics"))
    told = [span for span in received.spans if span.name != "order"]
    assert {name for span in told for name in read_attributes(span.attributes)} <= known.keys()
    happened = [event for span in told for event in span.events]
    assert {event.name for event in happened} <= events.keys()
    for event in happened:
        rest = [name for name in read_attributes(event.attributes) if "events" not in known.get(name, "")]
        assert all(f"`{name}`" in events[event.name] for name in rest), rest
    assert {metric.name for metric in received.metrics} == metrics.keys() - {
        "gen_ai.client.operation.time_to_first_chunk"
    }
    points = [point for metric in received.metrics for point in metric.histogram.data_points]
    on_metrics = {name for name, where in known.items() if "metrics" in where.partition(" | ")[0]}
    assert {name for point in points for name in read_attributes(point.attributes)} == on_metrics


def test_every_name_in_the_code_has_its_row_and_no_other_has() -> None:
    told = {name for text in SOURCES for name in re.findall(r'"((?:gen_ai|modelhub|server|error)\.[\w.]+)"', text)}
    modules = {name for name in told if name.startswith("modelhub.telemetry")}
    rows = find_section("Attributes").keys() | find_section("Events of a span").keys() | find_section("Metrics").keys()
    assert told - modules == rows
    for event, name in happenings.HAPPENINGS.items():
        row = find_section("Events of a span")[name]
        for field in event.__slots__:
            attribute = {"error": "error.type", "status": "http.response.status_code"}.get(field, f"modelhub.{field}")
            assert f"`{attribute}`" in row or attribute in find_section("Attributes"), (name, attribute)
