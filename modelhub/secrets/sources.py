"""Where the values behind ``${scheme:name}`` come from: the environment, files, the keyring, or a plugin."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

_MAX_BYTES = 1024 * 1024


def find_secret(scheme: str, name: str) -> str:
    """The value of ``name`` in ``scheme``; raises LookupError with the reason if there is no such value."""
    if scheme == "env":
        value = read_variable(name)
        if value is None:
            raise LookupError(f"environment variable {name} is not set")
        return value
    if scheme == "file":
        return read_secret_file(name)
    if scheme == "keyring":
        return _read_keyring(name)
    return _ask_plugins(scheme, name)


def read_variable(name: str) -> str | None:
    """The value of an environment variable without a byte order mark and the last line ends; None if it is not set.

    Values that come from files have these: those of Kubernetes' secrets, or of ``export KEY="$(cat key.txt)"``.
    """
    value = os.environ.get(name)
    return value if value is None else clean(value)


def find_variable_in(text: str) -> str | None:
    """The environment variable whose value stands in ``text``, such as the key in a header; None if none does."""
    values = {name: clean(value) for name, value in os.environ.items()}
    found = [name for name, value in values.items() if len(value) > 3 and value in text]
    return max(found, key=lambda name: len(values[name]), default=None)


def clean(text: str) -> str:
    """``text`` without what editors and shells add to it: a byte order mark and line ends."""
    return text.removeprefix("\ufeff").rstrip("\r\n")


def find_path(name: str) -> Path:
    """The path that a name in a ``${file:...}`` means; ``~`` and ``~user`` are home folders."""
    return Path(os.path.expanduser(name))  # noqa: PTH111 (Path's raises for an unknown user)


def read_secret_file(name: str) -> str:
    """The text of a secret file, without byte order mark and last line ends; raises LookupError for any other file."""
    try:
        file = find_path(name)
        if not file.is_file():
            reason = "it is not a regular file" if file.exists() else "it does not exist"
        elif file.stat().st_size > _MAX_BYTES:
            reason = "it is larger than 1 MB"
        else:
            return clean(file.read_bytes().decode())
    except OSError as error:
        reason = (error.strerror or type(error).__name__).lower()
    except UnicodeDecodeError:
        reason = "it is not UTF-8 text"
    except ValueError as error:
        reason = str(error)
    raise LookupError(f"the file '{name}' of a ${{file:...}} cannot be used: {reason}")


def stat_files(names: Iterable[str]) -> dict[str, tuple[int, int, int] | None]:
    """The state of each of these files; it changes when the file is written or replaced."""
    found: dict[str, tuple[int, int, int] | None] = {}
    for name in names:
        try:
            facts = find_path(name).stat()
            found[name] = (facts.st_mtime_ns, facts.st_size, facts.st_ino)
        except (OSError, ValueError):
            found[name] = None
    return found


def _read_keyring(name: str) -> str:
    service, slash, user = name.rpartition("/")
    if not slash:
        raise LookupError("a ${keyring:...} names a service and a user: ${keyring:service/user}")
    try:
        import keyring  # pyright: ignore[reportMissingImports]
    except ImportError:
        raise LookupError("a ${keyring:...} needs the keyring library: pip install keyring") from None
    try:
        value: str | None = keyring.get_password(service, user)
    except Exception as error:  # every backend has errors of its own
        raise LookupError(f"the keyring cannot be read: {type(error).__name__}") from None
    if value is None:
        raise LookupError(f"the keyring has no password of {user!r} for {service!r}")
    return value


def _ask_plugins(scheme: str, name: str) -> str:
    from modelhub.plugins.hooks import HOOKS, load_hooks

    try:
        value: str | None = load_hooks().hook.resolve_secret(scheme=scheme, name=name)
    except LookupError:
        raise
    except Exception as error:
        raise LookupError(f"the plugin for ${{{scheme}:...}} failed: {type(error).__name__}") from None
    if value is None:
        broken = [f"plugin {plugin} cannot be used: {plugin.reason}" for plugin in HOOKS.quarantined]
        why = f" ({'; '.join(broken)})" if broken else ""
        raise LookupError(f"no installed plugin resolves ${{{scheme}:...}}{why}")
    return value
