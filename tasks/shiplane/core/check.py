"""Findings: what was expected of an image, what the registry serves, and whether that is good."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from shiplane.core.errors import VerificationError


@dataclass(frozen=True)
class Check:
    """One thing looked at.

    Attributes:
        name: Which check: ``platforms``, ``child``, ``config``, ``revision`` ...
        subject: The tag, digest or platform that was looked at.
        good: Whether it is as it should be.
        expected: What should be there, for people to read.
        found: What is there.
        warning: Whether it is not as we make it, and yet no fault: good, and worth a word.
    """

    name: str
    subject: str
    good: bool
    expected: str = ""
    found: str = ""
    warning: bool = False

    def to_json(self) -> dict[str, Any]:
        """The check as JSON values."""
        return asdict(self)

    def __str__(self) -> str:
        if not self.expected:
            return f"{self.subject}: {self.found}"
        return f"{self.name} of {self.subject}: expected {self.expected}, found {self.found}"


def checks_summary(checks: Iterable[Check]) -> str:
    """Good findings in a few words: how many there are, and what there is a warning about."""
    known = list(checks)
    warnings = ", ".join(dict.fromkeys(check.name for check in known if check.warning))
    return f"{len(known)} checks good" + (f", with a warning about {warnings}" if warnings else "")


def require(checks: Iterable[Check], what: str, *, remedy: str) -> None:
    """Let nothing pass that has a bad finding.

    Raises:
        VerificationError: Naming each bad one.
    """
    bad = [str(check) for check in checks if not check.good]
    if bad:
        raise VerificationError(f"{what} is not as it should be:\n  " + "\n  ".join(bad), remedy=remedy)
