"""Rolling back: a floating tag goes to an earlier version's very bytes. No image is moved, built or deleted.

The tag comes first: what is broken about the ledger keeps nobody from leaving a bad version, but is said, and ends the
run with its own exit code after the tag is where it should be.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from shiplane.config.lane import Lane
from shiplane.config.version import Version
from shiplane.core.check import Check, checks_summary, require
from shiplane.core.errors import ShiplaneError, VerificationError
from shiplane.core.next_command import command
from shiplane.core.plurals import counted
from shiplane.core.progress import Flow, Step
from shiplane.core.system.parallel import WORKERS
from shiplane.ledger.foreign_tags import with_adopted_tags, with_foreign_tags
from shiplane.ledger.ledger import Action, Entry
from shiplane.ledger.recorder import EntryAuthor, Ledgers, LedgerUpdate, record
from shiplane.ledger.store import LedgerSnapshot, LedgerStore
from shiplane.registry.client import RegistryClient
from shiplane.registry.lookup import CONSISTENCY_WAIT, resolve, resolve_consistent
from shiplane.registry.oci.lookup_result import Absent, Present, digest_of
from shiplane.registry.oci.manifest import RawManifest
from shiplane.registry.oci.names import Digest, Platform, Tag
from shiplane.registry.tag_writer import TagWriter
from shiplane.rollback.result import RollbackRequest, RollbackResult
from shiplane.rollback.target import LaneHistory, RollbackCandidate, RollbackTargets, descend
from shiplane.verify.image_check import ExpectedImage, ImageChecker, ImageReport
from shiplane.verify.lane_versions import LaneVersions


@dataclass(frozen=True, kw_only=True)
class _LaneSurvey:
    """The lane as it was found: its floating tag and ledger, and what is wrong with the latter."""

    floating: Present | Absent
    page: LedgerSnapshot = field(default_factory=LedgerSnapshot)
    fault: ShiplaneError | None = None

    @property
    def digest(self) -> Digest | None:
        return digest_of(self.floating)

    def known(self, floating: Tag) -> frozenset[Digest | None]:
        """Where the floating tag may be: a read that lags behind the last write is contradicted by the record."""
        position = self.page.ledger.position(floating)
        return frozenset({self.digest, position.after if position else self.digest})

    def past(self, floating: Tag) -> frozenset[Digest | None]:
        """Everything that the floating tag is known to have had, and nothing: what a read that lags may show."""
        moves = self.page.ledger.moves(floating)
        return frozenset({None, self.digest, *(move.before for move in moves), *(move.after for move in moves)})


@dataclass(frozen=True)
class _Target:
    """A version that was examined and is good."""

    candidate: RollbackCandidate
    raw: RawManifest
    report: ImageReport

    @property
    def version(self) -> Version:
        return self.candidate.version


@dataclass(frozen=True, kw_only=True)
class RollbackChoice:
    """The version to go to, examined and good, and the lane as it was found. Nothing is written yet."""

    wish: RollbackRequest
    way: RollbackTargets
    target: _Target
    passed: tuple[tuple[Version, str], ...]
    seen: _LaneSurvey

    @property
    def tag(self) -> Tag:
        """The version's tag."""
        return self.wish.lane.tag_of(self.target.version)


@dataclass(frozen=True, kw_only=True)
class _MoveResult:
    """What became of the floating tag: whether it was elsewhere, and what it had before as the record is to say."""

    done: bool
    before: Digest | None


@dataclass(frozen=True, kw_only=True)
class Rollback:
    """The clients of a rollback.

    Attributes:
        registry: Where, with the credential that may push.
        platforms: What a version must be there for, unless the ledger recorded other ones.
        ledgers: Where it is recorded; None where no ledger is kept.
        commit_of: The commit that a version was released from, as far as git knows it.
        workers: How many reads at once.
    """

    registry: RegistryClient
    platforms: tuple[Platform, ...]
    ledgers: Ledgers | None
    commit_of: Callable[[Lane, Version], str | None]
    workers: int = WORKERS

    def choose(self, wish: RollbackRequest) -> Flow[RollbackChoice]:
        """Choose the version to go to, and verify it; writes nothing.

        Raises:
            RefusedError: The target is marked or a pre-release, or nobody can tell which version is below the present.
            VerificationError: The target is not as it should be, or no version below is.
            AccessError, UnreachableError: The registry refused, or gave no reliable answer.
        """
        seen = yield from self._survey(wish.lane)
        wish = replace(wish, lane=self._known(wish.lane, seen))
        versions = LaneVersions(registry=self.registry, workers=self.workers)
        standing = LaneHistory(
            current=versions.behind(wish.lane, seen.floating),
            floating=seen.digest,
            versions=versions.all(wish.lane),
            ledger=seen.page.ledger,
            now=self.registry.retry_budget.clock.wall(),
        )
        way = descend(wish.lane, wish.to, standing, again=wish.again)
        target, passed = yield from self._target(wish, way, seen)
        return RollbackChoice(wish=wish, way=way, target=target, passed=tuple(passed), seen=seen)

    def go_to(self, choice: RollbackChoice) -> Flow[RollbackResult]:
        """Move the floating tag to the version that was chosen, and record it.

        Raises:
            LostRaceError: Somebody else moved the floating tag in the meantime.
            AccessError, UnreachableError: The registry refused, or gave no reliable answer.
            ShiplaneError: The tag is moved, and the ledger cannot be relied on: by what is wrong with it.
        """
        wish, way, target, seen = choice.wish, choice.way, choice.target, choice.seen
        move = yield from self._move(wish, way, target, seen)
        marked = yield from self._record(wish, way, target, seen, move)
        if not wish.dry_run:
            floating = wish.lane.floating
            yield from self._namer.confirm(floating, target.raw, previous=seen.past(floating))
        return RollbackResult(
            wish=wish,
            target=target.version,
            digest=target.raw.digest,
            left=way.left,
            before=way.before,
            moved=move.done,
            marked=marked,
            passed=choice.passed,
            chosen=target.candidate,
            following=way.following(target.version),
            further=way.further(target.version) if self.ledgers is None and not wish.dry_run else None,
        )

    def _known(self, lane: Lane, seen: _LaneSurvey) -> Lane:
        """The lane with other tools' versions: as recorded, and by their tags alone where there is no such record."""
        if self.ledgers and seen.fault is None:
            return with_adopted_tags(lane, seen.page.ledger)
        return with_foreign_tags(lane, self.registry.tags())

    def _survey(self, lane: Lane) -> Flow[_LaneSurvey]:
        step = Step("registry", lane.floating)
        yield step
        floating = resolve(self.registry, lane.floating)
        here = _here(floating)
        if self.ledgers is None:
            yield step.done(f"{here}; no ledger is kept, so no version is known to be bad")
            return _LaneSurvey(floating=floating)
        try:
            floating, page = self._agreed(self.ledgers.store(lane), floating)
        except ShiplaneError as error:
            yield step.failed(f"{here}; going on without the ledger, which cannot be relied on: {error.what}")
            return _LaneSurvey(floating=floating, fault=error)
        here = _here(floating)
        known = (
            f"{counted(len(page.ledger.entries), 'entry', 'entries')} in {lane.ledger}"
            if page.exists
            else "no ledger yet"
        )
        yield step.done(f"{here}; {known}")
        return _LaneSurvey(floating=floating, page=page)

    def _agreed(self, store: LedgerStore, floating: Present | Absent) -> tuple[Present | Absent, LedgerSnapshot]:
        """The floating tag and the record, read again for seconds where they contradict each other: which one is late?

        Where they do not come to agree, the tag was moved without a record, and counts for what it is.
        """
        page, tag = store.read_verified(), store.lane.floating
        for _ in self.registry.retry_budget.poll(CONSISTENCY_WAIT, condition=f"{tag} does not read as it was recorded"):
            place = page.ledger.position(tag)
            if place is None or place.after == digest_of(floating):
                break
            floating, page = resolve(self.registry, tag), store.read_verified()
        return floating, page

    def _target(
        self, wish: RollbackRequest, way: RollbackTargets, seen: _LaneSurvey
    ) -> Flow[tuple[_Target, list[tuple[Version, str]]]]:
        """The first candidate that is good; one that was asked for has to be."""
        passed = list(way.passed)
        for candidate in way.candidates:
            version = candidate.version
            step = Step("verify", wish.lane.tag_of(version))
            yield step
            found = self._examined(wish.lane, candidate, seen)
            if isinstance(found, _Target):
                yield step.done(f"{checks_summary(found.report.checks)}; {found.raw.digest}")
                return found, passed + way.above(candidate)
            why = "; ".join(map(str, found))
            yield step.failed(why)
            if wish.to is not None:
                require(found, wish.lane.tag_of(version), remedy=_UNTOUCHED.format(wish.lane.floating))
            passed.append((version, why))
        raise VerificationError(
            f"lane {wish.lane.name} has no good version to go back to"
            + "".join(f"\n  {version}: {why}" for version, why in passed),
            remedy=_UNTOUCHED.format(wish.lane.floating),
        )

    def _examined(self, lane: Lane, candidate: RollbackCandidate, seen: _LaneSurvey) -> _Target | list[Check]:
        """The version as it is, or what is wrong with it."""
        version, tag = candidate.version, lane.tag_of(candidate.version)
        # It is listed, recorded or asked for: where it does not read, the read may be of seconds ago.
        answer = resolve_consistent(self.registry, tag, lambda digest: digest is not None)
        recorded = seen.page.ledger.published(tag)
        if isinstance(answer, Absent):
            return [Check("resolves", tag, good=False, expected="an image", found=self._nothing(lane, version))]
        expected = recorded.after if recorded else candidate.digest
        if expected and expected != answer.digest:
            return [Check("record", tag, good=False, expected=str(expected), found=str(answer.digest))]
        examiner = ImageChecker(registry=self.registry, deep=True, workers=self.workers)
        report = examiner.check(answer.raw, self._expected(lane, version, recorded))
        bad = [check for check in report.checks if not check.good]
        return bad or _Target(candidate, answer.raw, report)

    def _nothing(self, lane: Lane, version: Version) -> str:
        """That there is no such tag, and how another tool's of that version becomes known."""
        tags = self.registry.tags()
        other = next((tag for tag in tags if tag != lane.tag_of(version) and lane.version_tagged(tag) == version), None)
        adopt = command("adopt", "--lane", lane.name)
        return "nothing under this tag" + (f" ({other} is another tool's; {adopt} takes it in)" if other else "")

    def _expected(self, lane: Lane, version: Version, recorded: Entry | None) -> ExpectedImage:
        """What the ledger recorded goes before today's settings: an old version may have had other platforms."""
        platforms = (
            tuple(map(Platform.parse, recorded.platforms)) if recorded and recorded.platforms else self.platforms
        )
        revision = (recorded.commit if recorded else "") or self.commit_of(lane, version)
        return ExpectedImage.published(lane, version, platforms=platforms, revision=revision)

    @property
    def _namer(self) -> TagWriter:
        return TagWriter(registry=self.registry)

    def _move(
        self, wish: RollbackRequest, way: RollbackTargets, target: _Target, seen: _LaneSurvey
    ) -> Flow[_MoveResult]:
        """Put the floating tag at the target, even where it reads as being there: see :meth:`TagWriter.set`."""
        floating = wish.lane.floating
        if wish.dry_run:
            there = seen.digest == target.raw.digest
            would = "it has" if there else "dry run: it would go to"
            yield Step("move", floating).skipped(f"{would} {target.version}, {target.raw.digest}")
            return _MoveResult(done=False, before=way.before)
        left = wish.lane.tag_of(way.left) if way.left else "none"
        change = f"{left} -> {wish.lane.tag_of(target.version)}"
        known, past = seen.known(floating), seen.past(floating)
        found = yield from self._namer.move(
            floating, target.raw, change=change, expected_digests=known, recorded_digests=past
        )
        # Where only one of two reads says that it was there, that one may have been late.
        done = {seen.digest, found} != {target.raw.digest}
        # Where it reads as being there, it came from where it was recorded: a rollback up was cut off, or reads lag.
        places = (found, seen.digest, *seen.known(floating))
        before = next((place for place in places if place != target.raw.digest), way.before)
        return _MoveResult(done=done, before=before)

    def _record(
        self, wish: RollbackRequest, way: RollbackTargets, target: _Target, seen: _LaneSurvey, move: _MoveResult
    ) -> Flow[str]:
        """Write the move and the mark down; gives the tag that is marked."""
        marked = way.marks(target.version) if wish.mark else ""
        if seen.fault is not None and not wish.dry_run:
            raise type(seen.fault)(
                f"{wish.lane.floating} is at {target.version}, but this is not recorded, and nothing is marked as bad: "
                f"{seen.fault.what}",
                remedy=seen.fault.remedy,
            )
        if self.ledgers is None or seen.fault is not None or wish.dry_run:
            why = "dry run" if wish.dry_run else "no ledger is kept (ledger = false)"
            yield Step("record", wish.lane.ledger).skipped(why)
            return marked if wish.dry_run and self.ledgers and not seen.fault else ""
        entries = self._entries(self.ledgers.author, wish, way, target, marked, move)
        yield from record(
            [
                LedgerUpdate(
                    store=self.ledgers.store(wish.lane), entries=entries, base=seen.page.ledger, snapshot=seen.page
                )
            ]
        )
        return marked

    def _entries(
        self,
        author: EntryAuthor,
        wish: RollbackRequest,
        way: RollbackTargets,
        target: _Target,
        marked: str,
        move: _MoveResult,
    ) -> list[Entry]:
        entries = []
        # Where a release had not yet recorded its move, the last recorded place may be the very one that we go back to.
        if move.done or way.unrecorded(target.raw.digest):
            entries.append(
                author.entry(
                    Action.ROLLBACK,
                    tag=wish.lane.floating,
                    version=str(target.version),
                    before=move.before,
                    after=target.raw.digest,
                    commit=target.report.revision,
                    why=wish.reason,
                )
            )
        if marked and way.left and way.before:
            entries.append(
                author.entry(
                    Action.MARK,
                    tag=wish.lane.tag_of(way.left),
                    version=str(way.left),
                    after=way.before,
                    why=wish.reason,
                )
            )
        return entries


_UNTOUCHED = f"{{}} was not touched. See {command('history')} for the versions; --to names one."


def _here(floating: Present | Absent) -> str:
    return f"at {floating.digest.short}" if isinstance(floating, Present) else "not there"
