"""Every error a user can meet, by situation, each with the exit code that scripts may rely on.

A message has three parts: what happened, to which object, and (the ``remedy``) what to do about it. Domain
errors know nothing of invoke; one place, :mod:`shiplane.cli.exits`, turns them into exits.
"""

from __future__ import annotations

from typing import ClassVar


class ShiplaneError(Exception):
    """Base of the errors that are answered with a message instead of a traceback.

    Args:
        what: One sentence: what happened, and to which tag, file, digest or host.
        remedy: One sentence or command: what to do next. Empty where nothing can be advised.
    """

    exit_code: ClassVar[int] = 1
    kind: ClassVar[str] = "error"

    def __init__(self, what: str, *, remedy: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.remedy = remedy

    @property
    def passing(self) -> str:
        """In one line, where the run goes on without what failed."""
        return self.what

    def __str__(self) -> str:
        return f"{self.what}\n  {self.remedy}" if self.remedy else self.what


class UsageError(ShiplaneError):
    """A flag, a variable or a name that cannot be meant as it stands."""

    exit_code = 2
    kind = "usage"


class ConfigurationError(UsageError):
    """The project file is wrong."""

    kind = "configuration"


class PrerequisiteError(ShiplaneError):
    """Something that must hold before a release does not: a dirty tree, a red gate, a missing builder."""

    exit_code = 3
    kind = "prerequisite"


class AccessError(ShiplaneError):
    """The registry refused the identity that was used."""

    exit_code = 4
    kind = "access"


class RefusedError(ShiplaneError):
    """Doing what was asked would break a promise: overwrite a version, lower a floating tag."""

    exit_code = 5
    kind = "refused"


class VerificationError(ShiplaneError):
    """What the registry serves is not what was promised."""

    exit_code = 6
    kind = "verification"


class UnreachableError(ShiplaneError):
    """A registry or an engine gave no usable answer within the retries."""

    exit_code = 7
    kind = "unreachable"


class MisconfiguredError(UnreachableError):
    """This machine has to be set up differently before there can be an answer: a certificate, a proxy. No retry."""

    @property
    def passing(self) -> str:
        """With the remedy: without it the next run fares no better."""
        return f"{self.what}. {self.remedy}"


class LostRaceError(ShiplaneError):
    """Another publisher changed a tag between our look and our write."""

    exit_code = 8
    kind = "lost-race"
