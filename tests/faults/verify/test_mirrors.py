"""Further repositories beside the primary: what differs there is found, and named."""

from __future__ import annotations

import pytest

from shiplane.config.lane import MAIN
from shiplane.config.setting import Setting
from shiplane.config.version import Version
from shiplane.core.errors import UnreachableError
from shiplane.registry.oci.names import Platform
from shiplane.verify.lane_status import LaneStatus
from shiplane.verify.mirrors.mirror_check import compared
from shiplane.verify.verification_result import VerificationResult
from shiplane.verify.verify import Verifier
from tests.faults.harness.faults import FOR_EVER, F, Fault, Faulty
from tests.faults.harness.images import PLATFORMS, lose_blob, lose_child, push_image
from tests.faults.harness.scene import PATH, finish
from tests.faults.release.test_mirrors import MIRROR, Mirrored


def released() -> Mirrored:
    scene = Mirrored()
    scene.release("0.2.0")
    scene.release()
    return scene


def verify(scene: Mirrored, version: Version | None = None) -> VerificationResult:
    registry = scene.client()
    verifier = Verifier(
        registry=registry,
        platforms=Setting(tuple(map(Platform.parse, PLATFORMS)), "the test"),
        commit_of=lambda _lane, _version: None,
        ledgers=scene.ledgers(registry),
        mirrors=[registry.at(MIRROR)],
    )
    return finish(verifier.verify(MAIN, version, latest=Setting(version is None, "--latest")))


def bad(scene: Mirrored, version: Version | None = None) -> list[str]:
    return [str(check) for check in verify(scene, version).checks if not check.good]


def state(scene: Mirrored) -> LaneStatus:
    return compared([scene.client().at(MIRROR)], scene.audit())


def status(scene: Mirrored) -> tuple[str, ...]:
    return state(scene).drift


@pytest.mark.parametrize("version", [None, Version.parse("0.2.0")])
def test_equal_repositories_are_good(version: Version | None) -> None:
    scene = released()
    result = verify(scene, version)
    assert [check for check in result.checks if check.name == "mirror" and not check.good] == []
    assert {check.subject for check in result.checks if check.name == "mirror"} == {
        f"{MIRROR}:latest",
        f"{MIRROR}:{result.tag}",
    }
    assert (status(scene), state(scene).exit_code) == ((), 0)


def test_a_tag_that_is_missing_or_elsewhere_there_is_named_by_verify_and_status() -> None:
    scene = released()
    here = scene.tags()
    del scene.mirror.shelf(MIRROR).tags["v0.2.1"]
    scene.mirror.tag(MIRROR, "latest", here["v0.2.0"])
    assert bad(scene) == [
        f"mirror of {MIRROR}:latest: expected {here['latest']}, as in the primary, found {here['v0.2.0']}",
        f"mirror of {MIRROR}:v0.2.1: expected {here['v0.2.1']}, as in the primary, found nothing",
    ]
    assert state(scene).exit_code == 6
    assert status(scene) == (
        f"{MIRROR}:latest is {here['v0.2.0']}; in the primary it is {here['latest']}",
        f"{MIRROR}:v0.2.1 does not exist; in the primary it is {here['v0.2.1']}",
    )


def test_a_tag_that_only_the_further_repository_has_is_named() -> None:
    scene = Mirrored()
    scene.release(latest="no")
    theirs = push_image(scene.mirror, MIRROR, tag="latest", salt="theirs").digest
    assert status(scene) == (f"{MIRROR}:latest is {theirs}; in the primary it does not exist",)
    assert f"mirror of {MIRROR}:latest: expected nothing, as in the primary, found {theirs}" in bad(
        scene, Version.parse("0.2.1")
    )


def test_where_no_version_is_known_the_floating_tag_alone_is_compared() -> None:
    scene = released()
    strange = push_image(scene.registry, PATH, version="nonsense").digest
    scene.registry.tag(PATH, "latest", strange)
    subjects = {check.subject for check in verify(scene).checks if check.name == "mirror"}
    assert subjects == {f"{MIRROR}:latest"}


@pytest.mark.parametrize("lost", ["child", "layer"])
def test_an_image_that_is_incomplete_there_is_a_finding(lost: str) -> None:
    scene = released()
    raw = scene.mirror.shelf(MIRROR).manifests[scene.mirrored()["v0.2.1"]]
    if lost == "child":
        lose_child(scene.mirror, MIRROR, raw)
    else:
        lose_blob(scene.mirror, MIRROR, raw, "layers")
    findings = bad(scene, Version.parse("0.2.1"))
    assert findings
    assert all(str(MIRROR) in finding for finding in findings)


def test_a_repository_that_does_not_answer_ends_a_verification_and_is_a_line_of_the_status() -> None:
    scene = released()
    scene.to_mirror = Faulty(scene.mirror, [Fault(F.RESET, times=FOR_EVER)])
    with pytest.raises(UnreachableError):
        verify(scene)
    read = state(scene)
    (line,) = read.drift
    assert read.exit_code == 7
    assert line.startswith(f"{MIRROR} could not be compared: {MIRROR}: could not read latest")
