"""The result of publishing a channel."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, TypedDict

from shiplane.config.checks.staged_check import ChecksResultJson
from shiplane.config.smoke import SmokeResultJson
from shiplane.registry.oci.document_keys import CommitJson, DigestJson, PlatformJson, TagJson
from shiplane.registry.oci.names import Digest, Repository, Tag
from shiplane.release.result import LedgerResult, LedgerResultJson

if TYPE_CHECKING:
    from shiplane.release.channel.entries import TaggedChannel
    from shiplane.release.prerequisites import PrerequisiteEvidence


class ChannelLaneResultJson(TypedDict):
    """One lane after a channel was published."""

    lane: Annotated[str, "Its name."]
    tag: TagJson
    image: Annotated[str, "The image reference with the channel's tag."]
    digest: DigestJson
    reference: Annotated[str, "The image reference with the digest, for deployments to pin."]
    mirrors: Annotated[list[str], "Further repositories that have the same tags."]
    kept: Annotated[TagJson | None, "The tag that this build keeps; null where none is kept."]
    moved: Annotated[bool, "Whether this run moved the channel's tag."]
    commit_before: Annotated[CommitJson | None, "The commit that the channel's tag was at; null if there was none."]
    platforms: Annotated[dict[PlatformJson, DigestJson], "The digest of each platform's image."]
    size: Annotated[int, "Bytes of all layers and configs."]
    built: Annotated[bool, "Whether this run built it; otherwise it was there."]
    smoke: SmokeResultJson
    checks: ChecksResultJson
    ledger: Annotated[LedgerResultJson | None, "The lane's ledger; null where none is kept."]


@dataclass(frozen=True, kw_only=True)
class ChannelLaneResult:
    """One lane after its channel was published: its tags, and its ledger; None where none is kept."""

    tagged: TaggedChannel
    recorded: LedgerResult | None

    @property
    def repository(self) -> Repository:
        """The lane's primary repository."""
        return self.tagged.image.lane.plan.repository

    @property
    def tag(self) -> Tag:
        """The channel's tag."""
        return self.tagged.image.lane.state.tag

    @property
    def digest(self) -> Digest:
        """What it has."""
        return self.tagged.image.raw.digest

    @property
    def built(self) -> bool:
        """Whether this run built the image."""
        return self.tagged.image.lane.image is None

    @property
    def commit_before(self) -> str | None:
        """The commit that the channel's tag was at, as its image says, or else the record."""
        return next(iter(self.tagged.image.lane.state.commits), None)

    def to_json(self) -> ChannelLaneResultJson:
        """The result as JSON values."""
        report, repository = self.tagged.image.report, self.repository
        return {
            "lane": self.tagged.image.lane.name,
            "tag": self.tag,
            "image": f"{repository}:{self.tag}",
            "digest": str(self.digest),
            "reference": f"{repository}@{self.digest}",
            "mirrors": [str(mirror) for mirror in self.tagged.image.lane.plan.mirrors],
            "kept": self.tagged.kept,
            "moved": self.tagged.moved,
            "commit_before": self.commit_before,
            "platforms": {str(image.platform): str(image.digest) for image in report.images},
            "size": report.size,
            "built": self.built,
            "smoke": self.tagged.image.tested.smoked.to_json(),
            "checks": self.tagged.image.tested.checked.to_json(),
            "ledger": self.recorded.to_json() if self.recorded else None,
        }


@dataclass(frozen=True)
class ChannelResult:
    """A published channel: the prerequisites' evidence, and each lane as it was read back."""

    evidence: PrerequisiteEvidence
    lanes: tuple[ChannelLaneResult, ...]
