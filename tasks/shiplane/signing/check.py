"""Check the signatures of a published image."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from shiplane.core.check import Check
from shiplane.signing.signature import ImageSigner, Signature, SignatureState, SignedDigest

_NAME = "signature"
_BY = "signed by "


@dataclass(frozen=True, kw_only=True)
class SignatureChecker:
    """Checks signatures.

    Attributes:
        tool: The configured tool.
        required: Whether a missing or invalid signature is a fault.
    """

    tool: ImageSigner
    required: bool

    def check(self, digests: Iterable[SignedDigest]) -> list[Check]:
        """One check for each digest. Raises as :meth:`ImageSigner.verify`."""
        return [self._check(digest, self.tool.verify(digest)) for digest in digests]

    def _check(self, digest: SignedDigest, signature: Signature) -> Check:
        signer = self.tool.signer
        good = signature.is_valid or not self.required
        found = {
            SignatureState.VALID: f"{_BY}{signer} ({self.tool.name})",
            SignatureState.MISSING: "no signature",
            SignatureState.INVALID: f"a signature that does not verify (of another key or image): {signature.detail}",
        }[signature.state]
        expected = "" if signature.is_valid else f"a signature by {signer}"
        return Check(_NAME, str(digest), good, expected, found, warning=good and not signature.is_valid)


def signer_of(checks: Sequence[Check]) -> str:
    """By whom an image is signed all of whose signatures are valid; empty where one is not, or none was checked."""
    signers = {check.found.removeprefix(_BY) if check.found.startswith(_BY) else "" for check in checks}
    return signers.pop() if len(signers) == 1 else ""
