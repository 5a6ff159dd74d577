"""Mark versions as bad: a marked version is kept and can be pulled, but is never chosen, and everybody is told why.

The model is PyPI's yanking (PEP 592): a mark has a reason and can be removed, and both are recorded.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from shiplane.config.floating_tag import FloatingTag
from shiplane.config.lane import Lane
from shiplane.config.version import Version
from shiplane.core.errors import RefusedError
from shiplane.core.next_command import command
from shiplane.core.progress import Flow, Step
from shiplane.ledger.foreign_tags import with_adopted_tags
from shiplane.ledger.ledger import Action, BrokenLedgerError, Entry
from shiplane.ledger.recorder import Ledgers, LedgerUpdate, record
from shiplane.ledger.store import LedgerSnapshot
from shiplane.registry.client import RegistryClient
from shiplane.registry.lookup import CONSISTENCY_WAIT, resolve, resolve_consistent
from shiplane.registry.oci.lookup_result import Present, digest_of
from shiplane.registry.oci.names import Digest


@dataclass(frozen=True, kw_only=True)
class MarkResult:
    """Whether the version is marked now, by which entry, and which floating tags point at it, in moving order."""

    lane: Lane
    version: Version
    digest: Digest
    mark: Entry | None
    changed: bool
    floating_tags: tuple[FloatingTag, ...]
    dry_run: bool = False

    @property
    def is_at_widest(self) -> bool:
        """Whether the lane's floating tag without a range points at it, the first one that is configured."""
        widest = self.lane.floating_tags(self.version)[-1:]
        return bool(widest) and widest == self.floating_tags[-1:] and not widest[0].range

    def to_json(self) -> dict[str, Any]:
        """The result as JSON values."""
        return {
            "lane": self.lane.name,
            "version": str(self.version),
            "tag": self.lane.tag_of(self.version),
            "digest": str(self.digest),
            "marked": self.mark is not None,
            "mark": self.mark.to_json() if self.mark else None,
            "changed": self.changed,
            "dry_run": self.dry_run,
            "floating_tags": [floating.tag for floating in self.floating_tags],
        }


@dataclass(frozen=True, kw_only=True)
class Marker:
    """Marks versions of one repository; a dry run reads everything and writes nothing."""

    registry: RegistryClient
    ledgers: Ledgers
    dry_run: bool = False

    def mark(self, lane: Lane, version: Version, reason: str) -> Flow[MarkResult]:
        """Mark a version as bad; one that is marked for this reason already is left unchanged.

        Raises:
            RefusedError: There is no such version.
            AccessError, UnreachableError: The registry refused, or gave no reliable answer.
        """
        snapshot, digest = yield from self._survey(lane, version, lambda mark: mark is None or mark.why != reason)
        lane = with_adopted_tags(lane, snapshot.ledger)
        mark = snapshot.ledger.marks.get(lane.tag_of(version))
        if mark and mark.why == reason:
            yield Step("mark", lane.tag_of(version)).unchanged(f"since {mark.when} by {mark.who}")
            return self._result(snapshot, lane, version, digest, mark, changed=False)
        entry = self._entry(Action.MARK, lane, version, digest, reason)
        yield from self._write(lane, snapshot, entry)
        return self._result(snapshot, lane, version, digest, entry, changed=True)

    def unmark(self, lane: Lane, version: Version, reason: str) -> Flow[MarkResult]:
        """Remove a mark; the ledger keeps both entries. Raises as :meth:`mark`."""
        snapshot, digest = yield from self._survey(lane, version, lambda mark: mark is not None)
        lane = with_adopted_tags(lane, snapshot.ledger)
        if lane.tag_of(version) not in snapshot.ledger.marks:
            yield Step("unmark", lane.tag_of(version)).unchanged("not marked")
            return self._result(snapshot, lane, version, digest, None, changed=False)
        entry = self._entry(Action.UNMARK, lane, version, digest, reason)
        yield from self._write(lane, snapshot, entry)
        return self._result(snapshot, lane, version, digest, None, changed=True)

    def _write(self, lane: Lane, snapshot: LedgerSnapshot, entry: Entry) -> Flow[None]:
        if self.dry_run:
            yield Step("record", lane.ledger).skipped("dry run")
            return
        yield from record(
            [LedgerUpdate(store=self.ledgers.store(lane), entries=[entry], base=snapshot.ledger, snapshot=snapshot)]
        )

    def restart(self, lane: Lane, reason: str) -> Flow[Digest]:
        """Start a new ledger over a broken one, whose marks and positions are not carried over.

        Returns:
            The digest of the replaced ledger.

        Raises:
            RefusedError: It is not broken, or there is none.
            AccessError, UnreachableError: The registry refused, or gave no reliable answer.
        """
        store = self.ledgers.store(lane)
        step = Step("ledger", store.tag)
        yield step
        answer = resolve(self.ledgers.registry, store.tag)
        fault = ""
        try:
            store.read_verified()
        except BrokenLedgerError as error:
            fault = error.what
        if not isinstance(answer, Present) or not fault:
            raise RefusedError(f"{store.tag} is not broken, so it is not replaced", remedy=f"See {command('history')}.")
        yield step.done(fault)
        entry = self.ledgers.author.entry(Action.RESTART, tag=store.tag, version="", after=answer.digest, why=reason)
        yield from store.restart(entry, answer.digest)
        return answer.digest

    def _survey(
        self, lane: Lane, version: Version, needs_change: Callable[[Entry | None], bool]
    ) -> Flow[tuple[LedgerSnapshot, Digest]]:
        """The ledger and the version's digest; ``needs_change`` decides by the version's mark.

        If nothing needs a change, or the ledger lacks what the registry shows, its read may lag by seconds.
        """
        step = Step("registry", lane.tag_of(version))
        yield step
        snapshot = LedgerSnapshot()
        for _ in self.ledgers.registry.retry_budget.poll(
            CONSISTENCY_WAIT, condition=f"{lane.ledger} does not say what the registry shows"
        ):
            snapshot = self.ledgers.store(lane).read_verified()
            mark = snapshot.ledger.marks.get(with_adopted_tags(lane, snapshot.ledger).tag_of(version))
            if needs_change(mark) and self._is_consistent(lane, version, snapshot):
                break
        tag = with_adopted_tags(lane, snapshot.ledger).tag_of(version)
        digest_now, recorded = digest_of(resolve(self.registry, tag)), snapshot.ledger.published(tag)
        digest = digest_now or (recorded.after if recorded else None)
        if digest is None:
            raise RefusedError(
                f"{self.registry.repository} has no {tag}, so there is nothing to mark",
                remedy=f"See {command('history')}.",
            )
        yield step.done(str(digest_now or "no longer in the registry"))
        return snapshot, digest

    def _is_consistent(self, lane: Lane, version: Version, snapshot: LedgerSnapshot) -> bool:
        """Whether the ledger, if there is one, has the version, and the position of each floating tag for it."""
        tag, ledger = with_adopted_tags(lane, snapshot.ledger).tag_of(version), snapshot.ledger
        recorded = digest_of(resolve(self.registry, tag)) is None or ledger.published(tag) is not None
        floating = {each.tag: digest_of(resolve(self.registry, each.tag)) for each in lane.floating_tags(version)}
        positions = {each: position.after if (position := ledger.position(each)) else None for each in floating}
        return not snapshot.exists or (recorded and positions == floating)

    def _entry(self, action: Action, lane: Lane, version: Version, digest: Digest, reason: str) -> Entry:
        tag = lane.tag_of(version)
        return self.ledgers.author.entry(action, tag=tag, version=str(version), after=digest, why=reason)

    def _result(
        self,
        snapshot: LedgerSnapshot,
        lane: Lane,
        version: Version,
        digest: Digest,
        mark: Entry | None,
        *,
        changed: bool,
    ) -> MarkResult:
        there = [tag for tag in lane.floating_tags(version) if self._position(snapshot, tag) == digest]
        return MarkResult(
            lane=lane,
            version=version,
            digest=digest,
            mark=mark,
            changed=changed,
            floating_tags=tuple(there),
            dry_run=self.dry_run,
        )

    def _position(self, snapshot: LedgerSnapshot, floating: FloatingTag) -> Digest | None:
        """Where a floating tag is; it is read again for seconds while it is not where the ledger has it."""
        position = snapshot.ledger.position(floating.tag)
        consistent = resolve_consistent(
            self.registry, floating.tag, lambda digest: position is None or digest == position.after
        )
        return digest_of(consistent)
