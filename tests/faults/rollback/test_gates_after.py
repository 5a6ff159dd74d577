"""The gates that are asked again after a rollback: told and recorded, and no reader takes that for a move."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import pytest

from shiplane.cli.views.lane_status import history_text
from shiplane.config.gate import Evidence
from shiplane.config.lane import MAIN
from shiplane.core.errors import RefusedError, ShiplaneError
from shiplane.core.progress import Flow, Step, StepOutcome, StepState
from shiplane.ledger.ledger import Action, Ledger
from shiplane.registry.oci.names import Tag
from shiplane.rollback.after.gates import GatesAfterRollback
from shiplane.rollback.lane_repositories import LaneRepositories
from shiplane.rollback.result import RollbackRequest
from tests.faults.harness.faults import FOR_EVER, F, Fault, Faulty
from tests.faults.harness.invariants import Case, assert_invariants
from tests.faults.harness.scene import AIONIS, Scene, a_plan, events, finish
from tests.faults.rollback.test_rollback import WISH, scene_of

LATEST = Tag("latest")


def answered(gate: str, detail: str, *, good: bool = True) -> Evidence:
    return Evidence(gate=gate, kind="command", what="x", good=good, detail=detail, commit="c" * 40, when="now")


@dataclass
class Asking:
    """A rollback that is followed by the gates."""

    scene: Scene = field(default_factory=scene_of)
    evidence: Sequence[Evidence] = (
        answered("core", "passed"),
        answered("health", "HTTP 503, expected 200", good=False),
    )
    wishes: Sequence[RollbackRequest] = (WISH,)
    commits: list[str] = field(default_factory=list)
    keeps_ledger: bool = True
    fault: bool = False

    def flow(self) -> Flow[dict[str, list[Evidence]]]:
        who = self.scene.releaser()
        rollback = who.rolling_back()
        choices = yield from rollback.choose(self.wishes)
        yield from rollback.go_to(choices)
        if self.fault:
            broken = RefusedError("broken")
            choices = tuple(replace(each, survey=replace(each.survey, fault=broken)) for each in choices)
        lanes = (
            rollback.lanes
            if self.keeps_ledger
            else LaneRepositories(primary=rollback.lanes.primary, ledgers=lambda _lane: None)
        )
        return dict((yield from GatesAfterRollback(lanes=lanes, ask=self.ask).ask_again(choices)))

    def ask(self, commit: str) -> Flow[list[Evidence]]:
        self.commits.append(commit)
        yield Step("gate", "all")
        return list(self.evidence)

    def run(self) -> tuple[dict[str, list[Evidence]], list[StepOutcome]]:
        outcomes: list[StepOutcome] = []
        answers = finish(self.flow(), lambda event: outcomes.append(event) if isinstance(event, StepOutcome) else None)
        return answers, outcomes


def test_they_are_asked_about_the_commit_gone_back_to_when_all_is_recorded() -> None:
    asking = Asking()
    start = len(asking.scene.registry.log)
    steps = [event.name for event in events(asking.flow()) if isinstance(event, Step)]
    assert asking.commits == ["1" * 40]
    assert steps.index("gate") > steps.index("record") > steps.index("move")
    seen = asking.scene.registry.log[start:]
    assert_invariants(Case(asking.scene.registry, seen=(seen,), lowers=True, recorded=True))


def test_what_they_answer_is_recorded_and_undoes_nothing() -> None:
    asking = Asking()
    before = asking.scene.tags()
    answers, _ = asking.run()
    assert answers == {"main": list(asking.evidence)}
    assert asking.scene.tags() == {**before, "latest": before["v0.2.1"]}
    entry = asking.scene.ledger().entries[-1]
    assert [(each.name, each.good) for each in entry.evidence] == [("core", True), ("health", False)]
    assert (entry.version, str(entry.after), entry.commit) == ("0.2.1", before["v0.2.1"], "1" * 40)


def test_one_commit_is_asked_about_once_for_all_lanes_and_recorded_for_each() -> None:
    asking = Asking(wishes=[WISH, replace(WISH, lane=a_plan().lanes[1].lane)])
    answers, _ = asking.run()
    assert (len(asking.commits), set(answers)) == (1, {"main", "standalone"})
    for lane in (each.lane for each in asking.wishes):
        assert asking.scene.ledger(lane).entries[-1].evidence


def test_no_reader_takes_the_record_for_anything_else() -> None:
    plain, asking = Asking(evidence=()), Asking()
    plain.run()
    asking.run()
    without, having = plain.scene.ledger(), asking.scene.ledger()
    assert len(having.entries) == len(without.entries) + 1
    assert facts(having) == facts(without)
    *_, document = (json.loads(line) for line in having.lines)
    assert document["action"] == Action.UNMARK.value  # known to every version of the reader, and what it changes is:
    assert MAIN.version_of_tag(document["tag"]) is None
    assert MAIN.floating_tag(document["tag"]) is None
    assert asking.scene.audit().drift == ()
    with pytest.raises(RefusedError, match="rolled latest back from v"):
        finish(asking.scene.rollback(WISH))
    asking.scene.publish(a_plan("0.2.3", commit="3" * 40))
    assert asking.scene.tags()["latest"] == asking.scene.tags()["v0.2.3"]


def facts(ledger: Ledger) -> tuple[object, ...]:
    moves = [(move.version, move.before and 1, move.action) for move in ledger.moves(LATEST)]
    position = ledger.position(LATEST)
    return moves, ledger.gaps(LATEST), list(ledger.marks), position and position.version


def test_the_history_shows_it_beside_the_rollback() -> None:
    asking = Asking()
    asking.run()
    asking.scene.publish(a_plan("0.2.3", commit="3" * 40))
    finish(asking.scene.rollback(replace(WISH, again=True)))
    evidence = "gate health, not passed: HTTP 503, expected 200; passed: gate core"
    rows = [line for line in history_text(AIONIS, [asking.scene.audit()]).splitlines() if "rollback" in line]
    assert [evidence in row for row in rows] == [False, True]


@pytest.mark.parametrize(
    ("asking", "reason"),
    [
        (Asking(evidence=()), "no gate answered"),
        (Asking(keeps_ledger=False), "none is kept (ledger = false)"),
        (Asking(fault=True), "the ledger cannot be used"),
    ],
    ids=["none", "no ledger", "broken"],
)
def test_what_is_not_recorded_is_told(asking: Asking, reason: str) -> None:
    _, outcomes = asking.run()
    told = [outcome for outcome in outcomes if outcome.step.subject == "gates in ledger-main"]
    assert [(outcome.state, outcome.reason) for outcome in told] == [(StepState.SKIPPED, reason)]
    assert not asking.scene.ledger().entries[-1].evidence


def test_a_record_that_cannot_be_written_is_told_and_is_no_error() -> None:
    asking = Asking()
    registry = asking.scene.registry

    def ask(commit: str) -> Flow[list[Evidence]]:
        assert commit
        yield Step("gate", "all")
        fault = Fault(F.FORBIDDEN, "PUT", "/manifests/ledger-main", times=FOR_EVER)
        session.transport = Faulty(registry, [fault])
        return list(asking.evidence)

    who = asking.scene.releaser()
    session, rollback = who.registry.session, who.rolling_back()
    choices = finish(rollback.choose(asking.wishes))
    finish(rollback.go_to(choices))
    try:
        *_, last = events(GatesAfterRollback(lanes=rollback.lanes, ask=ask).ask_again(choices))
    except ShiplaneError as error:
        pytest.fail(error.what)
    assert isinstance(last, StepOutcome)
    assert (last.state, last.step.subject) == (StepState.FAILED, "gate results")
    assert asking.scene.ledger().entries[-1].action is Action.MARK


def test_stopped_after_any_event_from_the_gates_on_the_rollback_stands_recorded() -> None:
    said = events(Asking().flow())
    gates = next(number for number, event in enumerate(said) if isinstance(event, Step) and event.name == "gate")
    for stopped in range(gates, len(said)):
        asking = Asking()
        flow = asking.flow()
        for _ in range(stopped + 1):
            next(flow)
        flow.close()
        ledger, tags = asking.scene.ledger(), asking.scene.tags()
        position = ledger.position(LATEST)
        assert position
        assert str(position.after) == tags["latest"] == tags["v0.2.1"]
        assert list(ledger.marks) == ["v0.2.2"]
