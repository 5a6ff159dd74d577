"""Results of checking an image: expected, found, and whether the two agree."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, TypedDict

from shiplane.core.errors import VerificationError


class CheckJson(TypedDict):
    """One check of an image."""

    name: Annotated[str, "What was checked: platforms, child, config, revision ..."]
    subject: Annotated[str, "The tag, digest or platform that was checked."]
    good: Annotated[bool, "Whether it is as expected."]
    expected: Annotated[str, "What was expected; empty if nothing in particular was."]
    found: Annotated[str, "What was found."]
    warning: Annotated[bool, "Whether it is good, but not as shiplane builds it."]


@dataclass(frozen=True)
class Check:
    """The result of one check.

    Attributes:
        name: ``platforms``, ``child``, ``config``, ``revision`` ...
        subject: The tag, digest or platform checked.
        expected: For people to read, like ``found``.
        warning: Good, but not as shiplane builds it.
    """

    name: str
    subject: str
    good: bool
    expected: str = ""
    found: str = ""
    warning: bool = False

    def to_json(self) -> CheckJson:
        """The check as JSON values."""
        return {
            "name": self.name,
            "subject": self.subject,
            "good": self.good,
            "expected": self.expected,
            "found": self.found,
            "warning": self.warning,
        }

    def __str__(self) -> str:
        if not self.expected:
            return f"{self.subject}: {self.found}"
        return f"{self.name} of {self.subject}: expected {self.expected}, found {self.found}"


def checks_summary(checks: Iterable[Check]) -> str:
    """``12 checks good``, with the names of those that gave a warning."""
    results = list(checks)
    warnings = ", ".join(dict.fromkeys(check.name for check in results if check.warning))
    return f"{len(results)} checks good" + (f", with a warning about {warnings}" if warnings else "")


def require(checks: Iterable[Check], subject: str, *, remedy: str) -> None:
    """Fail if any check failed.

    Raises:
        VerificationError: Lists each failed check.
    """
    bad = [str(check) for check in checks if not check.good]
    if bad:
        raise VerificationError(f"{subject} failed verification:\n  " + "\n  ".join(bad), remedy=remedy)
