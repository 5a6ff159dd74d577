"""Findings of the doctor: what was looked at, how it is, and what to do about it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from shiplane.core.errors import PrerequisiteError, ShiplaneError
from shiplane.core.progress import StepState

# What is mended first stands first: without a configuration nothing else was asked rightly, a missing tool comes before
# a permission, and both before something that may come right by waiting.
_ORDER = (2, 3, 4, 7)


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One row.

    Attributes:
        name: What was looked at: ``config: project file``, ``tools: buildx``.
        state: Done, skipped or failed.
        reason: What was found.
        remedy: What to do; for something done it makes a warning of it.
        exit_code: What it costs a release when it failed.
        seconds: How long looking took.
    """

    name: str
    state: StepState
    reason: str
    remedy: str = ""
    exit_code: int = 0
    seconds: float = 0.0

    @property
    def is_warning(self) -> bool:
        """Whether it is good enough, and still wants something done."""
        return self.state is StepState.DONE and bool(self.remedy)

    def to_json(self) -> dict[str, Any]:
        """The row as JSON values."""
        fields = asdict(self)
        return {**fields, "state": self.state.value, "warning": self.is_warning, "seconds": round(self.seconds, 3)}


def done(name: str, reason: str, *, warning: str = "") -> Finding:
    """It is as it should be, or nearly so."""
    return Finding(name=name, state=StepState.DONE, reason=reason, remedy=warning)


def skipped(name: str, reason: str, *, remedy: str = "") -> Finding:
    """It was not looked at, or it is not needed."""
    return Finding(name=name, state=StepState.SKIPPED, reason=reason, remedy=remedy)


def failed(name: str, error: ShiplaneError) -> Finding:
    """A release would end here."""
    return Finding(name=name, state=StepState.FAILED, reason=error.what, remedy=error.remedy, exit_code=error.exit_code)


def exit_code_of(findings: Iterable[Finding]) -> int:
    """0 when nothing failed, else the code of what has to be mended first: 2, 3, 4, 7, then any other."""
    codes = {
        finding.exit_code or PrerequisiteError.exit_code for finding in findings if finding.state is StepState.FAILED
    }
    return next((code for code in _ORDER if code in codes), min(codes, default=0))


def summary(findings: Iterable[Finding]) -> str:
    """``5 done, 1 skipped``: how many are in which state."""
    counted = Counter("warning" if finding.is_warning else finding.state.value for finding in findings)
    return ", ".join(
        f"{count} {state}{'s' if state == 'warning' and count > 1 else ''}" for state, count in counted.items()
    )
