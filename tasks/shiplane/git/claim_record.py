"""A claim records the digest that may be published under a version tag. Created once, never changed.

It names the digest, since two builds of one commit differ: a run that finds a claim of its own commit continues with
the claimed digest, which resumes a killed run.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple
from urllib.parse import quote

from shiplane.core import strict_json
from shiplane.core.text import quoted
from shiplane.registry.oci.names import Digest, Repository, Tag

_UNFIT = re.compile(r"\.(?=\.|/|$|lock(?:/|$))")


class VersionTag(NamedTuple):
    """A version tag of a repository: what is claimed. Several lanes may have one tag, each in its own repository."""

    image: Repository
    tag: Tag

    def __str__(self) -> str:
        return f"{self.image}:{self.tag}"


@dataclass(frozen=True, kw_only=True)
class Claim:
    """The digest claimed for a version tag; ``by`` is a run's URL, or a user and a machine."""

    image: Repository
    tag: Tag
    digest: Digest
    commit: str
    by: str

    @property
    def version_tag(self) -> VersionTag:
        """What is claimed."""
        return VersionTag(self.image, self.tag)

    def text(self) -> str:
        """The claim as one line of JSON."""
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
    def parse(cls, text: str, version_tag: VersionTag) -> Claim:
        """Parse the claim of a version tag.

        Raises:
            ValueError: Not a claim, or one of another tag.
        """
        document = strict_json.loads(text.strip().encode())
        if not isinstance(document, Mapping) or not all(isinstance(value, str) for value in document.values()):
            raise ValueError("no claim")
        fields: dict[str, Any] = dict(document)
        image, tag = version_tag
        if (fields.get("image"), fields.get("tag")) != (str(image), tag):
            raise ValueError(f"a claim of {quoted(str(fields.get('image')), 80)}:{quoted(str(fields.get('tag')), 80)}")
        digest = Digest(fields.get("digest", ""))
        return cls(image=image, tag=tag, digest=digest, commit=fields.get("commit", ""), by=fields.get("by", ""))


def ref_of(prefix: str, version_tag: VersionTag) -> str:
    """The git ref of a claim; it includes the image, so that a trial in another registry claims nothing here.

    What git rejects in a ref (git-check-ref-format(1)) is percent-encoded: a port's colon, two dots, a part ending in a
    dot or in ``.lock``.
    """
    name = _UNFIT.sub("%2E", quote(f"{version_tag.image}/{version_tag.tag}", safe="/-_."))
    return f"{prefix}/{name}"
