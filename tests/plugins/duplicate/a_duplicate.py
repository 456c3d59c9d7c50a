"""A plugin that claims a model_type of modelhub's own; its name sorts before modelhub's."""

from modelhub.base import ModelWrapperBase


class OtherOpenAIChatWrapper(ModelWrapperBase):
    """Must never answer for OpenAI."""

    model_type = "openai_chat"
