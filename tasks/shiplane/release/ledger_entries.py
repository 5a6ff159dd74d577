"""The entries that a release adds to a ledger: this run's, and those that an earlier run could not record."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from shiplane.config.plan import LanePlan
from shiplane.ledger.ledger import Action, Entry
from shiplane.ledger.recorder import EntryAuthor
from shiplane.registry.oci.lookup_result import Present
from shiplane.registry.oci.manifest import Descriptor
from shiplane.registry.oci.names import Digest, Tag
from shiplane.verify.floating_tags import FloatingTagState
from shiplane.verify.survey import Survey


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
    """

    plan: LanePlan
    commit: str
    digest: Digest
    floating_tags: Sequence[FloatingTagChange]
    images: Sequence[Descriptor]

    def entries(self, author: EntryAuthor, survey: Survey) -> list[Entry]:
        """The entries that the surveyed ledger lacks."""
        aliases = (self._alias(author, survey, alias) for alias in self.plan.aliases)
        entries = [
            self._publication(author, survey),
            *aliases,
            *(self._move(author, tag) for tag in self.floating_tags),
        ]
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
