"""Embeddings that come in any order, each with the number of its text beside it."""

from __future__ import annotations

from modelhub.overriding import override

from ..base import KEY, Got, Sent, Server, dump
from ..thinking import WAIT, Broken, Refusal, check_keys, check_kind


class Protocol(Server):
    """``{status, found: [{i, v}], cost}``."""

    routes = (("POST", "/embed/e5"),)
    broken = b'{"status": "fine", "found": [{"i": 0, "v": "0.1,0.2"}]}'

    @override
    def check(self, got: Got) -> None:
        if got.headers.get("Authorization") != f"Bearer {KEY}":
            raise Refusal(401, "no key")

    @override
    async def answer(self, got: Got) -> Sent:
        body = check_keys(got.json(), "texts kind", "size")
        texts: list[str] = check_kind(body["texts"], list)
        if "please break" in texts:
            raise Broken
        for text in texts:
            if check_kind(text, str).startswith("please fail "):
                raise Refusal(int(text.split()[2]), "as you wish")
        found = [{"i": n, "v": build_vector(text, body.get("size", 3))} for n, text in enumerate(texts)]
        return Sent(dump({"status": "fine", "found": found[1:] + found[:1], "cost": sum(map(len, texts))}))

    @override
    def refuse(self, refusal: Refusal) -> Sent:
        return Sent(dump({"status": "bad", "reason": {"k": refusal.kind, "m": refusal.message, "s": WAIT}}))


def build_vector(text: str, size: int) -> list[float]:
    """The vector of a text."""
    return [len(text) + place / 4 for place in range(size)]
