"""Certificates of a test's own: an authority, and servers' certificates that are good or wrong in one way."""

from __future__ import annotations

import ipaddress
import ssl
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import NameOID

NOW = datetime.now(timezone.utc)
HOUR = timedelta(hours=1)


@dataclass
class Authority:
    """Signs certificates and puts them into a folder."""

    folder: Path

    def __post_init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "the test's authority")])
        builder = _builder(self._name, self._name, self._key, NOW + HOUR)
        basic = x509.BasicConstraints(ca=True, path_length=None)
        usage = x509.KeyUsage(
            digital_signature=False,
            content_commitment=False,
            key_encipherment=False,
            data_encipherment=False,
            key_agreement=False,
            key_cert_sign=True,
            crl_sign=True,
            encipher_only=False,
            decipher_only=False,
        )
        identifier = x509.SubjectKeyIdentifier.from_public_key(self._key.public_key())
        builder = builder.add_extension(basic, critical=True).add_extension(usage, critical=True)
        made = builder.add_extension(identifier, critical=False).sign(self._key, hashes.SHA256())
        self.folder.mkdir(parents=True, exist_ok=True)
        self.path = self.folder / "ca.pem"
        self.path.write_bytes(made.public_bytes(Encoding.PEM))

    def issue(
        self, name: str, *, until: datetime = NOW + HOUR, file: str = "cert", password: bytes = b""
    ) -> tuple[Path, Path]:
        """A certificate for a host's name or address, and its key, encrypted if a password is given."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        builder = _builder(subject, self._name, key, until)
        builder = builder.add_extension(x509.SubjectAlternativeName([_general(name)]), critical=False)
        public = self._key.public_key()
        identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(public)
        made = builder.add_extension(identifier, critical=False).sign(self._key, hashes.SHA256())
        certificate, secret = self.folder / f"{file}.pem", self.folder / f"{file}-key.pem"
        certificate.write_bytes(made.public_bytes(Encoding.PEM))
        hidden = BestAvailableEncryption(password) if password else NoEncryption()
        secret.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, hidden))
        return certificate, secret

    def server(self, name: str, *, until: datetime = NOW + HOUR, asks: bool = False) -> ssl.SSLContext:
        """What a server of that name speaks TLS with; with ``asks`` it wants a certificate of this authority, too."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*self.issue(name, until=until, file="server"))
        if asks:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(self.path)
        return context


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, until: datetime
) -> x509.CertificateBuilder:
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(key.public_key())
    return builder.serial_number(x509.random_serial_number()).not_valid_before(NOW - 2 * HOUR).not_valid_after(until)


def _general(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)
