"""Read a lane before a rollback: its floating tags and its ledger."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from shiplane.config.floating_tag import FloatingTag
from shiplane.config.lane import Lane
from shiplane.config.version import Version
from shiplane.core.errors import ShiplaneError
from shiplane.core.progress import Flow, Step
from shiplane.core.system.parallel import WORKERS
from shiplane.ledger.foreign_tags import with_adopted_tags, with_foreign_tags
from shiplane.ledger.recorder import Ledgers
from shiplane.ledger.store import LedgerSnapshot, LedgerStore
from shiplane.registry.client import RegistryClient
from shiplane.registry.lookup import CONSISTENCY_WAIT, resolve_all
from shiplane.registry.oci.lookup_result import Absent, Present, digest_of
from shiplane.rollback.first_reading import FirstReading
from shiplane.rollback.lane_survey import Answers, LaneSurvey
from shiplane.verify.floating_tags import existing_floating_tags


@dataclass(frozen=True, kw_only=True)
class LaneReader:
    """Reads lanes of one repository.

    Attributes:
        registry: Where they are.
        ledgers: Their ledgers; None where none is kept.
        workers: How many reads at once.
        where: The repository for display behind tags, or nothing.
    """

    registry: RegistryClient
    ledgers: Ledgers | None
    workers: int = WORKERS
    where: str = ""

    def survey(self, lane: Lane, to: Version | None = None) -> Flow[LaneSurvey]:
        """Read a lane's floating tags and ledger; a broken ledger stops nobody from leaving a bad version.

        Args:
            lane: The lane.
            to: The version to go to, if it is known: it is read beside them.

        Raises:
            AccessError, UnreachableError: The registry refused, or gave no reliable answer.
        """
        names = ", ".join(map(str, lane.floating_templates)) or lane.name
        step = Step("registry", f"{names}{self.where}")
        yield step
        store = self.ledgers.store(lane) if self.ledgers else None
        reading = FirstReading.of(self.registry, store)
        listed = reading.list_tags(lane, to, workers=self.workers)
        answers: Answers = self._read(reading.registry, lane.floating_tags_among(listed))
        survey = LaneSurvey(
            registry=reading.registry, lane=with_foreign_tags(lane, listed), listed=listed, answers=answers
        )
        if store is None:
            yield step.done(f"{_positions(answers)}; no ledger is kept, so no version is known to be bad")
            return survey
        try:
            answers, snapshot = self._read_consistent(reading, store, survey)
        except ShiplaneError as error:
            yield step.failed(f"{_positions(answers)}; continuing without the ledger, which is unusable: {error.what}")
            return replace(survey, fault=error)
        survey = replace(survey, lane=with_adopted_tags(lane, snapshot.ledger), answers=answers, snapshot=snapshot)
        yield step.done(f"{_positions(answers)}; {survey.ledger_state}")
        return survey

    def _read(self, registry: RegistryClient, tags: Iterable[FloatingTag]) -> dict[FloatingTag, Present | Absent]:
        asked = list(tags)
        answers = resolve_all(registry, [floating.tag for floating in asked], workers=self.workers)
        return dict(zip(asked, answers, strict=True))

    def _read_consistent(
        self, reading: FirstReading, store: LedgerStore, survey: LaneSurvey
    ) -> tuple[Answers, LedgerSnapshot]:
        """The floating tags and the ledger, read again for seconds while they contradict each other: one may lag.

        If they never agree, a tag was moved without a record, and counts as it is.
        """
        snapshot, latest = reading.snapshot(store), dict(survey.answers)
        for _ in self.registry.retry_budget.poll(CONSISTENCY_WAIT, condition=_contradiction(snapshot, latest)):
            existing = existing_floating_tags(survey.lane, snapshot.ledger, survey.listed)
            latest = {**latest, **self._read(reading.registry, (tag for tag in existing if tag not in latest))}
            differing = _differing(snapshot, latest)
            if not differing:
                break
            latest, snapshot = {**latest, **self._read(self.registry.fresh, differing)}, store.read_verified()
        in_order = survey.lane.floating_tags_among([floating.tag for floating in latest])
        return {floating: latest[floating] for floating in in_order}, snapshot


def _differing(snapshot: LedgerSnapshot, answers: Answers) -> list[FloatingTag]:
    """The floating tags that are not where the ledger has them."""
    positions = {floating: snapshot.ledger.position(floating.tag) for floating in answers}
    return [tag for tag, position in positions.items() if position and position.after != digest_of(answers[tag])]


def _contradiction(snapshot: LedgerSnapshot, answers: Answers) -> str:
    names = [floating.tag for floating in _differing(snapshot, answers)]
    return f"{names[0] if len(names) == 1 else 'a floating tag'} does not read as it was recorded"


def _positions(answers: Answers) -> str:
    """Where the widest one is; the others follow when they are moved."""
    widest = next(reversed(list(answers.items())), None)
    if widest is None:
        return "no floating tag exists"
    floating, answer = widest
    position = f"at {answer.digest.short}" if isinstance(answer, Present) else "does not exist"
    return position if len(answers) == 1 else f"{floating} {position}"
