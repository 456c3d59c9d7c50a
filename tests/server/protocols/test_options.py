"""The options beside the protocols' own that callers may set: each is looked at before it is let through."""

from __future__ import annotations

import pytest

from modelhub.routing.known_options import _read_options
from modelhub.server.formats.replies import Failure
from modelhub.server.formats.requests.options import is_refused

from ...paths import ROOT
from .speaking import HERE, parse

LOOKED_AT = (HERE / "passing.txt").read_text("utf-8").split()
BODY = {"model": "m", "messages": [{"role": "user", "content": "hi"}]}


def test_what_passes_has_been_looked_at() -> None:
    """An option that is new in a schema is added to passing.txt if a caller may set it, else to what is refused."""
    types = [file.stem for file in (ROOT / "schemas").glob("*.json") if not file.stem.startswith("_")]
    known = {name for kind in types for name in _read_options("modelhub", kind) or ()}
    assert sorted(name for name in known if not is_refused(name)) == sorted(LOOKED_AT)


@pytest.mark.parametrize(
    "name",
    [
        *("api_key", "apiKey", "openai_api_key", "aws_secret_access_key", "vertex_credentials", "auth_token"),
        *("base_url", "api_base", "host", "azure_endpoint", "proxies", "headers", "extra_headers", "extra_body"),
        *("images", "ref_img", "base_image_url", "save_local", "file_path", "cached_content", "fallbacks"),
        *("timeout", "retry", "cache", "tags", "parse_func", "fault_handler", "max_retries", "model_type", "self"),
        *("generate_args", "client_args", "workspace", "organization", "vertex_project", "drop_params", "__class__"),
    ],
)
def test_callers_do_not_reach_inside(name: str) -> None:
    with pytest.raises(Failure, match="cannot be set from outside"):
        parse("/v1/chat/completions", {**BODY, name: "x"})
    assert name not in parse("/api/chat", {**BODY, name: "x", "options": {name: "x"}}).hints
