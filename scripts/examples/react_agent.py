# python react_agent.py "What is the weather in Paris, and what time is it there?"
#
# -m claude asks another model of models.yaml. Without a key: `modelhub mock` in one terminal, and in another one
# MODELHUB_PROFILE=mock in front of the command.
"""An agent: the model asks for tools, is told what they return, and goes on until it can answer."""

import argparse
import asyncio
import json
import sys
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Annotated
from zoneinfo import ZoneInfo

import modelhub


@dataclass
class Answer:
    answer: Annotated[str, "The answer in one sentence"]
    complete: Annotated[bool, "Whether nothing that was asked for is missing"]


# The tools are plain functions: the model sees their names, docstrings and parameters, and what they return or raise.


def get_weather(city: str) -> str:
    """Weather of a city"""
    weather = {"Paris": "sunny", "London": "rain", "Tokyo": "cloudy"}
    if city not in weather:
        raise ValueError(f"no weather station in {city}; there is one in {', '.join(weather)}")
    return weather[city]


def get_time(city: str, seconds: bool = False) -> dict[str, str]:
    """Date and time in a city"""
    zones = {"Paris": "Europe/Paris", "London": "Europe/London", "Tokyo": "Asia/Tokyo"}
    now = datetime.now(ZoneInfo(zones[city]))
    return {"date": f"{now:%A, %d %B %Y}", "time": f"{now:%H:%M:%S}" if seconds else f"{now:%H:%M}"}


TOOLS = {tool.__name__: tool for tool in (get_weather, get_time)}


async def run_tool(tools, call):
    print(f"[{call.name} {json.dumps(call.arguments, ensure_ascii=False)}]", file=sys.stderr)
    return await asyncio.to_thread(call.run, tools)


async def run_agent(model, question, tools, steps=8):
    """The conversation that ends with the model's answer, which is printed as it arrives."""
    messages = [{"role": "user", "content": question}]
    for _ in range(steps):
        reply = await model.acall(messages, tools=tools, stream=True)
        async for delta in reply:
            print(delta.text or "", end="", flush=True)
        messages.append(reply.to_message())
        if not reply.tool_calls:
            print()
            return messages
        # All at once; what a tool raises is told to the model, which may then try something else.
        outputs = await asyncio.gather(*(run_tool(tools, call) for call in reply.tool_calls), return_exceptions=True)
        messages += [call.to_result(output) for call, output in zip(reply.tool_calls, outputs, strict=True)]
    sys.exit(f"there was no answer after {steps} steps")


async def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("question")
    parser.add_argument("-m", "--model", default="chat", help="config_name of the model (%(default)s)")
    parser.add_argument("-c", "--config", default="models.yaml", help="file or folder of configs (%(default)s)")
    parser.add_argument("-t", "--tool", action="append", choices=TOOLS, help="offer only this tool; may be repeated")
    parser.add_argument("--steps", type=int, default=8, help="how often to ask the model at most (%(default)s)")
    parser.add_argument("--plain", action="store_true", help="end with the answer in words, without the JSON")
    args = parser.parse_args()
    async with modelhub.init(model_configs=args.config) as hub:
        model = hub.get_model(args.model)
        tools = [TOOLS[name] for name in args.tool or TOOLS]
        messages = await run_agent(model, args.question, tools, args.steps)
        if not args.plain:
            # Asked without the tools and their results: some vendors do not give tools and a schema at once.
            request = {"role": "user", "content": "Give your answer as JSON."}
            reply = await model.acall([messages[0], messages[-1], request], response_format=Answer, stream=False)
            print(json.dumps(asdict(reply.parsed), indent=2, ensure_ascii=False))


if __name__ == "__main__":
    try:
        asyncio.run(main())
    except modelhub.ModelHubError as error:
        sys.exit(f"react_agent: {error}")
    except KeyboardInterrupt:
        sys.exit(130)
