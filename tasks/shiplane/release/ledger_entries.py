"""What of a release a ledger lacks: what this run did, and what an earlier one did and could not record."""

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
        digest: What the version tag has.
        moved: Whether the floating tag was moved to it by this run.
        before: What the floating tag had before that.
        images: The image's platforms.
    """

    plan: LanePlan
    commit: str
    digest: Digest
    moved: bool
    before: Digest | None
    images: Sequence[Descriptor]

    def entries(self, author: EntryAuthor, survey: Survey) -> list[Entry]:
        """What has to be added to the ledger that the survey saw; nothing where all of it stands there."""
        found = [self._publication(author, survey), self._move(author, survey)]
        return [entry for entry in found if entry]

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
        seen = digest_of(survey.floating)
        position = survey.ledger.position(floating)
        recorded = position.after if position else None
        if not self.moved and (seen != self.digest or recorded == self.digest):
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
