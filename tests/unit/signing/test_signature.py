"""What has to be signed of an image, and what a check says of it."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from shiplane.registry.oci.manifest import OCI_MANIFEST, Descriptor
from shiplane.registry.oci.names import Digest, Platform, Repository
from shiplane.signing.check import SignatureChecker, signer_of
from shiplane.signing.signature import Signature, SignatureState, SignedDigest, digests_to_sign

HERE, THERE = Repository("ghcr.io", "acme/app"), Repository("registry.example", "acme/app")
INDEX, ONE, TWO = (Digest.of(text.encode()) for text in ("index", "one", "two"))
IMAGES = [
    Descriptor(media_type=OCI_MANIFEST, digest=digest, size=1, platform=Platform.parse(platform))
    for digest, platform in ((ONE, "linux/amd64"), (TWO, "linux/arm64"))
]


def test_each_platform_comes_before_the_whole_repository_by_repository() -> None:
    digests = digests_to_sign([HERE, THERE], INDEX, IMAGES)
    assert [(digest.repository, digest.digest, digest.part) for digest in digests] == [
        (repository, digest, part)
        for repository in (HERE, THERE)
        for digest, part in ((ONE, "linux/amd64"), (TWO, "linux/arm64"), (INDEX, "index"))
    ]
    assert digests[0].reference == f"ghcr.io/acme/app@{ONE}"
    assert str(digests[0]) == f"ghcr.io/acme/app@{ONE.short} (linux/amd64)"


@pytest.mark.parametrize(("images", "part"), [([], "image"), (IMAGES[:1], "linux/amd64")])
def test_an_image_without_an_index_is_signed_once(images: list[Descriptor], part: str) -> None:
    assert digests_to_sign([HERE], ONE, images) == [SignedDigest(HERE, ONE, part)]


@dataclass
class Saying:
    """A tool that says of each digest what it is told to."""

    answers: list[Signature] = field(default_factory=list)
    name: str = "cosign"
    signer: str = "a.pub"

    def check(self) -> str:
        return ""

    def sign(self, digest: SignedDigest) -> None:
        """Never asked."""

    def verify(self, _digest: SignedDigest) -> Signature:
        return self.answers.pop(0)


VALID, MISSING = Signature(SignatureState.VALID), Signature(SignatureState.MISSING)
INVALID = Signature(SignatureState.INVALID, "bad")
BOTH = digests_to_sign([HERE], INDEX, IMAGES[:1])


@pytest.mark.parametrize("required", [False, True])
@pytest.mark.parametrize(
    ("answer", "text"), [(MISSING, "no signature"), (INVALID, "does not verify (of another key or image): bad")]
)
def test_what_is_not_signed_is_named_and_a_fault_where_that_is_required(
    answer: Signature,
    text: str,
    required: bool,  # noqa: FBT001
) -> None:
    good, bad = SignatureChecker(tool=Saying([VALID, answer]), required=required).check(BOTH)
    assert (good.good, good.warning, good.found) == (True, False, "signed by a.pub (cosign)")
    assert (bad.good, bad.warning) == (not required, not required)
    assert text in str(bad)
    assert "expected a signature by a.pub" in str(bad)
    assert signer_of([good, bad]) == ""


def test_an_image_is_signed_where_every_part_is() -> None:
    assert signer_of(SignatureChecker(tool=Saying([VALID, VALID]), required=True).check(BOTH)) == "a.pub (cosign)"
    assert signer_of([]) == ""
