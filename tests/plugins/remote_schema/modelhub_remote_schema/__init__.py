"""A plugin whose schema refers to an address, which nobody may ever fetch."""

from modelhub.base import ModelWrapperBase


class RemoteSchemaChatWrapper(ModelWrapperBase):
    """Works, but its configs cannot be validated."""

    model_type = "remote_schema_chat"

    def __call__(self, text: str) -> str:
        return text
