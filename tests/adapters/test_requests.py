"""What a config says of its requests is what is sent."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from modelhub.adapters.document import Asked
from modelhub.adapters.request import Built, compile_request
from modelhub.errors import BadRequestError, ConfigError

API_URL = "https://risk.internal/v2/generate"
USUAL = {"Content-Type": "application/json", "User-Agent": "modelhub"}
HELLO = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hello"}]
TOOL = {
    "type": "function",
    "function": {"name": "find", "description": "Finds.", "parameters": {"type": "object", "properties": {"q": {}}}},
}


def build(
    request: dict[str, Any],
    input: Any = HELLO,
    options: dict[str, Any] | None = None,
    *,
    stream: bool = False,
    task: str = "chat",
    messages: dict[str, Any] | None = None,
    model: str | None = "m-1",
    fallback: Any = None,
    raw: dict[str, Any] | None = None,
    stream_url: str | None = None,
) -> Built:
    adapter = compile_request(raw or request, request, messages, api_url=API_URL, stream_url=stream_url)
    asked = Asked(input, options or {}, stream, model_name=model, config_name="risk", task=task)
    return adapter.build(asked, USUAL, fallback)


def build_body(body: Any, *args: Any, **more: Any) -> Any:
    sent = build({"body": body}, *args, **more).body
    return None if sent is None else json.loads(sent)


def test_a_request_is_a_post_of_json_to_the_url_of_the_config() -> None:
    built = build({"body": {"conversation": "=messages", "params": {"temp": "=temperature", "n": 1}, "s": "=stream"}})
    assert (built.method, built.url, built.headers) == ("POST", API_URL, USUAL)
    assert json.loads(built.body or b"") == {"conversation": HELLO, "params": {"n": 1}, "s": False}


BODIES: list[tuple[Any, dict[str, Any], Any]] = [
    ({"a": "=temperature", "b": "x"}, {"temperature": 0.5}, {"a": 0.5, "b": "x"}),
    ({"a": "=temperature", "b": {"c": "=temperature"}}, {}, {"b": {}}),
    ({"a": ["=temperature", 1, "=model", None]}, {}, {"a": [1, "m-1", None]}),
    ({"a": None}, {}, {"a": None}),
    ({"a": "==temperature", "b": "==", "c": "a=b", "=d": 1}, {}, {"a": "=temperature", "b": "=", "c": "a=b", "=d": 1}),
    (["=model", {"x": "=config_name"}], {}, ["m-1", {"x": "risk"}]),
    ("=messages", {}, HELLO),
    ({"a": "=options"}, {"top_k": 1, "seed": 0}, {"a": {"top_k": 1, "seed": 0}}),
    ({"a": "=extra", "t": "=temperature"}, {"temperature": 1, "seed": 0}, {"a": {"seed": 0}, "t": 1}),
    ({"a": "=extra", "t": "=options.temperature"}, {"temperature": 1, "seed": 0}, {"a": {"seed": 0}, "t": 1}),
    ({"a": "=extra"}, {}, {"a": {}}),
    ({"a": "=turns", "s": "=system"}, {}, {"a": HELLO[1:], "s": "Be brief."}),
    ({"a": "=input"}, {}, {"a": "Hello"}),
    ({"a": "=prompt"}, {}, {"a": "system: Be brief.\nuser: Hello\nassistant:"}),
    ({"a": "=length(messages)", "b": "=messages[-1].content"}, {}, {"a": 2, "b": "Hello"}),
    ({"a": "=max_tokens || `9`", "b": "=stop[0]"}, {"stop": ["x", "y"]}, {"a": 9, "b": "x"}),
    ({"a": "=@.model"}, {}, {"a": "m-1"}),
    ({"deep": [[{"x": ["=model"]}]]}, {}, {"deep": [[{"x": ["m-1"]}]]}),
    (7, {}, 7),
]


@pytest.mark.parametrize(("body", "options", "sent"), BODIES)
def test_bodies(body: Any, options: dict[str, Any], sent: Any) -> None:
    assert build_body(body, options=options) == sent


def test_a_document_read_as_a_whole_has_everything() -> None:
    body = build_body({"a": "=keys(@)"}, options={"seed": 1})
    assert {"messages", "system", "turns", "prompt", "input", "tools", "stream", "model", "seed"} <= set(body["a"])


def test_a_secret_that_begins_with_an_equals_sign_is_text() -> None:
    raw = {"body": {"key": "${KEY}", "m": "=model", "e": "==${KEY}"}}
    resolved = {"body": {"key": "=model", "m": "=model", "e": "===model"}}
    assert json.loads(build(resolved, raw=raw).body or b"") == {"key": "=model", "m": "m-1", "e": "==model"}


def test_a_reference_within_an_expression_is_not_shown() -> None:
    with pytest.raises(ConfigError) as caught:
        build({"body": {"a": "=secret-value("}}, raw={"body": {"a": "=${KEY}("}})
    assert "secret-value" not in str(caught.value)
    assert "request.body.a" in str(caught.value)


@pytest.mark.parametrize(
    ("task", "input", "found"),
    [
        ("embedding", ["a", "b"], ["a", "b"]),
        ("image", "a cat", "a cat"),
        ("any", {"x": 1}, {"x": 1}),
        ("any", "t", "t"),
    ],
)
def test_the_input_of_other_tasks(task: str, input: Any, found: Any) -> None:
    assert build_body({"i": "=input", "m": "=messages", "s": "=system"}, input, task=task) == {"i": found}


def test_a_body_that_finds_nothing_is_not_sent() -> None:
    built = build({"body": "=seed"})
    assert built.body is None
    assert "Content-Type" not in built.headers


@pytest.mark.parametrize("method", ["POST", "PUT", "GET"])
def test_methods(method: str) -> None:
    built = build({"method": method, "query": {"q": "=input"}})
    assert (built.method, built.body, built.url) == (method, None, f"{API_URL}?q=Hello")


QUERIES: list[tuple[dict[str, Any], dict[str, Any], list[tuple[str, str]]]] = [
    ({"a": "=x"}, {"x": True}, [("a", "true")]),
    ({"a": "=x"}, {"x": [1, "b", False]}, [("a", "1"), ("a", "b"), ("a", "false")]),
    ({"a": "=x"}, {"x": {"k": [1]}}, [("a", '{"k":[1]}')]),
    ({"a": "=x", "b": "c d&e=é/"}, {}, [("b", "c d&e=é/")]),
    ({"a": None, "b": 1.5, "c": ""}, {}, [("a", "null"), ("b", "1.5"), ("c", "")]),
    ({"a": ["=x", "==y"]}, {}, [("a", "=y")]),
]


@pytest.mark.parametrize(("given", "options", "sent"), QUERIES)
def test_queries_and_forms(given: dict[str, Any], options: dict[str, Any], sent: list[tuple[str, str]]) -> None:
    url = build({"query": given, "body": 1}, options=options).url
    assert parse_qsl(urlsplit(url).query, keep_blank_values=True) == sent
    built = build({"form": given}, options=options)
    assert parse_qsl((built.body or b"").decode(), keep_blank_values=True) == sent
    assert built.headers["Content-Type"] == "application/x-www-form-urlencoded"


def test_a_query_is_added_to_that_of_the_url() -> None:
    assert build({"url": "/x?v=1", "query": {"a": 1}, "body": 1}).url == "https://risk.internal/x?v=1&a=1"


URLS: list[tuple[str, dict[str, Any], str | None, str]] = [
    ("/v3/{model}:run", {}, "a/b c?#é", "https://risk.internal/v3/a%2Fb%20c%3F%23%C3%A9:run"),
    ("https://other/x/{config_name}", {}, "m", "https://other/x/risk"),
    ("/x/{deployment}/{n}/{flag}", {"deployment": "d", "n": 1, "flag": True}, "m", "https://risk.internal/x/d/1/true"),
    ("/x?model={model}", {}, "a&b", "https://risk.internal/x?model=a%26b"),
    ("//evil/x", {}, "m", "https://risk.internal//evil/x"),
    ("/x/{model}", {}, "{config_name}", "https://risk.internal/x/%7Bconfig_name%7D"),
    ("/x/..{model}", {}, "%2e", "https://risk.internal/x/..%252e"),
]


@pytest.mark.parametrize(("url", "options", "model", "sent"), URLS)
def test_urls(url: str, options: dict[str, Any], model: str | None, sent: str) -> None:
    assert build({"url": url, "body": 1}, options=options, model=model).url == sent


@pytest.mark.parametrize("model", [None, "", ".", ".."])
def test_a_name_that_an_address_cannot_hold_is_refused(model: str | None) -> None:
    with pytest.raises(BadRequestError, match=r"request\.url.*\{model\}"):
        build({"url": "/x/{model}", "body": 1}, model=model)


def test_a_name_in_an_address_that_nothing_gives_is_refused() -> None:
    with pytest.raises(BadRequestError, match=r"\{region\}"):
        build({"url": "/x/{region}", "body": 1})
    with pytest.raises(BadRequestError, match=r"\{region\}"):
        build({"url": "/x/{region}", "body": 1}, options={"region": ["a"]})


def test_streams_may_have_an_address_of_their_own() -> None:
    assert build({"body": 1}, stream=True, stream_url="/s/{model}").url == "https://risk.internal/s/m-1"
    assert build({"body": 1}, stream=False, stream_url="/s/{model}").url == API_URL


@pytest.mark.parametrize(
    ("request_", "why"),
    [
        ({"url": "https://{model}/x"}, "request.url: the host"),
        ({"url": "https://a.{model}.b:1/x"}, "request.url: the host"),
        ({"url": "https://{model}"}, "request.url: the host"),
        ({"url": "https://a{model}?x"}, "request.url: the host"),
        ({"url": "HTTPS://{model}\\x"}, "request.url: the host"),
        ({"url": "{model}://x"}, "request.url must begin"),
        ({"url": "x/y"}, "request.url must begin"),
        ({"url": "https:///x"}, "request.url has no host"),
        ({"url": "/x/{model.__class__}"}, "is no name in braces"),
        ({"url": "/x/{model!r}"}, "is no name in braces"),
        ({"url": "/x/{0}"}, "is no name in braces"),
        ({"url": "/x/{}"}, "is no name in braces"),
        ({"url": "/x/{model"}, "is no name in braces"),
        ({"method": "DELETE"}, "request.method must be one of"),
        ({"method": "GET", "body": {}}, "request.body: a GET has no body"),
        ({"method": "GET", "form": {"a": 1}}, "request.form: a GET has no body"),
        ({"method": "GET", "pass_options": True}, "request.pass_options: a GET has no body"),
        ({"body": {}, "form": {}}, "cannot both be sent"),
        ({"body": [], "pass_options": True}, "request.pass_options"),
        ({"charset": "nope"}, "request.charset"),
        ({"charset": "rot13"}, "request.charset"),
        ({"headers": {"a b": "c"}}, "no name of a header"),
        ({"form": "=options"}, "request.form must be a mapping"),
        ({"body": {"x": {"y": ["=a..b"]}}}, r"request.body.x.y\[0\]: 'a..b' is no expression.*column 3"),
        ({"headers": {"X": "=foo("}}, "request.headers.X"),
    ],
)
def test_what_cannot_be_is_an_error_of_the_config(request_: dict[str, Any], why: str) -> None:
    with pytest.raises(ConfigError, match=why):
        build(request_)


def test_headers_are_added_and_win() -> None:
    given = {"X-A": "=temperature", "x-b": "=flag", "user-agent": "me", "X-C": "=none", "X-D": " v ", "X-E": "==a"}
    built = build({"headers": given, "body": 1}, options={"temperature": 0.5, "flag": True})
    assert built.headers == {
        "Content-Type": "application/json",
        "X-A": "0.5",
        "x-b": "true",
        "user-agent": "me",
        "X-D": "v",
        "X-E": "=a",
    }


@pytest.mark.parametrize("value", ["a\nb", "a\r\nEvil: 1", "\0", "é…", ["a"], {"a": 1}])
def test_a_text_that_no_header_can_hold_is_refused(value: Any) -> None:
    with pytest.raises(BadRequestError, match=r"request\.headers\.X-A") as caught:
        build({"headers": {"X-A": "=x"}, "body": 1}, options={"x": value})
    assert "Evil" not in str(caught.value)


def test_a_content_type_of_the_config_stays() -> None:
    built = build({"headers": {"content-type": "application/vnd.x+json"}, "body": {"a": "é"}, "charset": "latin-1"})
    assert built.headers["content-type"] == "application/vnd.x+json"
    assert "Content-Type" not in built.headers


@pytest.mark.parametrize("charset", ["gbk", "latin-1", "utf-16", "shift_jis", "ascii"])
def test_json_in_another_charset(charset: str) -> None:
    built = build({"body": {"q": "=input"}, "charset": charset}, [{"role": "user", "content": 'é 你好 \U0001f600 "x"'}])
    assert json.loads((built.body or b"").decode(charset)) == {"q": 'é 你好 \U0001f600 "x"'}
    assert built.headers["Content-Type"] == f"application/json; charset={charset}"


@pytest.mark.parametrize("charset", ["utf-8", "UTF8"])
def test_utf_8_is_not_named(charset: str) -> None:
    built = build({"body": {"q": "é"}, "charset": charset})
    assert (built.headers, built.body) == (USUAL, '{"q":"é"}'.encode())


def test_a_form_in_another_charset() -> None:
    built = build({"form": {"q": "你"}, "charset": "gbk"})
    assert built.body == b"q=%C4%E3"
    assert built.headers["Content-Type"] == "application/x-www-form-urlencoded; charset=gbk"
    with pytest.raises(BadRequestError, match=r"request\.form holds U\+1F600"):
        build({"form": {"q": "\U0001f600"}, "charset": "gbk"})


def test_options_that_nothing_uses_are_refused() -> None:
    with pytest.raises(BadRequestError, match="'temprature'; did you mean 'temperature'"):
        build_body({"t": "=temperature"}, options={"temprature": "secret"})
    with pytest.raises(BadRequestError, match="options 'a', 'b'; name it in request, or set") as caught:
        build_body({"t": 1}, options={"a": "secret", "b": 1})
    assert "secret" not in str(caught.value)


def test_options_may_be_passed_on() -> None:
    request = {"body": {"t": "=temperature", "n": 1}, "pass_options": True}
    sent = build(request, options={"temperature": 0, "seed": 3, "n": 2}).body
    assert json.loads(sent or b"") == {"t": 0, "seed": 3, "n": 2}
    assert json.loads(build({"pass_options": True}, options={"seed": 3}).body or b"") == {"seed": 3}
    assert build({"form": {"a": 1}, "pass_options": True}, options={"seed": 3}).body == b"a=1&seed=3"
    static = {"body": {"a": 1}, "pass_options": True}
    adapter = compile_request(static, static, None, api_url=API_URL)
    for seed in (1, 2):
        adapter.build(Asked(HELLO, {f"s{seed}": seed}), USUAL)
    assert adapter.build(Asked(HELLO, {}), USUAL).body == b'{"a":1}'


@pytest.mark.parametrize("name", ["tools", "tool_choice", "response_format"])
def test_what_is_no_option_is_refused_unless_named(name: str) -> None:
    value = [TOOL] if name == "tools" else "auto" if name == "tool_choice" else {"type": "json_object"}
    for request in ({"body": {}, "pass_options": True}, {"body": {"o": "=options", "e": "=extra"}}):
        with pytest.raises(BadRequestError, match=f"{name} cannot be sent"):
            build(request, options={name: value})
    with pytest.raises(BadRequestError, match=f"{name} cannot be sent"):
        build({"body": {"o": f"=options.{name}"}}, options={name: value})
    assert build_body({"x": f"={name}", "o": "=options"}, options={name: value, "n": 1}) == {"x": value, "o": {"n": 1}}
    assert build_body({"x": f"={name}", "o": "=options"}) == {"o": {}}


@pytest.mark.parametrize(
    ("shape", "sent"),
    [
        ("openai", TOOL),
        ("anthropic", {"name": "find", "description": "Finds.", "input_schema": TOOL["function"]["parameters"]}),  # type: ignore[index]
        ("bare", {"name": "find", "description": "Finds.", "parameters": TOOL["function"]["parameters"]}),  # type: ignore[index]
    ],
)
def test_the_shapes_of_tools(shape: str, sent: Any) -> None:
    assert build_body({"t": "=tools"}, options={"tools": [TOOL]}, messages={"tools": shape}) == {"t": [sent]}
    bare = {"type": "function", "function": {"name": "now"}}
    (tool,) = build_body({"t": "=tools"}, options={"tools": [bare]}, messages={"tools": shape})["t"]
    assert tool == bare or tool.get("input_schema", tool.get("parameters")) == {"type": "object", "properties": {}}


def test_a_config_without_a_body_may_have_one_of_its_type() -> None:
    def fallback(input: Any, options: Any) -> Any:
        return {"messages": input, **options}

    body = build({"url": "/x"}, options={"seed": 1}, fallback=fallback).body
    assert json.loads(body or b"") == {"messages": HELLO, "seed": 1}
    body = build({}, messages={"layout": "prompt"}, fallback=fallback).body
    assert json.loads(body or b"") == {"messages": "system: Be brief.\nuser: Hello\nassistant:"}
    assert build({"method": "GET"}, fallback=fallback).body is None


def test_an_expression_that_fails_names_its_place() -> None:
    with pytest.raises(BadRequestError, match=r"request\.body\.a\.b: the expression '=length\(seed\)' fails: length"):
        build_body({"a": {"b": "=length(seed)"}}, options={"seed": 1})


def test_messages_are_no_part_of_a_prompt_layout() -> None:
    with pytest.raises(ConfigError, match="=prompt"):
        build({"body": {"m": "=messages"}}, messages={"layout": "prompt"})
    assert build_body({"p": "=prompt"}, messages={"layout": "prompt"})["p"].startswith("system: ")


def test_what_cannot_be_json_is_refused() -> None:
    with pytest.raises(BadRequestError, match=r"request\.body cannot be sent"):
        build_body({"x": "=x"}, options={"x": object()})
    with pytest.raises(BadRequestError, match=r"request\.query cannot be sent"):
        build({"query": {"x": "=x"}, "body": 1}, options={"x": {"a": object()}})
