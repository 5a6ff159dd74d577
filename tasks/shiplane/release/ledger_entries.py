"""The entries that a release adds to a ledger: this run's, and those that an earlier run could not record."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from shiplane.config.plan import LanePlan
from shiplane.ledger.ledger import Action, Entry
from shiplane.ledger.recorder import EntryAuthor
from shiplane.registry.oci.lookup_result import Present, digest_of
from shiplane.registry.oci.manifest import Descriptor
from shiplane.registry.oci.names import Digest
from shiplane.verify.survey import Survey


@dataclass(frozen=True, kw_only=True)
class LaneRelease:
    """One lane after its release.

    Attributes:
        plan: What was to be done.
        commit: What the image was built from.
        digest: The version tag's digest.
        moved: Whether this run moved the floating tag.
        before: The floating tag's digest before that.
        images: The image's platforms.
    """

    plan: LanePlan
    commit: str
    digest: Digest
    moved: bool
    before: Digest | None
    images: Sequence[Descriptor]

    def entries(self, author: EntryAuthor, survey: Survey) -> list[Entry]:
        """The entries that the surveyed ledger lacks."""
        entries = [self._publication(author, survey), self._move(author, survey)]
        return [entry for entry in entries if entry]

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
        )

    def _move(self, author: EntryAuthor, survey: Survey) -> Entry | None:
        floating = self.plan.lane.floating
        surveyed = digest_of(survey.floating)
        position = survey.ledger.position(floating)
        recorded = position.after if position else None
        if not self.moved and (surveyed != self.digest or recorded == self.digest):
            return None
        return author.entry(
            Action.FLOAT,
            tag=floating,
            version=str(self.plan.version.value),
            before=self.before if self.moved else recorded,
            after=self.digest,
            commit=self.commit,
            late=not self.moved,
        )
