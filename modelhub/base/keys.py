"""The keys under which the answers of calls are kept: what tells apart what is asked, and whom."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from modelhub.engine import http
from modelhub.engine.call import Call
from modelhub.engine.completing import complete
from modelhub.engine.job import Job
from modelhub.errors import ModelHubError
from modelhub.messages import normalize_messages
from modelhub.policies.cache_key import build_call_key, build_request_key
from modelhub.secrets import is_secret_name
from modelhub.wire import Request

_HOW = frozenset({"stream", "timeout", "retry", "cache", "tags"})  # options that say how to ask, and not what


def build_http_key(call: Call) -> str | None:
    """The key of a call of a model over HTTP: its request as it is for a whole answer; None if it sends none."""
    request = _build_request(call)
    if request is None:
        return None
    complete(request, call)
    model = call.model
    headers = model.headers
    if call.extras is not None:
        headers = headers | {
            name: request.headers[name] for name in request.headers if name not in model.endpoint.headers
        }
    secrets = sorted(f"{name.lower()}: {value}" for name, value in request.headers.items() if is_secret_name(name))
    if model.authorization is not None:  # whatever it makes of the request, who asks is the same
        secrets.append(model.authorization.identity)
    names = call.sent.names if call.sent is not None else {}
    return build_request_key(
        request.method,
        request.url,
        request.body,
        headers=headers,
        organization=next((v for n, v in request.headers.items() if n.lower() == "openai-organization"), None),
        api_key="\n".join(secrets) or None,
        reader=f"{model.model_type} {sorted(names.items())}",
    )


def _build_request(call: Call) -> Request | None:
    """The request that says all that is asked, or the first one of a conversation."""
    model: Any = call.model
    exchange = model.exchange(call.input, dict(call.options))
    if exchange is None or isinstance(exchange, Job):
        call.prepared = http.build_request(call, False)
        return call.prepared
    if model.task == "embedding":
        return http.build_request(call, False)
    first: Request | None = next(exchange, None)
    exchange.close()
    return first


def build_library_key(call: Call) -> str | None:
    """The key of a call of a library of this process."""
    model = call.model
    asked = {"input": call.input, "options": call.options}
    return build_call_key(f"{model.model_type} {model.model_name}", asked, [model.api_key, model.client_args])


def build_python_key(call: Call) -> str | None:
    """The key of a call of a plain Python model or a composite; None if what it asks has no form in JSON."""
    home, args = call.model.home, list(call.input)
    if args and not isinstance(args[0], str):
        with suppress(ModelHubError, TypeError, ValueError):  # it is no chat
            args[0] = normalize_messages(args[0])
    asked = {"args": args, **{name: value for name, value in call.keywords.items() if name not in _HOW}}
    if call.response_format is not None:  # which may have been given as a class
        asked["response_format"] = call.response_format
    if asked.get("tools"):
        asked["tools"] = _read_tools(asked["tools"])
    return build_call_key(call.model.config_name, asked, home.find_reach())


def _read_tools(tools: Any) -> Any:
    """Tools as data, where there are Python functions among them."""
    from modelhub.fitting import PLAIN  # few calls have tools
    from modelhub.fitting.tools import normalize_tools

    with suppress(ModelHubError, TypeError):
        return normalize_tools(tools, PLAIN)
    return tools
