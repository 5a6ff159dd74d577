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

from shiplane.core import strict_json
from shiplane.core.text import quoted
from shiplane.registry.oci.names import Digest, Repository, Tag

_UNFIT = re.compile(r"\.(?=\.|/|$|lock(?:/|$))")


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
        document = strict_json.loads(text.strip().encode())
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
