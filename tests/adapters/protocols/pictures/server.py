"""Images as base64, by PUT."""

from __future__ import annotations

import base64

from modelhub.overriding import override

from ..base import KEY, Got, Sent, Server, dump
from ..thinking import Broken, Refusal, check_keys

PICTURE = b"\xff\xd8\xff\xe0 a picture of "


class Protocol(Server):
    """``{pictures: [{b64}]}``."""

    routes = (("PUT", "/draw"),)
    broken = b'{"pictures": []}'

    @override
    def check(self, got: Got) -> None:
        if got.headers.get("X-Draw-Key") != KEY:
            raise Refusal(401, "no key")

    @override
    async def answer(self, got: Got) -> Sent:
        body = check_keys(got.json(), "draw", "count size")
        prompt: str = body["draw"]
        if prompt == "please break":
            raise Broken
        if prompt.startswith("please fail "):
            raise Refusal(int(prompt.split()[2]), "as you wish")
        drawn = base64.b64encode(PICTURE + prompt.encode()).decode()
        return Sent(dump({"pictures": [{"b64": drawn}] * body.get("count", 1)}))

    @override
    def refuse(self, refusal: Refusal) -> Sent:
        headers = {"Retry-After": "7"} if refusal.kind == 429 else {}
        return Sent(dump({"fault": {"kind": refusal.kind, "text": refusal.message}}), refusal.kind, headers=headers)
