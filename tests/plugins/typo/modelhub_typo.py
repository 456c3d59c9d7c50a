"""A plugin whose only hook does not exist."""

from modelhub.hooks import hookimpl


@hookimpl
def resolve_secrets(scheme: str, name: str) -> None: ...
