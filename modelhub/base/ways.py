"""Works out the way to a model's server from the keys ``proxy`` and ``tls`` of its config."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from modelhub.errors import ConfigError, Problem
from modelhub.secrets import find_path, stat_files
from modelhub.wire import Certificates, Proxy, Way

ENVIRONMENT = ""  # the proxy of a config that says nothing of one


def build_way(where: str, proxy: str | None, tls: Mapping[str, Any] | None) -> Way | None:
    """The way that the two keys give; None where they leave all to the environment.

    Raises ConfigError, which begins with ``where``, for what is no proxy, and for a file without what is sought in it.
    """
    if proxy == ENVIRONMENT and not tls:
        return None
    own_proxy = proxy != ENVIRONMENT
    return Way(_read_proxy(where, proxy) if proxy else None, own_proxy, _read_certificates(where, tls) if tls else None)


def _read_proxy(where: str, text: str) -> Proxy:
    from modelhub.network.proxies import BadProxy, read_proxy  # only models with a proxy need it

    try:
        return read_proxy(text)
    except BadProxy as error:
        message = f"{where}: the proxy{f' {error.shown}' if error.shown else ''} {error.problem.rstrip(':; ')}"
        problem = Problem("MH203", message, error.hint or "write http://host:port", path=("proxy",))
    raise ConfigError([problem])


def _read_certificates(where: str, tls: Mapping[str, Any]) -> Certificates:
    from modelhub.network.certificates import BadFile, build_context

    ca, cert, key = [str(find_path(str(tls[name]))) if tls.get(name) else None for name in ("ca", "cert", "key")]
    states = stat_files(path for path in (ca, cert, key) if path)
    state = tuple(states.get(path or "") for path in (ca, cert, key))
    certificates = Certificates(ca, cert, key, tls.get("verify") is not False, state)
    if certificates.key and not certificates.cert:
        raise ConfigError(
            [Problem("MH102", f"{where}: tls.key needs tls.cert, the certificate of the key", path=("tls",))]
        )
    try:
        build_context(certificates)
    except BadFile as error:
        message = f"{where}: tls.{error.key}: the file {error.path!r} {error.problem}"
        problem = Problem("MH302", message, "paths are seen from the file that says them", path=("tls", error.key))
    else:
        return certificates
    raise ConfigError([problem])


def find_logins(way: Way | None) -> list[str]:
    """What logs in at the proxy of ``way``, in each form in which it may be told: none of them must be shown."""
    login = way.proxy.authorization if way is not None and way.proxy is not None else None
    if not login:
        return []
    from base64 import b64decode

    encoded = login.partition(" ")[2]
    plain = b64decode(encoded).decode()
    user, _, password = plain.partition(":")
    return [encoded, plain, password or user]


def find_states(way: Way | None) -> dict[str, tuple[int, int, int] | None]:
    """The files that ``way`` needs, with the state of each."""
    certificates = way.certificates if way is not None else None
    if certificates is None:
        return {}
    paths = (certificates.ca, certificates.cert, certificates.key)
    return {path: state for path, state in zip(paths, certificates.state, strict=True) if path}
