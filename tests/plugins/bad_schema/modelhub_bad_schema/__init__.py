"""A plugin whose schema is not JSON."""

from modelhub.base import ModelWrapperBase


class BadSchemaChatWrapper(ModelWrapperBase):
    """Works, but its configs cannot be validated."""

    model_type = "bad_schema_chat"

    def __call__(self, text: str) -> str:
        return text
