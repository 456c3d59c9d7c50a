"""Makes model configs of the models that an importer has found."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

from modelhub.authoring.importers.building import build_draft
from modelhub.authoring.importers.deployments import Deployment, Described, find_variable
from modelhub.authoring.importers.drafts import Draft
from modelhub.authoring.importers.notes import Notes
from modelhub.authoring.importers.values import Values
from modelhub.configs import Document, Entry
from modelhub.errors import Problem
from modelhub.secrets import mask_keys

Check = Callable[[list[Entry]], list[Problem]]
_OPTIONAL = frozenset(
    {
        *("generate_args", "options", "keep_alive", "think", "format", "timeout", "retry", "stream", "tags"),
        *("limits", "price", "proxy", "capabilities", "description"),
    }
)


class Group(NamedTuple):
    """A name for several models, of which the next is asked when one fails."""

    name: str
    members: list[Deployment]


Find = Callable[[Document, Notes], Iterable[Deployment | Described | Group]]


class Imported(NamedTuple):
    """The result of a conversion: the content of a config file, the number of its models, and the notes."""

    data: dict[str, Any]
    models: int
    notes: Notes


def import_models(documents: Sequence[Document], find: Find, check: Check) -> Imported:
    """Convert what ``find`` finds in the documents; ``check`` says what is wrong with model configs."""
    notes = Notes()
    values = Values(notes)
    for document in documents:
        values.reserve(document.data)
    found = [each for document in documents for each in find(document, notes)]
    deployments = [each for each in found if not isinstance(each, Group)]
    groups = [each for each in found if isinstance(each, Group)]
    models = build_models(deployments, values, check, notes, taken=[group.name for group in groups])
    count = len(models)
    models += build_groups(groups, {each["config_name"] for each in models})
    if not deployments and not notes.errors:
        notes.add(documents[0], (), "there is no model in it, and so none to convert", is_error=True)
    return Imported({"models": models}, count, notes)


def build_models(
    found: Sequence[Deployment | Described],
    values: Values,
    check: Check,
    notes: Notes,
    *,
    taken: Iterable[str] = (),
) -> list[dict[str, Any]]:
    """The configs of the deployments; what modelhub does not accept is left out, with a note.

    None of them gets a name that is ``taken``.
    """
    for deployment in found:
        if isinstance(deployment, Described):
            continue
        if deployment.get("api_key") is None and (variable := find_variable(deployment)):
            values.variables.take([variable])
    models: list[dict[str, Any]] = []
    names = dict.fromkeys((deployment.name for deployment in found), 0) | dict.fromkeys(taken, 1)
    for deployment in found:
        if isinstance(deployment, Described):
            draft: Draft | None = deployment.build_draft(values)
        elif draft := build_draft(deployment, values, notes):
            _put_information(draft, deployment, notes)
        if draft is None:
            continue
        draft.put(("config_name",), deployment.name)
        if isinstance(deployment, Deployment) and deployment.provider and draft.build() in models:
            continue  # a program may have the same model at several places
        chosen = _choose_name(deployment, names, notes)
        draft.put(("config_name",), chosen)
        if isinstance(deployment, Deployment):
            deployment.name = chosen
        if _remove_faults(draft, check, notes):
            models.append(draft.build())
    return models


def build_groups(groups: Iterable[Group], names: set[str]) -> list[dict[str, Any]]:
    """The configs of the groups, of the members that there are."""
    found = []
    for group in groups:
        members = [each.name for each in group.members if each.name in names]
        if members:
            found.append({"config_name": group.name, "model_type": "fallback", "models": members})
    return found


def _put_information(draft: Draft, deployment: Deployment, notes: Notes) -> None:
    """Keep the description in ``model_info``; write a note about the rest."""
    document, path = deployment.place
    for key, value in deployment.info.items():
        place = (document, (*path, "model_info", key))
        if key == "description" and isinstance(value, str):
            draft.put(("description",), mask_keys(value), place)
        elif key != "mode":
            reason = deployment.explain(key) or "modelhub does not use it"
            notes.add(*place, f"{key} is not converted: {reason}", key=True)


def _choose_name(deployment: Deployment | Described, names: dict[str, int], notes: Notes) -> str:
    """The config_name for a model_name, with a number if other deployments have the same; ``names`` counts the uses."""
    name = deployment.name
    names[name] += 1
    if names[name] == 1:
        return name
    while f"{name}-{names[name]}" in names:
        names[name] += 1
    chosen = f"{name}-{names[name]}"
    document, path = deployment.place
    message = f"'{name}' is there already, so that this one is called '{chosen}'"
    notes.add(document, (*path, "model_name"), message)
    return chosen


def _remove_faults(draft: Draft, check: Callable[[list[Entry]], list[Problem]], notes: Notes) -> bool:
    """Remove values that modelhub does not accept, with a note at the place of each.

    False if, without such a value, the calls would go to another server or use another account.
    """
    while True:
        config = draft.build()
        wrong = [each for each in check([Entry(config, Document(config), ())]) if each.severity == "error"]
        removed = next(((problem, *found) for problem in wrong if (found := draft.remove(problem.path))), None)
        if removed is None and not wrong:
            return True
        if removed is None:
            notes.add(*draft.place, f"'{config['config_name']}' is not converted: {wrong[0].message}", is_error=True)
            return False
        problem, path, place = removed
        is_vital = path[0] not in _OPTIONAL
        what = f"'{config['config_name']}'" if is_vital else place[1][-1]
        hint = f"; {problem.hint}" if problem.hint else ""
        notes.add(*place, f"{what} is not converted: {problem.message}{hint}", is_error=is_vital)
        if is_vital:
            return False
