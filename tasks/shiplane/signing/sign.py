"""Sign the images of a release, one digest after another, and verify all of them after the last."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated, TypedDict

from shiplane.core.errors import ShiplaneError, VerificationError
from shiplane.core.plurals import counted
from shiplane.core.progress import Flow, Step
from shiplane.registry.http.retry_budget import Clock, SystemClock
from shiplane.signing.signature import ImageSigner, Signature, SignedDigest

# Seconds between the tries of a verification: a registry may show what was attached only some time later (GHCR).
_WAITS = (1.0, 2.0, 4.0, 8.0)
_AGAIN = "No version tag was written for it. Fix the cause and run it again: existing signatures are kept."


class SignedJson(TypedDict):
    """By whom an image is signed."""

    tool: Annotated[str, "cosign or notation."]
    signer: Annotated[str, "The key, the certificate or the identity that its signatures verify with."]
    digests: Annotated[list[str], "The signed references: each platform and the index."]


@dataclass(frozen=True, kw_only=True)
class SignedImage:
    """An image all of whose digests verify."""

    tool: str
    signer: str
    digests: tuple[SignedDigest, ...]

    def to_json(self) -> SignedJson:
        """The same as JSON values."""
        return {
            "tool": self.tool,
            "signer": self.signer,
            "digests": [digest.reference for digest in self.digests],
        }


@dataclass(frozen=True, kw_only=True)
class ReleaseSigning:
    """Signs what a release is going to tag.

    Attributes:
        tool: The configured tool.
        clock: The clock.
    """

    tool: ImageSigner
    clock: Clock = field(default_factory=SystemClock)

    def check(self) -> Flow[None]:
        """Whether signing can work at all, before anything takes time. Raises as :meth:`ImageSigner.check`."""
        step = Step("signing", self.tool.name)
        yield step
        yield step.done(self.tool.check())

    def sign(self, images: Sequence[Sequence[SignedDigest]]) -> Flow[list[SignedImage]]:
        """Sign those digests of each image that have no valid signature, then verify every one.

        An earlier run may have been killed anywhere: what verifies is not signed again. What was published by somebody
        is not signed either: whoever may push could have published it, and nothing here has built or checked it.

        Raises:
            VerificationError: One could not be signed, or does not verify.
            AccessError, UnreachableError: The tool did not get to the registry.
        """
        for digest in (digest for digests in images for digest in digests):
            step = Step("sign", str(digest), writes=True)
            yield step
            signature = self._verified(digest) if digest.is_published else self.tool.verify(digest)
            if signature.is_valid:
                yield step.unchanged(f"already signed by {self.tool.signer}")
                continue
            if digest.is_published:
                raise _published_unsigned(digest, signature, self.tool)
            self._sign(digest)
            yield step.done(f"signed by {self.tool.signer}")
        for digests in images:
            yield from self._verify(digests)
        return [SignedImage(tool=self.tool.name, signer=self.tool.signer, digests=tuple(digests)) for digests in images]

    def _sign(self, digest: SignedDigest) -> None:
        try:
            self.tool.sign(digest)
        except ShiplaneError as error:
            raise type(error)(error.what, remedy=f"{error.remedy} {_AGAIN}".strip()) from error

    def _verify(self, digests: Sequence[SignedDigest]) -> Flow[None]:
        """Ask the tool about every digest once more: who attached something at the same moment may have undone it."""
        step = Step("signatures", digests[-1].reference)
        yield step
        for digest in digests:
            signature = self._verified(digest)
            if not signature.is_valid:
                raise _unsigned(digest, signature, self.tool)
        yield step.done(f"{counted(len(digests), 'signature')} by {self.tool.signer} verified")

    def _verified(self, digest: SignedDigest) -> Signature:
        signature = self.tool.verify(digest)
        for wait in _WAITS:
            if signature.is_valid:
                break
            self.clock.sleep(wait)
            signature = self.tool.verify(digest)
        return signature


def _published_unsigned(digest: SignedDigest, signature: Signature, tool: ImageSigner) -> VerificationError:
    reason = f" ({signature.detail})" if signature.detail else ""
    return VerificationError(
        f"{digest} was published without a valid signature by {tool.signer}{reason}",
        remedy="What a release has not built is not signed. Publish a new version; or, if you trust this image, sign "
        f"each part of it with {tool.name} itself, and run this again.",
    )


def _unsigned(digest: SignedDigest, signature: Signature, tool: ImageSigner) -> VerificationError:
    reason = f": {signature.detail}" if signature.detail else ": none found"
    return VerificationError(
        f"{digest} was signed but has no valid signature by {tool.signer}{reason}",
        remedy=f"Do not let other tools attach anything to an image while it is released. {_AGAIN}",
    )
