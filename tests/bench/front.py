"""The registry's front as GHCR's is: TLS with HTTP/2, bearer tokens, blobs at another host; and its log of requests."""

from __future__ import annotations

import datetime as dt
import ipaddress
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
    from cryptography.x509 import Certificate, ExtensionType

_NAME = "bench authority"
_USAGES = (
    *("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement"),
    *("key_cert_sign", "crl_sign", "encipher_only", "decipher_only"),
)

# Any token will do: who may do what is the tests' business, here each request only has to be made.
CONFIG = """\
user root;
daemon off;
pid {folder}/nginx.pid;
worker_processes 1;
error_log {folder}/nginx-error.log;
events {{ worker_connections 4096; }}
http {{
  log_format requests '$request_method $status $bytes_sent $request_uri';
  access_log {log} requests;
  client_body_temp_path {folder}/nginx-body;
  proxy_temp_path {folder}/nginx-proxy;
  fastcgi_temp_path {folder}/nginx-fastcgi;
  uwsgi_temp_path {folder}/nginx-uwsgi;
  scgi_temp_path {folder}/nginx-scgi;
  client_max_body_size 0;
  proxy_request_buffering off;
  proxy_max_temp_file_size 0;
  proxy_http_version 1.1;
  proxy_set_header Connection "";
  proxy_set_header Host $http_host;
  proxy_set_header X-Forwarded-Proto $scheme;
  ssl_certificate {folder}/server.crt;
  ssl_certificate_key {folder}/server.key;
  ssl_protocols TLSv1.2 TLSv1.3;
  sendfile on;
  tcp_nodelay on;
  keepalive_requests 100000;
  keepalive_timeout 300;
  upstream registry {{ server {registry}; keepalive 32; }}
  upstream pager {{ server 127.0.0.1:{pager}; keepalive 8; }}
  server {{
    listen 127.0.0.1:{front} ssl http2;
    default_type application/json;
    add_header WWW-Authenticate '{challenge}' always;
    location = /token {{ return 200 '{{"token":"bench","access_token":"bench","expires_in":300}}'; }}
    location ~ ^/v2/.+/tags/list$ {{
      if ($http_authorization = '') {{ return 401 '{unauthorized}'; }}
      proxy_pass http://pager;
    }}
    location ~ ^/v2/.+/blobs/sha256:((..)[0-9a-f]+)$ {{
      if ($http_authorization = '') {{ return 401 '{unauthorized}'; }}
      if ($request_method = GET) {{ return 307 https://{blobs}/docker/registry/v2/blobs/sha256/$2/$1/data; }}
      proxy_pass http://registry;
    }}
    location / {{
      if ($http_authorization = '') {{ return 401 '{unauthorized}'; }}
      proxy_pass http://registry;
    }}
  }}
  server {{ listen 127.0.0.1:{store} ssl; root {storage}; }}
}}
"""
CHALLENGE = 'Bearer realm="https://$http_host/token",service="bench",scope="repository:user/image:pull"'
UNAUTHORIZED = '{"errors":[{"code":"UNAUTHORIZED","message":"authentication required"}]}'


@dataclass(frozen=True)
class Line:
    """One request in the front's log."""

    method: str
    status: int
    size: int
    path: str


def parse_log(text: str) -> list[Line]:
    """The requests in a part of the log; a line that is not complete yet is left out."""
    lines = text[: text.rfind("\n") + 1].splitlines()
    fields = (line.split(" ", 3) for line in lines)
    return [Line(method, int(status), int(size), path) for method, status, size, path in fields]


@dataclass(frozen=True)
class Authority:
    """A certificate authority that only a bench trusts; `bundle` has it and those of the system."""

    key: EllipticCurvePrivateKey
    certificate: Certificate
    bundle: Path

    def certify(self, folder: Path, address: str) -> None:
        """Write a server's key and certificate for an address."""
        from cryptography import x509
        from cryptography.hazmat.primitives import serialization
        from cryptography.hazmat.primitives.asymmetric import ec

        key = ec.generate_private_key(ec.SECP256R1())
        names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(address))])
        signer = x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key())
        certificate = _signed("bench", key, self.key, [(names, False), (signer, False)])
        private = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        (folder / "server.key").touch(mode=0o600)
        (folder / "server.key").write_bytes(private)
        (folder / "server.crt").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))


def make_authority(folder: Path) -> Authority:
    """Make an authority, and the bundle that clients are to trust: as long as a real one, for reading it takes time."""
    from cryptography import x509
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    own = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    usage = dict.fromkeys(_USAGES, False) | {"key_cert_sign": True, "crl_sign": True}
    extensions = [(x509.BasicConstraints(ca=True, path_length=0), True), (x509.KeyUsage(**usage), True), (own, False)]
    certificate = _signed(_NAME, key, key, extensions)
    system = ssl.get_default_verify_paths().cafile
    bundle = folder / "authorities.pem"
    trusted = Path(system).read_bytes() if system else b""
    bundle.write_bytes(trusted + b"\n" + certificate.public_bytes(serialization.Encoding.PEM))
    return Authority(key, certificate, bundle)


def _signed(
    name: str,
    key: EllipticCurvePrivateKey,
    signer: EllipticCurvePrivateKey,
    extensions: Sequence[tuple[ExtensionType, bool]],
) -> Certificate:
    """A certificate for a key: each extension with whether it is critical."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.x509.oid import NameOID

    def named(text: str) -> x509.Name:
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])

    now = dt.datetime.now(dt.timezone.utc)
    builder = x509.CertificateBuilder(
        issuer_name=named(_NAME),
        subject_name=named(name),
        public_key=key.public_key(),
        serial_number=x509.random_serial_number(),
        not_valid_before=now - dt.timedelta(hours=1),
        not_valid_after=now + dt.timedelta(days=2),
    )
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical=critical)
    return builder.sign(signer, hashes.SHA256())
