"""What a stub of the models in models.yaml makes wrong, and what is as before."""

from __future__ import annotations

from typing import assert_type

import modelhub
import modelhub.testing
from modelhub import ChatWrapper, EmbeddingWrapper, ModelRegistry, ModelResponse, ModelWrapperBase
from modelhub.base import HTTPModelWrapperBase
from modelhub.errors import RateLimitError


class Own(HTTPModelWrapperBase):
    def __call__(self, text: str) -> str:
        return text


hub = modelhub.init("models.yaml")
hub.register(Own)
assert_type(modelhub.get_model("gpt"), ChatWrapper)
assert_type(hub.get_model("emb"), EmbeddingWrapper)
assert_type(hub.chat("safe")("Hello"), ModelResponse)
with hub as same, ModelRegistry("models.yaml") as other:
    assert_type(same.get_model("gpt"), ChatWrapper)
    assert_type(other.embedding("emb"), EmbeddingWrapper)
model: ModelWrapperBase = modelhub.get_model("safe")
print(modelhub.errors.ServerError, RateLimitError, modelhub.testing.MockServer, modelhub.__version__, modelhub.stats())

modelhub.get_model("gtp")  # error: call-overload reportCallIssue,reportArgumentType
hub.get_model("gtp")  # error: call-overload reportCallIssue,reportArgumentType
hub.chat("emb")  # error: arg-type reportArgumentType
modelhub.image("gpt")  # error: arg-type reportArgumentType
modelhub.get_model("gpt")("Hello", temprature=0.5)  # error: call-overload reportCallIssue
modelhub.get_modl  # error: attr-defined reportAttributeAccessIssue
