"""The JSON documents of a promotion."""

from __future__ import annotations

from typing import Annotated, TypedDict

from shiplane.registry.oci.document_keys import DigestJson, TagJson
from shiplane.release.result import LaneResultJson


class AttachedJson(TypedDict):
    """What refers to a promoted image, and is listed in the target."""

    referrers: Annotated[
        dict[DigestJson, list[DigestJson]], "By the manifest that they refer to: the index, a child, a referrer."
    ]
    tags: Annotated[list[TagJson], "The tags that cosign writes beside lists of referrers."]
    left_out: Annotated[list[str], "Listed entries of the source that are gone, or refer to something else."]


class PromotionJson(TypedDict):
    """What a promotion wrote."""

    source: Annotated[str, "The image reference that it was copied from."]
    new: Annotated[bool, "Whether this run created the version tag; otherwise it was there, with this digest."]
    attached: AttachedJson
    lane: LaneResultJson
