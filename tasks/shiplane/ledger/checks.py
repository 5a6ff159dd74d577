"""Compare a lane's tags with what the ledger recorded. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from shiplane.config.lane import Lane
from shiplane.config.version import Version
from shiplane.core.check import Check
from shiplane.ledger.ledger import Entry, Ledger
from shiplane.registry.oci.names import Digest, Tag


def recorded_checks(
    lane: Lane,
    ledger: Ledger,
    *,
    version: Version | None,
    digest: Digest | None,
    floating: Mapping[Tag, Digest | None],
) -> list[Check]:
    """Check a version's tag and floating tags against the ledger; no checks where nothing is recorded.

    Args:
        lane: The lane with its adopted tags.
        ledger: The lane's ledger.
        version: The version to check, or None.
        digest: Its tag's digest; None if the tag does not exist.
        floating: Each floating tag's digest; None if the tag does not exist.
    """
    moved = (check for tag, at in floating.items() for check in _floating(ledger, tag, at))
    return [*_version(lane, ledger, version, digest), *moved]


def _version(lane: Lane, ledger: Ledger, version: Version | None, digest: Digest | None) -> Iterator[Check]:
    tag = lane.tag_of(version) if version else None
    record = ledger.published(tag) if tag else None
    if tag and record:
        expected = f"{record.after}, as {'adopted' if record.adopted else 'published'} on {record.when} by {record.who}"
        yield Check("record", tag, record.after == digest, expected, str(digest or "nothing"))


def _floating(ledger: Ledger, tag: Tag, digest: Digest | None) -> Iterator[Check]:
    position = ledger.position(tag)
    if position is None:
        return
    how = "was found" if position.adopted else "was moved"
    expected = f"{position.version}, {position.after}, where it {how} on {position.when} by {position.who}"
    yield Check("record", tag, position.after == digest, expected, str(digest or "nothing"))
    if mark := _mark(ledger, digest):
        description = f"{mark.version}, which is marked as bad: {mark.reason}"
        yield Check("mark", tag, good=False, expected="a version that is not marked as bad", found=description)


def _mark(ledger: Ledger, floating: Digest | None) -> Entry | None:
    return next((mark for mark in ledger.marks.values() if mark.after == floating), None)
