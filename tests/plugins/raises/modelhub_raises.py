"""A plugin that cannot be imported where this is tried."""

from modelhub.base import ModelWrapperBase

raise RuntimeError("no licence file found")


class RaisesChatWrapper(ModelWrapperBase):
    """Never comes to be."""
