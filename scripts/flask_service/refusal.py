"""The one error that a client is told about, in OpenAI's shape."""

from __future__ import annotations

from typing import Any


class Refusal(Exception):
    """A request that is not answered: the HTTP status, and what the client can read of the reason."""

    def __init__(
        self,
        status: int,
        message: str,
        code: str | None = None,
        param: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status, self.message, self.code, self.param = status, message, code, param
        self.headers = headers or {}

    def describe(self) -> dict[str, Any]:
        """The body of the reply."""
        type = "server_error" if self.status >= 500 else "invalid_request_error"
        return {"error": {"message": self.message, "type": type, "param": self.param, "code": self.code}}


def refuse_value(param: str, wanted: str) -> Refusal:
    """The refusal of a request in which ``param`` is not what it must be."""
    return Refusal(400, f"'{param}' must be {wanted}", "invalid_value", param)
