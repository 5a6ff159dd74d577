"""What a verification looks at: the lane as the registry and its ledger show it, and the version to check."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from shiplane.config.floating_tag import FloatingTag, in_moving_order
from shiplane.config.lane import Lane
from shiplane.config.setting import LATEST_GIVEN, RECORDED, Setting
from shiplane.config.version import Version
from shiplane.core.check import Check
from shiplane.ledger.foreign_tags import with_adopted_tags
from shiplane.ledger.ledger import BrokenLedgerError, Ledger
from shiplane.ledger.recorder import Ledgers
from shiplane.registry.client import RegistryClient
from shiplane.registry.oci.lookup_result import Absent, Present
from shiplane.registry.oci.names import Tag
from shiplane.registry.read_once import ReadOnce
from shiplane.verify.floating_tag_reader import FloatingTagReader, read_ahead
from shiplane.verify.floating_tags import FloatingTagState
from shiplane.verify.lane_versions import LaneVersions


@dataclass(frozen=True, kw_only=True)
class VerificationTarget:
    """A lane and the version to check.

    Attributes:
        registry: What read it; to be read with further, as it asks for nothing twice.
        lane: The lane with its adopted tags.
        requested: The version that was asked for, if any.
        version: The version to check; None if there is none.
        floating: The floating tags to check, in moving order: of a requested version those in whose range it is.
        expected: Whether each of them has to be at the requested version, and where that comes from; empty if no
            version was requested.
        ledger: The lane's ledger; empty where none is kept, or it is broken.
        ledger_checks: What is wrong with the ledger.
    """

    registry: ReadOnce
    lane: Lane
    requested: Version | None
    version: Version | None
    floating: tuple[FloatingTagState, ...]
    expected: Mapping[Tag, Setting[bool]]
    ledger: Ledger
    ledger_checks: tuple[Check, ...]

    @property
    def tag(self) -> Tag | None:
        """The tag of the image to check: the version's, else the widest floating tag; None if there is neither."""
        return self.lane.tag_of(self.version) if self.version else self.floating[-1].tag if self.floating else None

    @property
    def image(self) -> Present | Absent | None:
        """What was just read with the version's digest, so that its bytes are at hand; None if nothing was."""
        if self.version is None:
            return self.floating[-1].answer if self.floating else None
        return next((state.answer for state in self.floating if state.version == self.version), None)


def find_target(
    registry: RegistryClient, ledgers: Ledgers | None, lane: Lane, requested: Version | None, latest: Setting[bool]
) -> VerificationTarget:
    """Find the version to check: the requested one, or the one that the widest floating tag points at.

    Args:
        registry: Where the lane is.
        ledgers: The lanes' ledgers; None where none is kept.
        lane: The lane.
        requested: The requested version, if any.
        latest: Whether the floating tags were asked to move, and where that comes from. If they were not, and the
            widest does not exist, the lane's newest version is checked; so it is if the lane has none.
    """
    registry = ReadOnce.of(registry)
    ledger, checks = read_ahead(registry, lane, requested, beside=lambda: _read_ledger(ledgers, lane))
    lane = with_adopted_tags(lane, ledger)
    versions = LaneVersions(registry=registry)
    reader = FloatingTagReader(versions=versions)
    floating = (
        reader.read(lane, ledger, lane.floating_tags(requested)) if requested else reader.read_existing(lane, ledger)
    )
    return VerificationTarget(
        registry=registry,
        lane=lane,
        requested=requested,
        version=requested or _default_version(lane, floating, versions, latest, ledger),
        floating=floating,
        expected={state.tag: expects_floating(lane, state.floating, requested, latest, ledger) for state in floating}
        if requested
        else {},
        ledger=ledger,
        ledger_checks=checks,
    )


def _default_version(
    lane: Lane, floating: Sequence[FloatingTagState], versions: LaneVersions, latest: Setting[bool], ledger: Ledger
) -> Version | None:
    """What the widest floating tag points at; the newest good version if there is none, and none was asked for."""
    if floating and (latest.value or floating[-1].digest):
        return floating[-1].version
    return _newest([version for version in versions.all(lane) if lane.tag_of(version) not in ledger.marks])


def expects_floating(
    lane: Lane, floating: FloatingTag, version: Version, requested: Setting[bool], ledger: Ledger
) -> Setting[bool]:
    """Whether a floating tag has to be at this version of its range, or at a higher one since.

    The record goes before the lane's default: a publish with ``--latest`` moves the tag although the default is no, and
    a rollback moves it away although the default is yes.

    Args:
        lane: The lane with its adopted tags.
        floating: The floating tag.
        version: The version.
        requested: What a flag, a variable or the lane's default says.
        ledger: The lane's ledger; empty where none is kept.
    """
    tag, position = lane.tag_of(version), ledger.position(floating.tag)
    if not floating.takes(version):
        return Setting(value=False, source="a pre-release")
    if tag in ledger.marks:
        return Setting(value=False, source="marked as bad")
    if requested.source in LATEST_GIVEN:
        return requested
    if position or ledger.published(tag):
        return Setting(position is not None and position.release == version, RECORDED)
    return requested


def _read_ledger(ledgers: Ledgers | None, lane: Lane) -> tuple[Ledger, tuple[Check, ...]]:
    """The ledger, and what is wrong with it; a broken one counts as empty."""
    if ledgers is None:
        return Ledger(), ()
    store = ledgers.store(lane)
    try:
        return store.read_verified().ledger, ()
    except BrokenLedgerError as error:
        return Ledger(), (Check("ledger", store.tag, good=False, expected="an unbroken chain", found=error.what),)


def _newest(versions: Sequence[Version]) -> Version | None:
    """The highest release; if there is none, the highest pre-release."""
    return next((version for version in versions if not version.is_prerelease), next(iter(versions), None))


def default_subject(lane: Lane) -> str:
    """What is verified where no version is named, for display."""
    return ", ".join(map(str, in_moving_order(lane.floating_templates))) or "the newest version"
