"""Marks: a bad version is kept and can be pulled, but no choice takes it, and everybody is told why.

The model is PyPI's yanking (PEP 592): a mark has a reason, can be taken back, and both stay on record.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

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
    """How it ended: whether the version is marked now, by which entry, and whether a floating tag points at it."""

    lane: Lane
    version: Version
    digest: Digest
    mark: Entry | None
    changed: bool
    is_current: bool
    dry_run: bool = False

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
            "floating": self.lane.floating if self.is_current else None,
        }


@dataclass(frozen=True, kw_only=True)
class Marker:
    """Marks versions of one repository; in a dry run everything is looked at, and nothing written."""

    registry: RegistryClient
    ledgers: Ledgers
    dry_run: bool = False

    def mark(self, lane: Lane, version: Version, reason: str) -> Flow[MarkResult]:
        """Mark a version as bad; one that is marked for this very reason is left as it is.

        Raises:
            RefusedError: There is no such version.
            AccessError, UnreachableError: The registry refused, or gave no reliable answer.
        """
        page, digest = yield from self._look(lane, version, lambda mark: mark is None or mark.why != reason)
        lane = with_adopted_tags(lane, page.ledger)
        known = page.ledger.marks.get(lane.tag_of(version))
        if known and known.why == reason:
            yield Step("mark", lane.tag_of(version)).unchanged(f"since {known.when} by {known.who}")
            return self._done(page, lane, version, digest, known, changed=False)
        entry = self._entry(Action.MARK, lane, version, digest, reason)
        yield from self._write(lane, page, entry)
        return self._done(page, lane, version, digest, entry, changed=True)

    def unmark(self, lane: Lane, version: Version, reason: str) -> Flow[MarkResult]:
        """Take a mark back; both stay on record. Raises as :meth:`mark`."""
        page, digest = yield from self._look(lane, version, lambda mark: mark is not None)
        lane = with_adopted_tags(lane, page.ledger)
        if lane.tag_of(version) not in page.ledger.marks:
            yield Step("unmark", lane.tag_of(version)).unchanged("it is not marked")
            return self._done(page, lane, version, digest, None, changed=False)
        entry = self._entry(Action.UNMARK, lane, version, digest, reason)
        yield from self._write(lane, page, entry)
        return self._done(page, lane, version, digest, None, changed=True)

    def _write(self, lane: Lane, page: LedgerSnapshot, entry: Entry) -> Flow[None]:
        if self.dry_run:
            yield Step("record", lane.ledger).skipped("dry run")
            return
        yield from record(
            [LedgerUpdate(store=self.ledgers.store(lane), entries=[entry], base=page.ledger, snapshot=page)]
        )

    def restart(self, lane: Lane, reason: str) -> Flow[Digest]:
        """Begin a broken ledger anew. Marks and positions in the broken one are not carried over.

        Returns:
            The digest of the one that was replaced.

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
            raise RefusedError(
                f"{store.tag} is not broken: it is only ever added to", remedy=f"See {command('history')}."
            )
        yield step.done(fault)
        entry = self.ledgers.author.entry(Action.RESTART, tag=store.tag, version="", after=answer.digest, why=reason)
        yield from store.restart(entry, answer.digest)
        return answer.digest

    def _look(
        self, lane: Lane, version: Version, does: Callable[[Entry | None], bool]
    ) -> Flow[tuple[LedgerSnapshot, Digest]]:
        """The ledger and the version's digest; ``does`` tells from the version's mark whether there is something to do.

        Where there seems to be nothing, or the ledger lacks what the registry shows, its read may be of seconds ago.
        """
        step = Step("registry", lane.tag_of(version))
        yield step
        page = LedgerSnapshot()
        for _ in self.ledgers.registry.retry_budget.poll(
            CONSISTENCY_WAIT, condition=f"{lane.ledger} does not say what the registry shows"
        ):
            page = self.ledgers.store(lane).read_verified()
            mark = page.ledger.marks.get(with_adopted_tags(lane, page.ledger).tag_of(version))
            if does(mark) and self._agrees(lane, version, page):
                break
        tag = with_adopted_tags(lane, page.ledger).tag_of(version)
        here, recorded = digest_of(resolve(self.registry, tag)), page.ledger.published(tag)
        digest = here or (recorded.after if recorded else None)
        if digest is None:
            raise RefusedError(
                f"{self.registry.repository} has no {tag}, so there is nothing to mark",
                remedy=f"See {command('history')}.",
            )
        yield step.done(str(here or "gone from the registry"))
        return page, digest

    def _agrees(self, lane: Lane, version: Version, page: LedgerSnapshot) -> bool:
        """Whether the ledger, where there is one, has the version, and the floating tag where it is."""
        tag, place = with_adopted_tags(lane, page.ledger).tag_of(version), page.ledger.position(lane.floating)
        here, floating = (digest_of(resolve(self.registry, name)) for name in (tag, lane.floating))
        recorded = here is None or page.ledger.published(tag) is not None
        return not page.exists or (recorded and (place.after if place else None) == floating)

    def _entry(self, action: Action, lane: Lane, version: Version, digest: Digest, reason: str) -> Entry:
        tag = lane.tag_of(version)
        return self.ledgers.author.entry(action, tag=tag, version=str(version), after=digest, why=reason)

    def _done(
        self, page: LedgerSnapshot, lane: Lane, version: Version, digest: Digest, mark: Entry | None, *, changed: bool
    ) -> MarkResult:
        place = page.ledger.position(lane.floating)
        floating = resolve_consistent(
            self.registry,
            lane.floating,
            lambda digest: place is None or digest == place.after,
        )
        is_current = isinstance(floating, Present) and floating.digest == digest
        return MarkResult(
            lane=lane,
            version=version,
            digest=digest,
            mark=mark,
            changed=changed,
            is_current=is_current,
            dry_run=self.dry_run,
        )
