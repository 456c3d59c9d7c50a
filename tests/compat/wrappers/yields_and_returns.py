"""A provider's wrapper with a call of its own, which yields and returns: calling it always gives a generator."""

import asyncio
from typing import Any

from agentscope.models import DashScopeChatWrapper, ModelResponse


class SampleAsyncChatWrapper(DashScopeChatWrapper):
    model_type: str = "sample_async_dashscope_chat"

    def __call__(self, messages: list, stream: bool = False, **kwargs: Any) -> ModelResponse:
        loop = asyncio.new_event_loop()
        asyncio.set_event_loop(loop)
        try:
            if stream:
                chunks = self.chunks(messages)
                try:
                    while True:
                        yield loop.run_until_complete(chunks.__anext__())
                except StopAsyncIteration as exc:
                    raise StopAsyncIteration from exc
            else:
                return loop.run_until_complete(self.whole(messages, **{**self.generate_args, **kwargs}))
        finally:
            loop.close()
            asyncio.set_event_loop(None)

    async def whole(self, messages: list, **kwargs: Any) -> ModelResponse:
        return ModelResponse(text=f"{self.model_name} {messages[-1]['content']} {kwargs['temperature']}")

    async def chunks(self, messages: list) -> Any:
        text = ""
        for word in messages[-1]["content"].split(" "):
            text += word
            yield ModelResponse(text=text, raw={"word": word})
