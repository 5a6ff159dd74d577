"""What a release depends on besides tools and access: each lane's ledger, and an engine that can run its smoke run."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from shiplane.flows.doctor import attempt
from shiplane.flows.doctor_access import upload
from shiplane.flows.ledgers import Ledgers
from shiplane.flows.smoke import Smoker
from shiplane.model.finding import Finding, done, skipped
from shiplane.model.image import Platform
from shiplane.model.lane import Lane
from shiplane.model.smoke import Smoke
from shiplane.model.step import State
from shiplane.model.words import NO_LEDGER, counted


@dataclass(frozen=True, kw_only=True)
class Records:
    """The ledgers of the lanes that would be released.

    Attributes:
        lanes: Those.
        ledgers: Opens them as a release would; None where none is kept.
        elsewhere: Whether they are in a repository of their own, where pushing is another permission.
    """

    lanes: Sequence[Lane]
    ledgers: Callable[[], Ledgers | None]
    elsewhere: bool

    def after(self, access: Sequence[Finding]) -> Iterator[Finding]:
        """The rows of access to the images, then ours: who cannot get in there need not be told so again for each."""
        yield from access
        if State.FAILED in [row.state for row in access] and not self.elsewhere:
            yield skipped("ledger", "it cannot be told before the above is mended")
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
            yield attempt(name, lambda: upload(name, ledgers.registry, ledgers.repository, records=True))
        for lane in self.lanes:
            yield _whole(ledgers, lane)


def _whole(ledgers: Ledgers, lane: Lane) -> Finding:
    """Whether a release could read it: one that is broken is written no further, and the release is refused."""
    name = f"ledger: {lane.name}"

    def ask() -> Finding:
        book = ledgers.book(lane)
        page = book.whole()
        if not page.exists:
            return skipped(name, f"no {book.tag} in {ledgers.repository} yet: the first release begins it")
        return done(name, f"{book.tag} is whole, with {counted(len(page.ledger.entries), 'entry', 'entries')}")

    return attempt(name, ask)


@dataclass(frozen=True, kw_only=True)
class Trials:
    """The smoke runs that are configured.

    Attributes:
        smoker: What would carry them out.
        platforms: What would be built; None where nobody could tell.
    """

    smoker: Smoker
    platforms: Sequence[Platform] | None

    def look(self) -> Iterator[Finding]:
        """A row for each lane."""
        for lane, smoke in self.smoker.smokes.items():
            if self.platforms is None:
                yield skipped(f"smoke: {lane}", "nobody could tell for which platforms: see config")
            else:
                yield self._lane(lane, smoke, self.platforms)

    def _lane(self, lane: str, smoke: Smoke, platforms: Sequence[Platform]) -> Finding:
        name = f"smoke: {lane}"

        def ask() -> Finding:
            self.smoker.require([lane], platforms)
            wanted = [platform for platform in smoke.platforms or platforms if platform in platforms]
            able = [str(platform) for platform in wanted if self.smoker.runnable().can(platform)]
            return done(name, f"{smoke}; the engine here can run {', '.join(able) or 'none of it'}")

        return attempt(name, ask)
