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
    """An invalid flag, variable or name."""

    exit_code = 2
    kind = "usage"


class ConfigurationError(UsageError):
    """An invalid project file."""

    kind = "configuration"


class PrerequisiteError(ShiplaneError):
    """An unmet prerequisite: a dirty tree, a failed gate, a missing builder."""

    exit_code = 3
    kind = "prerequisite"


class AccessError(ShiplaneError):
    """The registry rejected the credentials, or they lack permission."""

    exit_code = 4
    kind = "access"


class RefusedError(ShiplaneError):
    """The request would overwrite a version or move a floating tag backwards."""

    exit_code = 5
    kind = "refused"


class VerificationError(ShiplaneError):
    """The registry serves something other than expected."""

    exit_code = 6
    kind = "verification"


class UnreachableError(ShiplaneError):
    """A registry or engine gave no usable response after all retries."""

    exit_code = 7
    kind = "unreachable"


class MisconfiguredError(UnreachableError):
    """This machine's setup (a certificate, a proxy) prevents a response; retrying does not help."""

    @property
    def passing(self) -> str:
        """Includes the remedy, since the next run fails the same way."""
        return f"{self.what}. {self.remedy}"


class LostRaceError(ShiplaneError):
    """Another publisher changed a tag between our read and our write."""

    exit_code = 8
    kind = "lost-race"


def did_you_mean(name: str, names: Iterable[str]) -> str:
    """The name that was probably meant, as a question for a remedy; empty where none is near."""
    import difflib

    near = difflib.get_close_matches(name, list(names), n=1)
    return f"Did you mean {near[0]}?" if near else ""
