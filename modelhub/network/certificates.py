"""The certificates that servers are checked with: those of a config, else those of the environment, else certifi's."""

from __future__ import annotations

import os
import ssl
from pathlib import Path

from modelhub.errors import ConnectionError
from modelhub.locks import Lock
from modelhub.wire import Certificates

BUNDLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
STORES = ("SSL_CERT_FILE", "SSL_CERT_DIR")

_CONTEXTS: dict[tuple[tuple[tuple[str, str], ...], Certificates | None], ssl.SSLContext] = {}
_MOST = 1000  # contexts that are kept
_LOADING = Lock()


class BadFile(ValueError):
    """A file of a config that TLS cannot be spoken with: ``key`` names it, ``path`` is where it is."""

    def __init__(self, key: str, path: str, problem: str) -> None:
        super().__init__(problem)
        self.key = key
        self.path = path
        self.problem = problem


def find_certificates() -> tuple[tuple[str, str], ...]:
    """The variables that name certificates, each with its path: one of a bundle alone, or those of OpenSSL."""
    for variable in BUNDLES:
        if path := os.environ.get(variable):
            return ((variable, path),)
    return tuple((variable, path) for variable in STORES if (path := os.environ.get(variable)))


def build_context(certificates: Certificates | None = None) -> ssl.SSLContext:
    """What TLS is spoken with, by the certificates of a config or without.

    Raises BadFile for a file of the config that is no good, and a ConnectionError for a path of the environment.
    """
    own = certificates is not None and (certificates.ca or not certificates.verify)
    named = () if own else find_certificates()
    with _LOADING:
        context = _CONTEXTS.get((named, certificates))
        if context is None:
            if len(_CONTEXTS) >= _MOST:
                _CONTEXTS.clear()
            context = _load(named) if certificates is None else _load_own(named, certificates)
            _CONTEXTS[named, certificates] = context
    return context


def find_bad_files(certificates: Certificates) -> list[BadFile]:
    """The files of a config that TLS cannot be spoken with; of those that can be read only the first."""
    found: list[BadFile] = []
    for key, path in certificates.paths.items():
        try:
            if key != "ca" or not Path(path).is_dir():
                _read(key, path)
        except BadFile as error:
            found.append(error)
    if not found:
        try:
            _load_own((), certificates._replace(verify=False))
        except BadFile as error:
            found.append(error)
    return found


def _read(key: str, path: str) -> bytes:
    """The beginning of a file; OpenSSL does not say which of two it could not read."""
    try:
        with Path(path).open("rb") as file:
            return file.read(1 << 20)
    except (OSError, ValueError) as error:
        raise BadFile(key, path, _describe(error, "")) from None


def _load(named: tuple[tuple[str, str], ...]) -> ssl.SSLContext:
    context: ssl.SSLContext | None = None
    for variable, paths in named:
        for path in paths.split(os.pathsep) if variable == "SSL_CERT_DIR" else (paths,):
            try:
                context = _load_path(context, path)
            except (OSError, ValueError) as error:
                problem = _describe(error, "holds no certificates")
                told = f"the path {path!r} that {variable} names {problem}"
                raise ConnectionError(told, retryable=False) from None
    if context is None:
        import certifi

        context = ssl.create_default_context(cafile=certifi.where())
    context.set_alpn_protocols(["http/1.1"])
    return context


def _load_own(named: tuple[tuple[str, str], ...], certificates: Certificates) -> ssl.SSLContext:
    ca, cert, key = certificates.ca, certificates.cert, certificates.key
    if ca:
        try:
            context = _load_path(None, ca)
        except (OSError, ValueError) as error:
            raise BadFile("ca", ca, _describe(error, "holds no certificates")) from None
        context.set_alpn_protocols(["http/1.1"])
    elif not certificates.verify:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.set_alpn_protocols(["http/1.1"])
    else:
        context = _load(named)
    if not certificates.verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if cert:
        _load_chain(context, cert, key)
    return context


def _load_chain(context: ssl.SSLContext, cert: str, key: str | None) -> None:
    """Have the client show the certificate of ``cert``, whose key is in ``key`` or in the same file."""
    if b"-----BEGIN " not in _read("cert", cert):
        raise BadFile("cert", cert, "holds no certificate in the PEM format")
    if key:
        _read("key", key)
    name, path = ("key", key) if key else ("cert", cert)
    try:
        context.load_cert_chain(cert, key, password=_no_password)
        return
    except _Encrypted:
        problem = "holds a key with a password, which nobody could enter: write one without"
    except ssl.SSLError as error:
        problem = "holds no key in the PEM format"
        if error.reason == "KEY_VALUES_MISMATCH":
            problem = "holds the key of another certificate"
        elif key is not None and not _has_certificate(cert):
            name, path, problem = "cert", cert, "holds no certificate in the PEM format"
        elif key is None:
            problem = "holds no key, or no certificate: name the file of the key in tls.key"
    raise BadFile(name, path, problem)


class _Encrypted(Exception):
    """A key that has a password."""


def _no_password() -> str:
    raise _Encrypted


def _has_certificate(path: str) -> bool:
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(path)
    except (ssl.SSLError, OSError):
        return False
    return True


def _load_path(context: ssl.SSLContext | None, path: str) -> ssl.SSLContext:
    """``context``, or a new one, that trusts the certificates of ``path``, too."""
    place = {"capath" if Path(path).is_dir() else "cafile": path}
    if context is None:
        return ssl.create_default_context(**place)  # type: ignore[arg-type]
    context.load_verify_locations(**place)
    return context


def _describe(error: Exception, empty: str) -> str:
    """What is wrong with a path that raised ``error``; ``empty`` is for a file that has not what is sought."""
    if isinstance(error, FileNotFoundError):
        return "does not exist"
    if isinstance(error, ssl.SSLError):
        return empty
    reason = error.strerror if isinstance(error, OSError) else "it is no path"
    return f"cannot be read: {reason}"
