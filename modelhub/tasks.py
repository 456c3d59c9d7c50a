"""What a model is for: the signatures that chat, embedding and other wrappers share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from modelhub import engine
from modelhub.base import HTTPModelWrapperBase
from modelhub.effects import Flow
from modelhub.errors import BadRequestError, ModelCallError
from modelhub.media import load_media
from modelhub.messages import normalize_messages
from modelhub.secrets import resolve
from modelhub.tokens import TokenCount, estimate_tokens
from modelhub.wire import Reply, Request

if TYPE_CHECKING:
    from modelhub.formatters.base import FormatterBase

# A task names its input and what goes with it, so its calls are narrower than the base's on purpose.


class ChatWrapper(HTTPModelWrapperBase):
    """A model that answers messages."""

    formatters: ClassVar[tuple[str, ...]] = ("common",)  # for ``format``: the first that knows the model, else the last

    input_name = "messages"

    def __init__(self, *args: Any, formatter: str | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.formatter = formatter

    def __call__(  # type: ignore[override]  # pyright: ignore[reportIncompatibleMethodOverride]
        self, messages: Any, stream: bool | None = None, tools: Any = None, tool_choice: Any = None, **options: Any
    ) -> Any:
        """Answer ``messages``: a str, OpenAI-shaped dicts, or Msg objects.

        ``tools``, ``tool_choice``, ``response_format`` and the neutral ``temperature, top_p, max_tokens, stop,
        seed`` are the same for every vendor; other options go to the vendor as they are. With ``stream`` the
        response is iterated for its deltas. Raises a ModelCallError, which names the config.
        """
        return self.run(self.read(messages), stream, _add_tools(options, tools, tool_choice))

    __call__.keeps_contract = True  # type: ignore[attr-defined]

    async def acall(  # type: ignore[override]  # pyright: ignore[reportIncompatibleMethodOverride]
        self, messages: Any, stream: bool | None = None, tools: Any = None, tool_choice: Any = None, **options: Any
    ) -> Any:
        """``__call__`` for async code."""
        return await self.arun(self.read(messages), stream, _add_tools(options, tools, tool_choice))

    acall.keeps_contract = True  # type: ignore[attr-defined]

    def read(self, messages: Any) -> list[dict[str, Any]]:
        """``messages`` in the neutral form, local images as data; raises BadRequestError for what is none."""
        try:
            return load_media(normalize_messages(messages))
        except ModelCallError as error:
            self.explain(error)
            raise

    def format(self, *msgs: Any, multi_agent_mode: bool = True) -> list[dict[str, Any]]:
        """Msg objects, lists of them, or None, as messages for this model to be called with, in AgentScope's layouts.

        With ``multi_agent_mode`` the speakers' names are told; without it, a user and an assistant take turns. Raises
        TypeError for what is no Msg, ValueError for no message at all where the layout needs one.
        """
        formatter = self.find_formatter()
        return formatter.format_multi_agent(*msgs) if multi_agent_mode else formatter.format_chat(*msgs)

    def format_tools_json_schemas(self, schemas: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
        """The ``tools`` of a call from AgentScope's ``{name: schema}``; AssertionError for a schema that is none."""
        return self.find_formatter().format_tools_json_schemas(schemas)

    def find_formatter(self) -> type[FormatterBase]:
        """The formatter that the config names, else the one for this kind of model.

        Raises ConfigError when there is none of that name, PluginError when it cannot be loaded.
        """
        from modelhub.formatters.installed import choose_formatter, load_formatter

        where = f"config {self.config_name!r}"
        named = getattr(self, "formatter", None)  # a subclass need not call our __init__
        if named:
            return load_formatter(resolve(named, where=where, path=("formatter",)), where)
        return choose_formatter(self.formatters, resolve(self.name_formatted_model(), where=where))

    def name_formatted_model(self) -> str:
        """The name of the model whose formatter is looked for."""
        return self.model_name

    def build_count_request(self, messages: list[dict[str, Any]], options: dict[str, Any]) -> Request | None:
        """The request that has the vendor count the tokens of a prompt; None where it has no such endpoint."""
        return None

    def parse_count(self, reply: Reply) -> int:
        """The number of tokens that the vendor counted."""
        raise NotImplementedError(f"{type(self).__name__} has no parse_count")

    def count_tokens(self, messages: Any, tools: Any = None, **options: Any) -> TokenCount:
        """How many tokens a prompt takes: the vendor's count, or an estimate whose ``estimated`` says so."""
        flow = self._count(self.read(messages), {"tools": tools, **options})
        count: TokenCount = self.transports.sync().run(flow)
        return count

    async def acount_tokens(self, messages: Any, tools: Any = None, **options: Any) -> TokenCount:
        """``count_tokens`` for async code."""
        flow = self._count(self.read(messages), {"tools": tools, **options})
        count: TokenCount = await self.transports.aio().run(flow)
        return count

    def _count(self, messages: list[dict[str, Any]], options: dict[str, Any]) -> Flow[TokenCount]:
        request = self.build_count_request(messages, {k: v for k, v in options.items() if v is not None})
        if request is None:
            return estimate_tokens(messages, options.get("tools"))
        tokens = yield from engine.count(self, request, self.parse_count)
        return TokenCount(tokens, estimated=False)


def _add_tools(options: dict[str, Any], tools: Any, tool_choice: Any) -> dict[str, Any]:
    """``options`` with the tools of the call; without any, those of the config count."""
    if tools is not None:
        options["tools"] = tools
    if tool_choice is not None:
        options["tool_choice"] = tool_choice
    return options


class EmbeddingWrapper(HTTPModelWrapperBase):
    """A model that turns texts into vectors."""

    input_name = "texts"

    def __call__(  # type: ignore[override]  # pyright: ignore[reportIncompatibleMethodOverride]
        self, texts: str | list[str], **options: Any
    ) -> Any:
        """One vector for each text in ``embedding``, also for a single str. Raises a ModelCallError."""
        return self.run(texts, False, options)

    __call__.keeps_contract = True  # type: ignore[attr-defined]

    async def acall(  # type: ignore[override]  # pyright: ignore[reportIncompatibleMethodOverride]
        self, texts: str | list[str], **options: Any
    ) -> Any:
        """``__call__`` for async code."""
        return await self.arun(texts, False, options)

    acall.keeps_contract = True  # type: ignore[attr-defined]


class ImageWrapper(HTTPModelWrapperBase):
    """A model that draws images."""

    input_name = "prompt"

    def __call__(  # type: ignore[override]  # pyright: ignore[reportIncompatibleMethodOverride]
        self, prompt: str, **options: Any
    ) -> Any:
        """URLs or data URIs of the images of ``prompt`` in ``image_urls``. Raises a ModelCallError."""
        return self.run(prompt, False, options)

    __call__.keeps_contract = True  # type: ignore[attr-defined]

    async def acall(  # type: ignore[override]  # pyright: ignore[reportIncompatibleMethodOverride]
        self, prompt: str, **options: Any
    ) -> Any:
        """``__call__`` for async code."""
        return await self.arun(prompt, False, options)

    acall.keeps_contract = True  # type: ignore[attr-defined]


def normalize_texts(texts: Any) -> list[str]:
    """The texts to embed; raises BadRequestError when there are none or one is no str."""
    texts = [texts] if isinstance(texts, str) else texts
    if not isinstance(texts, list | tuple) or not texts or not all(isinstance(text, str) for text in texts):
        raise BadRequestError("texts must be a str or a list of str with at least one item")
    return list(texts)


def normalize_prompt(prompt: Any) -> str:
    """The prompt of an image; raises BadRequestError when it is no text."""
    if not isinstance(prompt, str) or not prompt:
        raise BadRequestError("prompt must be a str that is not empty")
    return prompt
