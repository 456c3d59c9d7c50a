"""Calls of OpenAI's SDK."""

from __future__ import annotations

from typing import Any

from tests.sdk.case import Case

BASE_URL = "http://recorded/v1"

DIFFERENT = {
    "chat_base_url_no_v1": "the base URL is the recording's own",
    "image_prompt_only": "modelhub always names the model; the SDK lets the server choose one",
}

TYPES = {"chat.completions.create": "openai_chat", "embeddings.create": "openai_embedding"}
TYPES |= {"images.generate": "openai_dall_e"}
INPUTS = {"openai_chat": "messages", "openai_embedding": "input", "openai_dall_e": "prompt"}


def read_call(recording: dict[str, Any]) -> Case | None:
    call = recording.get("call") or {}
    model_type = TYPES.get(call.get("method", ""))
    options = dict(call.get("kwargs") or {})
    # The Responses API, edits and pydantic's parse are other endpoints; a streamed image has partial images.
    if model_type is None or (model_type == "openai_dall_e" and options.get("stream")):
        return None
    if not recording.get("response"):  # the SDK refused to build its client
        return None
    client = dict(call.get("client") or {})
    client_args: dict[str, Any] = {"base_url": BASE_URL}
    if "max_retries" in client:
        client_args["max_retries"] = client["max_retries"]
    if "project" in client:
        client_args["project"] = client["project"]
    config = {"model_name": options.pop("model", None), "api_key": "test-key", "client_args": client_args}
    if "organization" in client:
        config["organization"] = client["organization"]
    stream = bool(options.pop("stream", False))
    if stream and "stream_options" not in options:
        options["stream_options"] = {}  # leaves out what modelhub asks for and the SDK does not
    return Case(model_type, config, [options.pop(INPUTS[model_type])], options, stream)


def expect(recording: dict[str, Any]) -> dict[str, Any]:
    expected = dict(recording.get("robust_expected") or recording["sdk_parsed"])
    packed = expected.get("images_b64")
    if packed and any(packed):  # all of them are PNGs
        expected["image_urls"] = [f"data:image/png;base64,{image}" for image in packed]
    return expected
