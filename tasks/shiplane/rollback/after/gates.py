"""Ask the gates again once floating tags have moved back: told and recorded, and nothing is undone by what they answer.

The rollback is recorded before: a gate may take minutes to answer, and who interrupts it loses nothing but the answer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from shiplane.config.gate import Evidence
from shiplane.core.errors import ShiplaneError
from shiplane.core.plurals import NO_LEDGER
from shiplane.core.progress import Flow, Step
from shiplane.ledger.evidence import recorded_evidence
from shiplane.ledger.ledger import Action, Entry
from shiplane.ledger.recorder import EntryAuthor, LedgerUpdate, record
from shiplane.rollback.choice import RollbackChoice
from shiplane.rollback.lane_repositories import LaneRepositories


@dataclass(frozen=True, kw_only=True)
class GatesAfterRollback:
    """Asks the gates after a rollback.

    Attributes:
        lanes: Where the lanes are recorded.
        ask: Asks every gate about a commit; none that is not green raises an error.
    """

    lanes: LaneRepositories
    ask: Callable[[str], Flow[list[Evidence]]]

    def ask_again(self, choices: Sequence[RollbackChoice]) -> Flow[Mapping[str, list[Evidence]]]:
        """Ask about the commit that each lane's widest floating tag is at now, about each commit once.

        Returns:
            What they answered, by the lane's name.
        """
        answers: dict[str, list[Evidence]] = {}
        for commit in dict.fromkeys(map(_commit_of, choices)):
            answers[commit] = yield from self.ask(commit)
        yield from self._record(choices, answers)
        return {choice.request.lane.name: answers[_commit_of(choice)] for choice in choices}

    def _record(self, choices: Sequence[RollbackChoice], answers: Mapping[str, list[Evidence]]) -> Flow[None]:
        """Add what they answered to each ledger; one that cannot be written is told, since the rollback is recorded."""
        updates = []
        for choice in choices:
            lane, evidence = choice.request.lane, answers[_commit_of(choice)]
            ledgers = self.lanes.ledgers(lane)
            if ledgers is None or choice.survey.fault or not evidence:
                reason = (
                    "no gate answered"
                    if not evidence
                    else NO_LEDGER
                    if ledgers is None
                    else "the ledger cannot be used"
                )
                yield Step("record", f"gates in {lane.ledger}").skipped(reason)
                continue
            updates.append(LedgerUpdate(store=ledgers.store(lane), entries=[_entry(ledgers.author, choice, evidence)]))
        try:
            yield from record(updates)
        except ShiplaneError as error:
            yield Step("record", "gate results").failed(error.what)


def _commit_of(choice: RollbackChoice) -> str:
    """What the widest floating tag's image was built from; empty if it does not say so."""
    return choice.tags[0].target.report.revision


def _entry(author: EntryAuthor, choice: RollbackChoice, evidence: Sequence[Evidence]) -> Entry:
    """What was asked, under the ledger's own tag, which is no version and no floating tag.

    A reader refuses a ledger with an unknown action, so it has one that every reader knows and that changes nothing
    there: what has no mark is unmarked.
    """
    target = choice.tags[0].target
    entry = author.entry(
        Action.UNMARK,
        tag=choice.request.lane.ledger,
        version=str(target.version),
        after=target.raw.digest,
        commit=target.report.revision,
        why="the gates were checked again",
    )
    return replace(entry, evidence=recorded_evidence(evidence, ()))
