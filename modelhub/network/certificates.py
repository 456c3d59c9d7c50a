"""The certificates that servers are checked with: those that the environment names, else certifi's."""

from __future__ import annotations

import os
import ssl
from pathlib import Path

from modelhub.errors import ConnectionError
from modelhub.locks import Lock

BUNDLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
STORES = ("SSL_CERT_FILE", "SSL_CERT_DIR")

_CONTEXTS: dict[tuple[tuple[str, str], ...], ssl.SSLContext] = {}
_LOADING = Lock()


def find_certificates() -> tuple[tuple[str, str], ...]:
    """The variables that name certificates, each with its path: one of a bundle alone, or those of OpenSSL."""
    for variable in BUNDLES:
        if path := os.environ.get(variable):
            return ((variable, path),)
    return tuple((variable, path) for variable in STORES if (path := os.environ.get(variable)))


def build_context() -> ssl.SSLContext:
    """What TLS is spoken with; raises a ConnectionError that names a path without certificates."""
    named = find_certificates()
    with _LOADING:
        context = _CONTEXTS.get(named)
        if context is None:
            context = _CONTEXTS[named] = _load(named)
    return context


def _load(named: tuple[tuple[str, str], ...]) -> ssl.SSLContext:
    context: ssl.SSLContext | None = None
    for variable, paths in named:
        for path in paths.split(os.pathsep) if variable == "SSL_CERT_DIR" else (paths,):
            context = _load_path(context, variable, path)
    if context is None:
        import certifi

        context = ssl.create_default_context(cafile=certifi.where())
    context.set_alpn_protocols(["http/1.1"])
    return context


def _load_path(context: ssl.SSLContext | None, variable: str, path: str) -> ssl.SSLContext:
    """``context``, or a new one, that trusts the certificates of ``path``, too."""
    place = {"capath" if Path(path).is_dir() else "cafile": path}
    try:
        if context is None:
            return ssl.create_default_context(**place)  # type: ignore[arg-type]
        context.load_verify_locations(**place)
        return context
    except FileNotFoundError:
        problem = "does not exist"
    except ssl.SSLError:
        problem = "holds no certificates"
    except OSError as error:
        problem = f"cannot be read: {error.strerror}"
    raise ConnectionError(f"the path {path!r} that {variable} names {problem}", retryable=False)
