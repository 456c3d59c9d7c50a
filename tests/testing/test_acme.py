"""The suite takes a wrapper of a plugin that is right, and finds what is wrong with those that are not."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from modelhub.testing.conformance import ABILITIES, WrapperConformance
from modelhub.testing.conformance.applying import Needs

from ..paths import ROOT
from .acme import AcmeChatWrapper

HERE = Path(__file__).parent


@pytest.fixture(autouse=True)
def importable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let other processes import the wrapper of these tests, as they could import an installed one."""
    monkeypatch.setattr(sys, "path", [*sys.path, str(ROOT)])


CONFIG = {"model_type": "acme_conforming_chat", "model_name": "acme-1", "api_key": "${KIT_KEY}"}


class TestAcme(WrapperConformance):
    config = CONFIG
    recordings = "recordings/acme_conforming_chat"
    wrapper = AcmeChatWrapper
    cannot = {"schema"}  # it is in no package that could ship one


class TestAcmeWithAKeyInItsConfig(WrapperConformance):
    config = {**CONFIG, "config_name": "acme", "api_key": "sk-written-here"}
    recordings = HERE / "recordings" / "acme_conforming_chat"
    wrapper = AcmeChatWrapper
    cannot = {"schema", "tools", "stream", "response_format"}


# What is wrong with a wrapper, as the body of a subclass, and the tests that find it.
MUTANTS: dict[str, tuple[str, str]] = {
    "it forgets the last piece of a text": (
        "def parse_response(self, reply):\n"
        "    answer = super().parse_response(reply)\n"
        "    answer.text = (answer.text or '')[:-1]\n"
        "    return answer",
        "test_the_recorded_answer",
    ),
    "it sends another body": (
        "def build_request(self, input, options, stream):\n"
        "    return super().build_request(input, {**options, 'extra': 1}, stream)",
        "test_the_recorded_request",
    ),
    "it keeps what it was asked": (
        "seen = []\n"
        "def build_request(self, input, options, stream):\n"
        "    self.seen.append(1)\n"
        "    return super().build_request(input, {**options, 'n': len(self.seen)}, stream)",
        "test_the_same_call_again_gives_the_same",
    ),
    "it changes the options of the caller": (
        "def bind(self, messages, **options):\n"
        "    for tool in options.get('tools') or ():\n"
        "        tool['function']['strict'] = True\n"
        "    return super().bind(messages, **options)",
        "test_tools_of_the_caller_are_not_changed",
    ),
    "it knows no classes of errors": (
        "def parse_error(self, reply):\n    from modelhub.errors import ServerError\n"
        "    return ServerError('it failed', status=reply.status)",
        "test_errors_by_status",
    ),
    "its errors break": ("def parse_error(self, reply):\n    return 1 // 0", "test_odd_bodies_of_errors"),
    "it takes anything for an answer": (
        "def parse_response(self, reply):\n    return ModelResponse('ok', finish_reason='stop')",
        "test_an_unreadable_success",
    ),
    "it shows its key": (
        "def __repr__(self):\n    return f'<Acme {self.api_key} {self.bound}>'",
        "test_no_secret_in_the_model",
    ),
    "it logs its key": (
        "def build_request(self, input, options, stream):\n    import logging\n"
        "    request = super().build_request(input, options, stream)\n"
        "    logging.getLogger('acme').debug('%s', request.headers)\n    return request",
        "test_no_secret_in_logs",
    ),
    "it tells no usage": (
        "def parse_response(self, reply):\n    answer = super().parse_response(reply)\n"
        "    answer.usage = None\n    return answer",
        "test_usage_is_told",
    ),
    "it drops every second delta": (
        "def parse_event(self, event, so_far):\n    delta = super().parse_event(event, so_far)\n"
        "    return None if len(so_far.text) % 2 else delta",
        "test_the_deltas_add_up",
    ),
    "it keeps its stream on the model": (
        "n = 0\n"
        "def parse_event(self, event, so_far):\n    self.n += 1\n"
        "    delta = super().parse_event(event, so_far)\n"
        "    return None if self.n > 5 else delta",
        "test_two_streams_at_once",
    ),
    "it sends no tools": (
        "def build_request(self, input, options, stream):\n    options.pop('tools', None)\n"
        "    return super().build_request(input, options, stream)",
        "test_tools_are_sent",
    ),
    "it loses the headers of the config": (
        "def build_headers(self, headers):\n    return {'Content-Type': 'application/json', **headers}",
        "test_headers_of_the_config_are_sent",
    ),
    "it opens connections of its own": (
        "def parse_response(self, reply):\n    import time\n    time.sleep(0)\n    import socket\n    return 1",
        "test_an_answer_is_a_response",
    ),
    "it cannot be pickled": ("def __reduce__(self):\n    raise TypeError('no')", "test_pickles"),
    "it tries everything again": (
        "def parse_error(self, reply):\n    error = super().parse_error(reply)\n"
        "    error.retryable = True\n    return error",
        "test_what_would_fail_again_is_not_tried_again",
    ),
}
PROGRAM = """
from modelhub.base import ModelResponse
from modelhub.testing.conformance import WrapperConformance
from acme import AcmeChatWrapper

class Mutant{n}(AcmeChatWrapper):
    model_type = "mutant_{n}"
{body}

class TestMutant{n}(WrapperConformance):
    config = {{"model_type": "mutant_{n}", "model_name": "acme-1", "api_key": "${{KIT_KEY}}"}}
    recordings = {recordings!r}
    wrapper = Mutant{n}
"""


@pytest.fixture(scope="module")
def failed(tmp_path_factory: pytest.TempPathFactory) -> set[tuple[int, str]]:
    """The tests that failed, by the number of the mutant; only those that are to find one are run."""
    folder = tmp_path_factory.mktemp("mutants")
    (folder / "acme.py").write_text((HERE / "acme.py").read_text("utf-8"), "utf-8")
    chosen = []
    for n, (body, found) in enumerate(MUTANTS.values()):
        inside = "\n".join(f"    {line}" for line in body.splitlines())
        recordings = str(HERE / "recordings" / "acme_conforming_chat")
        (folder / f"test_{n}.py").write_text(PROGRAM.format(n=n, body=inside, recordings=recordings))
        chosen.append(f"(test_{n}.py and {found})")
    command = [sys.executable, "-P", "-m", "pytest", "-q", "-p", "no:cacheprovider", "-rf", "--tb=no", "--no-header"]
    env = {**os.environ, "PYTHONPATH": str(folder)}
    command += ["-k", " or ".join(chosen)]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=240, env=env)
    return {(int(n), name) for n, name in re.findall(r"test_(\d+)\.py::TestMutant\d+::(\w+)", done.stdout)}


@pytest.mark.parametrize("wrong", MUTANTS)
def test_the_suite_finds(wrong: str, failed: set[tuple[int, str]]) -> None:
    assert (list(MUTANTS).index(wrong), MUTANTS[wrong][1]) in failed


def list_tests(suite: type) -> dict[str, Any]:
    return {name: getattr(suite, name) for name in dir(suite) if name.startswith("test_") and getattr(suite, name)}


def test_there_are_some_sixty_tests_each_of_which_says_why() -> None:
    tests = list_tests(WrapperConformance)
    assert len(tests) > 60
    assert [name for name, test in tests.items() if not (test.__doc__ or "").strip()] == []


def test_what_a_model_cannot_do_is_left_out() -> None:
    tests = list_tests(TestAcmeWithAKeyInItsConfig)
    assert tests and not {"stream", "tools"} & {
        ability for test in tests.values() for ability in getattr(test, "needs", Needs((), ())).abilities
    }
    used = {name for test in list_tests(WrapperConformance).values() for name in getattr(test, "needs", ((),))[0]}
    assert used == set(ABILITIES)
