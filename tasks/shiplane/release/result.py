"""The result of a release."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, TypedDict

from shiplane.config.checks.staged_check import NOT_CHECKED, ChecksResult, ChecksResultJson
from shiplane.config.plan import LanePlan
from shiplane.config.smoke import NOT_CONFIGURED, SmokeResult, SmokeResultJson
from shiplane.core.schema.values import Choice
from shiplane.ledger.ledger import Action
from shiplane.registry.oci.document_keys import DigestJson, PlatformJson, TagJson
from shiplane.registry.oci.names import Digest, Repository, Tag
from shiplane.signing.sign import SignedImage, SignedJson
from shiplane.verify.floating_tags import FloatingTagJson, FloatingTagState
from shiplane.verify.image_check import ImageReport

if TYPE_CHECKING:
    from shiplane.ledger.recorder import LedgerUpdate


class LedgerResultJson(TypedDict):
    """A lane's ledger after a release."""

    tag: TagJson
    image: Annotated[str, "The reference of the ledger, in its own repository if one is configured."]
    digest: Annotated[
        DigestJson | None, "What it is now, this run's entries included; null where the registry did not say."
    ]
    added: Annotated[
        list[Annotated[str, Choice.of(Action.PUBLISH.value, Action.FLOAT.value)]],
        "What this run wrote into it; nothing where all of it stood there already.",
    ]


class FloatingTagResultJson(FloatingTagJson):
    """A floating tag after a release."""

    moved: Annotated[bool, "Whether this run moved it."]
    reason: Annotated[str, "Why it moved or stayed."]


class MirrorResultJson(TypedDict):
    """A lane in a further repository, which has the primary's bytes."""

    image: Annotated[str, "The image reference with the version tag."]
    reference: Annotated[str, "The image reference with the digest."]
    floating_tags: Annotated[list[FloatingTagResultJson], "The floating tags there, in the order in which they move."]


class LaneResultJson(TypedDict):
    """One lane after a release."""

    lane: Annotated[str, "Its name."]
    version: Annotated[str, "X.Y.Z."]
    tag: TagJson
    aliases: Annotated[list[TagJson], "Further tags of the version, with the same digest."]
    image: Annotated[str, "The image reference with the version tag."]
    digest: DigestJson
    reference: Annotated[str, "The image reference with the digest, for deployments to pin."]
    platforms: Annotated[dict[PlatformJson, DigestJson], "The digest of each platform's image."]
    size: Annotated[int, "Bytes of all layers and configs."]
    built: Annotated[bool, "Whether this run built it; otherwise it was there."]
    floating_tags: Annotated[
        list[FloatingTagResultJson],
        "The floating tags in whose range the version is, in the order in which they move.",
    ]
    mirrors: Annotated[list[MirrorResultJson], "The further repositories."]
    smoke: SmokeResultJson
    signature: Annotated[SignedJson | None, "By whom it is signed; null where nothing is configured."]
    checks: ChecksResultJson
    ledger: Annotated[LedgerResultJson | None, "The lane's ledger; null where none is kept."]


@dataclass(frozen=True, kw_only=True)
class LedgerResult:
    """A lane's ledger after a release.

    Attributes:
        digest: Its digest with this run's entries; None if the registry did not say.
        added: The actions that this run recorded; empty if all were recorded before.
    """

    repository: Repository
    tag: Tag
    digest: Digest | None
    added: tuple[str, ...]

    @classmethod
    def of(cls, update: LedgerUpdate, digest: Digest | None) -> LedgerResult:
        """The ledger that an update was written to, and its digest with that."""
        store, added = update.store, tuple(entry.action.value for entry in update.entries)
        return cls(repository=store.registry.repository, tag=store.tag, digest=digest, added=added)

    def to_json(self) -> LedgerResultJson:
        """The ledger as JSON values."""
        return {
            "tag": self.tag,
            "image": f"{self.repository}:{self.tag}",
            "digest": str(self.digest) if self.digest else None,
            "added": list(self.added),
        }


@dataclass(frozen=True, kw_only=True)
class FloatingTagResult:
    """A floating tag after a release.

    Attributes:
        state: Where it is.
        moved: Whether this run moved it.
        reason: Why it moved or stayed.
        unmet: Whether it did not move although that was requested.
        change: Its move, for display: ``v0.2.1 -> v0.2.2``; empty where it did not move.
    """

    state: FloatingTagState
    moved: bool
    reason: str
    unmet: bool = False
    change: str = ""

    @property
    def tag(self) -> Tag:
        """Its name."""
        return self.state.tag

    @property
    def digest(self) -> Digest | None:
        """Its digest; None if it does not exist."""
        return self.state.digest

    def to_json(self) -> FloatingTagResultJson:
        """The tag as JSON values."""
        return {**self.state.to_json(), "moved": self.moved, "reason": self.reason}


@dataclass(frozen=True, kw_only=True)
class MirrorResult:
    """A lane in a further repository after a release."""

    repository: Repository
    floating_tags: tuple[FloatingTagResult, ...]

    def to_json(self, tag: Tag, digest: Digest) -> MirrorResultJson:
        """The result as JSON values."""
        return {
            "image": f"{self.repository}:{tag}",
            "reference": f"{self.repository}@{digest}",
            "floating_tags": [floating.to_json() for floating in self.floating_tags],
        }


@dataclass(frozen=True, kw_only=True)
class LaneResult:
    """One lane after a release.

    Attributes:
        plan: What was to be done.
        digest: The version tag's digest.
        floating_tags: The floating tags in whose range the version is, in the order in which they move.
        built: Whether this run built the image.
        report: What the image consists of.
        smoked: How its smoke tests ended.
        signed: By whom it is signed; None where that is not configured.
        checked: How its checks ended.
        recorded: The lane's ledger; None where none is kept.
        mirrors: The lane in its further repositories.
    """

    plan: LanePlan
    digest: Digest
    floating_tags: tuple[FloatingTagResult, ...]
    built: bool
    report: ImageReport
    smoked: SmokeResult = NOT_CONFIGURED
    signed: SignedImage | None = None
    checked: ChecksResult = NOT_CHECKED
    recorded: LedgerResult | None = None
    mirrors: tuple[MirrorResult, ...] = ()

    @property
    def unmet(self) -> tuple[FloatingTagResult, ...]:
        """The floating tags that did not move although that was requested."""
        return tuple(floating for floating in self.floating_tags if floating.unmet)

    def to_json(self) -> LaneResultJson:
        """The result as JSON values."""
        repository = self.plan.repository
        return {
            "lane": self.plan.lane.name,
            "version": str(self.plan.version.value),
            "tag": self.plan.tag,
            "aliases": list(self.plan.aliases),
            "image": f"{repository}:{self.plan.tag}",
            "digest": str(self.digest),
            "reference": f"{repository}@{self.digest}",
            "platforms": {str(image.platform): str(image.digest) for image in self.report.images},
            "size": self.report.size,
            "built": self.built,
            "floating_tags": [floating.to_json() for floating in self.floating_tags],
            "mirrors": [mirror.to_json(self.plan.tag, self.digest) for mirror in self.mirrors],
            "smoke": self.smoked.to_json(),
            "signature": self.signed.to_json() if self.signed else None,
            "checks": self.checked.to_json(),
            "ledger": self.recorded.to_json() if self.recorded else None,
        }
