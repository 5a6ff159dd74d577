"""What a rollback reads first, side by side: the list of tags, the floating tags with their versions, the ledger."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from shiplane.config.lane import Lane
from shiplane.core.errors import ShiplaneError
from shiplane.core.system.parallel import Once, run_parallel
from shiplane.ledger.store import LedgerSnapshot, LedgerStore
from shiplane.registry.client import RegistryClient
from shiplane.registry.oci.names import Tag
from shiplane.registry.read_once import ReadOnce
from shiplane.verify.floating_tag_reader import read_ahead


@dataclass(frozen=True, kw_only=True)
class FirstReading:
    """A lane as it is first read; whatever is asked for again through ``registry`` is as it was then.

    Attributes:
        registry: Where the lane is.
        store: Its ledger; None where none is kept.
    """

    registry: ReadOnce
    store: LedgerStore | None
    snapshots: Once[Tag, LedgerSnapshot] = field(default_factory=Once)

    @classmethod
    def of(cls, registry: RegistryClient, store: LedgerStore | None) -> FirstReading:
        """One that has read nothing yet."""
        return cls(registry=ReadOnce.of(registry), store=store)

    def list_tags(self, lane: Lane, *, workers: int) -> Sequence[Tag]:
        """The repository's tags; all else is read meanwhile, and its errors wait for whoever asks for it.

        Raises:
            AccessError, UnreachableError: They cannot be listed.
        """

        def read() -> Sequence[Tag]:
            return run_parallel(self.registry.tags, self._read_ledger, workers=workers)[0]

        return read_ahead(self.registry, lane, beside=read, parts=False, workers=workers)

    def snapshot(self, store: LedgerStore) -> LedgerSnapshot:
        """The ledger. Raises as :meth:`LedgerStore.read_verified`."""
        return self.snapshots.get(store.tag, store.read_verified)

    def _read_ledger(self) -> None:
        if self.store:
            with suppress(ShiplaneError):
                self.snapshot(self.store)
