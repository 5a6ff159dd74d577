"""A lane before a rollback, as it was read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from shiplane.config.floating_tag import FloatingTag
from shiplane.config.lane import Lane
from shiplane.config.version import Version
from shiplane.core.errors import ShiplaneError
from shiplane.core.plurals import counted
from shiplane.ledger.ledger import Ledger
from shiplane.ledger.store import LedgerSnapshot
from shiplane.registry.client import RegistryClient
from shiplane.registry.oci.lookup_result import Absent, Present, digest_of
from shiplane.registry.oci.names import Digest, Tag

Answers = Mapping[FloatingTag, Present | Absent]


@dataclass(frozen=True, kw_only=True)
class LaneSurvey:
    """A lane before a rollback.

    Attributes:
        registry: What read it, and asks for nothing twice.
        lane: The lane with other tools' versions: the adopted ones, or by their tags where no ledger can tell.
        listed: The repository's tags.
        answers: The floating tags that exist or are recorded, in moving order.
        snapshot: The ledger; empty if there is none, or it cannot be relied on.
        fault: Why it cannot.
    """

    registry: RegistryClient
    lane: Lane
    listed: Sequence[Tag]
    answers: Answers
    snapshot: LedgerSnapshot = field(default_factory=LedgerSnapshot)
    fault: ShiplaneError | None = None

    @property
    def ledger(self) -> Ledger:
        """The lane's ledger."""
        return self.snapshot.ledger

    @property
    def ledger_state(self) -> str:
        """How much is recorded, for display."""
        entries = counted(len(self.ledger.entries), "entry", "entries")
        return f"{entries} in {self.lane.ledger}" if self.snapshot.exists else "no ledger yet"

    @property
    def widest(self) -> FloatingTag | None:
        """The floating tag with the widest range of those that exist or are recorded."""
        placed = (tag for tag in self.answers if self.digest(tag) or self.ledger.position(tag.tag))
        return next(reversed(list(placed)), None)

    def digest(self, floating: FloatingTag) -> Digest | None:
        """A floating tag's digest, if it exists."""
        return digest_of(self.answers[floating])

    def positions(self, floating: FloatingTag) -> frozenset[Digest | None]:
        """Where a floating tag may be: a read may lag behind the last write, which the ledger knows."""
        digest, position = self.digest(floating), self.ledger.position(floating.tag)
        return frozenset({digest, position.after if position else digest})

    def matters(self, floating: FloatingTag, to: Version | None) -> bool:
        """Whether a rollback may depend on the version behind a floating tag; of most, the digest says enough.

        A tag that is where its ledger has it, and elsewhere than the widest one is or should be, is not at the bad
        version, whichever it is at. A repository may have such a tag for each minor version that it ever had.
        """
        bad = self.positions(self.widest) if self.widest else ()
        moved = len(self.positions(floating)) > 1
        return moved or self.digest(floating) in bad or (to is not None and floating.spans(to))

    def past(self, floating: FloatingTag) -> frozenset[Digest | None]:
        """Every recorded digest of a floating tag, and none: what a lagging read may show."""
        moves = self.ledger.moves(floating.tag)
        recorded = (digest for move in moves for digest in (move.before, move.after))
        return frozenset({None, self.digest(floating), *recorded})
