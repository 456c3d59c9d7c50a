"""The smallest plugin: plain Python, no HTTP, no schema."""

from modelhub.base import ModelWrapperBase


class EchoWrapper(ModelWrapperBase):
    """Greets, and says again what it was told."""

    model_type = "acme_echo"

    def __init__(self, config_name: str, greeting: str, shout: bool = False) -> None:
        self.greeting = greeting
        self.shout = shout

    def __call__(self, text: str) -> str:
        answer = f"{self.greeting}, {text}"
        return answer.upper() if self.shout else answer
