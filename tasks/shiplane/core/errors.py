"""Errors shown to users, each with its exit code; :mod:`shiplane.cli.exits` turns them into exits."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar


class ShiplaneError(Exception):
    """Base of all errors shown as a message instead of a traceback.

    Attributes:
        what: One sentence: what happened, and to which tag, file, digest or host.
        remedy: One sentence or command that fixes it; may be empty.
        kind: What the JSON documents call it: ``usage``, ``refused`` ...
        exit_code: What a command ends with.
        result: What there is all the same, as the command prints it with ``--json``; None where it was not carried out
            to its end. :class:`shiplane.Project` alone sets it.
    """

    exit_code: ClassVar[int] = 1
    kind: ClassVar[str] = "error"
    result: Mapping[str, Any] | None = None

    def __init__(self, what: str, *, remedy: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.remedy = remedy

    @property
    def passing(self) -> str:
        """One line for a run that continues after this error."""
        return self.what

    def __str__(self) -> str:
        return f"{self.what}\n  {self.remedy}" if self.remedy else self.what


class UsageError(ShiplaneError):
    """Usage or configuration: a flag, a variable, a name or a key of the project file is wrong."""

    exit_code = 2
    kind = "usage"


class ConfigurationError(UsageError):
    """An invalid project file."""

    kind = "configuration"


class PrerequisiteError(ShiplaneError):
    """A prerequisite failed.

    A dirty or incomplete tree, a git that fails, the build, a gate, a missing builder, a file that cannot be written, a
    workflow that is out of date.
    """

    exit_code = 3
    kind = "prerequisite"


class AccessError(ShiplaneError):
    """Credentials or permission: the registry, or the git remote, rejected the credentials, or they may not do this."""

    exit_code = 4
    kind = "access"


class RefusedError(ShiplaneError):
    """Refused.

    The version exists with other content or is marked as bad; the registry differs from a saved plan; it is unclear
    what is forward; or a requested floating tag did not move.
    """

    exit_code = 5
    kind = "refused"


class VerificationError(ShiplaneError):
    """Verification, a signature, a smoke test or a check of the staged image failed.

    Or the registry and the ledger contradict each other, or the ledger is corrupt.
    """

    exit_code = 6
    kind = "verification"


class UnreachableError(ShiplaneError):
    """A registry, an engine or a git remote gave no usable response after all retries."""

    exit_code = 7
    kind = "unreachable"


class MisconfiguredError(UnreachableError):
    """This machine's setup (a certificate, a proxy) prevents a response; retrying does not help."""

    @property
    def passing(self) -> str:
        """Includes the remedy, since the next run fails the same way."""
        return f"{self.what}. {self.remedy}"


class LostRaceError(ShiplaneError):
    """Lost to a concurrent release, or the version is claimed by one."""

    exit_code = 8
    kind = "lost-race"


def did_you_mean(name: str, names: Iterable[str]) -> str:
    """The name that was probably meant, as a question for a remedy; empty where none is near."""
    import difflib

    near = difflib.get_close_matches(name, list(names), n=1)
    return f"Did you mean {near[0]}?" if near else ""
