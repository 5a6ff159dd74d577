"""The command lines of cosign and notation, and what their answers mean. Pure.

As run with cosign 3.1.1 and notation 1.3.2.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from packaging.version import Version as ToolVersion

from shiplane.config.keys.sign import SignTool
from shiplane.core.errors import AccessError, ConfigurationError, ShiplaneError, UnreachableError, VerificationError
from shiplane.core.text import one_line
from shiplane.signing.signature import Signature, SignatureState, SignedDigest

if TYPE_CHECKING:
    from shiplane.config.keys.sign import SigningSettings
    from shiplane.core.system.process import ProcessResult

# The flags below came with them; a build that does not know its version (Debian's cosign says "devel") is not refused.
MINIMUM = {SignTool.COSIGN: ToolVersion("3.0"), SignTool.NOTATION: ToolVersion("1.2")}
_VERSION = re.compile(r"(?:GitVersion|Version):\s+v?(\d+\.\d+(?:\.\d+)?)")
_COSIGN_UNSIGNED = 10
_UNSIGNED = ("no signatures found", "no signature is associated with")
# Go's net package, where nothing answered.
_NO_ANSWER = re.compile(
    r"\b(?:dial tcp|no such host|connection refused|connection reset|i/o timeout"
    r"|deadline exceeded|handshake timeout|EOF|proxyconnect)\b",
    re.IGNORECASE,
)
# What registries say, as both tools quote it.
_DENIED = re.compile(r"\b(?:denied|unauthorized|status code 40[13])\b", re.IGNORECASE)
_DECRYPT = "decrypt"
# What says nothing about what went wrong: notation could not clean up, cosign dislikes a flag.
_NOTES = ("warning:", "flag --")
_LONGEST = 400


@dataclass(frozen=True, kw_only=True)
class SigningCommands:
    """What is run for one project's settings.

    Attributes:
        settings: The project file's ``[sign]``.
        public_key: What cosign verifies with; empty for keyless signatures.
    """

    settings: SigningSettings
    public_key: str = ""

    @property
    def version(self) -> list[str]:
        """Tells the tool's version."""
        return [self.settings.tool.value, "version"]

    @property
    def derive_public_key(self) -> list[str]:
        """Opens cosign's key, and prints its public half."""
        return ["cosign", "public-key", "--key", self.settings.key]

    def sign(self, digest: SignedDigest) -> list[str]:
        """Attaches a signature."""
        if self.settings.tool is SignTool.NOTATION:
            return ["notation", "sign", *_plain_http(digest), digest.reference]
        key = ["--key", self.settings.key] if self.settings.key else []
        # A signing configuration without services would do as well, but cosign asks sigstore's servers before it reads.
        log = [] if self.settings.uses_log else ["--use-signing-config=false", "--tlog-upload=false"]
        return ["cosign", "sign", "--yes", *key, *log, digest.reference]

    def verify(self, digest: SignedDigest) -> list[str]:
        """Looks for a valid signature."""
        if self.settings.tool is SignTool.NOTATION:
            return ["notation", "verify", *_plain_http(digest), digest.reference]
        log = [] if self.settings.uses_log else ["--insecure-ignore-tlog=true"]
        return ["cosign", "verify", *self._trusted(), *log, digest.reference]

    def _trusted(self) -> list[str]:
        if not self.settings.is_keyless:
            return ["--key", self.public_key]
        identity = f"^(?:{self.settings.identity})$"
        return ["--certificate-identity-regexp", identity, "--certificate-oidc-issuer", self.settings.issuer]


def _plain_http(digest: SignedDigest) -> list[str]:
    """Cosign finds that out for itself; notation does so for the name localhost alone."""
    return ["--insecure-registry"] if digest.repository.is_loopback else []


def version_of(output: str) -> ToolVersion | None:
    """The version that a tool tells; None where it does not know it itself."""
    match = _VERSION.search(output)
    return ToolVersion(match[1]) if match else None


def complaint(result: ProcessResult) -> str:
    """What a tool said last of what went wrong, in one line; it repeats itself."""
    lines = [one_line(line) for line in result.stderr.splitlines()]
    lines = [line for line in lines if line.strip() and not line.lower().startswith(_NOTES)]
    named = [line for line in lines if line.startswith("Error: ")] or lines[-1:]
    text = named[0].removeprefix("Error: ") if named else f"exit code {result.code}, no output"
    return text[:_LONGEST]


def read_verification(result: ProcessResult, digest: SignedDigest) -> Signature:
    """What a verification came to.

    Raises:
        AccessError, UnreachableError: The tool did not come to see the signatures.
    """
    if result.code == 0:
        return Signature(SignatureState.VALID)
    what = complaint(result)
    if result.code == _COSIGN_UNSIGNED or any(sign in what for sign in _UNSIGNED):
        return Signature(SignatureState.MISSING)
    if error := _outside(what, digest, f"the signatures of {digest} cannot be read"):
        raise error
    return Signature(SignatureState.INVALID, what)


def signing_error(result: ProcessResult, digest: SignedDigest) -> ShiplaneError:
    """Why a tool did not sign."""
    what = complaint(result)
    problem = f"{digest} could not be signed"
    if _DECRYPT in what:
        return _wrong_password(what)
    return _outside(what, digest, problem) or VerificationError(f"{problem}: {what}")


def key_error(result: ProcessResult) -> ShiplaneError:
    """Why cosign could not open its key."""
    what = complaint(result)
    if _DECRYPT in what:
        return _wrong_password(what)
    return ConfigurationError(f"sign: key: {what}", remedy="See cosign generate-key-pair.")


def _wrong_password(what: str) -> AccessError:
    return AccessError(
        f"the signing key cannot be opened: {what}", remedy="Check the variable that holds its password."
    )


def _outside(what: str, digest: SignedDigest, problem: str) -> ShiplaneError | None:
    """The error where not the signature is to blame; a repository may be called as what a tool says."""
    said = re.sub(rf"(?<![\w-]){re.escape(digest.repository.path)}(?![\w-])", "", what)
    if _NO_ANSWER.search(said):
        return UnreachableError(f"{problem}: {what}", remedy="Check the network and try again.")
    if _DENIED.search(said):
        return AccessError(f"{problem}: {what}", remedy="Signing needs push permission, verifying pull permission.")
    return None
