"""A certificate authority for tests, which signs whatever certificates they need when they need them."""

from __future__ import annotations

import datetime
import ssl
from collections.abc import Sequence
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

DAY = datetime.timedelta(days=1)


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, text)])


def _alternative(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(host))
    except ValueError:
        return x509.DNSName(host)


class Issued:
    """A certificate with its key, in files of their own and in one together."""

    def __init__(self, folder: Path, name: str, certificate: bytes, key: ec.EllipticCurvePrivateKey) -> None:
        self._key = key
        plain = self._encode(serialization.NoEncryption())
        self.cert, self.key, self.both = (folder / f"{name}.{end}" for end in ("pem", "key", "both.pem"))
        self.cert.write_bytes(certificate)
        self.key.write_bytes(plain)
        self.both.write_bytes(certificate + plain)

    def _encode(self, how: serialization.KeySerializationEncryption) -> bytes:
        return self._key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, how)

    def encrypt(self, password: bytes) -> Path:
        """The file of the key, with a password."""
        path = self.key.with_suffix(".encrypted.key")
        path.write_bytes(self._encode(serialization.BestAvailableEncryption(password)))
        return path

    def serve(self, clients: Path | None = None) -> ssl.SSLContext:
        """What a server with this certificate speaks TLS with; with ``clients``, only with those of that CA."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.both)
        if clients is not None:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(clients)
        return context


class Authority:
    """Signs certificates; ``path`` has its own."""

    def __init__(self, folder: Path, name: str = "ca") -> None:
        folder.mkdir(exist_ok=True)
        self._folder = folder
        self._name = name
        self._key = ec.generate_private_key(ec.SECP256R1())
        self.path = self.issue(name, [], ca=True).cert

    def issue(
        self,
        name: str,
        hosts: Sequence[str] = ("localhost", "127.0.0.1"),
        *,
        days: tuple[int, int] = (-1, 30),
        ca: bool = False,
        self_signed: bool = False,
    ) -> Issued:
        """A certificate for ``hosts``, valid from and until so many ``days`` from now."""
        own = ec.generate_private_key(ec.SECP256R1()) if not ca else self._key
        now = datetime.datetime.now(datetime.UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(_name(name))
            .issuer_name(_name(name if self_signed else self._name))
            .public_key(own.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now + days[0] * DAY)
            .not_valid_after(now + days[1] * DAY)
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(own.public_key()), critical=False)
        )
        if not self_signed:
            issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
            builder = builder.add_extension(issuer, critical=False)
        if ca:
            usage = x509.KeyUsage(True, False, False, False, False, True, True, False, False)
            builder = builder.add_extension(usage, critical=True)
        if hosts:
            names = x509.SubjectAlternativeName([_alternative(host) for host in hosts])
            builder = builder.add_extension(names, critical=False)
        signed = builder.sign(own if self_signed else self._key, hashes.SHA256())
        return Issued(self._folder, name, signed.public_bytes(serialization.Encoding.PEM), own)
