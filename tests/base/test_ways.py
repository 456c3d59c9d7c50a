"""``proxy`` and ``tls`` of a config go with every request, and what is wrong with them is told with its place."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from modelhub import ConfigError, ModelRegistry, ModelWrapperBase
from modelhub.base.ways import build_way
from modelhub.configs import Sources
from modelhub.testing import Replay
from modelhub.wire import Proxy, Way

from ..engine.test_timeouts import DRAWN, EXAMPLES, INPUTS, PENDING
from ..network.authority import Authority
from ..network.server import RawServer
from ..network.test_proxies import answer

OLLAMA = {"config_name": "m", "model_type": "ollama_chat", "model_name": "llama3.2"}
PROXY = "http://user:pa55@proxy:3128"
WAY = Way(Proxy("http://proxy:3128", "Basic dXNlcjpwYTU1"), True)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(autouse=True)
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI", "ANTHROPIC", "DASHSCOPE", "GEMINI", "ZHIPUAI", "YI", "GROQ", "MISTRAL", "TOGETHER"):
        monkeypatch.setenv(f"{name}_API_KEY", "key.secret")
    monkeypatch.setenv("LITELLM_PROXY_API_KEY", "key")


@pytest.mark.parametrize("how", ["sync", "async"])
@pytest.mark.parametrize("config", EXAMPLES)
def test_requests_go_the_way_of_the_config(config: dict[str, Any], how: str) -> None:
    with ModelRegistry({**config, "proxy": PROXY}) as hub:
        model = hub.get_model(config["config_name"])
        for stream in [False, True] if model.can_stream() else [False]:
            replies: list[dict[str, Any]] = [
                {"status": 503, "body": "{}"},
                {"status": 307, "headers": {"location": "?again"}},
            ]
            model.drivers = recordings = Replay(replies)
            options = {"stream": True} if stream else {}
            with pytest.raises(AssertionError, match="has no recorded reply"):
                if how == "sync":
                    model(INPUTS[model.task], **options)
                else:
                    asyncio.run(model.acall(INPUTS[model.task], **options))
            assert [request.way for request in recordings.requests] == [WAY] * 3


def test_every_request_of_a_conversation_does() -> None:
    config = {"config_name": "x", "model_type": "dashscope_image_synthesis", "model_name": "wanx", "proxy": PROXY}
    with ModelRegistry(config) as hub:
        model = hub.get_model("x")
        model.drivers = recordings = Replay([PENDING, PENDING, DRAWN])
        assert model("a cat").image_urls == ["http://i/1.png"]
    assert [request.way for request in recordings.requests] == [WAY] * 3


@pytest.mark.parametrize(
    ("proxy", "tls", "way"),
    [
        ("", None, None),
        ("", {}, None),
        (None, None, Way(None, True)),
        (PROXY, {}, WAY),
        ("http://proxy", None, Way(Proxy("http://proxy:80"), True)),
    ],
)
def test_ways(proxy: str | None, tls: Any, way: Way | None) -> None:
    assert build_way("config 'm'", proxy, tls) == way


def write(folder: Path, text: str, name: str = "models.yaml") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text(text)
    return path


def test_paths_are_seen_from_the_file_that_says_them(
    monkeypatch: pytest.MonkeyPatch, authority: Authority, tmp_path: Path
) -> None:
    certificates = tmp_path / "shared" / "certificates"
    certificates.mkdir(parents=True)
    (certificates / "ca.pem").write_bytes(authority.path.read_bytes())
    client = authority.issue("client")
    (tmp_path / "client.pem").write_bytes(client.cert.read_bytes())
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "client.key").write_bytes(client.key.read_bytes())
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("NAME", "ca")
    base = "config_name: base\nabstract: true\nmodel_type: openai_chat\ntls: {ca: 'certificates/${NAME}.pem'}\n"
    write(tmp_path / "shared", base, "base.yaml")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    with RawServer(answer, authority.issue("server").serve(authority.path)) as server:
        write(
            tmp_path / "configs",
            "include: ../shared/base.yaml\nmodels:\n- config_name: m\n  extends: base\n"
            "  tls: {cert: ../client.pem, key: ~/client.key}\n"
            f"  client_args: {{base_url: '{server.url}/v1'}}\n",
        )
        with ModelRegistry("../configs/models.yaml") as hub:
            assert hub.get_model("m")("hi").text == "ok"
            assert Path(hub.config("m")["tls"]["cert"]).samefile(tmp_path / "client.pem")


def of_another(authority: Authority, folder: Path) -> dict[str, str]:
    return {"cert": str(authority.issue("a").cert), "key": str(authority.issue("b").key)}


def with_a_password(authority: Authority, folder: Path) -> dict[str, str]:
    client = authority.issue("c")
    return {"cert": str(client.cert), "key": str(client.encrypt(b"pa55"))}


def without_a_key(authority: Authority, folder: Path) -> dict[str, str]:
    return {"cert": str(authority.issue("d").cert)}


def a_key_alone(authority: Authority, folder: Path) -> dict[str, str]:
    return {"cert": str(authority.issue("e").key), "key": str(authority.issue("e").key)}


BAD: list[tuple[Any, str, str]] = [
    ({"ca": "nowhere.pem"}, "ca", "does not exist"),
    ({"cert": "nowhere.pem"}, "cert", "does not exist"),
    ({"cert": "some.txt"}, "cert", "holds no certificate in the PEM format"),
    ({"ca": "some.txt"}, "ca", "holds no certificates"),
    ({"cert": "."}, "cert", "cannot be read: Is a directory"),
    (lambda authority, folder: {"cert": str(authority.issue("f").cert), "key": "nowhere.key"}, "key", "does not exist"),
    (lambda authority, folder: {"cert": str(authority.issue("f").cert), "key": "some.txt"}, "key", "holds no key"),
    (of_another, "key", "holds the key of another certificate"),
    (with_a_password, "key", "holds a key with a password, which nobody could enter: write one without"),
    (without_a_key, "cert", "holds no key, or no certificate: name the file of the key in tls.key"),
    (a_key_alone, "cert", "holds no certificate in the PEM format"),
]


@pytest.mark.parametrize("caller", ["sync", "async"])
@pytest.mark.parametrize(("tls", "key", "problem"), BAD)
@pytest.mark.filterwarnings("ignore:.*MH302")
def test_a_file_that_is_no_good(
    authority: Authority, tmp_path: Path, caller: str, tls: Any, key: str, problem: str
) -> None:
    write(tmp_path, "nothing", "some.txt")
    given: dict[str, str] = tls(authority, tmp_path) if callable(tls) else tls
    lines = "".join(f"  {name}: {path}\n" for name, path in given.items())
    path = write(tmp_path, f"config_name: m\nmodel_type: ollama_chat\nmodel_name: x\ntls:\n{lines}")
    with ModelRegistry(path) as hub:
        model = hub.get_model("m")
        with pytest.raises(ConfigError) as caught:
            model("hi") if caller == "sync" else asyncio.run(model.acall("hi"))
    (found,) = caught.value.problems
    line = 5 + [*given].index(key)
    assert (found.code, found.path, found.file, found.line) == ("MH302", ("tls", key), str(path), line)
    assert f"config 'm': tls.{key}: the file " in found.message
    assert problem in found.message
    hub = ModelRegistry()
    sources = Sources()
    sources.add(str(path))
    assert [(each.code, each.line, each.severity) for each in hub.read(sources).problems] == [
        ("MH302", line, "warning")
    ]
    sources = Sources()
    sources.add(str(path))
    told = hub.read(sources, environment=True).problems
    assert [(each.code, each.line, each.severity) for each in told] == [("MH302", line, "error")]


def test_a_proxy_that_is_none() -> None:
    for written in ("${PROXY:-proxy}", "${PROXY:-ftp://user:pa55w0rd@proxy}"):
        with pytest.raises(ConfigError) as caught:
            ModelRegistry({**OLLAMA, "proxy": written}).get_model("m")("hi")
        assert {problem.path for problem in caught.value.problems} == {("proxy",)}
        assert "pa55w0rd" not in str(caught.value)


LAYERS = """
defaults: {all: {proxy: "http://proxy:3128"}}
models:
- {config_name: a, model_type: ollama_chat, model_name: x}
- {config_name: b, model_type: ollama_chat, model_name: x, proxy: null}
- {config_name: c, model_type: ollama_chat, model_name: x, extends: b}
- {config_name: d, model_type: ollama_chat, model_name: x, extends: b, proxy: "http://other:3128"}
profiles:
  laptop: {a: {proxy: null}}
"""


def test_null_in_layers(tmp_path: Path) -> None:
    path = write(tmp_path, LAYERS)

    def ways(hub: ModelRegistry) -> list[Any]:
        return [hub.config(name)["proxy"] for name in "abcd"]

    with ModelRegistry(path) as hub:
        assert ways(hub) == ["http://proxy:3128", None, None, "http://other:3128"]
        assert hub.get_model("c").way == Way(None, True)
    with ModelRegistry(path, profile="laptop") as hub:
        assert ways(hub) == [None, None, None, "http://other:3128"]


class PlainWrapper(ModelWrapperBase):
    model_type = "plain_way"

    def __init__(self, config_name: str, **kwargs: Any) -> None:
        super().__init__(config_name)

    def __call__(self, input: Any) -> str:
        return "ok"


class NamingWrapper(PlainWrapper):
    model_type = "naming_way"

    def __init__(self, config_name: str, proxy: str | None = None, tls: dict[str, Any] | None = None) -> None:
        super().__init__(config_name)
        self.given = proxy, tls


@pytest.mark.filterwarnings("ignore:.*MH403")
@pytest.mark.parametrize("given", [{"proxy": None}, {"proxy": "http://proxy"}, {"tls": {"verify": False}}])
def test_plain_python_does_not_obey_them(given: dict[str, Any]) -> None:
    with pytest.raises(ConfigError) as caught:
        ModelRegistry({"config_name": "m", "model_type": "plain_way", **given}, wrappers=[PlainWrapper]).get_model("m")
    (problem,) = caught.value.problems
    assert (problem.code, problem.path) == ("MH103", (*given,))
    assert "HTTPS_PROXY" in (problem.hint or "")


def test_plain_python_that_names_them_gets_them() -> None:
    config = {"config_name": "m", "model_type": "naming_way", "proxy": "http://p", "tls": {"ca": "${CA:-ca.pem}"}}
    with ModelRegistry(config, wrappers=[NamingWrapper]) as hub:
        assert hub.get_model("m").given == ("http://p", {"ca": "ca.pem"})


def test_a_library_connects_by_itself() -> None:
    config = {"config_name": "m", "model_type": "litellm_chat", "model_name": "groq/llama", "proxy": PROXY}
    with pytest.raises(ConfigError) as caught:
        ModelRegistry(config)
    assert [(problem.code, problem.path) for problem in caught.value.problems] == [("MH103", ("proxy",))]
    with ModelRegistry({**config, "client_args": {"base_url": "http://litellm:4000"}}) as hub:
        assert hub.get_model("m").way == WAY
