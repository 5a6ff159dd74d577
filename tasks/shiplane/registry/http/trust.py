"""Whose certificates are trusted: the system's authorities, those of the environment, and docker's for one registry.

Sources: OpenSSL reads ``SSL_CERT_FILE`` and ``SSL_CERT_DIR`` by itself, as Go and so docker does; docs.docker.com,
"Verify repository client with certificates", for ``certs.d/<host:port>``: ``*.crt`` are authorities, ``*.cert`` with
``*.key`` is what this machine shows. ``REQUESTS_CA_BUNDLE`` is what Python programs read, docker's SDK among them.
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
    """Where docker looks for registries' certificates: the system's place, and that of an engine without root."""
    config = env.get("XDG_CONFIG_HOME") or (f"{env['HOME']}/.config" if env.get("HOME") else "")
    return (_SYSTEM, *([Path(config) / "docker/certs.d"] if config else []))


def folders_of(place: str, env: Mapping[str, str]) -> tuple[Path, ...]:
    """Those folders that exist for a server.

    Args:
        place: ``host`` or ``host:port``, as it stands in the URL.
        env: The environment.
    """
    if not place.strip("."):  # a host that is a step upwards
        return ()
    return tuple(folder / place for folder in certificate_folders(env) if (folder / place).is_dir())


def context_of(folders: Iterable[Path], env: Mapping[str, str]) -> SSLContext:
    """What a server has to prove, and what is shown to it.

    Raises:
        MisconfiguredError: A file of certificates cannot be read, or is none.
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
            _show(context, path)
    return context


def _load(context: SSLContext, path: Path, what: str) -> None:
    try:
        context.load_verify_locations(capath=path) if path.is_dir() else context.load_verify_locations(cafile=path)
    except OSError as error:  # ssl.SSLError is one
        why = error.strerror or error
        raise MisconfiguredError(
            f"{what} cannot be read as certificates: {why}", remedy="It has to be PEM: -----BEGIN CERTIFICATE-----"
        ) from error


def _show(context: SSLContext, path: Path) -> None:
    try:
        context.load_cert_chain(path, path.with_suffix(".key"), password=_no_password)
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise MisconfiguredError(
            f"{path} with {path.stem}.key cannot be shown to the registry: {why}",
            remedy="docker wants both as PEM, the key without a password; an authority's certificate ends in .crt.",
        ) from error


def _no_password() -> str:
    """Instead of OpenSSL's own question at the terminal."""
    raise ValueError("the key has a password")


def certificate_fault(cause: Exception, host: str) -> MisconfiguredError | None:
    """What is wrong with the certificate that a server showed, or that we did; None where it is something else.

    Args:
        cause: What TLS ended with.
        host: ``host`` or ``host:port`` of the server.
    """
    from ssl import SSLCertVerificationError, SSLError

    if isinstance(cause, SSLCertVerificationError):
        what = f"the certificate of {host} is not trusted: {cause.verify_message}"
        return MisconfiguredError(what, remedy=_remedy(cause.verify_code, host))
    reason = str(cause.reason or "") if isinstance(cause, SSLError) else ""
    if "CERTIFICATE" in reason or "UNKNOWN_CA" in reason:
        return MisconfiguredError(
            f"{host} does not take what this machine shows of itself: {reason.replace('_', ' ').lower()}",
            remedy=f"It wants a certificate: {_SYSTEM}/{host}/client.cert with client.key, where docker reads it, too.",
        )
    return None


def _remedy(code: int, host: str) -> str:
    if code in (_EXPIRED, _NOT_YET_VALID):
        return "Have it renewed there, and check this machine's clock. docker does not take it either."
    if code in (_OTHER_NAME, _OTHER_ADDRESS):
        return "Use the name that the certificate was made for, or have one made for this name."
    return (
        f"If its authority is your own, put the authority's certificate into {_SYSTEM}/{host}/ca.crt, where docker "
        "reads it, too, or name a file with all authorities: SSL_CERT_FILE."
    )
