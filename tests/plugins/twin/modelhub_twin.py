"""A plugin that claims the model_type of another plugin."""

from modelhub.base import ModelWrapperBase


class TwinChatWrapper(ModelWrapperBase):
    """Must never answer for Acme, whichever of the two was installed first."""

    model_type = "acme_chat"

    def __call__(self, text: str) -> str:
        return f"twin: {text}"
