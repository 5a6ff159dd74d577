"""The version without a signature among signed ones is named; signatures disturb nobody who reads tags."""

from __future__ import annotations

import pytest

from shiplane.config.lane import MAIN, Lane
from shiplane.config.version import Version
from shiplane.registry.oci.names import Digest
from shiplane.rollback.result import RollbackRequest
from shiplane.signing.signature import SignedDigest
from shiplane.verify.audit.audit import Auditor
from shiplane.verify.lane_status import LaneStatus
from tests.faults.harness.images import push_image
from tests.faults.harness.scene import AIONIS, PATH, Scene, a_plan, finish
from tests.faults.harness.signing import Signing, StandIn, referrers_tag

VERSIONS = ("0.2.0", "0.2.1", "0.2.2")


def audited(scene: Scene, *, required: bool | None, newest: int | None = 0, lane: Lane = MAIN) -> LaneStatus:
    """The lane as ``status`` reads it."""
    who = scene.releaser()
    auditor = Auditor(registry=who.registry, ledgers=who.ledgers, workers=1, requires_signatures=required)
    return finish(auditor.audit(lane, newest=newest))


def signed_but(*unsigned: str) -> Scene:
    """Three versions, of which some are not signed."""
    signing = Signing()
    for version in VERSIONS:
        plan = a_plan(version)
        if version in unsigned:
            signing.scene.publish(plan)
        else:
            finish(signing.flow(version))
    return signing.scene


@pytest.mark.parametrize("newest", [0, None])
def test_the_version_without_a_signature_is_named_among_signed_ones(newest: int | None) -> None:
    status = audited(signed_but("0.2.1"), required=False, newest=newest)
    assert status.unsigned == (Version.parse("0.2.1"),)
    assert status.to_json()["unsigned"] == ["0.2.1"]
    assert (status.drift, status.exit_code) == ((), 0)


def test_it_is_drift_where_signatures_are_required() -> None:
    status = audited(signed_but("0.2.1"), required=True)
    assert status.drift == ("v0.2.1 has no signature",)
    assert status.exit_code == 6


def test_where_none_is_signed_that_is_said_only_if_each_has_to_be() -> None:
    scene = signed_but(*VERSIONS)
    assert audited(scene, required=False).unsigned == ()
    assert [str(version) for version in audited(scene, required=True).unsigned] == ["0.2.2", "0.2.1", "0.2.0"]


def test_without_settings_nothing_is_asked_about_signatures() -> None:
    scene = signed_but("0.2.1")
    before = len(scene.registry.log)
    assert audited(scene, required=None).unsigned == ()
    assert not [entry for entry in scene.registry.log[before:] if "sha256-" in entry.path or "referrers" in entry.path]


def test_cosigns_own_tag_of_old_counts_as_a_signature() -> None:
    scene = signed_but("0.2.1")
    digest = scene.tags()["v0.2.1"]
    scene.registry.tag(PATH, f"{referrers_tag(digest)}.sig", digest)
    assert audited(scene, required=True).unsigned == ()


def test_what_is_attached_and_no_signature_does_not_count() -> None:
    scene = signed_but("0.2.1")
    StandIn(scene.client(), kind="application/spdx+json").sign(
        SignedDigest(AIONIS, Digest(scene.tags()["v0.2.1"]), "index")
    )
    assert audited(scene, required=False).unsigned == (Version.parse("0.2.1"),)


def test_something_else_under_the_lists_tag_is_no_signature() -> None:
    scene = signed_but("0.2.1")
    digest = scene.tags()["v0.2.1"]
    platform = next(iter(scene.registry.shelf(PATH).manifests))
    scene.registry.tag(PATH, referrers_tag(digest), platform)
    assert audited(scene, required=False).unsigned == (Version.parse("0.2.1"),)


def test_a_rollback_chooses_and_moves_as_without_signatures() -> None:
    scene = signed_but()
    back = finish(scene.rollback(RollbackRequest(lane=MAIN, reason="it loses data")))
    assert [str(tag.target) for tag in back.tags] == ["0.2.1"]
    assert scene.tags()["latest"] == scene.tags()["v0.2.1"]


def test_an_adoption_takes_versions_alone() -> None:
    scene = Scene()
    for version in ("0.1.0", "0.1.1"):
        image = push_image(scene.registry, PATH, version=version, tag=version, salt=version)
        StandIn(scene.client()).sign(SignedDigest(AIONIS, image.digest, "index"))
        scene.registry.tag(PATH, f"{referrers_tag(image.digest)}.sig", image.digest)
    scene.registry.tag(PATH, "latest", scene.tags()["0.1.1"])
    adopted = finish(scene.releaser().adopt(MAIN))
    assert adopted.to_json()["left_out"] == []
    recorded = {entry.tag for entry in scene.ledger().entries}
    assert recorded == {"0.1.0", "0.1.1", "latest"}
    finish(scene.releaser().verify(MAIN, Version.parse("0.1.1")))
