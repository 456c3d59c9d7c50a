"""Models that answer by asking other models of their registry, which their configs name."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache, partial
from inspect import signature
from typing import TYPE_CHECKING, Any, ClassVar

from modelhub.base.calling import find_flow, inherit, refuse, shared, watched
from modelhub.base.options import refuse_foreign
from modelhub.base.own import Repeat, apply_own
from modelhub.base.wrapper import ModelWrapperBase
from modelhub.engine.call import Call, Inside, explained
from modelhub.engine.effects import Flow
from modelhub.engine.parse_func import parsed, take_parsing
from modelhub.engine.passing_on import passed_on
from modelhub.errors import ModelCallError, ModelHubError
from modelhub.messages import normalize_messages
from modelhub.messages.tokens import TokenCount, estimate_tokens
from modelhub.overriding import override
from modelhub.response import ModelResponse
from modelhub.response.accumulator import Accumulator
from modelhub.secrets import resolve

if TYPE_CHECKING:
    from modelhub.formatters.base import FormatterBase


class CompositeWrapper(ModelWrapperBase):
    """A model made of others, its targets: chats, embeddings or images, whatever they are.

    A subclass gives ``list_targets`` (their config_names) and ``answer`` (a generator that asks them by ``ask``). It is
    called as its targets are, and hands on what they are given: tools, streams, options, ``parse_func``.
    """

    is_composite: ClassVar[bool] = True

    def __init__(
        self,
        config_name: str | None = None,
        *,
        stream: bool | None = None,
        formatter: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(config_name, **kwargs)
        self.stream = stream
        self.formatter = formatter

    def list_targets(self) -> Sequence[str]:
        """The config_names of the models that may be asked."""
        raise NotImplementedError(f"{type(self).__name__} has no list_targets")

    def answer(self, call: Call) -> Flow[Any]:
        """The flow of one call: it asks the targets, and returns the answer."""
        raise NotImplementedError(f"{type(self).__name__} has no answer")

    def list_own_options(self) -> Sequence[str]:
        """The options of a call that are for it; its targets get those that they know."""
        return ()

    @override
    def is_refusing(self, now: float | None = None) -> bool:
        """Whether none of its targets lets anything through: just now, or at ``now`` by the clock of who asks it."""
        now = self.clock() if now is None else now
        return all(self.find(name).is_refusing(now) for name in self.list_targets())

    def find(self, name: str, call: Call | None = None) -> Any:
        """The target called ``name``: as it is now, or as it was when the whole of ``call`` began."""
        outer = call
        while outer is not None:
            if outer.reached is not None and name in outer.reached:
                return outer.reached[name]
            outer = outer.outer
        if not self.home.in_registry:
            raise ModelHubError(f"{self.config_name!r} names other models: it works in a registry alone")
        return self.home.find_model(name)

    @property
    def capabilities(self) -> dict[str, Any]:
        """What all of its targets can do, as data."""
        return self.home.find_capabilities()

    @property
    @override
    def task(self) -> str:  # type: ignore[override]  # pyright: ignore[reportIncompatibleVariableOverride]
        """What its targets do: chat, embedding or image."""
        return str(self.find(self.list_targets()[0]).task)

    @override
    def flow(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Flow[Any]:
        parsing = take_parsing(kwargs)
        try:
            refuse_foreign(kwargs)
        except ModelCallError as error:
            return explained(self, watched, Call(self, (), {}), False, partial(refuse, error))
        kwargs = inherit(self, kwargs)
        if len(args) > 1:
            args, kwargs = self.name_options(args, kwargs)
        args = tuple(list(given) if isinstance(given, Iterator) else given for given in args)  # it may be read twice
        if parsing.get("parse_func") is not None:  # what is to be parsed does not come in pieces
            kwargs["stream"] = False
        elif self.stream is not None and kwargs.get("stream") is None:
            kwargs["stream"] = self.stream
        handed_on: dict[str, Any] = {
            name: kwargs[name] for name in ("retry", "tags") if name in kwargs
        }  # its targets obey them, too
        repeat = Repeat(kwargs)
        wanted = kwargs.get("response_format")
        if wanted is not None:
            from modelhub.fitting.formats import find_format  # few calls need it

            wanted = find_format(wanted)

        def ask() -> Flow[Any]:
            own = repeat.own()
            call = Call(self, args, {})
            call.keywords = {**kwargs, **handed_on, **own.hand_on(self.home.bounds)}
            call.guards, call.response_format = self.home.guards, wanted
            apply_own(call, own, self.home.bounds.get("total"))
            stream = bool(kwargs.get("stream"))
            return watched(call, stream, lambda call: shared(call, lambda: self._guarded(call), stream))

        return explained(self, lambda: parsed(ask, **parsing))

    def name_options(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """What a call is given, with names for the options that chats take by place."""
        cls: Any = type(self.find(self.list_targets()[0]))
        if not takes_stream(cls):
            return args, kwargs
        return (*args[:1], *args[4:]), dict(zip(("stream", "tools", "tool_choice"), args[1:], strict=False)) | kwargs

    def _guarded(self, call: Call) -> Flow[Any]:
        if call.outer is None or call.outer.reached is None:
            call.reached = self.home.find_reached()  # one call sees one generation
        if call.guards is None:
            return (yield from self.answer(call))
        try:
            return (yield from call.guards.attempted(call, self.answer(call)))
        except ModelCallError as error:
            if not error.sent and not error._trail:  # its own limits have kept it back
                call.join(error, self)
            raise

    @override
    def format(self, *args: Any, **kwargs: Any) -> Any:
        """The prompt for Msg objects, as the config's formatter lays it out, or else the first target."""
        if self.formatter is None:
            return self.find(self.list_targets()[0]).format(*args, **kwargs)
        return lay_out(self.find_formatter(), *args, **kwargs)

    @override
    def format_tools_json_schemas(self, *args: Any, **kwargs: Any) -> Any:
        """The ``tools`` of a call, as the config's formatter has them, or else the first target."""
        formats = self.find(self.list_targets()[0]) if self.formatter is None else self.find_formatter()
        return formats.format_tools_json_schemas(*args, **kwargs)

    def find_formatter(self) -> type[FormatterBase]:
        """The formatter that the config names; raises ConfigError if there is none of that name."""
        from modelhub.formatters.installed import load_formatter

        where = f"config {self.config_name!r}"
        return load_formatter(resolve(self.formatter or "", where=where, path=("formatter",)), where)

    def count_tokens(self, messages: Any, tools: Any = None, **options: Any) -> TokenCount:
        """The number of tokens of a prompt, as the first target counts them; an estimate where it cannot count."""
        count = getattr(self.find(self.list_targets()[0]), "count_tokens", None)
        return _estimate(messages, tools) if count is None else count(messages, tools, **options)

    async def acount_tokens(self, messages: Any, tools: Any = None, **options: Any) -> TokenCount:
        """``count_tokens`` for async code."""
        count = getattr(self.find(self.list_targets()[0]), "acount_tokens", None)
        return _estimate(messages, tools) if count is None else await count(messages, tools, **options)


def _estimate(messages: Any, tools: Any) -> TokenCount:
    return estimate_tokens(normalize_messages(messages), tools)


def lay_out(formatter: type[FormatterBase], *msgs: Any, multi_agent_mode: bool = True) -> list[dict[str, Any]]:
    """The prompt that ``formatter`` makes of Msg objects."""
    return formatter.format_multi_agent(*msgs) if multi_agent_mode else formatter.format_chat(*msgs)


def ask(
    call: Call,
    target: ModelWrapperBase,
    input: tuple[Any, ...] | None = None,
    options: Mapping[str, Any] | None = None,
    *,
    whole: bool = False,
    begun: Callable[[], object] | None = None,
) -> Flow[Any]:
    """Ask ``target`` what ``call`` is asked; the answer, or the error, tells what was tried before and for it.

    ``input`` and ``options`` are asked in place of those of the call. If ``whole``, nothing is handed over in pieces;
    else ``begun`` is called when the first piece is.
    """
    before = call.trail

    def begin(flow: Flow[Any]) -> Any:
        with Inside(call):  # the target's call is a part of this one
            return next(flow)

    def note(effect: Any) -> bool:
        if isinstance(effect, Accumulator):  # a stream that begins knows what was tried before
            effect.before = (*before, *effect.before)
            if begun is not None and not whole:
                begun()
            return whole
        return whole and type(effect) is list

    asked = call.input if input is None else input
    given = choose_options(call, target, call.keywords if options is None else options)
    if whole:
        given["stream"] = False
    try:
        result = yield from passed_on(find_flow(target, asked, given), note, begin)
    except ModelCallError as error:
        error.delivered = error.delivered and not whole
        raise
    if isinstance(result, ModelResponse):
        result._trail = (*before, *getattr(result, "_trail", ()))
    return result


@cache
def takes_stream(cls: Any) -> bool:
    """Whether a call of the class may say ``stream``; that of a user's own class need not."""
    own = [call for name in ("__call__", "acall") if (call := getattr(getattr(cls, name), "__wrapped__", None))]
    given = [signature(call).parameters for call in own]
    return all("stream" in taken or any(p.kind is p.VAR_KEYWORD for p in taken.values()) for taken in given)


def choose_options(call: Call, target: ModelWrapperBase, options: Mapping[str, Any]) -> dict[str, Any]:
    """``options`` as ``target`` takes them: what they say to composites alone is left out for other models."""
    if isinstance(target, CompositeWrapper):
        return dict(options)
    hidden: set[str] = set()
    outer: Call | None = call
    while outer is not None and isinstance(outer.model, CompositeWrapper):
        hidden.update(name for name in outer.model.list_own_options() if name in options)
        outer = outer.outer
    if not hidden:
        return dict(options)
    from modelhub.routing.known_options import knows_option  # few calls have such options

    left = {name for name in hidden if not knows_option(type(target), name)}
    return {name: value for name, value in options.items() if name not in left}
