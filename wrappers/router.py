"""Several models, of which what is asked chooses one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from modelhub.base import Call, CompositeWrapper, Flow, ask, override
from modelhub.base.in_turn import ON_ERROR, ask_in_turn, find_errors
from modelhub.base.steps import note_skipped
from modelhub.errors import BadRequestError, ConfigError, ModelCallError
from modelhub.routing.asked import Asked
from modelhub.routing.conditions import When
from modelhub.routing.loads import find_timeout
from modelhub.routing.picking import Picker, read_weights

PICKS = ("round_robin", "least_latency", "least_busy", "random")


class RouterWrapper(CompositeWrapper):
    """Asks a model of the first of its ``routes`` that fits the call.

    Of a route to several models one is picked; those whose circuit breaker is open are passed over as long as there
    are others. With ``otherwise="next"``, the others of the route are asked when it fails, as a fallback does.
    """

    model_type = "router"

    def __init__(
        self,
        config_name: str | None = None,
        routes: Sequence[Mapping[str, Any]] = (),
        otherwise: str = "fail",
        on_error: Sequence[str] = ON_ERROR,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(config_name, **kwargs)
        if not routes:
            raise ConfigError(f"{self.config_name!r} is a router without routes: give at least one")
        if otherwise not in ("fail", "next"):
            raise ConfigError(f"{self.config_name!r}: otherwise must be 'fail' or 'next', not {otherwise!r}")
        errors = find_errors(on_error)
        self.on_error = errors if otherwise == "next" else ()
        self.routes = [Route(route, f"{self.config_name!r}, routes[{n}]", seed, n) for n, route in enumerate(routes)]

    @override
    def list_targets(self) -> Sequence[str]:
        return list(dict.fromkeys(name for route in self.routes for name in route.names))

    @override
    def list_own_options(self) -> Sequence[str]:
        """Its targets need not know what a route is sticky by."""
        return [route.sticky for route in self.routes if route.sticky is not None]

    @override
    def answer(self, call: Call) -> Flow[Any]:
        asked = Asked(call.input, call.keywords, self.task if any(route.is_picky for route in self.routes) else "chat")
        for route in self.routes:
            if (yield from route.when.holds(asked)):
                return (yield from self._ask_route(call, route, asked))
        raise BadRequestError("no route fits this call: give the last route no `when`, so that it takes the rest")

    def _ask_route(self, call: Call, route: Route, asked: Asked) -> Flow[Any]:
        picker, now = route.picker, find_clock(call)()
        targets = {name: self.find(name, call) for name in picker.weights}
        open_ones = {name: target for name, target in targets.items() if not target.is_refusing(now)} or targets
        for name, target in targets.items():
            if name not in open_ones:
                note_skipped(call, target)
        sticky = asked.options.get(route.sticky) if route.sticky is not None else None
        chosen = picker.choose(list(open_ones), now, call, sticky)
        if call.listener is not None:
            call.listener.routed(call, chosen, route.explain(sticky))
        order = [open_ones.pop(chosen), *open_ones.values()]
        return (yield from ask_in_turn(call, order, self.on_error, route.ask))


def find_clock(call: Call) -> Callable[[], float]:
    """The clock by which the attempts of ``call`` are measured."""
    clock: Callable[[], float] = call.clock or call.model.clock
    return clock


class Route:
    """One route: its conditions, its models, and how one of them is picked; ``where`` says which, in errors."""

    def __init__(self, config: Mapping[str, Any], where: str, seed: int | None, number: int) -> None:
        to = config.get("to")
        self.weights = read_weights(to, where)
        self.names = list(self.weights)
        self.place = f"routes[{number}]"
        self.sticky: str | None = config.get("sticky")
        self.is_picky = bool(config.get("when"))
        self.when = When(config.get("when"), f"{where}.when")
        pick = config.get("pick") or ("random" if isinstance(to, Mapping) else "round_robin")
        if pick not in PICKS:
            raise ConfigError(f"{where}: there is no pick {pick!r}; there are {', '.join(PICKS)}")
        self.picker = Picker(self.weights, pick, seed, number)

    def explain(self, sticky: Any) -> str:
        """Which route it is, and by what one of several models was chosen."""
        if len(self.picker.weights) == 1:
            return self.place
        return f"{self.place}, {self.picker.pick if sticky is None else f'sticky by {self.sticky}'}"

    def ask(self, call: Call, target: Any) -> Flow[Any]:
        """Ask ``target``, and remember how long it took until its answer began."""
        load = self.picker.loads[target.config_name]
        clock = find_clock(call)
        began = clock()
        first: list[float] = []
        load.calls.add(call)
        try:
            answer = yield from ask(call, target, begun=lambda: first.append(clock()))
            now = clock()
            self.picker.note(load, now, (first[0] if first else now) - began)
            return answer
        except ModelCallError as error:
            if not isinstance(error, BadRequestError):  # which says nothing of the model
                self.picker.note(load, clock(), find_timeout(target))
            raise
        finally:
            load.calls.discard(call)
