"""Audit a lane: every version, every floating tag and the ledger, in one sweep of small reads."""

from __future__ import annotations

from dataclasses import dataclass

from shiplane.config.lane import Lane
from shiplane.config.version import Version
from shiplane.core.plurals import counted
from shiplane.core.progress import Flow, Step
from shiplane.core.system.parallel import MANY, run_parallel
from shiplane.ledger.foreign_tags import unadopted_tags, with_adopted_tags
from shiplane.ledger.ledger import BrokenLedgerError
from shiplane.ledger.recorder import Ledgers
from shiplane.ledger.store import LedgerSnapshot
from shiplane.registry.client import RegistryClient
from shiplane.registry.read_once import ReadOnce
from shiplane.verify.audit.unsigned import unsigned_versions
from shiplane.verify.audit.version_reader import VersionReader
from shiplane.verify.floating_tag_reader import read_ahead
from shiplane.verify.lane_status import ImageChecks, LaneStatus


@dataclass(frozen=True, kw_only=True)
class Auditor:
    """Audits the lanes of one repository. Reads only.

    Attributes:
        registry: Where the lanes are.
        ledgers: Their ledgers; None where none is kept.
        workers: How many reads at once.
        requires_signatures: Whether each version has to be signed; None where nothing signs them.
    """

    registry: RegistryClient
    ledgers: Ledgers | None
    workers: int = MANY
    requires_signatures: bool | None = None

    def audit(
        self, lane: Lane, *, checks: ImageChecks = ImageChecks.CURRENT, newest: int | None = None
    ) -> Flow[LaneStatus]:
        """Read a lane.

        Args:
            lane: The lane.
            checks: Which images to check.
            newest: How many versions to read beside the current ones; None for all.

        Raises:
            AccessError: The registry refuses this identity.
            UnreachableError: It gave no reliable answer about something.
        """
        step = Step("audit", lane.name)
        yield step
        status = self._status(lane, checks, newest)
        entries = counted(len(status.ledger.entries), "entry", "entries")
        yield step.done(f"{counted(len(status.versions), 'version')}, {entries} in the ledger")
        return status

    def _status(self, lane: Lane, checks: ImageChecks, newest: int | None) -> LaneStatus:
        registry = ReadOnce.of(self.registry)
        (snapshot, fault), listed = read_ahead(
            registry,
            lane,
            beside=lambda: run_parallel(lambda: self._read_ledger(lane), registry.tags, workers=self.workers),
            parts=checks is not ImageChecks.NONE,
            workers=self.workers,
        )
        lane, tags = with_adopted_tags(lane, snapshot.ledger), frozenset(listed)
        reader = VersionReader(registry=registry, lane=lane, ledger=snapshot.ledger, tags=tags, workers=self.workers)
        reading = reader.read(checks, newest)
        unsigned: tuple[Version, ...] = ()
        if self.requires_signatures is not None:
            unsigned = unsigned_versions(
                registry, reading.versions, tags, required=self.requires_signatures, workers=self.workers
            )
        return LaneStatus(
            lane=lane,
            repository=self.registry.repository,
            floating=reading.floating,
            versions=reading.versions,
            ledger=snapshot.ledger,
            exists=snapshot.exists,
            kept=self.ledgers is not None,
            fault=fault,
            damage=reading.damage,
            others=unadopted_tags(lane, snapshot.ledger, tags),
            unsigned=unsigned,
            requires_signatures=self.requires_signatures is True,
        )

    def _read_ledger(self, lane: Lane) -> tuple[LedgerSnapshot, str]:
        """The ledger, and what is wrong with it; a broken one counts as empty."""
        if self.ledgers is None:
            return LedgerSnapshot(), ""
        store, snapshot = self.ledgers.store(lane), LedgerSnapshot()
        try:
            snapshot = store.read(with_replaced=True)
            store.verify_chain(snapshot)
        except BrokenLedgerError as error:
            return LedgerSnapshot(raw=snapshot.raw), f"the ledger is broken: {error.what}"
        return snapshot, ""
