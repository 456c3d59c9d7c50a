"""What a config asks for beside its calls, and no recording holds: a token, and the end of a job."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from modelhub.testing.stand_ins import stand_in

_GRANT = ("grant_type", "client_credentials")


class Beside:
    """Answers the requests for tokens, and those that end jobs, of ``configs``; the tokens are ``token``.

    ``has_tokens`` says whether any are asked for.
    """

    def __init__(self, configs: Iterable[Mapping[str, Any]], token: str) -> None:
        configs = [stand_in(dict(config)) for config in configs]
        self._token = {"access_token": token, "token_type": "Bearer", "expires_in": 3600}
        self.has_tokens = any(_find(config, "auth", "type") == "oauth2" for config in configs)
        cancels = [_find(config, "poll", "cancel") for config in configs]
        self._ends = [(each.get("method", "DELETE"), *_split(each)) for each in cancels if isinstance(each, Mapping)]

    def answer(self, method: str, url: str, body: bytes | None) -> Mapping[str, Any] | None:
        """The reply to a request; None for one of a call, which is in a recording."""
        if self.has_tokens and method == "POST" and _GRANT in parse_qsl((body or b"").decode("latin-1")):
            return {"status": 200, "body": self._token}
        path = urlsplit(url).path
        for wanted, before, after in self._ends:
            if method == wanted and path.startswith(before) and path.endswith(after):
                return {"status": 200, "body": {}}
        return None


def _find(config: Mapping[str, Any], key: str, name: str) -> Any:
    part = config.get(key)
    return part.get(name) if isinstance(part, Mapping) else None


def _split(cancel: Mapping[str, Any]) -> tuple[str, str]:
    """The path of the address that ends a job, before its id and after it."""
    path = urlsplit(str(cancel.get("url") or "")).path
    return path.partition("{id}")[0], path.rpartition("{id}")[2]
