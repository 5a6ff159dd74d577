"""Claims in memory: the same interface and the same promises as git refs (tests/e2e/test_claim.py shows those)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from shiplane.git.claim_record import Claim
from shiplane.registry.oci.names import Repository, Tag


@dataclass
class MemoryClaims:
    """What one remote keeps. Claims are never changed and never taken away."""

    kept: dict[tuple[Repository, Tag], Claim] = field(default_factory=dict)
    probed: int = 0

    def get(self, image: Repository, tags: Sequence[Tag]) -> dict[Tag, Claim]:
        return {tag: self.kept[image, tag] for tag in tags if (image, tag) in self.kept}

    def probe(self, image: Repository, tag: Tag) -> None:  # noqa: ARG002 -- everybody may
        self.probed += 1

    def create(self, claims: Sequence[Claim]) -> dict[Tag, Claim]:
        places = [(claim.image, claim.tag) for claim in claims]
        if not any(place in self.kept for place in places):
            self.kept.update(zip(places, claims, strict=True))
        return self.get(claims[0].image, [claim.tag for claim in claims])

    def removal(self, image: Repository, tag: Tag) -> str:
        return f"forget {image}:{tag}"
