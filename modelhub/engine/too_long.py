"""Recognises the words with which servers say that a prompt is too long for the model."""

from __future__ import annotations

import re

from modelhub.patterns import expression

# What is too long, and what is said of it: most engines put both into one sentence, in either order.
_SUBJECT = (
    r"(?:prompt|inputs?|messages?|tokens?|token count|conversation|requested tokens|your request|request length)\b"
    r"[^.:;\n]{0,80}"
)
_VERDICT = (
    r"(?:too long|longer than (?:the|this|\d)|too large for model|exceed\w*\s[^.;\n]{0,60}"
    r"(?:context|session_len|max_model_len|max_seq_len|model limit|model token limit|total tokens limit|"
    r"maximum number of tokens|max(?:imum)? (?:(?:allowed|input|prompt|message|sequence|total|token) ){0,2}length|"
    r"limit of \d)"
    r"|must have less than \d)"
)
_SENTENCES = (
    _SUBJECT + _VERDICT,
    r"maximum (?:context|prompt|model|input) length",  # OpenAI, vLLM, SGLang, FastChat, xAI, Mistral
    r"context[ _](?:length|window|size|limit)s? (?:is only|of only|exceeded|overflows?)",
    r"(?:exceeds?|exceeded|over|larger than|longer than|greater than|than) the (?:available |model's |maximum )?"
    r"(?:available )?context[ _](?:length|window|size|limit)",  # llama.cpp, Ollama, LM Studio, SGLang
    r"exceeds? (?:the )?(?:maximum |max )?context (?:length|window|size|limit)",  # llama-cpp-python, Anthropic
    r"context window exceeds limit|ContextWindowExceeded|context_length_exceeded|exceed_context_size",
    r"`inputs` tokens \+ `max_new_tokens` must be",  # text-generation-inference
    r"reduce the length of the (?:messages|prompt|input)",
    r"sum of prompt length",  # TensorRT-LLM
    r"Range of input length should be",  # DashScope
    r"token length exceed|token limit exceeded|exceeded model token limit",
    r"too many tokens: ",  # Cohere
    r"(?:prompt|输入|文本|token)[^\n]{0,30}(?:超长|过长|超过|超出)[^\n]{0,30}|上下文(?:长度)?(?:超长|过长|超过|超出)",
)
_TOO_LONG = expression("|".join(_SENTENCES), re.I)
# The limits of other things: tokens a minute, the length of the answer, a name or a stop word.
_OTHERWISE = expression(r"per[ -](?:minute|day|hour|second)|\b[TR]P[MD]\b|rate limit|quota", re.I)


def says_too_long(message: str) -> bool:
    """Whether the message of an error says that prompt and answer do not fit the model's context window."""
    return bool(_TOO_LONG.search(message)) and not _OTHERWISE.search(message)
