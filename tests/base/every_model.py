"""One small config of every model_type, with a replay in place of connections, and models in plain Python."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from modelhub import ModelRegistry
from modelhub.base import ModelWrapperBase, override
from modelhub.testing import Replay

URL = "http://localhost:9/x"
CONFIGS: dict[str, dict[str, Any]] = {
    **{
        name: {"model_name": "m", "api_key": "k"}
        for name in (
            *("openai_chat", "yi_chat", "anthropic_chat", "gemini_chat", "zhipuai_chat", "dashscope_chat"),
            *("dashscope_multimodal", "litellm_chat", "openai_embedding", "gemini_embedding", "zhipuai_embedding"),
            *("dashscope_text_embedding", "openai_dall_e", "dashscope_image_synthesis"),
        )
    },
    **{name: {"model_name": "m"} for name in ("ollama_chat", "ollama_generate", "ollama_embedding")},
    **{name: {"api_url": URL} for name in ("post_api", "post_api_chat", "post_api_dall_e", "post_api_embedding")},
    "fallback": {"models": ["openai_chat"]},
    "router": {"routes": [{"to": "openai_chat"}]},
    "cascade": {"steps": [{"model": "openai_chat"}, {"model": "yi_chat"}]},
    "chain": {"steps": [{"model": "openai_chat"}]},
    "plain": {},
    "plain_stream": {},
    "plain_async": {},
    "thin": {"model_name": "m", "api_key": "k"},
}


class Plain(ModelWrapperBase):
    """A model in plain Python, which remembers what it was given."""

    model_type = "plain"
    given: list[Any]

    @override
    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        vars(self).setdefault("given", []).append(kwargs)
        return "ok"


class PlainStream(Plain):
    """One that answers in pieces."""

    model_type = "plain_stream"

    @override
    def __call__(self, *args: Any, **kwargs: Any) -> Iterator[str]:
        vars(self).setdefault("given", []).append(kwargs)
        yield "o"
        yield "ok"


class PlainAsync(ModelWrapperBase):
    """One that can only be awaited."""

    model_type = "plain_async"

    @override
    async def acall(self, *args: Any, **kwargs: Any) -> str:
        vars(self).setdefault("given", []).append(kwargs)
        return "ok"


def build(name: str, exchanges: list[Any] | None = None, **more: Any) -> Any:
    """The model of one type, and beside it those that composites ask; ``exchanges`` answer it in turn."""
    from modelhub.wrappers.openai import OpenAIChatWrapper

    class Thin(OpenAIChatWrapper):
        """A program's own class, which hands everything on."""

        model_type = "thin"

        @override
        def __call__(self, messages: Any, **kwargs: Any) -> Any:
            return super().__call__(messages, **kwargs)

    wanted = dict.fromkeys(("openai_chat", "yi_chat", name))
    once = {"retry": {"max_attempts": 1}}
    configs = [{"config_name": n, "model_type": n, **CONFIGS[n], **(more if n == name else {}), **once} for n in wanted]
    for config in configs:
        if config["model_type"] in ("router", "cascade", "chain", "fallback"):
            del config["retry"]
    hub = ModelRegistry(configs, wrappers=[Plain, PlainStream, PlainAsync, Thin])
    model = hub.get_model(name)
    model.drivers = Replay(exchanges or [])
    return model
