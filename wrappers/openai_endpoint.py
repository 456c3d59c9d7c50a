"""Where the models of OpenAI, and of all who speak its API, are asked, and with which key."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from modelhub.base import Endpoint, HTTPModelWrapperBase, Request, add_path, add_query, override
from modelhub.errors import AuthenticationError, BadRequestError
from modelhub.secrets import read_variable

if TYPE_CHECKING:
    from modelhub.vendors import Vendor


class OpenAIEndpoint(HTTPModelWrapperBase):
    """Where the models of this vendor are, and with which key; ``vendor`` names another one that has the same API."""

    vendor: str | None = None
    base_url = "https://api.openai.com/v1"
    base_url_variable = "OPENAI_BASE_URL"
    key_variable = "OPENAI_API_KEY"
    path = ""

    def __init__(self, *args: Any, organization: str | None = None, vendor: str | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.organization = organization
        self.vendor = vendor

    def find_other(self) -> Vendor | None:
        """The vendor that the config names, when that is another one than this class's own."""
        if not self.vendor or self.vendor == "openai":
            return None
        from modelhub.vendors import find_compatible

        return find_compatible(self.vendor, where=f"config {self.config_name!r}")

    @override
    def build_endpoint(self) -> Endpoint:
        args, other = self.client_args, self.find_other()
        base_url = args.get("base_url") or (None if other else self.find_variable(self.base_url_variable))
        variables = other.key_variables if other else (self.key_variable,)
        key = self.api_key or next(filter(None, map(self.find_variable, variables)), None)
        if not key and not base_url and not (other and other.key_optional):
            raise AuthenticationError(
                f"there is no API key: set api_key in the config or {variables[0]} in the environment"
            )
        base_url = base_url or (other and other.openai_base_url) or self.base_url
        url = add_query(add_path(base_url, self.path), args.get("default_query"))
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        return Endpoint(
            url, self.build_headers({**headers, **self.build_account_headers(), **args.get("default_headers", {})})
        )

    def build_account_headers(self) -> dict[str, str]:
        """Who is billed; nobody but OpenAI is told."""
        if self.find_other():
            return {}
        args = self.client_args
        organization = self.organization or args.get("organization") or read_variable("OPENAI_ORG_ID")
        project = args.get("project") or read_variable("OPENAI_PROJECT_ID")
        told = {"OpenAI-Organization": organization, "OpenAI-Project": project}
        return {name: value for name, value in told.items() if value}

    def find_variable(self, name: str) -> str | None:
        """An environment variable of the vendor."""
        return read_variable(name)

    def build_call(self, body: dict[str, Any], stream: bool = False) -> Request:
        """A POST of ``body``."""
        return self.build_post(body, stream)


def check_messages(messages: list[Any], vendor: str = "the vendor") -> None:
    """Raise BadRequestError if there is no message at all."""
    if not messages:
        raise BadRequestError(f"messages is empty: {vendor} wants at least one message")


def refuse(options: dict[str, Any], *names: str, vendor: str) -> None:
    """Raise BadRequestError for an option that ``vendor`` does not have, rather than drop it silently."""
    for name in names:
        if options.get(name) is not None:
            raise BadRequestError(f"{vendor} has no option {name!r}")
