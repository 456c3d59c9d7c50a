"""The routes: each request becomes one answer of the model, or one error in OpenAI's shape."""

from __future__ import annotations

import hmac
import json
import logging
import time
import traceback
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

from flask import Flask, Response, g, request
from werkzeug.exceptions import HTTPException

from .arguments import Arguments, parse_arguments
from .generation import Event, find_budget, generate_answer
from .limits import Places
from .llm_shape import INPUTS, build_envelope, parse_input
from .loading import Loading
from .messages import Message, parse_messages
from .openai_shape import LAST_FRAME, Heading, build_chunks, build_completion, build_frame, build_models
from .refusal import Refusal
from .settings import Settings

log = logging.getLogger("flask_service")


def build_app(settings: Settings, loading: Loading, is_stopping: Callable[[], bool] = lambda: False) -> Flask:
    """The application; once ``is_stopping``, what it is generating is given up."""
    app = Flask(__name__, static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = settings.max_body
    app.url_map.strict_slashes = False
    places = Places(settings.concurrency, settings.queue)
    started = int(time.time())

    @app.before_request
    def check_key() -> None:
        g.request_id = uuid.uuid4().hex
        if settings.api_key and request.path != "/health":
            given = request.headers.get("Authorization", "").encode()
            if not hmac.compare_digest(given, f"Bearer {settings.api_key}".encode()):
                message = "a key is needed: Authorization: Bearer KEY"
                raise Refusal(401, message, "invalid_api_key", headers={"WWW-Authenticate": "Bearer"})

    @app.get("/health")
    def health() -> Response:
        loading.get()
        return reply({"status": "ok"})

    @app.get("/v1/models")
    def models() -> Response:
        context = loading.model.context if loading.model else None
        return reply(build_models(settings.name, started, context))

    @app.post("/v1/chat/completions")
    def complete() -> Response:
        body = read_body()
        said = body.pop("messages", None)
        arguments = parse_arguments(body)
        return answer(arguments, parse_messages(said), lambda completion: completion)

    @app.post("/llm/")
    def complete_for_agentscope() -> Response:
        body = read_body()
        said = {name: body.pop(name, None) for name in INPUTS}
        arguments = parse_arguments({"stream_options": {"include_usage": True}, **body})
        return answer(arguments, parse_input(said), build_envelope)

    def answer(arguments: Arguments, messages: list[Message], wrap: Callable[[dict[str, Any]], Any]) -> Response:
        if arguments.model not in (None, settings.name):
            message = f"there is no model '{arguments.model[:80]}' here, only '{settings.name}'"
            raise Refusal(404, message, "model_not_found", "model")
        model = loading.get()
        prompt = model.build_prompt(messages, arguments.tools)
        budget = find_budget(len(prompt), arguments.max_tokens, model.context, settings.max_tokens)
        heading = Heading(settings.name, len(prompt))
        # waitress alone can tell that the client is gone before anything is written to it.
        has_left = request.environ.get("waitress.client_disconnected", lambda: False)

        def is_over() -> bool:
            return is_stopping() or has_left()

        with ExitStack() as stack:
            stack.enter_context(places.take(is_over))
            events = generate_answer(model, prompt, arguments, budget, is_over)
            if not arguments.stream:
                return reply(wrap(build_completion(heading, events)))
            frames = stream(heading, events, arguments.include_usage)
            response = Response(frames, mimetype="text/event-stream")
            response.headers.update({"Cache-Control": "no-cache", "X-Accel-Buffering": "no"})
            # The server closes the response however it ends, even when its client leaves before the first frame.
            response.call_on_close(stack.pop_all().close)
            return response

    @app.errorhandler(Refusal)
    def refuse(refusal: Refusal) -> Response:
        return reply(refusal.describe(), refusal.status, refusal.headers)

    @app.errorhandler(HTTPException)
    def refuse_request(error: HTTPException) -> Response:
        status = error.code or 500
        message = f"{request.method} {request.path[:80]}: {error.name}"
        if status == 413:
            message = f"the body is larger than {settings.max_body} bytes"
        headers = {name: value for name, value in error.get_headers() if name == "Allow"}
        return reply(Refusal(status, message, error.name.lower().replace(" ", "_")).describe(), status, headers)

    @app.errorhandler(Exception)
    def fail(error: Exception) -> Response:
        log_failure(error, g.request_id)
        return refuse(Refusal(500, "the service failed at this: see its log", "internal_error"))

    @app.after_request
    def name_request(response: Response) -> Response:
        response.headers["X-Request-Id"] = g.request_id
        return response

    return app


def read_body() -> dict[str, Any]:
    """The JSON object that was posted; raises Refusal."""
    try:
        body = json.loads(request.get_data(cache=False))
    except (ValueError, RecursionError):
        raise Refusal(400, "the body is not JSON", "invalid_json") from None
    if not isinstance(body, dict):
        raise Refusal(400, "the body is no JSON object", "invalid_json")
    return body


def reply(data: dict[str, Any], status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """``data`` as JSON, the text in it as it is."""
    text = json.dumps(data, ensure_ascii=False)
    return Response(text.encode("utf-8", "backslashreplace"), status, headers, content_type="application/json")


def stream(heading: Heading, events: Iterator[Event], include_usage: bool) -> Iterator[bytes]:
    """The frames of an answer; what fails on the way is the last of them, and then there is no [DONE]."""
    try:
        for chunk in build_chunks(heading, events, include_usage):
            yield build_frame(chunk).encode()
    except Refusal as refusal:
        yield build_frame(refusal.describe()).encode()
    except Exception as error:
        log_failure(error, heading.id)
        yield build_frame(Refusal(500, "the service failed at this: see its log", "internal_error").describe()).encode()
    else:
        yield LAST_FRAME.encode()


def log_failure(error: Exception, id: str) -> None:
    """Log where an error came from, without its message, which may quote a prompt."""
    log.error("%s: %s at\n%s", id, type(error).__name__, "".join(traceback.format_tb(error.__traceback__)))
