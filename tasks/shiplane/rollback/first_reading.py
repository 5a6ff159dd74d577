"""What a rollback reads first, side by side: the list of tags, the floating tags with their versions, the ledger."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from shiplane.config.lane import Lane
from shiplane.config.version import Version
from shiplane.core.errors import ShiplaneError
from shiplane.core.system.parallel import Once, run_parallel
from shiplane.ledger.store import LedgerSnapshot, LedgerStore
from shiplane.registry.client import RegistryClient
from shiplane.registry.oci.names import Tag
from shiplane.registry.read_once import ReadOnce
from shiplane.verify.floating_tag_reader import named_version, read_ahead, read_image_ahead


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

    def list_tags(self, lane: Lane, to: Version | None = None, *, workers: int) -> Sequence[Tag]:
        """The repository's tags; all else is read meanwhile, and its errors wait for whoever asks for it.

        Args:
            lane: The lane.
            to: The version to go to; None for the newest below, which in most cases is the one that was there before.
            workers: How many reads at once; with one nothing is read of the version to go to.

        Raises:
            AccessError, UnreachableError: They cannot be listed.
        """

        def read() -> Sequence[Tag]:
            listed, _ = run_parallel(
                self.registry.tags,
                lambda: run_parallel(self._read_ledger, lambda: self._read_target(lane, to, workers), workers=workers),
                workers=workers,
            )
            return listed

        return read_ahead(self.registry, lane, beside=read, parts=False, workers=workers)

    def snapshot(self, store: LedgerStore) -> LedgerSnapshot:
        """The ledger. Raises as :meth:`LedgerStore.read_verified`."""
        return self.snapshots.get(store.tag, store.read_verified)

    def _read_target(self, lane: Lane, to: Version | None, workers: int) -> None:
        """Read the version that is most likely gone to, before the ledger has said so."""
        if workers > 1:
            with suppress(ShiplaneError):
                if target := to or self._below(lane):
                    read_image_ahead(self.registry, lane.tag_of(target), workers=workers)

    def _below(self, lane: Lane) -> Version | None:
        """The newest version below the one that the widest floating tag's image says it is."""
        listed = self.registry.tags()
        widest = next(reversed(lane.floating_tags_among(listed)), None)
        version = named_version(lane, self.registry.get_manifest(widest.tag)) if widest else None
        if widest is None or version is None:
            return None
        versions = filter(None, map(lane.version_of_tag, listed))
        return max((other for other in versions if other < version and widest.takes(other)), default=None)

    def _read_ledger(self) -> None:
        if self.store:
            with suppress(ShiplaneError):
                self.snapshot(self.store)
