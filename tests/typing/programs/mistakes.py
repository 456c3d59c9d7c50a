"""What is wrong, and what mypy and pyright call it."""

from __future__ import annotations

import modelhub

modelhub.get_modl("gpt")  # error: attr-defined reportAttributeAccessIssue
model = modelhub.get_model("gpt")
model("Hello", temprature=0.5)  # error: call-overload reportCallIssue
model("Hello", enable_search=True)  # error: call-overload reportCallIssue
model("Hello", temperature="hot")  # error: call-overload reportArgumentType
model("Hello", tags="nightly")  # error: call-overload reportArgumentType
model("Hello", parse_func=5)  # error: call-overload reportCallIssue,reportArgumentType
model("Hello").txt  # error: attr-defined reportAttributeAccessIssue
model.home  # error: attr-defined reportAttributeAccessIssue
model.find_secrets()  # error: attr-defined reportAttributeAccessIssue
number: int = model("Hello")  # error: assignment reportAssignmentType

chat = modelhub.chat("gpt")
chat("Hello", dimensions=256)  # error: call-overload reportCallIssue
chat(5)  # error: call-overload reportArgumentType
chat("Hello", tools=5)  # error: call-overload reportArgumentType
modelhub.embedding("emb")("Hello", tools=[])  # error: call-overload reportCallIssue
modelhub.image("img")(["a cat"])  # error: call-overload reportArgumentType
for delta in chat("Hello", stream=True):
    for piece in delta.tool_calls or []:
        piece.argument  # error: attr-defined reportAttributeAccessIssue
for call in chat("Hello").tool_calls or []:
    call.index  # error: attr-defined reportAttributeAccessIssue
    call.run(5)  # error: call-overload reportArgumentType,reportCallIssue


async def ask() -> None:
    await model.acall("Hello", temprature=0.5)  # error: call-overload reportCallIssue
    (await chat.acall("Hello")).txt  # error: attr-defined reportAttributeAccessIssue
    model.acall("Hello").text  # error: attr-defined reportAttributeAccessIssue


def narrow(asked: modelhub.ModelWrapperBase) -> None:
    asked("Hello", temprature=0.5)  # error: call-overload reportCallIssue


modelhub.init("models.yaml", profle="dev")  # error: call-arg reportCallIssue
modelhub.init(5)  # error: arg-type reportArgumentType
hub = modelhub.init("models.yaml")
hub.nmes()  # error: attr-defined reportAttributeAccessIssue
hub.register(int)  # error: arg-type reportArgumentType
