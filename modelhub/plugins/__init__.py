"""What installed packages add to modelhub: groups of entry points, each with its rules."""

from __future__ import annotations

from modelhub.plugins.group import Plugin as Plugin
from modelhub.plugins.group import PluginGroup as PluginGroup
from modelhub.plugins.group import subclass_of as subclass_of

__all__ = ["Plugin", "PluginGroup", "subclass_of"]
