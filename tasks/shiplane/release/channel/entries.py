"""The entries that a channel's publication adds to a ledger: its own, and those that an earlier run could not add."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from shiplane.ledger.evidence import recorded_evidence
from shiplane.ledger.ledger import Action, Entry, with_evidence
from shiplane.registry.oci.lookup_result import Present
from shiplane.registry.oci.names import Digest, Tag
from shiplane.release.channel.forward import REWRITTEN

if TYPE_CHECKING:
    from shiplane.config.gate import Evidence
    from shiplane.ledger.recorder import EntryAuthor
    from shiplane.release.channel.images import ChannelImage


@dataclass(frozen=True, kw_only=True)
class TaggedChannel:
    """One lane of a channel after its tags were written.

    Attributes:
        image: What was tagged.
        kept: The tag that the build keeps, if any.
        moved: Whether this run moved the channel's tag.
        before: The channel's tag's digest before that.
    """

    image: ChannelImage
    kept: Tag | None
    moved: bool
    before: Digest | None

    def entries(self, author: EntryAuthor, commit: str, gates: Sequence[Evidence] = ()) -> list[Entry]:
        """The entries that the surveyed ledger lacks, the first of them with what was asked before."""
        entries = [*self._publication(author, commit), *self._move(author, commit)]
        return with_evidence(entries, recorded_evidence(gates, self.image.tested.checked.evidence))

    def _publication(self, author: EntryAuthor, commit: str) -> Iterator[Entry]:
        """The kept tag's. Its version is the tag itself, so that no reader takes it for one of the lane's."""
        lane = self.image.lane
        if self.kept and not lane.state.ledger.published(self.kept):
            yield author.entry(
                Action.PUBLISH,
                tag=self.kept,
                version=self.kept,
                after=self.image.raw.digest,
                commit=commit,
                platforms={str(image.platform): str(image.digest) for image in self.image.report.images},
                late=isinstance(lane.kept, Present),
            )

    def _move(self, author: EntryAuthor, commit: str) -> Iterator[Entry]:
        state = self.image.lane.state
        if self.moved or not state.as_recorded or state.position is None:
            recorded = state.position.after if state.position else None
            yield author.entry(
                Action.FLOAT,
                tag=state.tag,
                version=str(self.image.lane.plan.version.value),
                before=self.before if self.moved else recorded,
                after=self.image.raw.digest,
                commit=commit,
                why="" if self.image.lane.forward else REWRITTEN,
                late=not self.moved,
            )
