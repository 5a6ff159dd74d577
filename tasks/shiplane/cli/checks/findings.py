"""Checks carried out side by side, and their findings as an answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from shiplane.cli.answer import Answer
from shiplane.cli.views.findings import findings_screen, findings_text, painter
from shiplane.core.errors import PrerequisiteError, ShiplaneError
from shiplane.core.finding import exit_code_of
from shiplane.doctor.doctor import Look, run_checks

if TYPE_CHECKING:
    from shiplane.cli.run import Run
    from shiplane.core.finding import Finding

T = TypeVar("T")


def answer_of(run: Run, checks: Mapping[str, Look], *, folded: bool = False) -> Answer:
    """Carry out checks; the exit code is that of what has to be fixed first.

    Args:
        run: The run.
        checks: The checks by their names.
        folded: Whether a screen shows no more than the names of those that passed.
    """
    findings = [_readable(run, finding) for finding in run.console.drive(run_checks(checks))]
    text = findings_text(findings, painter(run.env, run.console.out))
    data = {"checks": [finding.to_json() for finding in findings]}
    screen = partial(findings_screen, findings) if folded else None
    return Answer(text=text, screen=screen, data=data, exit_code=exit_code_of(findings))


def _readable(run: Run, finding: Finding) -> Finding:
    """Before lines are broken: afterwards neither a secret nor a command would be known any more."""
    reason, remedy = (run.caller.render(run.redact(text)) for text in (finding.reason, finding.remedy))
    return replace(finding, reason=reason, remedy=remedy)


def value_or_none(ask: Callable[[], T]) -> T | None:
    """A setting, or None: what is wrong with it is one of the findings."""
    try:
        return ask()
    except ShiplaneError:
        return None


def commit_of(run: Run) -> str:
    """The commit that prerequisites are asked about.

    Raises:
        ConfigurationError: The project file is broken, which is to be said first.
        PrerequisiteError: There is none.
    """
    _ = run.project
    checkout = run.checkout
    if checkout is None:
        raise PrerequisiteError(
            "this folder is not a git repository with a commit", remedy="Run the command in a git checkout."
        )
    return checkout.commit
