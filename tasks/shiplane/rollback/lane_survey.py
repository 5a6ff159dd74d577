"""Read a lane before a rollback: its floating tag and its ledger."""

from __future__ import annotations

from dataclasses import dataclass, field

from shiplane.config.lane import Lane
from shiplane.core.errors import ShiplaneError
from shiplane.core.plurals import counted
from shiplane.core.progress import Flow, Step
from shiplane.ledger.foreign_tags import with_adopted_tags, with_foreign_tags
from shiplane.ledger.recorder import Ledgers
from shiplane.ledger.store import LedgerSnapshot, LedgerStore
from shiplane.registry.client import RegistryClient
from shiplane.registry.lookup import CONSISTENCY_WAIT, resolve
from shiplane.registry.oci.lookup_result import Absent, Present, digest_of
from shiplane.registry.oci.names import Digest


@dataclass(frozen=True, kw_only=True)
class LaneSurvey:
    """A lane before a rollback.

    Attributes:
        lane: The lane with other tools' versions: the adopted ones, or by their tags where no ledger can tell.
        floating: The floating tag.
        snapshot: The ledger; empty if there is none, or it cannot be relied on.
        fault: Why it cannot.
    """

    lane: Lane
    floating: Present | Absent
    snapshot: LedgerSnapshot = field(default_factory=LedgerSnapshot)
    fault: ShiplaneError | None = None

    @property
    def digest(self) -> Digest | None:
        """The floating tag's digest, if it exists."""
        return digest_of(self.floating)

    @property
    def positions(self) -> frozenset[Digest | None]:
        """Where the floating tag may be: a read may lag behind the last write, which the ledger knows."""
        position = self.snapshot.ledger.position(self.lane.floating)
        return frozenset({self.digest, position.after if position else self.digest})

    @property
    def past(self) -> frozenset[Digest | None]:
        """Every recorded digest of the floating tag, and none: what a lagging read may show."""
        moves = self.snapshot.ledger.moves(self.lane.floating)
        return frozenset({None, self.digest, *(move.before for move in moves), *(move.after for move in moves)})


def survey_lane(registry: RegistryClient, ledgers: Ledgers | None, lane: Lane) -> Flow[LaneSurvey]:
    """Read a lane's floating tag and ledger; a broken ledger stops nobody from leaving a bad version.

    Raises:
        AccessError, UnreachableError: The registry refused, or gave no reliable answer.
    """
    step = Step("registry", lane.floating)
    yield step
    floating = resolve(registry, lane.floating)
    if ledgers is None:
        yield step.done(f"{_position(floating)}; no ledger is kept, so no version is known to be bad")
        return LaneSurvey(lane=with_foreign_tags(lane, registry.tags()), floating=floating)
    try:
        floating, snapshot = _read_consistent(registry, ledgers.store(lane), floating)
    except ShiplaneError as error:
        yield step.failed(f"{_position(floating)}; continuing without the ledger, which is unusable: {error.what}")
        return LaneSurvey(lane=with_foreign_tags(lane, registry.tags()), floating=floating, fault=error)
    entries = counted(len(snapshot.ledger.entries), "entry", "entries")
    yield step.done(f"{_position(floating)}; {f'{entries} in {lane.ledger}' if snapshot.exists else 'no ledger yet'}")
    return LaneSurvey(lane=with_adopted_tags(lane, snapshot.ledger), floating=floating, snapshot=snapshot)


def _read_consistent(
    registry: RegistryClient, store: LedgerStore, floating: Present | Absent
) -> tuple[Present | Absent, LedgerSnapshot]:
    """The floating tag and the ledger, read again for seconds while they contradict each other: one may lag.

    If they never agree, the tag was moved without a record, and counts as it is.
    """
    snapshot, tag = store.read_verified(), store.lane.floating
    for _ in registry.retry_budget.poll(CONSISTENCY_WAIT, condition=f"{tag} does not read as it was recorded"):
        position = snapshot.ledger.position(tag)
        if position is None or position.after == digest_of(floating):
            break
        floating, snapshot = resolve(registry, tag), store.read_verified()
    return floating, snapshot


def _position(floating: Present | Absent) -> str:
    return f"at {floating.digest.short}" if isinstance(floating, Present) else "does not exist"
