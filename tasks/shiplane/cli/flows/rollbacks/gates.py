"""The gates that are asked again after a rollback, and what the answer says of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from shiplane.cli.clients.prerequisites import prerequisites_of

if TYPE_CHECKING:
    from shiplane.cli.answer import Answer
    from shiplane.cli.run import Run
    from shiplane.config.gate import Evidence
    from shiplane.rollback.choice import RollbackChoice
    from shiplane.rollback.lane_repositories import LaneRepositories
    from shiplane.rollback.result import RollbackResult


def ask_gates_again(
    run: Run,
    repositories: LaneRepositories,
    choices: Sequence[RollbackChoice],
    results: Sequence[RollbackResult],
    answers: Sequence[Answer],
) -> list[Answer]:
    """Ask the gates if the project wants that and a tag moved; gives the lanes' answers with what they said.

    Neither exit code nor tags depend on it: the rollback did what it was asked for, and a deployment may not even have
    followed yet.
    """
    from shiplane.rollback.after.gates import GatesAfterRollback

    if not run.project.rollback.gates or not any(result.moved for result in results):
        return list(answers)
    if any(result.request.dry_run for result in results):
        run.console.tell("dry run: the gates are not checked again")
        return list(answers)
    gates = GatesAfterRollback(lanes=repositories, ask=lambda commit: prerequisites_of(run, commit).asked_gates())
    evidence = run.console.drive(gates.ask_again(choices))
    names = [choice.request.lane.name for choice in choices]
    return [_with_gates(answer, evidence, name) for answer, name in zip(answers, names, strict=True)]


def _with_gates(answer: Answer, evidence: Mapping[str, Sequence[Evidence]], lane: str) -> Answer:
    gates = evidence[lane]
    red = [f"gate {gate.gate} is not green: {gate.detail}\n  {gate.remedy}".rstrip() for gate in gates if not gate.good]
    green = [f"gate {gate.gate} is green: {gate.detail}" for gate in gates if gate.good]
    data = {**answer.data, "gates": [gate.to_json() for gate in gates]}
    return replace(answer, text="\n".join([answer.text, *red, *green]), data=data)
