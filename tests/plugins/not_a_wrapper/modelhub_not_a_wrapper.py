"""A plugin whose entry point names a function."""


def answer(text: str) -> str:
    """Looks like a wrapper's call, but is none."""
    return text
