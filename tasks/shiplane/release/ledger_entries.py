"""Record a release: this run's entries in each lane's ledger, and those that an earlier run could not record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from shiplane.config.plan import LanePlan
from shiplane.core.progress import Flow
from shiplane.ledger.evidence import RecordedEvidence, recorded_evidence
from shiplane.ledger.ledger import Action, Entry, with_evidence
from shiplane.ledger.recorder import EntryAuthor, Ledgers, LedgersOf, LedgerUpdate, record_kept
from shiplane.registry.oci.lookup_result import Present
from shiplane.registry.oci.manifest import Descriptor
from shiplane.registry.oci.names import Digest, Tag
from shiplane.release.result import LedgerResult
from shiplane.verify.floating_tags import FloatingTagState
from shiplane.verify.survey import Survey

if TYPE_CHECKING:
    from shiplane.release.ready_lane import TaggedLane


@dataclass(frozen=True, kw_only=True)
class FloatingTagChange:
    """A floating tag, and what a release did to it.

    Attributes:
        surveyed: Where it was surveyed.
        moved: Whether this run moved it.
        before: Its digest before that.
    """

    surveyed: FloatingTagState
    moved: bool
    before: Digest | None


@dataclass(frozen=True, kw_only=True)
class LaneRelease:
    """One lane after its release.

    Attributes:
        plan: What was to be done.
        commit: What the image was built from.
        digest: The version tag's digest.
        floating_tags: What was done to the floating tags.
        images: The image's platforms.
        evidence: What gates and checks answered.
        origin: The reference that it was promoted from; empty if it was released here.
    """

    plan: LanePlan
    commit: str
    digest: Digest
    floating_tags: Sequence[FloatingTagChange]
    images: Sequence[Descriptor]
    evidence: tuple[RecordedEvidence, ...] = ()
    origin: str = ""

    def entries(self, author: EntryAuthor, survey: Survey) -> list[Entry]:
        """The entries that the surveyed ledger lacks, the first of them with the evidence."""
        aliases = (self._alias(author, survey, alias) for alias in self.plan.aliases)
        entries = [
            self._publication(author, survey),
            *aliases,
            *(self._move(author, tag) for tag in self.floating_tags),
        ]
        return with_evidence([entry for entry in entries if entry], self.evidence)

    def _publication(self, author: EntryAuthor, survey: Survey) -> Entry | None:
        if survey.ledger.published(self.plan.tag):
            return None
        return author.entry(
            Action.PUBLISH,
            tag=self.plan.tag,
            version=str(self.plan.version.value),
            after=self.digest,
            commit=self.commit,
            platforms={str(image.platform): str(image.digest) for image in self.images},
            late=isinstance(survey.version, Present),
            promoted_from=self.origin,
        )

    def _alias(self, author: EntryAuthor, survey: Survey, alias: Tag) -> Entry | None:
        if survey.ledger.published(alias):
            return None
        return author.entry(
            Action.PUBLISH,
            tag=alias,
            version=str(self.plan.version.value),
            after=self.digest,
            commit=self.commit,
            late=isinstance(survey.aliases.get(alias), Present),
            promoted_from=self.origin,
        )

    def _move(self, author: EntryAuthor, floating: FloatingTagChange) -> Entry | None:
        moved, surveyed = floating.moved, floating.surveyed
        recorded = surveyed.position.after if surveyed.position else None
        if not moved and (surveyed.digest != self.digest or recorded == self.digest):
            return None
        return author.entry(
            Action.FLOAT,
            tag=surveyed.tag,
            version=str(self.plan.version.value),
            before=floating.before if moved else recorded,
            after=self.digest,
            commit=self.commit,
            late=not moved,
        )


def release_updates(ledgers: LedgersOf, commit: str, lanes: Sequence[TaggedLane]) -> dict[str, LedgerUpdate]:
    """What is to be recorded of each lane, by its name, of which a ledger is kept.

    Args:
        ledgers: The ledgers of the lanes of each primary repository.
        commit: The released commit.
        lanes: What is done.
    """
    return {
        tagged.ready.plan.lane.name: _update(kept, commit, tagged)
        for tagged in lanes
        if (kept := ledgers(tagged.ready.plan.repository))
    }


def record_release(updates: Mapping[str, LedgerUpdate]) -> Flow[Mapping[str, LedgerResult]]:
    """Record what was done, and what an earlier run did and could not record.

    Returns:
        Each lane's ledger, by the lane's name; empty where none is kept.

    Raises:
        ShiplaneError: By situation; the tags are right, but perhaps not recorded.
    """
    digests = yield from record_kept(list(updates.values()))
    recorded = zip(updates.items(), digests, strict=True)
    return {name: LedgerResult.of(update, digest) for (name, update), digest in recorded}


def _update(ledgers: Ledgers, commit: str, tagged: TaggedLane) -> LedgerUpdate:
    lane = tagged.ready
    release = LaneRelease(
        plan=lane.plan,
        commit=commit,
        digest=lane.raw.digest,
        floating_tags=[
            FloatingTagChange(surveyed=floating.state, moved=floating.move.moves, before=floating.before)
            for floating in tagged.floating_tags
        ],
        images=lane.report.images,
        evidence=recorded_evidence(lane.gates, lane.checked.evidence),
        origin=lane.origin,
    )
    entries = release.entries(ledgers.author, lane.survey)
    return LedgerUpdate(
        store=ledgers.store(lane.plan.lane), entries=entries, base=lane.survey.ledger, snapshot=tagged.survey.snapshot
    )
