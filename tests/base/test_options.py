"""Options that JSON cannot hold are refused or understood, wherever they stand."""

from __future__ import annotations

import json
import math
from decimal import Decimal
from typing import Any

import pytest

from modelhub import errors

from .test_embeddings import build

TYPES = {
    "openai_chat": {"client_args": {"base_url": "http://r"}},
    "zhipuai_embedding": {"client_args": {"base_url": "http://r"}},
    "ollama_chat": {"host": "http://r"},
    "ollama_generate": {"host": "http://r"},
    "gemini_chat": {"client_args": {"base_url": "http://r"}},
    "anthropic_chat": {"client_args": {"base_url": "http://r"}},
    "dashscope_chat": {"client_args": {"base_url": "http://r"}},
    "post_api": {"api_url": "http://r", "model_name": None, "client_args": None},
}


@pytest.mark.parametrize("model_type", TYPES)
@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_a_number_that_json_lacks_is_refused(model_type: str, number: float, caller: Any) -> None:
    model, connections = build(model_type, **TYPES[model_type])
    for options in ({"top_k": number}, {"top_k": None, "user": None, "top_p": number}):
        with pytest.raises(errors.BadRequestError, match=f"is {number}, which JSON does not have"):
            caller.call(model, "hi", **options)
    assert connections.requests == []


@pytest.mark.parametrize("model_type", TYPES)
def test_a_decimal_is_a_number(model_type: str) -> None:
    model, connections = build(model_type, [[0.5]], **TYPES[model_type])
    try:
        model("hi", top_p=Decimal("0.5"), seed=None)
    except errors.ResponseParsingError:
        pass  # the answer is that of another vendor
    except errors.BadRequestError as error:
        assert "must be a number" in error.message and model_type.startswith("zhipu")
        return
    (request,) = connections.requests
    assert b'":0.5' in request.body and b"seed" not in request.body
    json.loads(request.body)
