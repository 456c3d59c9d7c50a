"""What is wrong with the way to a server: who cannot obey it, and certificates that are missing or not checked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from modelhub.diagnostics import Finding
from modelhub.printable import shorten
from modelhub.secrets import find_path
from modelhub.validation.schema.view import View

_VARIABLES = "this model connects by itself: set HTTPS_PROXY or SSL_CERT_FILE"
WAYS: Mapping[str, str] = {
    "proxy": _VARIABLES,
    "tls": _VARIABLES,
    "propagate": "this model connects by itself: what instruments its library passes the trace on",
}
"""The keys that models obey only if modelhub connects for them, and what to do about the others."""
_HINT = "name a PEM file that this process may read; paths are seen from the file that says them"


def find_way_faults(config: dict[str, Any], view: View, *, certain: bool = False) -> Iterator[Finding]:
    """Yield a finding for each key of a model that does not connect itself, and for what is odd about the others.

    Files may be there only where the program runs: that one is missing is an error only if this is ``certain``.
    """
    yield from _find_useless_waits(config, view)
    given = [key for key in WAYS if key in config]
    if not given:
        return
    if useless := [key for key in given if key not in view.properties or _is_library(config, view)]:
        if view.first("x-connects") is False or _is_library(config, view):
            yield from (Finding("MH103", f"unknown key '{key}'", (key,), key=True, hint=WAYS[key]) for key in useless)
        return
    tls = config.get("tls")
    if not isinstance(tls, dict):
        return
    if tls.get("verify") is False:
        message = "tls.verify is false: anybody on the way can read and change what is sent, the key included"
        hint = "name the certificate of the server's CA in tls.ca"
        yield Finding("MH403", message, ("tls", "verify"), hint=hint, severity="warning")
    if tls.get("key") and not tls.get("cert"):
        yield Finding(
            "MH102", "required key 'cert' is missing in tls", ("tls",), hint="name the certificate of the key"
        )
        return
    yield from _find_bad_files(tls, "error" if certain else "warning")


def _find_useless_waits(config: dict[str, Any], view: View) -> Iterator[Finding]:
    """Yield a finding for each wait of ``timeout`` that a library of this process, which connects itself, ignores."""
    timeout = config.get("timeout")
    if isinstance(timeout, dict) and _is_library(config, view):
        hint = "this model connects by itself: idle and total bound its calls"
        for key in ("connect", "first_token"):
            if key in timeout:
                yield Finding("MH103", f"unknown key '{key}' in timeout", ("timeout", key), key=True, hint=hint)


def _is_library(config: dict[str, Any], view: View) -> bool:
    """Whether calls go to a library of this process, and not to a server in its place."""
    facts, client_args = view.first("x-capabilities") or {}, config.get("client_args")
    served = isinstance(client_args, dict) and client_args.get("base_url")
    return bool(facts.get("auth", {}).get("kind") == "library" and not served)


def _find_bad_files(tls: dict[str, Any], severity: Any) -> Iterator[Finding]:
    """Yield a finding for each file that TLS cannot be spoken with; paths with references are not looked at."""
    given = {key: tls.get(key) or None for key in ("ca", "cert", "key")}
    if not all(path is None or (isinstance(path, str) and "${" not in path) for path in given.values()):
        return
    from modelhub.network.certificates import find_bad_files  # only models with certificates need it
    from modelhub.wire import Certificates

    ca, cert, key = [str(find_path(path)) if path else None for path in given.values()]
    for bad in find_bad_files(Certificates(ca, cert, key)):
        message = f"tls.{bad.key}: the file {shorten(repr(bad.path), 200)} {bad.problem}"
        yield Finding("MH302", message, ("tls", bad.key), hint=_HINT, severity=severity)
