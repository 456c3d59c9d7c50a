"""The extension point that was documented: only ``_parse_response`` is new."""

from agentscope.models import ModelResponse, PostAPIChatWrapper


class SampleOwnParsing(PostAPIChatWrapper):
    model_type: str = "sample_own_parsing"

    def _parse_response(self, response: dict) -> ModelResponse:
        return ModelResponse(text="parsed: " + response["choices"][0]["message"]["content"])
