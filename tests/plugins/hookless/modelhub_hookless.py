"""A plugin that forgot to mark its function."""


def resolve_secret(scheme: str, name: str) -> str:
    return "never"
