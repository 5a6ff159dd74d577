"""``verify`` of signed images: every part, in every repository; what is missing is named."""

from __future__ import annotations

import pytest

from shiplane.config.lane import MAIN
from shiplane.config.setting import Setting
from shiplane.config.version import Version
from shiplane.registry.oci.names import Platform
from shiplane.signing.check import SignatureChecker
from shiplane.signing.signature import SignedDigest
from shiplane.verify.verification_result import VerificationResult
from shiplane.verify.verify import Verifier
from tests.faults.harness.images import PLATFORMS
from tests.faults.harness.scene import AIONIS, Scene, finish
from tests.faults.harness.signing import OURS, Signing, StandIn, referrers_tag
from tests.faults.release.test_mirrors import MIRROR, Mirrored

VERSION = Version.parse("0.2.1")


def verified(scene: Scene, *, required: bool = True, version: Version = VERSION) -> VerificationResult:
    """A verification that looks at signatures, in each of the scene's repositories."""
    who = scene.releaser()
    mirrors = [who.registry.at(MIRROR)] if isinstance(scene, Mirrored) else []
    verifier = Verifier(
        registry=who.registry,
        platforms=Setting(tuple(map(Platform.parse, PLATFORMS)), "the test"),
        commit_of=lambda _lane, _version: None,
        ledgers=who.ledgers,
        mirrors=mirrors,
        signatures=SignatureChecker(tool=StandIn(who.registry), required=required),
    )
    return finish(verifier.verify(MAIN, version, latest=Setting(False, "the test")))


def bad(result: VerificationResult) -> list[str]:
    return [str(check) for check in result.checks if not check.good]


def test_who_signed_every_part_in_every_repository_is_told() -> None:
    signing = Signing(Mirrored())
    signing.publish()
    result = verified(signing.scene)
    assert (bad(result), result.signed_by) == ([], f"{OURS} (stand-in)")
    assert result.to_json()["signed_by"] == f"{OURS} (stand-in)"
    assert len([check for check in result.checks if check.name == "signature"]) == 2 * 3


def test_what_a_further_repository_lacks_is_named() -> None:
    signing = Signing(Mirrored())
    main, _ = signing.publish()
    assert isinstance(signing.scene, Mirrored)
    signing.scene.mirror.shelf(MIRROR).tags.pop(referrers_tag(main.digest))
    assert bad(verified(signing.scene)) == [
        f"signature of {MIRROR}@{main.digest.short} (index): expected a signature by {OURS}, found no signature"
    ]


@pytest.mark.parametrize("signer", ["", "another.pub"])
def test_a_version_that_is_not_signed_is_a_fault_only_where_it_has_to_be(signer: str) -> None:
    scene = Scene()
    main, _ = scene.publish()
    if signer:
        StandIn(scene.client(), signer=signer).sign(SignedDigest(AIONIS, main.digest, "index"))
    assert len(bad(verified(scene))) == 3
    tolerated = verified(scene, required=False)
    assert (tolerated.good, tolerated.signed_by, tolerated.to_json()["signed_by"]) == (True, "", None)
    assert len([check for check in tolerated.checks if check.warning and check.name == "signature"]) == 3


def test_the_signature_of_another_image_is_none_of_this_one() -> None:
    signing = Signing()
    main, standalone = signing.publish()
    tags = signing.scene.registry.shelf(AIONIS).tags
    tags[referrers_tag(main.digest)] = tags[referrers_tag(standalone.digest)]
    assert [text.partition(": ")[0] for text in bad(verified(signing.scene))] == [
        f"signature of {AIONIS}@{main.digest.short} (index)"
    ]


def test_nothing_is_asked_about_a_version_that_is_not_there() -> None:
    scene = Scene()
    scene.publish()
    result = verified(scene, version=Version.parse("0.9.9"))
    assert not [check for check in result.checks if check.name == "signature"]
    assert result.digests_to_sign([AIONIS]) == []
