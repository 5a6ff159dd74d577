"""Claims in memory: the same interface and the same promises as git refs (tests/e2e/test_claim.py shows those)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from shiplane.git.claim_record import Claim, VersionTag


@dataclass
class MemoryClaims:
    """What one remote keeps. Claims are never changed and never taken away."""

    kept: dict[VersionTag, Claim] = field(default_factory=dict)
    probed: int = 0

    def get(self, version_tags: Sequence[VersionTag]) -> dict[VersionTag, Claim]:
        return {version_tag: self.kept[version_tag] for version_tag in version_tags if version_tag in self.kept}

    def probe(self, version_tag: VersionTag) -> None:  # noqa: ARG002 -- everybody may
        self.probed += 1

    def create(self, claims: Sequence[Claim]) -> dict[VersionTag, Claim]:
        places = [claim.version_tag for claim in claims]
        if not any(place in self.kept for place in places):
            self.kept.update(zip(places, claims, strict=True))
        return self.get(places)

    def removal(self, version_tag: VersionTag) -> str:
        return f"forget {version_tag}"
