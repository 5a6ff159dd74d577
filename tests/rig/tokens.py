"""Who may do what in the guarded registry, answered in GHCR's words; and the tokens that prove it.

The registry behind is a real one that checks real signed tokens. Clients get opaque names for them, as GHCR gives:
a client that tries to read what is in its token finds nothing there.
"""

from __future__ import annotations

import base64
import datetime as dt
import secrets
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.rig.model import Account

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

ANONYMOUS = ""
LIFE = 300
SCOPES = "permission_denied: The token provided does not match expected scopes."
WORDS = {"unlinked": "permission_denied: write_package", "pull": SCOPES}
"""What GHCR says to an account that may log in and not push."""


def accounts() -> dict[str, Account]:
    """The accounts of a new rig, with passwords that no other rig has."""
    names = ("push", "pull", "unlinked", "unknown")
    return {name: Account(username=f"{name}-user", password=f"ghp_{secrets.token_hex(18)}") for name in names}


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What the token service says: a status and a JSON document."""

    status: int
    document: dict[str, Any]


def refusal(status: int, message: str) -> Answer:
    """A refusal in the registries' form of error."""
    code = {401: "UNAUTHORIZED", 403: "DENIED", 405: "UNSUPPORTED"}[status]
    return Answer(status=status, document={"errors": [{"code": code, "message": message}]})


def credentials(header: str) -> tuple[str, str] | None:
    """User and password of an `Authorization: Basic` header; None when there is no such header."""
    kind, _, text = header.partition(" ")
    if kind.lower() != "basic":
        return None
    user, _, password = base64.b64decode(text).decode().partition(":")
    return user, password


def identify(known: Mapping[str, Account], given: tuple[str, str] | None) -> str | None:
    """The account that credentials belong to, `ANONYMOUS` without any, None when they are wrong."""
    if given is None:
        return ANONYMOUS
    names = (n for n, a in known.items() if n != "unknown" and (a.username, a.password) == given)
    return next(names, None)


def parse_scopes(texts: Sequence[str]) -> list[tuple[str, str, list[str]]]:
    """Scopes as asked for, `TYPE:NAME:ACTION,ACTION`, several in one text with spaces between, taken apart."""
    wanted = []
    for scope in " ".join(texts).split():
        kind, _, rest = scope.partition(":")
        name, _, actions = rest.rpartition(":")
        wanted.append((kind, name, actions.split(",")))
    return wanted


def grant(account: str, actions: Sequence[str]) -> list[str]:
    """The part of the wanted actions that an account may do."""
    allowed = {"pull", "push"} if account == "push" else {"pull"}
    return [action for action in actions if action in allowed]


@dataclass(kw_only=True)
class Service:
    """The token endpoint: takes credentials and scopes, gives tokens, and remembers whose they are."""

    accounts: Mapping[str, Account]
    sign: Callable[[str, list[dict[str, Any]]], str]
    exists: Callable[[str], bool]

    def __post_init__(self) -> None:
        self._issued: dict[str, tuple[str, str, float]] = {}

    def ask(self, authorization: str, scopes: Sequence[str]) -> Answer:
        """Answer a request for a token as GHCR does."""
        account = identify(self.accounts, credentials(authorization))
        wanted = parse_scopes(scopes)
        if account is None:
            return refusal(403, "denied")
        if any(kind == "registry" for kind, _, _ in wanted):
            return refusal(403, "denied")  # no catalogue for anybody
        if account == ANONYMOUS and (refused := self._stranger(wanted)):
            return refused
        return Answer(status=200, document={"token": self._issue(account, wanted)})

    def _stranger(self, wanted: Sequence[tuple[str, str, list[str]]]) -> Answer | None:
        """GHCR reveals nothing about private packages anonymously, and does not admit that one is missing."""
        for _, name, _ in wanted:
            if name.startswith("private/"):
                return refusal(401, "authentication required")
            if not self.exists(name):
                return refusal(403, "denied")
        return None

    def _issue(self, account: str, wanted: Sequence[tuple[str, str, list[str]]]) -> str:
        access = [{"type": kind, "name": name, "actions": grant(account, actions)} for kind, name, actions in wanted]
        opaque = secrets.token_urlsafe(24)
        self._issued[opaque] = (account, self.sign(account, access), time.monotonic() + LIFE)
        return opaque

    def holder(self, authorization: str) -> tuple[str, str] | None:
        """The account and the signed token behind a `Bearer` header; None when it is not ours or too old."""
        kind, _, opaque = authorization.partition(" ")
        account, signed, expires = self._issued.get(opaque, ("", "", 0.0))
        alive = kind.lower() == "bearer" and time.monotonic() < expires
        return (account, signed) if alive else None


def make_key(key: Path, certificate: Path) -> None:
    """Make the key that signs tokens and the certificate by which the registry knows it."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    private = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "rig")])
    now = dt.datetime.now(dt.timezone.utc)
    builder = x509.CertificateBuilder(name, name, private.public_key(), x509.random_serial_number())
    dated = builder.not_valid_before(now - dt.timedelta(days=1)).not_valid_after(now + dt.timedelta(days=30))
    signed = dated.sign(private, hashes.SHA256())
    kind = serialization.PrivateFormat.PKCS8
    key.touch(mode=0o600)
    key.write_bytes(private.private_bytes(serialization.Encoding.PEM, kind, serialization.NoEncryption()))
    certificate.write_bytes(signed.public_bytes(serialization.Encoding.PEM))


def signer(key: Path, certificate: Path, issuer: str, audience: str) -> Callable[[str, list[dict[str, Any]]], str]:
    """What signs tokens with that key; the registry finds the certificate in each token's header."""
    import jwt
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding

    der = x509.load_pem_x509_certificate(certificate.read_bytes()).public_bytes(Encoding.DER)
    header = {"x5c": [base64.b64encode(der).decode()]}
    secret = key.read_bytes()

    def sign(account: str, access: list[dict[str, Any]]) -> str:
        now = int(time.time())
        times = {"iat": now, "nbf": now - 10, "exp": now + LIFE}
        claims = {"iss": issuer, "aud": audience, "sub": account, "jti": secrets.token_hex(8), **times}
        return jwt.encode({**claims, "access": access}, secret, algorithm="ES256", headers=header)

    return sign
