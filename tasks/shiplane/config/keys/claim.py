"""``claim`` of the project file: where claims are kept, if they are."""

from __future__ import annotations

import re
from dataclasses import dataclass

from shiplane.config.keys.table import Table

_REMOTE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}", re.ASCII)
# Branches and git tags start workflows and are everybody's; a claim is neither.
_PREFIX = re.compile(r"refs/(?!heads/|tags/|remotes/|pull/)[a-z0-9]+(?:-[a-z0-9]+)*(?:/[a-z0-9]+(?:-[a-z0-9]+)*)*")


@dataclass(frozen=True, kw_only=True)
class ClaimSettings:
    """Where claims are kept.

    Attributes:
        remote: The git remote.
        prefix: What stands before the image and the tag in a claim's ref.
    """

    remote: str = "origin"
    prefix: str = "refs/release-claims"


def parse_claim(top: Table) -> ClaimSettings | None:
    """``claim = true``, or a table of its own; None where there is none, or it is turned off.

    Raises:
        ConfigurationError: A value has the wrong form.
    """
    given = top.fields.get("claim", False)
    if isinstance(given, bool):
        return ClaimSettings() if given else None
    table = top.table("claim")
    table.only("remote", "ref-prefix")
    fields = {"remote": table.get("remote", str), "prefix": table.get("ref-prefix", str)}
    known = {key: value for key, value in fields.items() if value is not None}
    if not _REMOTE.fullmatch(known.get("remote", "origin")):
        raise table.wrong("remote", "is no name of a git remote")
    if "prefix" in known and not _PREFIX.fullmatch(known["prefix"]):
        raise table.wrong("ref-prefix", "is no place for claims; expected one like refs/release-claims")
    return ClaimSettings(**known)
