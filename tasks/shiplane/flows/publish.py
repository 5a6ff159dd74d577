"""A release: every lane staged by digest and verified before any gets a name, every version before any floating tag.

A run that ends anywhere leaves either names that are right or no names, and the same run again finishes it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from shiplane.clients.parallel import WORKERS
from shiplane.clients.patience import Patience
from shiplane.clients.registry import Registry
from shiplane.flows.examine import Examination, Examiner, Expected
from shiplane.flows.looking import arrived
from shiplane.flows.naming import Namer
from shiplane.flows.survey import Surveyor
from shiplane.model.answer import Absent, Present
from shiplane.model.check import require
from shiplane.model.decision import Decision, Move, Naming, Survey, decide
from shiplane.model.image import Digest, Repository
from shiplane.model.manifest import RawManifest
from shiplane.model.plan import LanePlan, Plan
from shiplane.model.step import Flow, Step


class Stager(Protocol):
    """Whatever builds a plan's lanes and pushes them by digest, without any name."""

    def stage(self, plan: Plan, lanes: Sequence[LanePlan]) -> Mapping[str, Digest]:
        """Build and push these lanes at once.

        Returns:
            The digest of each lane's image, by the lane's name.
        """


@dataclass(frozen=True, kw_only=True)
class Published:
    """One lane after a release.

    Attributes:
        plan: What was to be done.
        digest: What the version tag has.
        floating: What the floating tag has, or None where it does not exist.
        moved: Whether this run moved it.
        built: Whether this run built the image; otherwise it was there already.
        reason: Why the floating tag moved or stayed.
        examination: What the image consists of.
    """

    plan: LanePlan
    digest: Digest
    floating: Digest | None
    moved: bool
    built: bool
    reason: str
    examination: Examination

    def to_json(self, repository: Repository) -> dict[str, Any]:
        """The result as JSON values."""
        lane = self.plan.lane
        return {
            "lane": lane.name,
            "version": str(self.plan.version.value),
            "tag": self.plan.tag,
            "image": f"{repository}:{self.plan.tag}",
            "digest": str(self.digest),
            "reference": f"{repository}@{self.digest}",
            "platforms": {str(image.platform): str(image.digest) for image in self.examination.images},
            "size": self.examination.size,
            "built": self.built,
            "floating": {
                "tag": lane.floating,
                "digest": str(self.floating) if self.floating else None,
                "moved": self.moved,
                "reason": self.reason,
            },
        }


@dataclass(frozen=True, kw_only=True)
class Publisher:
    """The clients of a release.

    Attributes:
        registry: Where it goes, with the credential that may push.
        patience: The run's budget for waiting.
        stager: Makes the builder on first use: a run that adopts needs none.
        probe: Whether push permission is proved before anything is built.
        workers: How many reads at once.
    """

    registry: Registry
    patience: Patience
    stager: Callable[[], Stager]
    probe: bool = True
    workers: int = WORKERS

    def publish(self, plan: Plan) -> Flow[tuple[Published, ...]]:
        """Release every lane of a plan.

        Returns:
            Each lane as it is now, read back.

        Raises:
            ShiplaneError: By situation; whatever has a name by then is right.
        """
        yield from self._access(plan.repository)
        surveys, decisions = yield from self._survey(plan)
        images = yield from self._images(plan, surveys, decisions)
        found = yield from self._inspect(plan, images, decisions)
        namer = Namer(registry=self.registry, repository=plan.repository, patience=self.patience)
        for lane in plan.lanes:
            yield from namer.name(lane.tag, images[lane.lane.name])
        created = [lane for lane in plan.lanes if decisions[lane.lane.name].naming is Naming.CREATE]
        if any(decision.move is Move.MOVE for decision in decisions.values()):
            yield from _confirm(namer, created, images)
        for lane in plan.lanes:
            yield from _float(namer, lane, images[lane.lane.name], surveys[lane.lane.name], decisions[lane.lane.name])
        yield from _confirm(namer, created, images)
        return tuple(
            _published(lane, images[name], surveys[name], decisions[name], found[name])
            for lane in plan.lanes
            for name in (lane.lane.name,)
        )

    def stage(self, plan: Plan) -> Flow[dict[str, Digest]]:
        """Stage and inspect every lane of a plan, and give it no name: whatever is refused later is refused now.

        Returns:
            The digest of each lane's image, by the lane's name.

        Raises:
            ShiplaneError: By situation; no name was written.
        """
        yield from self._access(plan.repository)
        yield from self._survey(plan)
        create = Decision(naming=Naming.CREATE, move=Move.LEAVE, reason="staged only")
        decisions = {lane.lane.name: create for lane in plan.lanes}
        images = yield from self._images(plan, {}, decisions)
        yield from self._inspect(plan, images, decisions)
        return {name: raw.digest for name, raw in images.items()}

    def _access(self, repository: Repository) -> Flow[None]:
        step = Step("access", f"push to {repository}")
        yield step
        if not self.probe:
            yield step.skipped("--skip access")
            return
        doubt = self.registry.probe_push(repository)
        yield (
            step.skipped(f"could not be told: {doubt}") if doubt else step.done("the registry opened an upload for us")
        )

    def _survey(self, plan: Plan) -> Flow[tuple[dict[str, Survey], dict[str, Decision]]]:
        surveyor = Surveyor(registry=self.registry, repository=plan.repository, workers=self.workers)
        surveys: dict[str, Survey] = {}
        decisions: dict[str, Decision] = {}
        for lane in plan.lanes:
            step = Step("survey", f"{lane.tag}, {lane.lane.floating}")
            yield step
            survey = surveys[lane.lane.name] = surveyor.survey(lane)
            decision = decisions[lane.lane.name] = decide(lane, survey, plan.commit)
            yield step.done(f"{lane.tag}: {_naming_words(survey)}; {lane.lane.floating}: {_move_words(decision)}")
        return surveys, decisions

    def _images(
        self, plan: Plan, surveys: Mapping[str, Survey], decisions: Mapping[str, Decision]
    ) -> Flow[dict[str, RawManifest]]:
        """Every lane's image: adopted where it is published already, staged where it is not."""
        images: dict[str, RawManifest] = {}
        missing = [lane for lane in plan.lanes if decisions[lane.lane.name].naming is Naming.CREATE]
        step = Step("stage", ", ".join(lane.lane.name for lane in missing or plan.lanes))
        yield step
        for name, survey in surveys.items():
            if isinstance(survey.version, Present):
                images[name] = survey.version.raw
        if not missing:
            yield step.already("published from this very commit: nothing is built")
            return images
        digests = self.stager().stage(plan, missing)
        for lane in missing:
            images[lane.lane.name] = arrived(self.registry, plan.repository, digests[lane.lane.name], self.patience)
        yield step.done(", ".join(f"{name} is {digest.short}" for name, digest in digests.items()))
        return images

    def _inspect(
        self, plan: Plan, images: Mapping[str, RawManifest], decisions: Mapping[str, Decision]
    ) -> Flow[dict[str, Examination]]:
        examiner = Examiner(registry=self.registry, repository=plan.repository, workers=self.workers)
        found: dict[str, Examination] = {}
        for lane in plan.lanes:
            raw = images[lane.lane.name]
            step = Step("inspect", f"{lane.lane.name} {raw.digest.short}")
            yield step
            expected = Expected(platforms=plan.platforms.value, revision=plan.commit, version=str(lane.version.value))
            found[lane.lane.name] = examination = examiner.examine(raw, expected)
            require(
                examination.checks,
                f"lane {lane.lane.name}'s image {raw.digest}",
                remedy=_remedy(lane, decisions[lane.lane.name]),
            )
            yield step.done(f"{len(examination.checks)} checks good")
        return found


def _remedy(lane: LanePlan, decision: Decision) -> str:
    """What to do about an image that is not as it should be: what is published already cannot be built anew."""
    if decision.naming is Naming.CREATE:
        return "It was given no name by this run. Mend the build, then run it again."
    following = lane.lane.tag_of(lane.version.value.next_patch())
    return f"It is published as {lane.tag}, which is written once. Release the next version, {following}."


def _confirm(namer: Namer, lanes: Sequence[LanePlan], images: Mapping[str, RawManifest]) -> Flow[None]:
    for lane in lanes:
        yield from namer.confirm(lane.tag, images[lane.lane.name])


def _float(namer: Namer, lane: LanePlan, raw: RawManifest, survey: Survey, decision: Decision) -> Flow[None]:
    step = Step("float", lane.lane.floating)
    if decision.move is Move.LEAVE:
        yield step.skipped(decision.reason)
    elif decision.move is Move.ALREADY:
        yield step.already(decision.reason)
    else:
        seen = survey.floating.digest if isinstance(survey.floating, Present) else None
        yield from namer.move(lane.lane.floating, raw, seen=seen)


def _published(
    lane: LanePlan, raw: RawManifest, survey: Survey, decision: Decision, examination: Examination
) -> Published:
    moved = decision.move is Move.MOVE
    before = survey.floating.digest if isinstance(survey.floating, Present) else None
    return Published(
        plan=lane,
        digest=raw.digest,
        floating=raw.digest if moved else before,
        moved=moved,
        built=isinstance(survey.version, Absent),
        reason=decision.reason,
        examination=examination,
    )


def _naming_words(survey: Survey) -> str:
    return "absent, to be written" if isinstance(survey.version, Absent) else f"{survey.version.digest.short}, adopted"


def _move_words(decision: Decision) -> str:
    return {Move.MOVE: "moves", Move.ALREADY: "stays", Move.LEAVE: "stays"}[decision.move] + f" ({decision.reason})"
