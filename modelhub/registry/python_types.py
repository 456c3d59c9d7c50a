"""The classes that configs name by ``python:package.module:Class``, in programs that allow it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from modelhub.errors import PluginError
from modelhub.plugins.declared import EntryPoint
from modelhub.plugins.entry_points import describe
from modelhub.plugins.flaws import explain_flaw
from modelhub.plugins.group import subclass_of
from modelhub.plugins.surroundings import surround
from modelhub.registry.installed import WRAPPERS
from modelhub.validation.schema.extend import combine
from modelhub.validation.schema.lineage import read_line

if TYPE_CHECKING:
    from modelhub.base import ModelWrapperBase

_explain_misfit = subclass_of("modelhub.ModelWrapperBase")


def find_python_schema(place: EntryPoint) -> dict[str, Any] | None:
    """What the source of a class tells of its keys, without importing it; raises PluginError if there is no class."""
    flaw = explain_flaw(place, _explain_misfit)
    if flaw is not None:
        raise _refuse(place, flaw.replace("is gone; install it again, or uninstall it", "is not found"))
    try:
        return combine(read_line(place.module, place.attr, WRAPPERS.find_known), place.name)
    except Exception as error:  # a source may be anything
        raise _refuse(place, describe(error)) from error


def load_python_class(place: EntryPoint) -> type[ModelWrapperBase]:
    """The class at a place; raises PluginError if it cannot be imported, or if it is no wrapper."""
    try:
        with surround():
            loaded: type[ModelWrapperBase] = place.load()
        flaw = _explain_misfit(loaded)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # SystemExit too: it must not end the program
        raise _refuse(place, f"importing it raised {describe(error)}") from error
    if flaw is not None:
        raise _refuse(place, flaw)
    return loaded


def _refuse(place: EntryPoint, why: str) -> PluginError:
    return PluginError(f"model_type {place.name!r} cannot be used: {why}")
