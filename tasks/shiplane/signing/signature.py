"""What is signed, and what a tool says of it. Pure.

An image's index is signed, and each platform's manifest: who pulls one platform by its digest, as a node does that was
told so by its orchestrator, finds no signature on the index (cosign 3.1.1: exit 10). One after another, since tools
that attach at the same moment lose each other's entries, and the platforms first: an index that is signed says that
all of it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from shiplane.registry.oci.manifest import Descriptor
from shiplane.registry.oci.names import Digest, Repository


class SignatureState(Enum):
    """What a tool says of a digest."""

    VALID = "valid"
    MISSING = "missing"
    INVALID = "invalid"


@dataclass(frozen=True)
class Signature:
    """The state of a digest's signatures, and of those that do not verify what the tool said."""

    state: SignatureState
    detail: str = ""

    @property
    def is_valid(self) -> bool:
        """Whether one of them verifies."""
        return self.state is SignatureState.VALID


@dataclass(frozen=True)
class SignedDigest:
    """A digest that has to have a signature.

    Attributes:
        repository: Where it is, and its signature.
        digest: The index or a platform's manifest.
        part: What it is of the image, for display: ``index``, or the platform.
        is_published: Whether it had its version tag before this run, which then only verifies it.
    """

    repository: Repository
    digest: Digest
    part: str
    is_published: bool = False

    @property
    def reference(self) -> str:
        """As the tools take it."""
        return f"{self.repository}@{self.digest}"

    def __str__(self) -> str:
        return f"{self.repository}@{self.digest.short} ({self.part})"


def digests_to_sign(
    repositories: Iterable[Repository], digest: Digest, images: Sequence[Descriptor]
) -> list[SignedDigest]:
    """What has to be signed of an image: in each repository each platform, and then the whole.

    Args:
        repositories: Where the image is.
        digest: Of its index, or of its only manifest.
        images: The platforms' manifests.
    """
    parts = {image.digest: str(image.platform) for image in images} | {digest: "index" if images else "image"}
    if [image.digest for image in images] == [digest]:
        parts = {digest: str(images[0].platform)}
    return [SignedDigest(repository, part, name) for repository in repositories for part, name in parts.items()]


class ImageSigner(Protocol):
    """Signs and verifies digests: see :class:`shiplane.signing.tool.SigningTool`."""

    @property
    def name(self) -> str:
        """The tool."""

    @property
    def signer(self) -> str:
        """By whom it signs: the key, the certificate or the identity."""

    def check(self) -> str:
        """Whether it can sign: gives the tool with its version, and the key.

        Raises:
            PrerequisiteError: The tool is missing or too old.
            ConfigurationError: The key cannot be read.
            AccessError: A variable is missing, or the password does not open the key.
        """

    def sign(self, digest: SignedDigest) -> None:
        """Attach a signature.

        Raises:
            VerificationError, AccessError, UnreachableError: By situation; it may be attached all the same.
        """

    def verify(self, digest: SignedDigest) -> Signature:
        """Ask the tool about a digest's signatures.

        Raises:
            AccessError, UnreachableError: Nothing could be learned of them.
        """
