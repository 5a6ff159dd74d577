"""Promotion: a verified version arrives whole, with all that refers to it, by the rules of a release."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace

import pytest

from shiplane.config.lane import MAIN, Lane
from shiplane.config.names.version_tag import TagTemplate
from shiplane.config.version import Version
from shiplane.core.errors import (
    AccessError,
    LostRaceError,
    RefusedError,
    UnreachableError,
    VerificationError,
)
from shiplane.core.progress import Step, StepOutcome
from shiplane.git.claim_record import Claim, VersionTag
from shiplane.ledger.ledger import Action, Ledger
from shiplane.promote.promote import Promoter
from shiplane.promote.result import PromotionResult
from shiplane.registry.http.exchange import Request, Response
from shiplane.registry.oci.manifest import RawManifest
from shiplane.registry.oci.names import Digest, Repository, Tag
from shiplane.release.claiming import ReleaseClaims
from shiplane.rollback.marks import Marker
from shiplane.rollback.result import RollbackRequest
from shiplane.signing.check import SignatureChecker
from shiplane.signing.signature import Signature, SignatureState, SignedDigest
from tests.faults.harness.access import Account
from tests.faults.harness.claims import MemoryClaims
from tests.faults.harness.images import COMMIT, children, lose_blob, lose_child, push_image
from tests.faults.harness.invariants import Case, assert_invariants
from tests.faults.harness.promoting import STAGING, Promoting
from tests.faults.harness.referring import attach, listed, sign_by_tag, signatures
from tests.faults.harness.scene import AIONIS, PATH, USER, a_plan, events, finish
from tests.thorough import THOROUGH

SIBLING = Repository("ghcr.io", "cognary/sibling")
OTHER = "d" * 40


def staged(*versions: str) -> Promoting:
    scene = Promoting()
    for version in versions or ("0.2.1",):
        scene.stage(version)
    return scene


def judge(scene: Promoting, *, lanes: tuple[Lane, ...] = (MAIN,)) -> None:
    assert_invariants(Case(scene.registry, lanes=lanes, touched=lanes, recorded=True))


def test_a_version_arrives_with_its_digest_its_children_and_what_refers_to_it() -> None:
    scene = Promoting()
    raw = scene.stage()
    result = scene.promote()
    assert scene.versions() == {"v0.2.1": str(raw.digest), "latest": str(raw.digest)}
    whole, there = scene.staging.shelf(STAGING).manifests, scene.registry.shelf(PATH).manifests
    parts = [str(raw.digest), *(child["digest"] for child in children(raw)), *listed(scene.staging, STAGING, raw)]
    assert [there[digest] for digest in parts] == [whole[digest] for digest in parts]
    assert listed(scene.registry, PATH, raw) == listed(scene.staging, STAGING, raw)
    assert signatures(scene.registry, PATH, raw) == ["old signature of 0.2.1"]
    assert (result.new, result.lane.built, result.source.reference) == (True, False, f"{STAGING}:v0.2.1")
    judge(scene)


def test_the_ledger_says_where_it_came_from_and_the_source_is_left_as_it_was() -> None:
    scene = staged()
    before, tags = scene.staging_ledger_lines(), scene.staging.tags(STAGING)
    scene.promote()
    published = scene.ledger().published(Tag("v0.2.1"))
    assert published
    assert (published.promoted_from, published.how, published.late) == (f"{STAGING}:v0.2.1", "promoted", False)
    assert published.commit == COMMIT
    assert set(published.platforms) == {"linux/amd64", "linux/arm64"}
    assert Ledger.parse(b"".join(line + b"\n" for line in scene.ledger().lines)).entries[0] == published
    assert [entry.action for entry in scene.ledger().entries] == [Action.PUBLISH, Action.FLOAT]
    assert (scene.staging_ledger_lines(), scene.staging.tags(STAGING)) == (before, tags)


def test_nothing_is_tagged_before_all_of_it_is_there_and_checked() -> None:
    scene = staged()
    steps = [event for event in events(scene.promotion()) if isinstance(event, Step)]
    names = [f"{step.name} {step.subject.partition(' ')[0]}" for step in steps]
    tagged = names.index("tag v0.2.1")
    assert max(number for number, name in enumerate(names) if name.startswith(("copy", "attach"))) < tagged
    assert names.index("inspect main") < tagged
    assert tagged < names.index("move latest") < names.index("record ledger-main")
    assert names[0] == "verify main"


def test_again_nothing_is_written() -> None:
    scene = staged()
    scene.promote()
    before, puts = scene.registry.state(), len([e for e in scene.registry.log if e.method == "PUT"])
    result = scene.promote()
    assert (scene.registry.state(), result.new) == (before, False)
    assert len([e for e in scene.registry.log if e.method == "PUT"]) == puts


def test_a_version_that_is_there_with_another_digest_is_refused_before_anything_is_sent() -> None:
    scene = staged()
    theirs = push_image(scene.registry, PATH, tag="v0.2.1", salt="theirs")
    with pytest.raises(RefusedError, match=rf"exists already as {theirs.digest}; {STAGING}:v0\.2\.1 is sha256:"):
        scene.promote()
    assert [entry for entry in scene.registry.log if entry.method == "PUT"] == []


def test_one_that_is_there_with_the_same_digest_is_completed_and_recorded() -> None:
    scene = Promoting()
    raw = scene.stage()
    whole, there = scene.staging.shelf(STAGING), scene.registry.shelf(PATH)
    for digest in (str(raw.digest), *(child["digest"] for child in children(raw))):
        there.manifests[digest] = whole.manifests[digest]
    there.blobs.update(whole.blobs)
    scene.registry.tag(PATH, "v0.2.1", raw.digest)
    result = scene.promote()
    published = scene.ledger().published(Tag("v0.2.1"))
    assert published
    assert (result.new, published.late, published.promoted_from) == (False, True, f"{STAGING}:v0.2.1")
    assert scene.versions()["latest"] == str(raw.digest)
    assert listed(scene.registry, PATH, raw)


def test_what_is_recorded_with_another_digest_is_refused_though_its_tag_is_gone() -> None:
    scene = staged()
    scene.publish(a_plan(lanes=["main"], commit=OTHER))
    del scene.registry.shelf(PATH).tags["v0.2.1"]
    with pytest.raises(RefusedError, match="was published as"):
        scene.promote()
    assert "v0.2.1" not in scene.versions()


@pytest.mark.parametrize(
    "damage", ["layer", "config", "child", "attestation", "attestation's layer", "no such version"]
)
def test_what_does_not_verify_where_it_is_goes_nowhere(damage: str) -> None:
    scene = Promoting()
    raw = scene.stage()
    if damage in ("layer", "config"):
        lose_blob(scene.staging, STAGING, raw, "layers" if damage == "layer" else "config")
    elif damage == "attestation's layer":
        lose_blob(scene.staging, STAGING, raw, "layers", 2)
    elif damage != "no such version":
        lose_child(scene.staging, STAGING, raw, 0 if damage == "child" else 2)
    version = "0.9.0" if damage == "no such version" else "0.2.1"
    with pytest.raises(VerificationError, match="is not promoted: verification failed"):
        scene.promote(scene.request(version))
    assert scene.registry.log == []


def test_a_version_that_is_marked_as_bad_where_it_is_goes_nowhere() -> None:
    scene = Promoting()
    scene.stage(latest="no")
    registry = scene.staging_client()
    marker = Marker(registry=registry, ledgers=scene.staging_ledgers(registry))
    finish(marker.mark(MAIN, Version.parse("0.2.1"), "leaks"))
    with pytest.raises(RefusedError, match="is marked as bad there: leaks"):
        scene.promote()
    assert scene.registry.log == []


def test_a_version_without_a_ledger_is_promoted_by_what_it_says_itself() -> None:
    scene = Promoting(keeps_ledger=False)
    push_image(scene.staging, STAGING, tag="v0.2.1")
    surveyor = replace(scene.surveyor(), verifier=replace(scene.surveyor().verifier, ledgers=None))
    promotion = finish(surveyor.survey(scene.request()))
    assert promotion.plan.commit == COMMIT
    assert promotion.decision.creates


@pytest.mark.parametrize("by_git", [True, False])
def test_another_tools_image_without_labels_is_promoted_by_its_digest(*, by_git: bool) -> None:
    scene = Promoting(commits={"0.2.1": COMMIT} if by_git else {})
    raw = push_image(scene.staging, STAGING, revision="", version="", annotated=False, tag="v0.2.1")
    scene.promote()
    scene.promote()
    published = scene.ledger().published(Tag("v0.2.1"))
    assert published
    assert (published.commit, published.after) == (COMMIT if by_git else "", raw.digest)


def test_a_source_tag_that_moves_while_it_is_verified_is_told() -> None:
    scene = staged()
    other = push_image(scene.staging, STAGING, salt="moved")
    flow = scene.promotion()
    while not (isinstance(event := next(flow), StepOutcome) and event.step.name == "verify"):
        pass
    scene.staging.tag(STAGING, "v0.2.1", other.digest)
    with pytest.raises(LostRaceError, match="and has changed since"):
        finish(flow)
    assert scene.registry.log == []


def test_the_floating_tag_moves_only_forward_and_only_if_asked() -> None:
    scene = staged("0.2.1", "0.2.2")
    scene.promote(scene.request("0.2.2", latest="no"))
    assert "latest" not in scene.versions()
    scene.promote(scene.request("0.2.2"))
    assert scene.versions()["latest"] == scene.versions()["v0.2.2"]
    result = scene.promote(scene.request("0.2.1"))
    assert scene.versions()["latest"] == scene.versions()["v0.2.2"]
    assert [floating.tag for floating in result.lane.unmet] == ["latest"]


def test_a_signature_of_somebody_elses_in_the_target_stays() -> None:
    scene = Promoting()
    raw = scene.stage()
    scene.promote(scene.request(latest="no"))
    foreign = attach(scene.registry, PATH, raw, "foreign")
    sign_by_tag(scene.registry, PATH, raw, "foreign")
    attach(scene.staging, STAGING, raw, "a later one")
    scene.promote()
    assert set(listed(scene.registry, PATH, raw)) >= {str(foreign.digest), *listed(scene.staging, STAGING, raw)}
    assert signatures(scene.registry, PATH, raw) == ["foreign", "old signature of 0.2.1"]
    judge(scene)


def test_further_repositories_of_the_target_get_the_same() -> None:
    scene = Promoting()
    raw = scene.stage()
    result = scene.promote(scene.request(images=(AIONIS, SIBLING)))
    for path in (PATH, SIBLING.path):
        tags = scene.registry.tags(path)
        assert (tags["v0.2.1"], tags["latest"]) == (str(raw.digest), str(raw.digest))
        assert listed(scene.registry, path, raw) == listed(scene.staging, STAGING, raw)
    assert [mirror.repository for mirror in result.lane.mirrors] == [SIBLING]


def test_aliases_are_written_with_the_version_and_name_the_source() -> None:
    lane = replace(MAIN, alias_templates=(TagTemplate("", "-bookworm"),))
    scene = staged()
    scene.promote(scene.request(lane=lane))
    assert scene.versions()["0.2.1-bookworm"] == scene.versions()["v0.2.1"]
    alias = scene.ledger().published(Tag("0.2.1-bookworm"))
    assert alias
    assert alias.promoted_from == f"{STAGING}:v0.2.1"


def test_no_permission_to_push_ends_it_before_anything_is_copied() -> None:
    scene = staged()
    scene.registry.access.accounts[USER.username] = Account(USER.password, "pull")
    with pytest.raises(AccessError):
        scene.promote()
    assert scene.registry.shelves.get(PATH) is None or not scene.registry.shelf(PATH).manifests


def test_a_repository_that_does_not_exist_yet_is_made() -> None:
    scene = staged()
    scene.registry.hides_missing = True
    scene.promote()
    assert set(scene.versions()) == {"v0.2.1", "latest"}


def test_one_that_was_only_hidden_is_seen_before_anything_is_tagged() -> None:
    scene = staged()
    scene.registry.hides_missing = True
    flow = scene.promotion()
    while not (isinstance(event := next(flow), StepOutcome) and event.step.name == "registry"):
        pass
    theirs = push_image(scene.registry, PATH, version="0.2.0", tag="v0.2.0", salt="theirs")
    scene.registry.tag(PATH, "latest", theirs.digest)
    with pytest.raises(LostRaceError, match="was presumed new"):
        finish(flow)
    assert set(scene.versions().values()) == {str(theirs.digest)}


def claimed(scene: Promoting, digest: Digest, commit: str = COMMIT) -> MemoryClaims:
    claims = MemoryClaims()
    claims.create([Claim(image=AIONIS, tag=Tag("v0.2.1"), digest=digest, commit=commit, by="somebody")])
    scene.claiming = ReleaseClaims(claims=claims, by="the test")
    return claims


def test_the_version_is_claimed_for_the_target_before_its_tag_is_written() -> None:
    scene, claims = Promoting(), MemoryClaims()
    raw = scene.stage()
    scene.claiming = ReleaseClaims(claims=claims, by="the test")
    scene.promote()
    assert claims.kept[VersionTag(AIONIS, Tag("v0.2.1"))].digest == raw.digest
    scene.promote()
    assert len(claims.kept) == 1


@pytest.mark.parametrize("commit", [COMMIT, OTHER])
def test_a_version_that_is_claimed_for_another_digest_is_lost(commit: str) -> None:
    scene = staged()
    claimed(scene, push_image(scene.registry, PATH, salt="theirs").digest, commit)
    with pytest.raises(LostRaceError, match="is claimed for"):
        scene.promote()
    assert scene.tags() == {}


def test_one_that_is_claimed_meanwhile_is_lost_as_well() -> None:
    scene, claims = staged(), MemoryClaims()
    scene.claiming = ReleaseClaims(claims=claims, by="the test")
    flow = scene.promotion()
    while not (isinstance(event := next(flow), Step) and event.name == "claim"):
        pass
    claims.kept.update(claimed(scene, push_image(scene.registry, PATH, salt="theirs").digest).kept)
    with pytest.raises(LostRaceError, match="is claimed for"):
        finish(flow)
    assert scene.versions() == {}


def test_a_promoted_version_is_verified_listed_and_rolled_back_to_as_any_other() -> None:
    scene = staged("0.2.1", "0.2.2")
    for version in ("0.2.1", "0.2.2"):
        scene.promote(scene.request(version))
    assert finish(scene.releaser().verify(MAIN, Version.parse("0.2.1"))).good
    status = scene.audit(deep=True)
    assert status.drift == ()
    assert [(str(version.version), version.recorded.how) for version in status.versions if version.recorded] == [
        ("0.2.2", "promoted"),
        ("0.2.1", "promoted"),
    ]
    assert status.others == ()
    finish(scene.rollback(RollbackRequest(lane=MAIN, reason="crashes")))
    assert scene.versions()["latest"] == scene.versions()["v0.2.1"]
    with pytest.raises(RefusedError, match="exists already"):
        scene.publish(a_plan("0.2.2", ["main"], commit=OTHER))


def test_a_run_that_is_stopped_before_any_step_is_completed_by_the_next() -> None:
    quiet = staged()
    steps = sum(isinstance(event, Step) for event in events(quiet.promotion()))
    for last in range(0, steps, 1 if THOROUGH else 3):
        scene = staged()
        flow = scene.promotion()
        for _ in range(last + 1):
            next(event for event in flow if isinstance(event, Step))
        flow.close()
        if "latest" in scene.versions():
            assert "v0.2.1" in scene.versions()
        scene.promote()
        assert scene.versions() == quiet.versions(), last
        assert {e.tag: e.after for e in scene.ledger().entries} == {e.tag: e.after for e in quiet.ledger().entries}
        judge(scene)


@dataclass
class Interrupting:
    """Lets somebody do something in the production registry right before a request."""

    scene: Promoting
    before: int
    seen: int = 0
    done: list[RawManifest] = field(default_factory=list)

    def send(self, request: Request, *, limit: int, deadline: float) -> Response:
        self.seen += 1
        if self.seen == self.before:
            self.done.append(push_image(self.scene.registry, PATH, tag="v0.2.1", salt="theirs"))
        return self.scene.registry.send(request, limit=limit, deadline=deadline)


def test_a_release_of_the_same_version_at_any_moment_is_never_overwritten() -> None:
    """But right between the last look at the tag and its write, where only a claim helps."""
    quiet = staged()
    quiet.promote()
    overwritten = []
    for moment in range(1, len(quiet.registry.log) + 1, 1 if THOROUGH else 5):
        scene = staged()
        scene.transport = Interrupting(scene, moment)
        with suppress(RefusedError, LostRaceError, UnreachableError):
            scene.promote()
        digests = [effect.after for effect in scene.registry.effects() if effect.tag == "v0.2.1"]
        overwritten += [moment] if len(digests) > 1 else []
    assert len(overwritten) <= 1


def test_nothing_of_the_sources_credential_is_sent_to_the_target_and_none_the_other_way() -> None:
    scene = staged()
    scene.promote()
    assert_invariants(Case(scene.registry, lanes=(MAIN,), touched=(MAIN,)))
    assert_invariants(Case(scene.staging, repository=STAGING.path, lanes=(MAIN,), touched=(MAIN,)))


def test_two_lanes_with_one_repository_each_promote_their_own() -> None:
    scene = Promoting()
    scene.stage(lanes=("main", "standalone"))
    standalone = next(lane.lane for lane in a_plan().lanes if lane.lane.name == "standalone")
    scene.promote(scene.request(lane=standalone))
    assert set(scene.versions()) == {"standalone-v0.2.1", "standalone-latest"}
    scene.promote()
    assert set(scene.versions()) == {"standalone-v0.2.1", "standalone-latest", "v0.2.1", "latest"}


@dataclass
class Judge:
    """A tool that accepts every signature in some repositories, and makes none."""

    accepted: set[Repository]
    name: str = "judge"
    signer: str = "a key"

    def check(self) -> str:
        """See :class:`shiplane.signing.signature.ImageSigner`."""
        raise NotImplementedError

    def sign(self, digest: SignedDigest) -> None:
        """See :class:`shiplane.signing.signature.ImageSigner`."""
        raise NotImplementedError(str(digest))

    def verify(self, digest: SignedDigest) -> Signature:
        """See :class:`shiplane.signing.signature.ImageSigner`."""
        is_valid = digest.repository in self.accepted
        return Signature(SignatureState.VALID if is_valid else SignatureState.MISSING)


def judged(scene: Promoting, *accepted: Repository, images: Sequence[Repository] = (AIONIS,)) -> PromotionResult:
    """A promotion where signatures are required."""
    surveyor = scene.surveyor()
    checker = SignatureChecker(tool=Judge({*accepted}), required=True)
    surveyor = replace(surveyor, verifier=replace(surveyor.verifier, signatures=checker))
    return finish(Promoter(surveyor).promote(finish(surveyor.survey(scene.request(images=images)))))


def test_a_required_signature_has_to_verify_at_both_ends_before_anything_is_tagged() -> None:
    scene = staged()
    with pytest.raises(VerificationError, match="is not promoted"):
        judged(scene, AIONIS)
    assert scene.registry.log == []
    with pytest.raises(VerificationError, match="signature"):
        judged(scene, STAGING)
    assert scene.versions() == {}
    assert judged(scene, STAGING, AIONIS).new


def test_a_required_signature_has_to_verify_in_each_repository_of_the_target() -> None:
    scene = staged()
    images = (AIONIS, SIBLING)
    with pytest.raises(VerificationError, match=f"the image in {SIBLING}"):
        judged(scene, STAGING, AIONIS, images=images)
    assert scene.versions() == {}
    assert judged(scene, STAGING, *images, images=images).new


def test_the_result_says_what_was_carried_over_and_from_where() -> None:
    scene = Promoting()
    raw = scene.stage()
    document = scene.promote().to_json()
    assert (document["source"], document["new"], document["lane"]["built"]) == (f"{STAGING}:v0.2.1", True, False)
    assert document["attached"] == {
        "referrers": {str(raw.digest): listed(scene.staging, STAGING, raw)},
        "tags": [f"sha256-{str(raw.digest).partition(':')[2]}.sig"],
        "left_out": [],
    }
