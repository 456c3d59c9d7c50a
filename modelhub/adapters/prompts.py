"""Prompts: a conversation as one text, in a known form or in one of the config's own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from modelhub.adapters.braces import split
from modelhub.adapters.near import ask_near
from modelhub.errors import ConfigError

_PLACES = ("role", "content")


class Said(NamedTuple):
    """One message of a prompt: its role as roles are told apart, the role as the config calls it, and the text."""

    role: str
    called: str
    text: str


class PromptTemplate(NamedTuple):
    """How a prompt is written; ``turn`` has texts and names in turn."""

    start: str
    turn: Sequence[str]
    end: str

    def write(self, conversation: Sequence[Said]) -> str:
        """The prompt: the start, each message, and the end."""
        pieces = [self.start]
        for said in conversation:
            for number, piece in enumerate(self.turn):
                pieces.append(piece if number % 2 == 0 else said.called if piece == "role" else said.text)
        pieces.append(self.end)
        return "".join(pieces)


class Llama2Template:
    """The form of Llama 2: what the system says stands inside the first turn of the user."""

    # https://github.com/meta-llama/llama/blob/main/llama/generation.py

    def write(self, conversation: Sequence[Said]) -> str:
        """The prompt."""
        system = "\n\n".join(said.text for said in conversation if said.role == "system")
        turns = [said for said in conversation if said.role != "system"]
        if system and (not turns or turns[0].role == "assistant"):
            turns = [Said("user", "user", ""), *turns]
        pieces = []
        for number, said in enumerate(turns):
            if said.role == "assistant":
                pieces.append(f" {said.text} </s>")
                continue
            before = f"<<SYS>>\n{system}\n<</SYS>>\n\n" if system and number == 0 else ""
            pieces.append(f"<s>[INST] {before}{said.text} [/INST]")
        return "".join(pieces)


# The start, each message, and the end, where {assistant} is what the config calls that role.
_KNOWN = {
    "chatml": ("", "<|im_start|>{role}\n{content}<|im_end|>\n", "<|im_start|>{assistant}\n"),
    # https://www.llama.com/docs/model-cards-and-prompt-formats/meta-llama-3/
    "llama3": (
        "<|begin_of_text|>",
        "<|start_header_id|>{role}<|end_header_id|>\n\n{content}<|eot_id|>",
        "<|start_header_id|>{assistant}<|end_header_id|>\n\n",
    ),
    "plain": ("", "{role}: {content}\n", "{assistant}:"),
}


def compile_prompt(template: str | Mapping[str, Any], assistant: str, where: str) -> PromptTemplate | Llama2Template:
    """The template of this name, or the config's own; raises ConfigError for a name that there is not."""
    if isinstance(template, Mapping):
        turn = split(template.get("turn") or "", _PLACES)
        return PromptTemplate(template.get("start") or "", turn, template.get("end") or "")
    if template == "llama2":
        return Llama2Template()
    known = _KNOWN.get(template)
    if known is None:
        names = sorted([*_KNOWN, "llama2"])
        raise ConfigError(f"{where}: there is no template {template!r}{ask_near(template, names)}")
    start, each, end = known
    return PromptTemplate(start, split(each, _PLACES), end.replace("{assistant}", assistant))
