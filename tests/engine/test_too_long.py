"""A prompt that is too long is a ContextLengthError, in the words of every engine; other limits are not."""

from __future__ import annotations

import pytest

from modelhub import errors
from modelhub.engine.classify import build_error

TOO_LONG = [
    "This model's maximum context length is 4096 tokens. However, you requested 5000 tokens",
    "Your input exceeds the context window of this model. Please adjust your input and try again.",
    "The decoder prompt (length 5000) is longer than the maximum model length of 4096.",
    "The engine prompt length 4000 exceeds the max_model_len 2048. Please reduce prompt.",
    "You passed 5000 input tokens and requested 100 output tokens. However, the model's context "
    "length is only 4096 tokens",
    "The input (9000 tokens) is longer than the model's context length (4096 tokens).",
    "Requested token count exceeds the model's maximum context length of 4096 tokens. You requested a total of 5000",
    "Input length (9000 tokens) exceeds the maximum allowed length (4096 tokens).",
    "the request exceeds the available context size, try increasing it",
    "request (5000 tokens) exceeds the available context size (4096 tokens), try increasing it",
    "Requested tokens (1234) exceed context window of 512",
    "the input length exceeds the context length",
    "input length exceeds maximum context length",
    "prompt too long; exceeded max context length by 100 tokens",
    "Input validation error: `inputs` tokens + `max_new_tokens` must be <= 4096. Given: 5000 "
    "`inputs` tokens and 20 `max_new_tokens`",
    "Input validation error: `inputs` must have less than 512 tokens. Given: 1000",
    "Input validation error: inputs must have less than 1024 tokens. Given: 2000",
    "Trying to keep the first 5000 tokens when context the overflows. However, the model is loaded "
    "with context length of only 4096 tokens, which is not enough.",
    "The number of tokens to keep from the initial prompt is greater than the context length. Try "
    "to load the model with a larger context length",
    "prompt length (1000) exceeds maximum input length (512). Set log level to info",
    "The sum of prompt length (5000.0), query length (0) should not exceed max_num_tokens (4096)",
    "prompt is too long: 210000 tokens > 200000 maximum",
    "input length and `max_tokens` exceed context limit: 190000 + 20000 > 200000",
    "The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).",
    "Range of input length should be [1, 30720]",
    "Total message token length exceed model limit (65536)",
    "Invalid request: Your request exceeded model token limit: 8192",
    "Prompt contains 40000 tokens and 0 draft tokens, too large for model with 32768 maximum context length",
    "Please reduce the length of the messages or completion. Current length is 9000 while limit is 8192",
    "too many tokens: total number of tokens in the prompt cannot exceed 4081 - received 5000.",
    "Input is too long for requested model.",
    "This model's maximum prompt length is 131072 but the request contains 537812 tokens.",
    "This endpoint's maximum context length is 8192 tokens. However, you requested about 9000 tokens",
    "invalid params, context window exceeds limit (2013)",
    "prompt token count of 12345 exceeds the limit of 8192",
    "the input is too long for this model",
    "The prompt is too long: 40000, model maximum context length: 32768",
    "the number of input tokens 4097 cannot exceed the total tokens limit 4096 for this model",
    "Prompt exceeds max length",
    "Prompt 超长",
    "输入文本长度超过限制",
    "The input token length exceeds session_len 2048",
    "Input tokens exceed the configured limit of 272000 tokens. Your messages resulted in 300000 "
    "tokens. Please reduce the length of the messages.",
    "litellm.ContextWindowExceededError: foo",
    "request length is longer than the input length (1024)",
    "Input length 5000 exceeds the maximum length 4096",
    "The total number of tokens in your request exceeds the context window",
    "Your prompt is longer than the context length of this model",
    "max_tokens plus input length exceeds context window",
]

OTHERWISE = [
    "Rate limit reached for gpt-4 on tokens per min (TPM): Limit 10000",
    "max_tokens must be at most 4096",
    "string too long for field name: maximum 64",
    "Invalid value for 'temperature'",
    "Request too large for gpt-4 in organization on tokens per minute (TPM): Limit 30000",
    "the prompt is missing",
    "messages must not be empty",
    "tool name exceeds 64 characters",
    "stop: too many stop sequences",
    "image exceeds the maximum size of 5 MB",
    "messages[0].name is too long: at most 64",
    "The model is overloaded",
    "max_tokens is too large: 100000. This model supports at most 16384 completion tokens, whereas "
    "you provided 100000.",
    "Invalid 'input': array too long. Expected an array with maximum length 2048, but got 3000",
    "Invalid 'user': string too long. Expected a string with maximum length 64",
]


@pytest.mark.parametrize("status", [None, 200, 400, 413, 422, 500])
@pytest.mark.parametrize("message", TOO_LONG)
def test_too_long(message: str, status: int | None) -> None:
    error = build_error(status, message)
    assert type(error) is errors.ContextLengthError
    assert not error.retryable


@pytest.mark.parametrize("message", OTHERWISE)
def test_not_too_long(message: str) -> None:
    assert type(build_error(400, message)) is errors.BadRequestError
    assert type(build_error(429, message)) is errors.RateLimitError
    assert type(build_error(503, message)) is errors.ServerError


@pytest.mark.parametrize("message", TOO_LONG)
def test_a_rate_limit_stays_one(message: str) -> None:
    assert type(build_error(429, message)) is errors.RateLimitError
