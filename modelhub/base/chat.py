"""Models that answer messages."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar

from modelhub.base.fitted import FittedWrapper
from modelhub.errors import ModelHubError
from modelhub.late import late
from modelhub.media.takes import ANYTHING, Takes
from modelhub.overriding import override
from modelhub.tracebacks import shorten, shortened

if TYPE_CHECKING:
    from modelhub.base import counting, reading
    from modelhub.base.public import ChatWrapper as Visible
    from modelhub.engine.effects import Flow
    from modelhub.formatters.base import FormatterBase
    from modelhub.media.load import Load
    from modelhub.messages.parts import OwnParts
    from modelhub.messages.tokens import TokenCount
    from modelhub.response.origin import Dialect, Origin
    from modelhub.wire import Reply, Request
else:
    Visible = object
    counting = late("modelhub.base.counting")
    reading = late("modelhub.base.reading")


class ChatWrapper(FittedWrapper, Visible):  # pyright: ignore[reportIncompatibleVariableOverride]
    """A model that answers messages: a str, OpenAI-shaped dicts, or Msg objects.

    ``tools``, ``tool_choice`` and ``response_format``, in whatever form they are given, and the neutral ``temperature,
    top_p, max_tokens, stop, seed`` of a call are the same for every vendor; other options go to the vendor as they are.
    With ``stream=True`` the response is iterated for its deltas. Raises a ModelCallError, which names the config.

    ``answer_dialect`` says what the vendor wants back of its answers; ``build_origin``, whose models that is meant for.
    """

    formatters: ClassVar[tuple[str, ...]] = ("common",)  # for ``format``: the first that knows the model, else the last

    answer_dialect: ClassVar[Dialect | None] = None  # how the vendor's API tells what it wants back

    own_parts: ClassVar[OwnParts] = MappingProxyType({})  # the parts of messages that only the vendor's own API has
    media: ClassVar[Takes] = ANYTHING  # what media the vendor takes; the rest is refused before sending

    input_name = "messages"

    def __init__(self, *args: Any, formatter: str | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.formatter = formatter

    @override
    def bind(  # type: ignore[override]  # pyright: ignore[reportIncompatibleMethodOverride]
        self, messages: Any, stream: bool | None = None, tools: Any = None, tool_choice: Any = None, **options: Any
    ) -> tuple[Any, dict[str, Any]]:
        """The messages in the neutral form, and the options; without tools, the tools of the config are used."""
        if stream is not None:
            options["stream"] = stream
        if tools is not None:
            options["tools"] = tools
        if tool_choice is not None:
            options["tool_choice"] = tool_choice
        return self.read(messages), options

    def read(self, messages: Any) -> list[dict[str, Any]]:
        """``messages`` in the neutral form, with local media as data; raises BadRequestError for anything else."""
        return reading.read_turns(self, messages)

    def find_media(self) -> Takes:
        """What media may be sent; asked only when there are some."""
        return self.media

    def load_own_part(self, part: dict[str, Any], load: Load) -> dict[str, Any]:
        """A part of a message in the vendor's own form, where ``load`` gives URLs and data URIs for its media."""
        return part

    @override
    def find_origin(self) -> Origin | None:
        """Who answers: what a vendor wants of its answers back is sent to models of the same origin alone."""
        return None if self.answer_dialect is None else self.build_origin(self.answer_dialect)

    def build_origin(self, dialect: Dialect) -> Origin:
        """The origin of this model's answers: its API, where that is, and who made the model if its name says so."""
        from modelhub.response.origin import build_origin

        return build_origin(dialect, self.endpoint.url, self.model_name)

    @override
    def format(self, *msgs: Any, multi_agent_mode: bool = True) -> list[dict[str, Any]]:
        """Turn Msg objects, lists of them, or None into messages for this model, in AgentScope's layouts.

        With ``multi_agent_mode``, the messages name their speakers; without it, a user and an assistant take turns.
        Raises TypeError for anything but a Msg, ValueError if there is no message and the layout needs one.
        """
        formatter = self.find_formatter()
        return formatter.format_multi_agent(*msgs) if multi_agent_mode else formatter.format_chat(*msgs)

    @override
    def format_tools_json_schemas(self, schemas: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
        """The ``tools`` of a call, from AgentScope's ``{name: schema}``; AssertionError for a malformed schema."""
        return self.find_formatter().format_tools_json_schemas(schemas)

    def find_formatter(self) -> type[FormatterBase]:
        """The formatter that the config names, else the formatter for this kind of model.

        Raises ConfigError if there is no formatter of that name, PluginError if it cannot be loaded.
        """
        from modelhub.formatters.installed import choose_formatter, load_formatter
        from modelhub.secrets import resolve

        where = f"config {self.config_name!r}"
        named = getattr(self, "formatter", None)  # a subclass need not call our __init__
        if named:
            return load_formatter(resolve(named, where=where, path=("formatter",)), where)
        return choose_formatter(self.formatters, resolve(self.name_formatted_model(), where=where))

    def name_formatted_model(self) -> str:
        """The name of the model by which a formatter is chosen."""
        return self.model_name

    def build_count_request(self, messages: list[dict[str, Any]], options: dict[str, Any]) -> Request | None:
        """The request that asks the vendor to count the tokens of a prompt; None if it has no such endpoint."""
        return None

    def parse_count(self, reply: Reply) -> int:
        """The number of tokens that the vendor counted."""
        raise NotImplementedError(f"{type(self).__name__} has no parse_count")

    @override
    @shortened
    def count_tokens(self, messages: Any, tools: Any = None, **options: Any) -> TokenCount:
        """The number of tokens of a prompt: the vendor's count, or an estimate, whose ``estimated`` is true."""
        count: TokenCount = self.home.drivers.sync().run(self._count(messages, {"tools": tools, **options}))
        return count

    @override
    async def acount_tokens(self, messages: Any, tools: Any = None, **options: Any) -> TokenCount:
        """``count_tokens`` for async code."""
        try:
            count: TokenCount = await self.home.drivers.aio().run(self._count(messages, {"tools": tools, **options}))
        except ModelHubError as error:
            shorten(error)
            raise
        return count

    def _count(self, messages: Any, options: dict[str, Any]) -> Flow[TokenCount]:
        return counting.count_tokens(self, messages, options)
