"""Check what a release depends on besides tools, access and tags: each lane's ledger and smoke test."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from shiplane.config.lane import Lane
from shiplane.config.smoke import Smoke
from shiplane.core.finding import Finding, done, skipped
from shiplane.core.plurals import NO_LEDGER, counted
from shiplane.core.progress import StepState
from shiplane.doctor.access import upload
from shiplane.doctor.doctor import attempt
from shiplane.ledger.recorder import Ledgers
from shiplane.registry.oci.names import Platform
from shiplane.release.smoke_run import SmokeRunner


@dataclass(frozen=True, kw_only=True)
class LedgerChecks:
    """The ledgers of the lanes to release.

    Attributes:
        lanes: The lanes.
        ledgers: Opens the ledgers as a release would; None where none is kept.
        elsewhere: Whether they are in a repository of their own, where pushing is another permission.
    """

    lanes: Sequence[Lane]
    ledgers: Callable[[], Ledgers | None]
    elsewhere: bool

    def after(self, access: Sequence[Finding]) -> Iterator[Finding]:
        """The rows of access to the images, then the ledgers': a failure of access is not repeated for each."""
        yield from access
        if StepState.FAILED in [row.state for row in access] and not self.elsewhere:
            yield skipped("ledger", "fix the error above first")
        else:
            yield from self.check()

    def check(self) -> Iterator[Finding]:
        """The rows."""
        ledgers = self.ledgers()
        if ledgers is None:
            yield skipped("ledger", f"{NO_LEDGER}: no version can be marked as bad")
            return
        if self.elsewhere:
            name = "ledger: upload"
            yield attempt(name, lambda: upload(name, ledgers.registry, records=True))
        for lane in self.lanes:
            yield _check_ledger(ledgers, lane)


def _check_ledger(ledgers: Ledgers, lane: Lane) -> Finding:
    """Whether a release could read the ledger: a broken one is not continued, and the release is refused."""
    name = f"ledger: {lane.name}"

    def ask() -> Finding:
        store = ledgers.store(lane)
        page = store.read_verified()
        if not page.exists:
            return skipped(name, f"no {store.tag} in {ledgers.registry.repository} yet: the first release creates it")
        return done(name, f"{store.tag} is complete, with {counted(len(page.ledger.entries), 'entry', 'entries')}")

    return attempt(name, ask)


@dataclass(frozen=True, kw_only=True)
class SmokeChecks:
    """The configured smoke tests.

    Attributes:
        smoker: What would run them.
        platforms: What each lane is built for; None if that is unknown.
    """

    smoker: SmokeRunner
    platforms: Mapping[str, Sequence[Platform]] | None

    def look(self) -> Iterator[Finding]:
        """A row for each lane."""
        for lane, smoke in self.smoker.smokes.items():
            if self.platforms is None:
                yield skipped(f"smoke: {lane}", "platforms unknown: see config")
            else:
                yield self._lane(lane, smoke, self.platforms[lane])

    def _lane(self, lane: str, smoke: Smoke, platforms: Sequence[Platform]) -> Finding:
        name = f"smoke: {lane}"

        def ask() -> Finding:
            self.smoker.require({lane: platforms})
            requested = [platform for platform in smoke.platforms or platforms if platform in platforms]
            able = [str(platform) for platform in requested if self.smoker.runnable().can(platform)]
            return skipped(name, f"not run here: {smoke}; the engine here can run {', '.join(able) or 'none of it'}")

        return attempt(name, ask)
