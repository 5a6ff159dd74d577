"""A claim: the record of which digest may be written under a version tag. Created once, never changed.

It names the digest and not only the commit, because two builds of one commit have different bytes: a run that finds a
claim of its own commit goes on with the digest that was claimed, which is how a run that was killed is taken up again.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from shiplane.model import strictjson
from shiplane.model.image import Digest, Repository, Tag
from shiplane.model.redact import quoted
from shiplane.model.table import Table

_REMOTE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}", re.ASCII)
# Branches and git tags start workflows and are everybody's; a claim is neither.
_PREFIX = re.compile(r"refs/(?!heads/|tags/|remotes/|pull/)[a-z0-9]+(?:-[a-z0-9]+)*(?:/[a-z0-9]+(?:-[a-z0-9]+)*)*")

_UNFIT = re.compile(r"\.(?=\.|/|$|lock(?:/|$))")


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


@dataclass(frozen=True, kw_only=True)
class Claim:
    """Which digest may be written under one version tag.

    Attributes:
        image: The repository.
        tag: The version tag.
        digest: The one digest that it may get.
        commit: What that image was built from.
        by: Who claimed it: a run's URL, or a user and a machine.
    """

    image: Repository
    tag: Tag
    digest: Digest
    commit: str
    by: str

    def text(self) -> str:
        """What is kept: one line of JSON."""
        return json.dumps(
            {
                "image": str(self.image),
                "tag": self.tag,
                "digest": str(self.digest),
                "commit": self.commit,
                "by": self.by,
            }
        )

    @classmethod
    def parse(cls, text: str, image: Repository, tag: Tag) -> Claim:
        """Read what was kept for a version tag.

        Raises:
            ValueError: It is no claim, or one of another name.
        """
        document = strictjson.loads(text.strip().encode())
        if not isinstance(document, Mapping) or not all(isinstance(value, str) for value in document.values()):
            raise ValueError("no claim")
        fields: dict[str, Any] = dict(document)
        if (fields.get("image"), fields.get("tag")) != (str(image), tag):
            raise ValueError(f"a claim of {quoted(str(fields.get('image')), 80)}:{quoted(str(fields.get('tag')), 80)}")
        digest = Digest(fields.get("digest", ""))
        return cls(image=image, tag=tag, digest=digest, commit=fields.get("commit", ""), by=fields.get("by", ""))


def ref_of(prefix: str, image: Repository, tag: Tag) -> str:
    """The git ref of a claim: the image is part of it, so that a trial in another registry claims nothing here.

    What git does not take in a ref (git-check-ref-format(1): a port's colon, two dots, a part that ends in a dot or in
    ``.lock``) is percent-encoded.
    """
    name = _UNFIT.sub("%2E", quote(f"{image}/{tag}", safe="/-_."))
    return f"{prefix}/{name}"
