"""What installed packages add to modelhub: groups of entry points, each with its rules."""

from __future__ import annotations

from modelhub.plugins.group import PluginGroup as PluginGroup
from modelhub.plugins.group import subclass_of as subclass_of
from modelhub.plugins.plugin import Plugin as Plugin

__all__ = ["Plugin", "PluginGroup", "subclass_of"]
