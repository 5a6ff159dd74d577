"""Findings of ``check.all``: what was checked, its state, and how to fix it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from shiplane.core.errors import PrerequisiteError, ShiplaneError
from shiplane.core.progress import StepState

# In the order in which problems are fixed: configuration, tools, permissions, then what may pass by waiting.
_ORDER = (2, 3, 4, 7)


@dataclass(frozen=True, kw_only=True)
class Finding:
    """The result of one check.

    Attributes:
        name: ``config: project file``, ``tools: buildx``.
        state: Done, skipped or failed.
        remedy: How to fix it; with state done it makes the finding a warning.
        exit_code: The exit code of a release that fails here.
    """

    name: str
    state: StepState
    reason: str
    remedy: str = ""
    exit_code: int = 0
    seconds: float = 0.0

    @property
    def is_warning(self) -> bool:
        """Whether it passed, but with a recommendation."""
        return self.state is StepState.DONE and bool(self.remedy)

    def to_json(self) -> dict[str, Any]:
        """The finding as JSON values."""
        fields = asdict(self)
        return {**fields, "state": self.state.value, "warning": self.is_warning, "seconds": round(self.seconds, 3)}


def done(name: str, reason: str, *, warning: str = "") -> Finding:
    """A passed check, possibly with a warning."""
    return Finding(name=name, state=StepState.DONE, reason=reason, remedy=warning)


def skipped(name: str, reason: str, *, remedy: str = "") -> Finding:
    """A check that was not run or is not needed."""
    return Finding(name=name, state=StepState.SKIPPED, reason=reason, remedy=remedy)


def failed(name: str, error: ShiplaneError) -> Finding:
    """A failed check: a release would stop here."""
    return Finding(name=name, state=StepState.FAILED, reason=error.what, remedy=error.remedy, exit_code=error.exit_code)


def exit_code_of(findings: Iterable[Finding]) -> int:
    """0 if nothing failed, else the code of what to fix first: 2, 3, 4, 7, then any other."""
    codes = {
        finding.exit_code or PrerequisiteError.exit_code for finding in findings if finding.state is StepState.FAILED
    }
    return next((code for code in _ORDER if code in codes), min(codes, default=0))


def summary(findings: Iterable[Finding]) -> str:
    """``5 done, 1 skipped``."""
    counted = Counter("warning" if finding.is_warning else finding.state.value for finding in findings)
    return ", ".join(
        f"{count} {state}{'s' if state == 'warning' and count > 1 else ''}" for state, count in counted.items()
    )
