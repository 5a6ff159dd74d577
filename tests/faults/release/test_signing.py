"""Signing within a release: each digest in each repository, before any version tag, and nothing twice."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

import pytest

from shiplane.core.errors import AccessError, PrerequisiteError, ShiplaneError, UnreachableError, VerificationError
from shiplane.core.progress import Event, Step, StepOutcome, StepState
from shiplane.registry.oci.names import Digest, Repository
from shiplane.signing.signature import SignedDigest
from tests.faults.harness.clock import VirtualClock
from tests.faults.harness.faults import F, Fault, Faulty
from tests.faults.harness.images import children
from tests.faults.harness.invariants import Case, assert_invariants
from tests.faults.harness.memory import Lag, MemoryRegistry
from tests.faults.harness.scene import AIONIS, PATH, Scene, events, finish
from tests.faults.harness.signing import OURS, Signing, StandIn, entries_of, referrers_tag
from tests.faults.release.test_mirrors import MIRROR, Mirrored
from tests.thorough import THOROUGH, crossed


def digests_of(registry: MemoryRegistry, repository: Repository, tag: str) -> list[str]:
    """What a tag's image consists of: the whole, and each platform."""
    shelf = registry.shelf(repository)
    index = shelf.manifests[shelf.tags[tag]]
    images = [child["digest"] for child in children(index) if child["platform"]["os"] != "unknown"]
    return [str(index.digest), *images]


def assert_signed(registry: MemoryRegistry, repository: Repository = AIONIS, *, once: bool = True) -> None:
    """Every version tag has an image with a signature by our key on each of its digests."""
    for tag in registry.tags(repository):
        if "v0." in tag:
            for digest in digests_of(registry, repository, tag):
                keys = entries_of(registry, repository, digest)
                assert OURS in keys, f"{tag} {digest}"
                assert keys.count(OURS) == 1 or not once


def test_each_platform_and_the_whole_is_signed_in_every_repository_before_any_version_tag() -> None:
    signing = Signing(Mirrored())
    signing.publish()
    scene = signing.scene
    assert isinstance(scene, Mirrored)
    assert_signed(scene.registry)
    assert_signed(scene.mirror, MIRROR)
    assert len(signing.tools[0].signed) == 2 * 2 * 3
    for registry in (scene.registry, scene.mirror):
        writes = [effect.tag for effect in registry.effects()]
        signed = [number for number, tag in enumerate(writes) if tag.startswith("sha256-")]
        tagged = [number for number, tag in enumerate(writes) if "v0.2.1" in tag]
        assert max(signed) < min(tagged)


def test_the_whole_is_signed_after_its_platforms() -> None:
    signing = Signing()
    main, _ = signing.publish()
    assert [digest.part for digest in signing.tools[0].signed[:3]] == ["linux/amd64", "linux/arm64", "index"]
    assert signing.tools[0].signed[2] == SignedDigest(AIONIS, main.digest, "index")


def test_the_result_says_by_whom_and_what() -> None:
    main, _ = Signing().publish()
    signature = main.to_json()["signature"]
    assert signature
    assert (signature["tool"], signature["signer"]) == ("stand-in", OURS)
    assert signature["digests"][-1] == f"{AIONIS}@{main.digest}"


def test_without_settings_nothing_is_signed() -> None:
    scene = Scene()
    main, _ = scene.publish()
    assert main.to_json()["signature"] is None
    assert not [tag for tag in scene.tags() if tag.startswith("sha256-")]


def test_a_tool_that_cannot_sign_is_found_out_before_anything_is_asked() -> None:
    signing = Signing(prepare=lambda tool: replace(tool, fault=PrerequisiteError("cosign is not installed")))
    with pytest.raises(PrerequisiteError, match="not installed"):
        signing.publish()
    assert signing.scene.registry.log == []


@pytest.mark.parametrize("kind", [VerificationError, AccessError, UnreachableError])
def test_where_one_cannot_be_signed_no_lane_gets_a_tag(kind: type[ShiplaneError]) -> None:
    def second_lane(tool: StandIn) -> StandIn:
        def fail(_digest: SignedDigest) -> None:
            tool.refusal = kind("no", remedy="Do something.") if len(tool.signed) == 4 else None

        tool.after = fail
        return tool

    signing = Signing(prepare=second_lane)
    with pytest.raises(kind, match="no") as raised:
        signing.publish()
    assert raised.value.remedy.startswith("Do something. No version tag was written")
    assert signing.scene.tag_writes() == [tag for tag in signing.scene.tag_writes() if tag.startswith("sha256-")]


def lose(signing: Signing, digest: SignedDigest) -> None:
    """What somebody's tool does that attaches at the same moment: the list is as it was before ours."""
    signing.scene.registry.shelf(digest.repository).tags.pop(referrers_tag(digest.digest))


def test_a_signature_that_is_lost_behind_our_back_is_a_fault_and_no_tag_is_written() -> None:
    signing = Signing()
    signing.prepare = lambda tool: replace(tool, after=lambda digest: lose(signing, digest))
    with pytest.raises(VerificationError, match=r"amd64\) was signed but has no valid signature.*none found"):
        signing.publish()
    assert "v0.2.1" not in signing.scene.tags()


def test_one_that_became_another_is_a_fault_that_says_what_the_tool_said() -> None:
    signing = Signing()

    def replaced(digest: SignedDigest) -> None:
        lose(signing, digest)
        StandIn(signing.scene.client(), signer="another.pub").sign(digest)

    signing.prepare = lambda tool: replace(tool, after=replaced)
    with pytest.raises(VerificationError, match=f"no valid signature by {OURS}: another key"):
        signing.publish()


def test_a_registry_that_shows_signatures_late_is_waited_for() -> None:
    signing = Signing()
    signing.scene.registry.lag = Lag(seconds=5)
    assert _ended(signing.publish) is None
    assert_signed(signing.scene.registry)


def unchanged(seen: list[Event]) -> list[str]:
    """The subjects that were not signed again."""
    return [
        event.step.subject
        for event in seen
        if isinstance(event, StepOutcome) and event.step.name == "sign" and event.state is StepState.UNCHANGED
    ]


def test_what_is_signed_already_is_not_signed_again() -> None:
    signing = Signing()
    signing.publish()
    assert len(unchanged(events(signing.flow()))) == 6
    assert signing.tools[1].signed == []
    assert_signed(signing.scene.registry)


def test_what_an_ended_run_has_signed_and_not_tagged_is_not_signed_again() -> None:
    signing = Signing()
    for event in signing.flow():
        if isinstance(event, Step) and event.name == "tag":
            break
    signing.scene.stager.built.clear()  # the next build has the same bytes, as a reproducible one
    assert len(unchanged(events(signing.flow()))) == 6
    assert signing.tools[1].signed == []
    assert_signed(signing.scene.registry)


def test_a_version_that_was_published_without_a_signature_is_refused_until_it_has_one() -> None:
    signing = Signing()
    main, _ = signing.scene.publish()
    with pytest.raises(VerificationError, match=f"was published without a valid signature by {OURS}"):
        signing.publish()
    assert entries_of(signing.scene.registry, AIONIS, main.digest) == []
    for tag in ("v0.2.1", "standalone-v0.2.1"):
        for digest in digests_of(signing.scene.registry, AIONIS, tag):
            StandIn(signing.scene.client()).sign(SignedDigest(AIONIS, Digest(digest), "by hand"))
    signing.publish()
    assert_signed(signing.scene.registry)


def test_a_signature_by_another_key_is_kept_and_ours_is_put_beside_it() -> None:
    signing = Signing()
    another = StandIn(signing.scene.client(), signer="another.pub")
    for event in signing.flow():
        if isinstance(event, Step) and event.name == "sign" and event.subject.endswith("(index)"):
            beginning = event.subject.rpartition("@")[2].removesuffix(" (index)")
            digest = next(
                digest for digest in signing.scene.registry.shelf(AIONIS).manifests if digest.startswith(beginning)
            )
            another.sign(SignedDigest(AIONIS, Digest(digest), "index"))
    for tag in ("v0.2.1", "standalone-v0.2.1"):
        index = digests_of(signing.scene.registry, AIONIS, tag)[0]
        assert entries_of(signing.scene.registry, AIONIS, index) == ["another.pub", OURS]


def cut(signing: Signing, number: int) -> int:
    """Kill a release after so many events; gives how many there were."""
    seen = 0
    flow = signing.flow()
    for seen, _ in enumerate(flow, 1):
        if seen == number:
            flow.close()
            break
    return seen


LENGTH = cut(Signing(), 10_000)


@pytest.mark.parametrize("number", range(1, LENGTH, 1 if THOROUGH else 3))
def test_a_run_that_was_killed_anywhere_is_finished_by_the_next_with_one_signature_each(number: int) -> None:
    signing = Signing()
    assert cut(signing, number) == number
    assert_signed(signing.scene.registry)
    signing.publish()
    assert_signed(signing.scene.registry)
    assert {"v0.2.1", "standalone-v0.2.1", "standalone-latest"} <= set(signing.scene.tags())


def requests() -> int:
    """How many requests a release that signs makes."""
    signing = Signing()
    signing.publish()
    return len(signing.scene.registry.log)


KINDS = (F.RESET, F.NOT_FOUND, F.FORBIDDEN, F.SERVER_ERROR, F.TRUNCATED, F.WRONG_DIGEST)


@pytest.mark.parametrize("applied", [False, True])
@pytest.mark.parametrize(("number", "kind"), crossed(range(requests()), KINDS, one_in=24))
def test_whatever_the_registry_answers_there_is_no_tag_without_its_signatures(
    number: int, kind: F, *, applied: bool
) -> None:
    signing = Signing()
    clock = signing.scene.registry.clock
    assert isinstance(clock, VirtualClock)
    signing.scene.transport = wire = Faulty(signing.scene.registry, [Fault(kind, skip=number, applied=applied)], clock)
    ended = _ended(signing.publish)
    assert wire.met
    # A 404 for the list of a digest reads as no signature: a second one of our own is attached, and harms nobody.
    assert_signed(signing.scene.registry, once=False)
    assert ended is None or ended.exit_code in (3, 4, 5, 6, 7, 8)
    clock.pass_by(60)
    signing.scene.transport = Faulty(signing.scene.registry)
    signing.publish()
    assert_signed(signing.scene.registry, once=False)
    case = Case(signing.scene.registry, seen=[wire.log], recorded=True)
    assert_invariants(case)


def _ended(publish: Callable[[], object]) -> ShiplaneError | None:
    try:
        publish()
    except ShiplaneError as error:
        return error
    return None


def test_signatures_are_nobodys_versions() -> None:
    """Tag lists, audit, ledger and the next release see the images alone."""
    signing, plain = Signing(), Scene()
    for version in ("0.2.0", "0.2.1"):
        finish(signing.flow(version))
        plain.publish(replace(signing.plan(version)))
    ours, theirs = signing.scene.audit(deep=True), plain.audit(deep=True)
    assert [state.version for state in ours.versions] == [state.version for state in theirs.versions]
    assert (ours.others, ours.drift, ours.unrecorded) == ((), (), ())
    legacy = f"{referrers_tag(ours.versions[0].digest)}.sig"
    signing.scene.registry.tag(PATH, legacy, ours.versions[0].digest)
    again = signing.scene.audit()
    assert (again.others, again.drift) == ((), ())
    assert json.dumps(again.to_json()) == json.dumps(ours.to_json())
    assert legacy in signing.scene.tags()
