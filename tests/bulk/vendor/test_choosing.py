"""Which batch API a model has, by its type and by where it is asked."""

from __future__ import annotations

import json
from typing import Any

import pytest

import modelhub
from modelhub.bulk.questions import Question
from modelhub.bulk.vendor import calls
from modelhub.bulk.vendor.choosing import find_api

from .models import build_api

KEY = f"{1:032x}"


@pytest.mark.parametrize(
    ("config", "title", "listed"),
    [
        ({}, "OpenAI", "https://api.openai.com/v1/batches?limit=100"),
        ({"vendor": "groq"}, "OpenAI", "https://api.groq.com/openai/v1/batches?limit=100"),
        ({"vendor": "dashscope"}, "DashScope", "https://dashscope.aliyuncs.com/compatible-mode/v1/batches?limit=100"),
        ({"vendor": "zhipuai"}, "ZhipuAI", "https://open.bigmodel.cn/api/paas/v4/batches?limit=100"),
        (
            {"client_args": {"base_url": "https://open.bigmodel.cn/api/paas/v4"}},
            "ZhipuAI",
            "https://open.bigmodel.cn/api/paas/v4/batches?limit=100",
        ),
        (
            {"client_args": {"base_url": "http://server/v1", "default_query": {"a": "b"}}},
            "OpenAI",
            "http://server/v1/batches?a=b&limit=100",
        ),
    ],
)
def test_of_who_speaks_openai_s_protocol(config: dict[str, Any], title: str, listed: str) -> None:
    whole = {"config_name": "m", "model_type": "openai_chat", "model_name": "m", "api_key": "k", **config}
    api = find_api(modelhub.ModelRegistry([whole]).get_model("m"))
    assert (api.title, api.build_list(None).url) == (title, listed)


def test_dashscope_is_asked_in_openai_s_form() -> None:
    options = {"result_format": "message", "temperature": 0.5, "enable_thinking": False}
    api = build_api("dashscope", generate_args=options, headers={"X-Own": "a"})
    call = calls.prepare(api.model, Question("hi", {}, KEY))
    line = json.loads(api.build_line(KEY, calls.build(call)))
    message = {"role": "user", "content": "hi"}
    assert line["body"] == {"model": "m", "messages": [message], "temperature": 0.5, "enable_thinking": False}
    listed = api.build_list(None)
    assert listed.url == "http://server/compatible-mode/v1/batches?limit=100"
    assert (listed.headers["Authorization"], listed.headers["X-Own"]) == ("Bearer id.secret", "a")


def test_dashscope_s_vectors_have_their_dimensions() -> None:
    api = build_api("dashscope", "dashscope_text_embedding", generate_args={"dimension": 64})
    call = calls.prepare(api.model, Question("hi", {}, KEY))
    line = json.loads(api.build_line(KEY, calls.build(call)))
    assert (line["url"], line["body"]["dimensions"]) == ("/v1/embeddings", 64)


def test_signed_keys_are_signed_anew_and_kept_nowhere() -> None:
    api = build_api("zhipuai", auth="jwt")
    assert api.build_poll("batch_1").headers["Authorization"].count(".") == 2
    request = calls.build(calls.prepare(api.model, Question("hi", {}, KEY)))
    assert calls.find_headers(request, api.model.endpoint.headers) == {}
