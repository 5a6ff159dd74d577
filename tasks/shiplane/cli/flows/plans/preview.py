"""What a plan finds out beside its settings: each tag before and after, and what a release would be refused for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from shiplane.cli.views.release import stayed_text
from shiplane.core.errors import AccessError, RefusedError, UnreachableError
from shiplane.ledger.ledger import BrokenLedgerError

if TYPE_CHECKING:
    from shiplane.cli.documents import NamedCredentialJson
    from shiplane.cli.run import Run
    from shiplane.config.plan import LanePlan, Plan
    from shiplane.registry.oci.names import Repository
    from shiplane.release.planning.decision import Decision
    from shiplane.verify.survey import Survey

# Seconds for all that a plan reads of a registry that it could do without.
_LIMIT = 60.0


@dataclass(frozen=True, kw_only=True)
class Preview:
    """The registry as it is, and what a release would do to it.

    Attributes:
        lanes: By name, the lane's tags as they are, and the decision, or why it would be refused.
        doubt: Why the registry could not be asked; then there are no lanes.
        broken_ledger: The same, where it is for a broken ledger.
    """

    lanes: Mapping[str, tuple[Survey, Decision | str]] = field(default_factory=dict)
    doubt: str = ""
    broken_ledger: BrokenLedgerError | None = None

    def refusal(self, plan: Plan) -> RefusedError | None:
        """How a release would end as things are, where it would not end well."""
        from shiplane.release.source_check import check_version_file

        try:
            for lane in plan.lanes:
                check_version_file(lane.lane, lane.version, lane.version_file)
        except RefusedError as error:
            return error
        lanes = [lane for lane in plan.lanes if not lane.version.value.is_snapshot and self.lanes]
        decisions = [(lane, self.lanes[lane.lane.name][1]) for lane in lanes]
        reasons = [
            f"{lane.tag}{plan.where(lane)} would be refused: {decision}"
            for lane, decision in decisions
            if isinstance(decision, str)
        ]
        for lane, decision in decisions:
            unmet = () if isinstance(decision, str) else decision.unmet
            reasons += [stayed_text(plan, lane, move.tag, move.reason) for move in unmet]
        return RefusedError("\n".join(reasons)) if reasons else None


def preview(run: Run, plan: Plan, *, certain: bool) -> Preview:
    """Ask the registry about each lane, in every repository.

    Raises:
        AccessError, UnreachableError, BrokenLedgerError: It could not be asked, and the plan is to be certain: one that
            is kept promises that the registry still is as it saw it.
    """
    try:
        return Preview(lanes=_survey(run, plan))
    except (UnreachableError, AccessError, BrokenLedgerError) as error:
        if certain:
            raise
        broken = error if isinstance(error, BrokenLedgerError) else None
        why = "a release would be refused" if broken else "the registry was not asked"
        return Preview(doubt=f"{why}: {error.passing}", broken_ledger=broken)


def _survey(run: Run, plan: Plan) -> dict[str, tuple[Survey, Decision | str]]:
    from shiplane.registry.oci.names import Repository
    from shiplane.verify.surveyor import Surveyor

    clients, surveyors = run.registries, dict[Repository, Surveyor]()
    for primary in plan.primaries:
        registry = clients.impatient(clients.reader(primary), within=_LIMIT)
        surveyors[primary] = Surveyor(registry=registry, ledgers=clients.ledgers(primary, registry))
    surveyed: dict[str, tuple[Survey, Decision | str]] = {}
    for lane in plan.lanes:
        survey = surveyors[lane.repository].survey(lane)
        surveyed[lane.lane.name] = survey, _decide(run, plan, lane, survey)
    return surveyed


def _decide(run: Run, plan: Plan, lane: LanePlan, survey: Survey) -> Decision | str:
    """The decision, or why there would be a refusal: a plan shows it, a publish ends with it."""
    from shiplane.release.planning.decision import decide

    try:
        decision = decide(lane, survey, plan.commit)
        for mirror in lane.mirrors:
            _check_mirror(run, lane, mirror, survey, decision)
    except RefusedError as error:
        return str(error)
    return decision


def _check_mirror(run: Run, lane: LanePlan, mirror: Repository, survey: Survey, decision: Decision) -> None:
    """Check that a lane's tags in a further repository can be brought to the primary's.

    Raises:
        RefusedError: A tag there has other content.
        AccessError, UnreachableError: It could not be asked.
    """
    from shiplane.release.mirrors.survey import MirrorSurveyor
    from shiplane.release.ready_lane import LaneDecision

    clients = run.registries
    registry = clients.impatient(clients.reader(mirror), within=_LIMIT)
    surveyor = MirrorSurveyor(registry=registry, probe=False)
    mirror_lane = surveyor.survey_lane(lane, registry, LaneDecision(survey, decision), may_push=False)
    mirror_lane.describe(decision)


def ignored_files(run: Run, plan: Plan) -> list[str]:
    """What is in a context and in no commit: what the build takes of it, another machine may not have."""
    contexts = [PurePosixPath(lane.lane.context) for lane in plan.lanes]
    return [
        path
        for path in run.git.ignored_paths()
        if any(PurePosixPath(path).is_relative_to(context) for context in contexts)
    ]


def credential_notes(run: Run, plan: Plan) -> tuple[NamedCredentialJson | None, str]:
    """The variables that a release would send to a registry on the project file's word alone.

    Returns:
        Those of the first such registry as JSON, and those of all as text.
    """
    named: list[NamedCredentialJson] = []
    notes: list[str] = []
    for registry in dict.fromkeys(image.registry for lane in plan.lanes for image in lane.images.value):
        try:
            candidates = run.credentials.variables(registry)
        except AccessError as error:
            notes.append(f"credential  {error.what}")
            continue
        candidate = next((candidate for candidate in candidates if candidate.credential), None)
        if candidate and not candidate.belongs:
            named.append({"registry": registry, "variables": candidate.source})
            only = f"only {run.project.name} assigns it to that registry"
            notes.append(f"credential  {candidate.source} would be sent to {registry}: {only}")
    return next(iter(named), None), "".join(f"\n\n{note}" for note in notes)
