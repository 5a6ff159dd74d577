"""A lane's tags as the registry serves them before a release: what its decisions are based on. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from shiplane.config.plan import LanePlan
from shiplane.config.version import Version
from shiplane.ledger.ledger import Ledger
from shiplane.registry.oci.lookup_result import Absent, Present
from shiplane.registry.oci.names import Tag
from shiplane.verify.floating_tags import FloatingTagState

if TYPE_CHECKING:
    from shiplane.ledger.store import LedgerSnapshot


@dataclass(frozen=True, kw_only=True)
class Survey:
    """A lane's tags before a release.

    Attributes:
        version: The version tag.
        revision: The commit in the labels of its image, if any.
        aliases: The aliases of the version; empty where everything is presumed absent.
        floating_tags: The floating tags in whose range the version is, in the order in which they move.
        newest: For each of them that does not exist and may be set, the highest published version that it takes.
        other_spelling: Of a version that does not exist: what is published and is that version, spelled otherwise.
        ledger: The lane's ledger; empty if there is none.
        snapshot: The same as it was read; None where nothing was.
        presumed: Whether nothing could be read at all, and everything is presumed absent: see
            :meth:`shiplane.verify.surveyor.Surveyor.survey`.
    """

    version: Present | Absent
    revision: str | None = None
    aliases: Mapping[Tag, Present | Absent] = field(default_factory=dict)
    floating_tags: tuple[FloatingTagState, ...] = ()
    newest: Mapping[Tag, Version] = field(default_factory=dict)
    other_spelling: Version | None = None
    ledger: Ledger = field(default_factory=Ledger)
    snapshot: LedgerSnapshot | None = None
    presumed: bool = False

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing of the lane: neither its version nor a floating tag nor an entry."""
        answers = (self.version, *(state.answer for state in self.floating_tags))
        return not self.ledger.entries and all(isinstance(answer, Absent) for answer in answers)

    @classmethod
    def presumed_new(cls, plan: LanePlan) -> Survey:
        """The survey of a lane of which nothing can be read, because its repository does not exist yet."""
        absent = tuple(FloatingTagState(floating=floating, answer=Absent()) for floating in plan.floating_tags)
        return cls(version=Absent(), floating_tags=absent, presumed=True)
