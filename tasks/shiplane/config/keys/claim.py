"""``claim`` of the project file: where claims are kept, if they are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from shiplane.core.schema.tables import Key, Table
from shiplane.core.schema.values import Boolean, Either, Text

# Not shown: it may be a URL with a password.
_REMOTE = Text(pattern="[A-Za-z0-9][A-Za-z0-9._-]{0,99}", problem="is not the name of a git remote", shown=False)
# Branches and git tags start workflows and are everybody's; a claim is neither.
_PREFIX = Text(
    pattern="refs/(?!heads/|tags/|remotes/|pull/)[a-z0-9]+(?:-[a-z0-9]+)*(?:/[a-z0-9]+(?:-[a-z0-9]+)*)*",
    problem="is not a ref prefix for claims",
    remedy="Example: refs/release-claims.",
)


@dataclass(frozen=True, kw_only=True)
class ClaimSettings:
    """Where claims are kept."""

    remote: Annotated[str, Key("Name of the git remote.", _REMOTE)] = "origin"
    prefix: Annotated[
        str,
        Key(
            "Prefix of a claim's ref, before image and version tag. Not a branch or git tag.",
            _PREFIX,
            "ref-prefix",
        ),
    ] = "refs/release-claims"


CLAIM = Either((Boolean(), Table.of(ClaimSettings, "claim")))
