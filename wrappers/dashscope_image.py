"""DashScope's services for images and embeddings, where one call may take several requests."""

from __future__ import annotations

import re
from collections.abc import Generator
from typing import Any

from modelhub.base import (
    ImageWrapper,
    ModelResponse,
    Reply,
    Request,
    add_path,
    override,
)
from modelhub.errors import BadRequestError
from modelhub.media import read_medium

from .dashscope_endpoint import DashScopeEndpoint, parse_body, parse_failure, parse_usage

# What stands in `input` beside the prompt; every other option is a parameter.
_INPUTS = ("negative_prompt", "images", "ref_img", "sketch_image_url", "mask_image_url", "base_image_url", "function")
_IMAGES = ("images", "ref_img", "sketch_image_url", "mask_image_url", "base_image_url")
_PENDING = ("PENDING", "RUNNING", "SUSPENDED")


class DashScopeImageSynthesisWrapper(DashScopeEndpoint, ImageWrapper):
    """Images; a task draws them, and the call waits until it has ended: https://help.aliyun.com/zh/model-studio/text-to-image-v2-api-reference."""

    model_type = "dashscope_image_synthesis"
    poll_interval = 1.0  # seconds; doubled after every third look, up to five times itself

    @override
    def exchange(self, input: Any, options: dict[str, Any]) -> Generator[Request, Reply, ModelResponse]:
        reply = yield self.build_submission(input, options)
        data = parse_body(reply)
        looks, wait = 0, self.poll_interval
        while data["output"]["task_status"] in _PENDING:
            reply = yield self.build_look(data["output"]["task_id"], wait)
            data = parse_body(reply)
            looks += 1
            if looks % 3 == 0:
                wait = min(wait * 2, 5 * self.poll_interval)
        return parse_images(data, reply)

    def build_submission(self, prompt: str, options: dict[str, Any]) -> Request:
        """The request that starts the task."""
        if options.pop("save_local", False):
            raise BadRequestError("save_local is not possible: fetch the image_urls, which expire after a day")
        task = options.pop("task", None)
        if task is None:
            edits = "imageedit" in self.model_name or "wan2.5-i2i" in self.model_name
            task = "image2image" if edits else "text2image"
        given = {name: load_input(name, options.pop(name)) for name in _INPUTS if name in options}
        extra = options.pop("extra_input", {})
        if isinstance(options.get("size"), str):
            options["size"] = re.sub(r"(?<=\d)[xX](?=\d)", "*", options["size"])
        return self.build_call(
            f"/services/aigc/{task}/image-synthesis",
            {"prompt": prompt, **given, **extra},
            options,
            headers={"X-DashScope-Async": "enable"},
        )

    def build_look(self, task_id: str, wait: float) -> Request:
        """The request that asks for the state of a task."""
        return Request(
            add_path(self.endpoint.url, f"/tasks/{task_id}"),
            self.endpoint.headers,
            method="GET",
            delay=wait,
        )


def load_input(name: str, given: Any) -> Any:
    """What stands beside the prompt, with data in place of local images."""
    if name not in _IMAGES or given is None:
        return given
    if isinstance(given, list | tuple):
        return [load_input(name, one) for one in given]
    try:
        return read_medium(given).url
    except BadRequestError as error:
        raise BadRequestError(f"{name}: {error.message}") from None


def parse_images(data: dict[str, Any], reply: Reply) -> ModelResponse:
    """The images of a task that has ended; raises its typed error when there are none."""
    output = data["output"]
    results = output.get("results") or ()
    urls = [result["url"] for result in results if result.get("url")]
    if output["task_status"] != "SUCCEEDED" or not urls:
        told: dict[str, Any] = next((result for result in results if result.get("code")), {})
        code, message = output.get("code") or told.get("code"), output.get("message") or told.get("message")
        ended = f"the task {output.get('task_id')} ended as {output['task_status']} without an image"
        failure = {"code": code, "message": message or ended, "request_id": data.get("request_id")}
        raise parse_failure(reply.status, failure, reply)
    return ModelResponse(
        image_urls=urls, raw=data, usage=parse_usage(data.get("usage")), request_id=data.get("request_id")
    )
