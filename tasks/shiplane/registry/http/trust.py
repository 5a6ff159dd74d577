"""Trusted certificates: the system's authorities, those of the environment, and docker's for each registry.

OpenSSL reads ``SSL_CERT_FILE`` and ``SSL_CERT_DIR`` itself, as do Go and docker; ``REQUESTS_CA_BUNDLE`` is read by
Python programs such as docker's SDK. ``certs.d/<host:port>``: docs.docker.com, "Verify repository client with
certificates": ``*.crt`` are authorities, ``*.cert`` with ``*.key`` is the client certificate.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from shiplane.core.errors import MisconfiguredError

if TYPE_CHECKING:
    from ssl import SSLContext

_SYSTEM = Path("/etc/docker/certs.d")
_BUNDLE = "REQUESTS_CA_BUNDLE"
# OpenSSL's x509_vfy.h.
_NOT_YET_VALID, _EXPIRED, _OTHER_NAME, _OTHER_ADDRESS = 9, 10, 62, 64


def certificate_folders(env: Mapping[str, str]) -> tuple[Path, ...]:
    """Docker's folders for registries' certificates: the system's, and a rootless engine's."""
    config = env.get("XDG_CONFIG_HOME") or (f"{env['HOME']}/.config" if env.get("HOME") else "")
    return (_SYSTEM, *([Path(config) / "docker/certs.d"] if config else []))


def folders_of(server: str, env: Mapping[str, str]) -> tuple[Path, ...]:
    """The existing certificate folders of a server, ``host`` or ``host:port`` as in the URL."""
    if not server.strip("."):  # ".." would be the parent folder
        return ()
    return tuple(folder / server for folder in certificate_folders(env) if (folder / server).is_dir())


def context_of(folders: Iterable[Path], env: Mapping[str, str]) -> SSLContext:
    """A TLS context with these certificates.

    Raises:
        MisconfiguredError: A certificate file cannot be read or is invalid.
    """
    from urllib3.util.ssl_ import create_urllib3_context

    context = create_urllib3_context()
    context.load_default_certs()
    if bundle := env.get(_BUNDLE):
        _load(context, Path(bundle), f"{_BUNDLE} names {bundle}, which")
    for folder in folders:
        for path in sorted(folder.glob("*.crt")):
            _load(context, path, str(path))
        for path in sorted(folder.glob("*.cert")):
            _load_client_certificate(context, path)
    return context


def _load(context: SSLContext, path: Path, label: str) -> None:
    try:
        context.load_verify_locations(capath=path) if path.is_dir() else context.load_verify_locations(cafile=path)
    except OSError as error:  # ssl.SSLError is one
        reason = error.strerror or error
        raise MisconfiguredError(
            f"{label} cannot be read as certificates: {reason}",
            remedy="It must be in PEM format: -----BEGIN CERTIFICATE-----",
        ) from error


def _load_client_certificate(context: SSLContext, path: Path) -> None:
    try:
        context.load_cert_chain(path, path.with_suffix(".key"), password=_no_password)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise MisconfiguredError(
            f"{path} with {path.stem}.key cannot be used as a client certificate: {reason}",
            remedy="Both must be PEM, the key without a password; an authority's certificate ends in .crt.",
        ) from error


def _no_password() -> str:
    """Prevents OpenSSL's prompt at the terminal."""
    raise ValueError("the key has a password")


def certificate_error(cause: Exception, host: str) -> MisconfiguredError | None:
    """The error for a problem with the server's or our certificate; None for any other cause."""
    from ssl import SSLCertVerificationError, SSLError

    if isinstance(cause, SSLCertVerificationError):
        label = f"the certificate of {host} is not trusted: {cause.verify_message}"
        return MisconfiguredError(label, remedy=_remedy(cause.verify_code, host))
    reason = str(cause.reason or "") if isinstance(cause, SSLError) else ""
    if "CERTIFICATE" in reason or "UNKNOWN_CA" in reason:
        return MisconfiguredError(
            f"{host} rejected the client certificate: {reason.replace('_', ' ').lower()}",
            remedy=f"Put a certificate into {_SYSTEM}/{host}/client.cert with client.key; docker reads it as well.",
        )
    return None


def _remedy(code: int, host: str) -> str:
    if code in (_EXPIRED, _NOT_YET_VALID):
        return "Have it renewed, and check this machine's clock. docker rejects it as well."
    if code in (_OTHER_NAME, _OTHER_ADDRESS):
        return "Use a name in the certificate, or have one issued for this name."
    return (
        f"For an authority of your own, put its certificate into {_SYSTEM}/{host}/ca.crt, which docker reads as well, "
        "or set SSL_CERT_FILE to a file with all authorities."
    )
