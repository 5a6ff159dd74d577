"""A release: every lane staged by digest and verified before any gets a name, every version before any floating tag.

A run that ends anywhere leaves either names that are right or no names, and the same run again finishes it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias

from shiplane.config.plan import LanePlan, Plan
from shiplane.core.check import checks_summary, require
from shiplane.core.errors import LostRaceError, VerificationError
from shiplane.core.progress import Flow, Step
from shiplane.core.system.parallel import WORKERS
from shiplane.ledger.recorder import Ledgers
from shiplane.registry.client import RegistryClient
from shiplane.registry.lookup import wait_for_digest
from shiplane.registry.oci.lookup_result import Present
from shiplane.registry.oci.manifest import REVISION, RawManifest
from shiplane.registry.oci.names import Digest, Tag
from shiplane.registry.tag_writer import TagWriter
from shiplane.release.access import prove_push
from shiplane.release.claiming import ReleaseClaims
from shiplane.release.planning.decision import Decision, Pending, VersionTagAction, decide, pending
from shiplane.release.planning.saved_plan import SavedPlan, require_same
from shiplane.release.prerequisites import PrerequisiteEvidence
from shiplane.release.result import LaneResult
from shiplane.release.smoke_run import SmokeRunner, smoke_lanes
from shiplane.release.write_tags import LaneDecision, ReadyLane, name_lanes, record_lanes
from shiplane.verify.contradiction import contradiction
from shiplane.verify.image_check import ExpectedImage, ImageChecker, ImageReport
from shiplane.verify.image_labels import read_label
from shiplane.verify.surveyor import Surveyor

# Images that another run made, with what they consist of, by lane.
_Adopted: TypeAlias = tuple[dict[str, RawManifest], dict[str, ImageReport]]


class Stager(Protocol):
    """Whatever builds a plan's lanes and pushes them by digest, without any name."""

    def stage(self, plan: Plan, lanes: Sequence[LanePlan]) -> Mapping[str, Digest]:
        """Build and push these lanes at once.

        Returns:
            The digest of each lane's image, by the lane's name.
        """


class Conditions(Protocol):
    """Whatever has to hold before anything is written: see :class:`shiplane.release.prerequisites.Prerequisites`."""

    def before(self, pending: Pending) -> Flow[PrerequisiteEvidence]:
        """What has to hold before that much is written.

        Raises:
            PrerequisiteError: It does not.
        """


@dataclass(frozen=True)
class NoConditions:
    """No condition: for whoever names nothing, or has asked already."""

    def before(self, pending: Pending) -> Flow[PrerequisiteEvidence]:
        """See :class:`Conditions`."""
        del pending
        yield from ()
        return PrerequisiteEvidence(
            command=(), build=Step("build command", "none").skipped("no condition"), gates=(), skipped=()
        )


@dataclass(frozen=True)
class ReleaseSurvey:
    """What was there before anything was written.

    Attributes:
        seen: Each lane's names, and what is to be done about them, by the lane's name.
        claimed: The digest of each version tag that an earlier run of this commit has claimed.
    """

    seen: Mapping[str, LaneDecision]
    claimed: Mapping[Tag, Digest] = field(default_factory=dict)

    @property
    def pending(self) -> Pending:
        """What is still to be written."""
        return pending(known.decision for known in self.seen.values())


@dataclass(frozen=True)
class ReleaseResult:
    """A release that was carried out: what held before it, and each lane as it is now, read back."""

    held: PrerequisiteEvidence
    lanes: tuple[LaneResult, ...]


@dataclass(frozen=True, kw_only=True)
class Publisher:
    """The clients of a release.

    Attributes:
        registry: Where it goes, with the credential that may push.
        stager: Makes the builder on first use: a run that adopts needs none.
        probe: Whether push permission is proved before anything is built.
        ledgers: Where it is recorded; None where no ledger is kept.
        saved: The plan that is carried out, where it was saved: the registry has to be as it saw it.
        smoke: Tries the staged images, where that is configured.
        workers: How many reads at once.
        claiming: Makes us the only one who may write a version; None where that is not configured.
        conditions: The build command and the gates.
        source: Sees that what is going to be built still is what the commit holds; None where nothing is built here.
    """

    registry: RegistryClient
    stager: Callable[[], Stager]
    probe: bool = True
    ledgers: Ledgers | None = None
    saved: SavedPlan | None = None
    smoke: SmokeRunner | None = None
    workers: int = WORKERS
    claiming: ReleaseClaims | None = None
    conditions: Conditions = field(default_factory=NoConditions)
    source: Callable[[], Flow[None]] | None = None

    def publish(self, plan: Plan) -> Flow[ReleaseResult]:
        """Release every lane of a plan.

        What costs seconds is asked before what costs minutes, and once more after it.

        Raises:
            ShiplaneError: By situation; whatever has a name by then is right.
        """
        looked = yield from self._look(plan)
        held = yield from self.conditions.before(looked.pending)
        if held.took_time:
            looked = yield from self._look_again(plan, looked.pending)
        lanes = yield from self._prepare(plan, looked)
        if any(known.survey.presumed for known in looked.seen.values()):
            yield from self._survey_again(plan)
        named = yield from name_lanes(self._namer(plan), self.ledgers, lanes)
        recorded = yield from record_lanes(self.ledgers, plan.commit, named)
        return ReleaseResult(held, tuple(one.ready.published(recorded.get(one.ready.plan.lane.name)) for one in named))

    def stage(self, plan: Plan) -> Flow[dict[str, Digest]]:
        """Stage and inspect every lane of a plan, and give it no name: whatever is refused later is refused now.

        Returns:
            The digest of each lane's image, by the lane's name.

        Raises:
            ShiplaneError: By situation; no name was written.
        """
        proved = yield from self._access(self.registry, records=False)
        yield from self._survey(plan, proved=proved)
        images = yield from self._images(plan, {}, plan.lanes)
        for lane_plan in plan.lanes:
            yield from self._inspect(plan, lane_plan, images[lane_plan.lane.name], _UNNAMED)
        return {name: raw.digest for name, raw in images.items()}

    def _look(self, plan: Plan) -> Flow[ReleaseSurvey]:
        """Whether we may do it, and what there is to do."""
        elsewhere = self.ledgers and self.ledgers.registry.repository != plan.repository
        records = self.ledgers is not None and not elsewhere
        proved = yield from self._access(self.registry, records=records)
        if self.ledgers and elsewhere:
            yield from self._access(self.ledgers.registry, records=True)
        seen = yield from self._survey(plan, proved=proved)
        return ReleaseSurvey(seen, (yield from self._claimed(plan, _created(plan, seen))))

    def _look_again(self, plan: Plan, asked: Pending) -> Flow[ReleaseSurvey]:
        """The same after the prerequisites, which took their time.

        Raises:
            LostRaceError: More is to be written now than the prerequisites were asked for.
        """
        looked = yield from self._look(plan)
        if looked.pending > asked:
            raise LostRaceError(
                "what had been published when the prerequisites were asked is not there any more",
                remedy="Run it again: it decides anew from what is there now.",
            )
        return looked

    def _prepare(self, plan: Plan, looked: ReleaseSurvey) -> Flow[list[ReadyLane]]:
        """Every lane's image staged, examined, tried and claimed: after this, and not before, any may get a name."""
        seen, created = looked.seen, _created(plan, looked.seen)
        images, found = yield from self._adopt(plan, created, looked.claimed)
        missing = [lane_plan for lane_plan in created if lane_plan.lane.name not in images]
        images |= yield from self._images(plan, seen, missing)
        for lane_plan in plan.lanes:
            if lane_plan.lane.name not in found:
                found[lane_plan.lane.name] = yield from self._inspected(
                    plan, lane_plan, images[lane_plan.lane.name], seen[lane_plan.lane.name].decision
                )
        smoked = yield from smoke_lanes(self.smoke, found, built=[lane_plan.lane.name for lane_plan in created])
        others, theirs = yield from self._claim(plan, created, images)
        images, found = images | others, found | theirs
        built = {lane_plan.lane.name for lane_plan in missing} - set(others)
        return [
            ReadyLane(
                plan=lane_plan,
                seen=seen[name],
                raw=images[name],
                report=found[name],
                built=name in built,
                smoked=smoked[name],
            )
            for lane_plan in plan.lanes
            for name in (lane_plan.lane.name,)
        ]

    def _access(self, registry: RegistryClient, *, records: bool) -> Flow[bool]:
        """Prove that we may push, and where the ledger is kept there, that it can be uploaded; gives whether we may."""
        step = Step("access", f"push to {registry.repository}")
        yield step
        if not self.probe:
            yield step.skipped("--skip access")
            return False
        doubt = prove_push(registry, records=records)
        if doubt:
            yield step.skipped(f"could not be told: {doubt}")
        else:
            yield step.done("the registry opened an upload for us")
        return not doubt

    def _survey(self, plan: Plan, *, proved: bool) -> Flow[dict[str, LaneDecision]]:
        """Every lane's names and what is to be done about them."""
        surveyor, seen = self._surveyor(), dict[str, LaneDecision]()
        changed: list[str] = []
        for lane_plan in plan.lanes:
            step = Step("registry", f"{lane_plan.tag}, {lane_plan.lane.floating}")
            yield step
            survey = surveyor.survey_settled(lane_plan, may_push=proved)
            changed += self.saved.differences(lane_plan, survey, plan.commit) if self.saved else []
            if changed:
                yield step.failed(f"{'; '.join(changed)}: not as the plan saw it")
                continue
            known = seen[lane_plan.lane.name] = LaneDecision(survey, decide(lane_plan, survey, plan.commit))
            doubt = contradiction(lane_plan, survey)
            warning = f"; the registry and the ledger differ: {doubt.what}" if doubt else ""
            yield step.done(f"{known.describe(lane_plan)}{warning}")
        if self.saved:
            require_same(self.saved.name, changed)
        return seen

    def _surveyor(self) -> Surveyor:
        return Surveyor(registry=self.registry, ledgers=self.ledgers, workers=self.workers)

    def _namer(self, plan: Plan) -> TagWriter:
        def ours(image: Present) -> bool:
            return read_label(self.registry, image, REVISION) == plan.commit

        return TagWriter(registry=self.registry, is_ours=ours)

    def _survey_again(self, plan: Plan) -> Flow[None]:
        """Where a repository was taken for new because nothing of it was shown, look again: by now it exists.

        Raises:
            LostRaceError: It was not new after all.
        """
        seen = yield from self._survey(plan, proved=False)
        for lane_plan in plan.lanes:
            survey = seen[lane_plan.lane.name].survey
            if isinstance(survey.version, Present) or isinstance(survey.floating, Present) or survey.ledger.entries:
                raise LostRaceError(
                    f"{plan.repository} was taken for new, since nothing of it could be read, and is not",
                    remedy="Run it again: it decides anew from what is there now.",
                )

    def _claimed(self, plan: Plan, created: Sequence[LanePlan]) -> Flow[Mapping[Tag, Digest]]:
        """What an earlier run of this commit has claimed and not yet named: that run is taken up, nothing is built."""
        if not self.claiming or not created:
            return {}
        return (yield from self.claiming.survey(plan, created))

    def _claim(self, plan: Plan, created: Sequence[LanePlan], images: Mapping[str, RawManifest]) -> Flow[_Adopted]:
        """Claim every lane's digest at once; where another run of this commit was faster, go on with its image."""
        if not self.claiming or not created:
            return {}, {}
        ours = {lane_plan.tag: images[lane_plan.lane.name].digest for lane_plan in created}
        claimed = yield from self.claiming.take(plan, ours)
        theirs = {tag: digest for tag, digest in claimed.items() if digest != ours[tag]}
        return (yield from self._adopt(plan, created, theirs))

    def _adopt(self, plan: Plan, lanes: Sequence[LanePlan], claimed: Mapping[Tag, Digest]) -> Flow[_Adopted]:
        """The images that others claimed, examined like our own.

        Raises:
            LostRaceError: One of them is not there, or not as it should be.
        """
        images: dict[str, RawManifest] = {}
        found: dict[str, ImageReport] = {}
        for lane_plan in lanes:
            if digest := claimed.get(lane_plan.tag):
                try:
                    images[lane_plan.lane.name] = raw = self._arrived(digest, "it is claimed")
                    found[lane_plan.lane.name] = yield from self._inspect(plan, lane_plan, raw, "")
                except VerificationError as error:
                    assert self.claiming  # noqa: S101 -- without it nothing is claimed
                    raise self.claiming.unusable(plan, lane_plan.tag, digest, error.what) from error
        return images, found

    def _images(
        self, plan: Plan, seen: Mapping[str, LaneDecision], missing: Sequence[LanePlan]
    ) -> Flow[dict[str, RawManifest]]:
        """Every lane's image: adopted where it is published already, staged where it is not."""
        images: dict[str, RawManifest] = {}
        if missing and self.source:
            yield from self.source()
        step = Step("stage", ", ".join(lane_plan.lane.name for lane_plan in missing or plan.lanes))
        yield step
        for name, known in seen.items():
            if isinstance(known.survey.version, Present):
                images[name] = known.survey.version.raw
        if not missing:
            yield step.unchanged("built from this very commit before: nothing is built")
            return images
        if self.smoke:
            self.smoke.check([lane_plan.lane.name for lane_plan in missing], plan.platforms.value)
        digests = self.stager().stage(plan, missing)
        for lane_plan in missing:
            images[lane_plan.lane.name] = self._arrived(digests[lane_plan.lane.name], "the builder pushed it")
        yield step.done(", ".join(f"{name} is {digest.short}" for name, digest in digests.items()))
        return images

    def _arrived(self, digest: Digest, why: str) -> RawManifest:
        return wait_for_digest(self.registry, digest, why)

    def _inspected(self, plan: Plan, lane_plan: LanePlan, raw: RawManifest, decision: Decision) -> Flow[ImageReport]:
        """A lane's image, staged just now or published before, maybe by another tool."""
        expected = None
        if decision.naming is VersionTagAction.ADOPT:
            version, platforms = lane_plan.version.value, plan.platforms.value
            expected = ExpectedImage.published(lane_plan.lane, version, platforms=platforms, revision=plan.commit)
        return (yield from self._inspect(plan, lane_plan, raw, _remedy(lane_plan, decision), expected))

    def _inspect(
        self, plan: Plan, lane_plan: LanePlan, raw: RawManifest, remedy: str, expected: ExpectedImage | None = None
    ) -> Flow[ImageReport]:
        step = Step("inspect", f"{lane_plan.lane.name} {raw.digest.short}")
        yield step
        # What was published before may have lost anything since; what was pushed this moment has not.
        examiner = ImageChecker(
            registry=self.registry,
            deep=expected is not None,
            fresh=expected is None,
            workers=self.workers,
        )
        expected = expected or ExpectedImage(
            platforms=plan.platforms.value, revision=plan.commit, version=str(lane_plan.version.value)
        )
        report = examiner.check(raw, expected)
        require(report.checks, f"lane {lane_plan.lane.name}'s image {raw.digest}", remedy=remedy)
        yield step.done(checks_summary(report.checks))
        return report


def _created(plan: Plan, seen: Mapping[str, LaneDecision]) -> list[LanePlan]:
    """The lanes whose version tag is to be written."""
    return [
        lane_plan for lane_plan in plan.lanes if seen[lane_plan.lane.name].decision.naming is VersionTagAction.CREATE
    ]


_UNNAMED = "It was given no name by this run. Mend the build, then run it again."


def _remedy(lane_plan: LanePlan, decision: Decision) -> str:
    """What to do about an image that is not as it should be: what is published already cannot be built anew."""
    if decision.naming is VersionTagAction.CREATE:
        return _UNNAMED
    following = lane_plan.lane.tag_of(lane_plan.version.value.next_patch())
    return f"It is published as {lane_plan.tag}, which is written once. Release the next version, {following}."
