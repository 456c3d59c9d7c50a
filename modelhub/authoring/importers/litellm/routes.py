"""Writes routers for LiteLLM's groups of deployments, and fallbacks for what its router falls back to.

https://docs.litellm.ai/docs/routing, https://docs.litellm.ai/docs/proxy/reliability
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from modelhub.authoring.importers.deployments import Deployment
from modelhub.authoring.importers.notes import Notes
from modelhub.configs import Document
from modelhub.configs.readers.positions import Path

SETTINGS = ("fallbacks", "routing_strategy")  # what is written here
ALIASES = "model_group_alias"
_SECTIONS = ("litellm_settings", "router_settings")
_PICKS = {
    "simple-shuffle": "random",
    "least-busy": "least_busy",
    "latency-based-routing": "least_latency",
    "usage-based-routing": "least_busy",
    "usage-based-routing-v2": "least_busy",
}


class Routes:
    """The groups of a config: each name that callers use, with its deployments and with what comes after them."""

    def __init__(self, documents: Sequence[Document], found: Sequence[Deployment], notes: Notes) -> None:
        self._groups: dict[str, list[Deployment]] = {}
        for deployment in found:
            self._groups.setdefault(deployment.name, []).append(deployment)
        self._after = dict(_find_fallbacks(documents, self._groups, notes))
        self._pick = _find_pick(documents)
        self._weights = {id(each): _take_weight(each) for each in found if self._pick == "random"}
        self._firsts = {name: self._rename(name, group) for name, group in self._groups.items()}

    def _rename(self, name: str, group: list[Deployment]) -> str:
        """Free the name for the router or the fallback; the name of what is asked first."""
        if len(group) == 1 and name not in self._after:
            return name
        taken = set(self._groups)
        number = 0
        for deployment in group:
            while (called := f"{name}-{(number := number + 1)}") in taken:
                pass
            deployment.name = called
        if len(group) == 1:
            return group[0].name
        called = f"{name}-router" if name in self._after else name
        while called in taken and called != name:
            called += "-router"
        return called

    def build(self, models: Sequence[dict[str, Any]]) -> Iterator[dict[str, Any]]:
        """The configs of the routers, then those of the fallbacks, over the models that there are."""
        tasks = {model["config_name"]: _find_task(model["model_type"]) for model in models}
        for name, group in self._groups.items():
            found = [each for each in group if each.name in tasks]
            members = [each for each in found if tasks[each.name] == tasks[found[0].name]]
            if len(group) > 1 and members:
                tasks[self._firsts[name]] = tasks[members[0].name]
                router = {"config_name": self._firsts[name], "model_type": "router"}
                yield (
                    router
                    | {"routes": [self._build_route(members)]}
                    | ({"otherwise": "next"} if len(members) > 1 else {})
                )
        for name, others in self._after.items():
            asked = [each for each in (self._firsts[other] for other in (name, *others)) if each in tasks]
            alike = [each for each in dict.fromkeys(asked) if tasks[each] == tasks[asked[0]]]
            if alike:
                yield {"config_name": name, "model_type": "fallback", "models": alike}

    def _build_route(self, members: list[Deployment]) -> dict[str, Any]:
        names = [deployment.name for deployment in members]
        weights = [self._weights.get(id(deployment)) for deployment in members]
        if all(isinstance(each, int | float) and each > 0 for each in weights):
            return {"to": dict(zip(names, weights, strict=True))}
        return {"to": names, "pick": self._pick} if len(names) > 1 else {"to": names[0]}


def build_aliases(documents: Sequence[Document], names: Sequence[str], notes: Notes) -> Iterator[dict[str, Any]]:
    """The configs of other names for a group: the same as the model of that name."""
    taken = {*names}
    for document, section, settings in _list_settings(documents):
        aliases = settings.get(ALIASES)
        for alias, about in aliases.items() if isinstance(aliases, dict) else ():
            name = about.get("model") if isinstance(about, dict) else about
            path: Path = (section, ALIASES, alias)
            if name not in names:
                notes.add(document, path, f"there is no model '{name}' for another name", key=True)
            elif alias in taken:
                notes.add(document, path, f"'{alias}' is not converted: there is a model of that name", key=True)
            else:
                taken.add(alias)
                yield {"config_name": str(alias), "extends": name}


def _list_settings(documents: Sequence[Document]) -> Iterator[tuple[Document, str, dict[str, Any]]]:
    """The settings that may say where else calls go."""
    for document in documents:
        for section in _SECTIONS:
            settings = document.data.get(section)
            if isinstance(settings, dict):
                yield document, section, settings


def _find_task(model_type: str) -> str:
    """What a model does: a router's models all do the same."""
    return (
        "embedding"
        if "embedding" in model_type
        else "image"
        if model_type.endswith(("dall_e", "synthesis"))
        else "chat"
    )


def _take_weight(deployment: Deployment) -> Any:
    """The weight of a deployment, which its config has no place for."""
    weight, _ = deployment.params.get("weight", (None, None))
    deployment.params = {key: value for key, value in deployment.params.items() if key != "weight"}
    return weight


def _find_pick(documents: Sequence[Document]) -> str:
    for document in documents:
        settings = document.data.get("router_settings")
        if isinstance(settings, dict) and "routing_strategy" in settings:
            return _PICKS.get(str(settings["routing_strategy"]), "round_robin")
    return "random"  # as LiteLLM does


def _find_fallbacks(
    documents: Sequence[Document], groups: dict[str, list[Deployment]], notes: Notes
) -> Iterator[tuple[str, list[str]]]:
    """Each name that has fallbacks, and the names of these; what names no model is told."""
    for document, section, settings in _list_settings(documents):
        listed = settings.get("fallbacks")
        for step, item in enumerate(listed if isinstance(listed, list) else []):
            for name, others in item.items() if isinstance(item, dict) else ():
                path: Path = (section, "fallbacks", step, name)
                texts = [each for each in others if isinstance(each, str)] if isinstance(others, list) else []
                for each in (name, *texts):
                    if each not in groups:
                        notes.add(document, path, f"there is no model '{each}' to fall back from or to", key=True)
                if name in groups and (known := [each for each in texts if each in groups and each != name]):
                    yield name, known
