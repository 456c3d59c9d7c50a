"""A form, a signed token, and plain text: replies are the text alone, streamed as it comes."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from typing import Any

from modelhub.overriding import override

from ..base import KEY, Got, Sent, Server
from ..thinking import Answer, Question, Refusal, Said, check_keys, find_role

ROLES = {"system": "system", "U": "user", "A": "assistant"}


class Protocol(Server):
    """Text."""

    routes = (("POST", "/form"),)
    broken = b""

    @override
    def check(self, got: Got) -> None:
        head, _, mac = got.headers.get("Authorization", "").removeprefix("Bearer ").rpartition(".")
        wanted = base64.urlsafe_b64encode(hmac.new(KEY.encode(), head.encode(), hashlib.sha256).digest()).rstrip(b"=")
        if not hmac.compare_digest(mac.encode(), wanted):
            raise Refusal(401, "the token is not signed")
        header, claims = (_decode(part) for part in head.split("."))
        if header["alg"] != "HS256" or claims["iss"] != "tests" or not claims["iat"] <= time.time() + 1 < claims["exp"]:
            raise Refusal(401, "the token is not good")

    @override
    def read(self, got: Got) -> Question:
        if got.headers["Content-Type"] != "application/x-www-form-urlencoded":
            raise Refusal(400, "that is no form")
        fields = check_keys(got.fields(), "dialogue live", "creativity")
        if fields["live"] not in ("true", "false"):
            raise Refusal(400, "live is true or false")
        turns: list[dict[str, Any]] = json.loads(fields["dialogue"])["turns"]
        said = [Said(find_role(ROLES, check_keys(turn, "role content")["role"]), turn["content"]) for turn in turns]
        return Question(said, stream=fields["live"] == "true")

    @override
    def write(self, answer: Answer) -> Sent:
        return Sent(answer.text.encode(), kind="text/plain; charset=utf-8")

    @override
    def write_stream(self, answer: Answer) -> Sent:
        body = answer.text.encode()
        return Sent([body[at : at + 2] for at in range(0, len(body), 2)], kind="text/plain; charset=utf-8")

    @override
    def refuse(self, refusal: Refusal) -> Sent:
        headers = {"Retry-After": "7"} if refusal.kind == 429 else {}
        return Sent(f"no: {refusal.message}".encode(), refusal.kind, "text/plain", headers)


def _decode(part: str) -> Any:
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
