"""What a verification looks at: the lane as the registry and its ledger show it, and the version to check."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from shiplane.config.lane import Lane
from shiplane.config.setting import Setting
from shiplane.config.version import Version
from shiplane.core.check import Check
from shiplane.ledger.foreign_tags import with_adopted_tags
from shiplane.ledger.ledger import BrokenLedgerError, Ledger
from shiplane.ledger.recorder import Ledgers
from shiplane.registry.client import RegistryClient
from shiplane.registry.lookup import resolve
from shiplane.registry.oci.lookup_result import Absent, Present
from shiplane.verify.expected_floating import expects_floating
from shiplane.verify.lane_versions import LaneVersions


@dataclass(frozen=True, kw_only=True)
class VerificationTarget:
    """A lane and the version to check.

    Attributes:
        lane: The lane with its adopted tags.
        requested: The version that was asked for, if any.
        version: The version to check; None if there is none.
        floating: The floating tag.
        current: The version that the floating tag points at, if any.
        pointing: Whether the floating tag has to be at the requested version, and where that comes from; None if no
            version was requested.
        ledger: The lane's ledger; empty where none is kept, or it is broken.
        ledger_checks: What is wrong with the ledger.
    """

    lane: Lane
    requested: Version | None
    version: Version | None
    floating: Present | Absent
    current: Version | None
    pointing: Setting[bool] | None
    ledger: Ledger
    ledger_checks: tuple[Check, ...]

    @property
    def is_current(self) -> bool:
        """Whether the floating tag was just read with the version's digest, so that its bytes are at hand."""
        return self.version == self.current


def find_target(
    registry: RegistryClient, ledgers: Ledgers | None, lane: Lane, requested: Version | None, latest: Setting[bool]
) -> VerificationTarget:
    """Find the version to check: the requested one, or the one that the floating tag points at.

    Args:
        registry: Where the lane is.
        ledgers: The lanes' ledgers; None where none is kept.
        lane: The lane.
        requested: The requested version, if any.
        latest: Whether the floating tag was asked to move, and where that comes from. If it was not, and does not
            exist, the lane's newest version is checked.
    """
    floating = resolve(registry, lane.floating)
    ledger, checks = _read_ledger(ledgers, lane)
    lane = with_adopted_tags(lane, ledger)
    versions = LaneVersions(registry=registry)
    current = versions.behind(lane, floating)
    unasked = isinstance(floating, Absent) and not latest.value
    return VerificationTarget(
        lane=lane,
        requested=requested,
        version=requested or (_newest(versions.all(lane)) if unasked else current),
        floating=floating,
        current=current,
        pointing=expects_floating(lane, requested, latest, ledger) if requested else None,
        ledger=ledger,
        ledger_checks=checks,
    )


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
