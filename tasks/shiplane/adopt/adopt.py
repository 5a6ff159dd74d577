"""Adopt versions that other tools published: check them in full and record them. No tag is written or moved."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from shiplane.adopt.result import AdoptedVersion, AdoptionResult, is_adoptable
from shiplane.config.lane import Lane
from shiplane.config.version import Version
from shiplane.core.plurals import counted
from shiplane.core.progress import Flow, Step
from shiplane.core.system.parallel import WORKERS, map_parallel
from shiplane.ledger.foreign_tags import Channels, SortedTags, sort_tags, with_adopted_tags
from shiplane.ledger.ledger import Action, Entry, Ledger
from shiplane.ledger.recorder import Ledgers, LedgerUpdate, record
from shiplane.registry.client import RegistryClient
from shiplane.registry.lookup import resolve, resolve_all
from shiplane.registry.oci.lookup_result import Absent, Present, digest_of
from shiplane.registry.oci.names import Tag
from shiplane.verify.floating_tags import FloatingTagState, existing_floating_tags
from shiplane.verify.image_check import ExpectedImage, ImageChecker, ImageReport


@dataclass(frozen=True, kw_only=True)
class Adopter:
    """Adopts versions of one repository.

    Attributes:
        registry: Where the versions are.
        ledgers: The lanes' ledgers.
        commit_of: The commit that a version was released from, as far as git knows.
        workers: How many reads at once.
        channels: Every channel of the project: its tags are no versions.
    """

    registry: RegistryClient
    ledgers: Ledgers
    commit_of: Callable[[Lane, Version], str | None]
    workers: int = WORKERS
    channels: Channels = ()

    def adopt(
        self, lane: Lane, lanes: Sequence[Lane], since: Version | None = None, *, dry_run: bool = False
    ) -> Flow[AdoptionResult]:
        """Check what is there, and record every complete version of the lane.

        Args:
            lane: The lane.
            lanes: Every lane of the repository: what belongs, or could belong, to another one is ignored.
            since: The lowest version to adopt.
            dry_run: Whether nothing is written.

        Raises:
            BrokenLedgerError: The ledger is broken: nothing is added to it.
            LostRaceError: Somebody published one of these versions with other content at the same moment.
            AccessError, UnreachableError: The registry refused, or gave no reliable answer; then nothing is recorded.
        """
        step = Step("registry", f"lane {lane.name}")
        yield step
        snapshot = self.ledgers.store(lane).read_verified()
        adopted_lane = with_adopted_tags(lane, snapshot.ledger)
        listed = self.registry.tags()
        tags = sort_tags(adopted_lane, lanes, listed, since, self.channels)
        yield step.done(f"{counted(len(tags.versions), 'version')}, {counted(len(tags.ignored), 'other tag')}")
        step = Step("examine", f"lane {lane.name}")
        yield step
        results = map_parallel(
            lambda version: self._check_version(adopted_lane, version, tags.versions[version], snapshot.ledger),
            tags.versions,
            workers=self.workers,
        )
        adopted = tuple(adopted for adopted, _ in results if adopted)
        survey = _RepositorySurvey(
            ledger=snapshot.ledger,
            adopted=adopted,
            ignored=tuple(ignored for _, others in results for ignored in others),
            floating=self._floating(lane, snapshot.ledger, listed, adopted),
        )
        yield step.done(
            f"{counted(len(survey.adopted), 'version')} good, {counted(len(survey.ignored), 'tag')} left out"
        )
        entries = self._entries(survey)
        if dry_run or not entries:
            record_step = Step("record", lane.ledger)
            yield record_step.skipped("dry run") if entries else record_step.unchanged("nothing is new")
        else:
            yield from record(
                [LedgerUpdate(store=self.ledgers.store(lane), entries=entries, base=snapshot.ledger, snapshot=snapshot)]
            )
        return self._adopted(with_adopted_tags(lane, snapshot.ledger.append(entries)), tags, survey, dry_run=dry_run)

    def _check_version(
        self, lane: Lane, version: Version, tags: Sequence[Tag], ledger: Ledger
    ) -> tuple[AdoptedVersion | None, list[tuple[Tag, str]]]:
        """One version under the tag that counts most, and its ignored tags with the reason."""
        main_tag, *rest = tags
        answers = {tag: resolve(self.registry, tag) for tag in tags}
        image = answers[main_tag]
        ignored = [
            (tag, f"another image than {main_tag}")
            for tag in rest
            if digest_of(answers[tag]) != digest_of(answers[main_tag])
        ]
        if isinstance(image, Absent):
            return None, [(main_tag, "listed, but does not exist"), *ignored]
        recorded = ledger.published(main_tag)
        if recorded:
            adopted = AdoptedVersion(version=version, tag=main_tag, digest=image.digest, entry=recorded)
            reason = f"recorded as {recorded.after} on {recorded.when}, and overwritten since"
            return (adopted, ignored) if recorded.after == image.digest else (None, [(main_tag, reason), *ignored])
        report = self._inspect(lane, version, image)
        bad = [str(check) for check in report.checks if not check.good]
        if bad:
            return None, [(main_tag, "; ".join(bad)), *ignored]
        return AdoptedVersion(version=version, tag=main_tag, digest=image.digest, report=report), ignored

    def _inspect(self, lane: Lane, version: Version, image: Present) -> ImageReport:
        """Check the image: any platforms and labels will do that do not contradict each other."""
        checker = ImageChecker(registry=self.registry, workers=1)
        commit = self.commit_of(lane, version)
        return checker.check(image.raw, ExpectedImage.published(lane, version, platforms=None, revision=commit))

    def _floating(
        self, lane: Lane, ledger: Ledger, listed: Iterable[Tag], adopted: Sequence[AdoptedVersion]
    ) -> tuple[FloatingTagState, ...]:
        """Where each floating tag of the lane is."""
        tags = existing_floating_tags(lane, ledger, listed)
        answers = resolve_all(self.registry, [floating.tag for floating in tags], workers=self.workers)
        digests = [(one.version, one.digest) for one in reversed(adopted)]
        return tuple(
            FloatingTagState(floating=one, answer=answer, position=ledger.position(one.tag)).placed(digests)
            for one, answer in zip(tags, answers, strict=True)
        )

    def _entries(self, survey: _RepositorySurvey) -> list[Entry]:
        """A publication for each new version, and the position of each floating tag without a recorded move."""
        versions = {adopted.version: adopted for adopted in survey.adopted}
        publications = [self._publication(adopted) for adopted in survey.adopted if adopted.report]
        moves = [
            self._move(state.tag, versions[state.version])
            for state in survey.floating
            if state.version and is_adoptable(state)
        ]
        return [*publications, *moves]

    def _move(self, tag: Tag, current: AdoptedVersion) -> Entry:
        return self.ledgers.author.entry(
            Action.FLOAT,
            tag=tag,
            version=str(current.version),
            after=current.digest,
            commit=current.commit,
            late=True,
            adopted=True,
        )

    def _publication(self, adopted: AdoptedVersion) -> Entry:
        assert adopted.report  # noqa: S101 -- asked by the caller
        return self.ledgers.author.entry(
            Action.PUBLISH,
            tag=adopted.tag,
            version=str(adopted.version),
            after=adopted.digest,
            commit=adopted.commit,
            platforms={str(image.platform): str(image.digest) for image in adopted.report.images},
            late=True,
            adopted=True,
            created=adopted.created,
        )

    def _adopted(self, lane: Lane, tags: SortedTags, survey: _RepositorySurvey, *, dry_run: bool) -> AdoptionResult:
        return AdoptionResult(
            lane=lane,
            versions=survey.adopted,
            floating=survey.floating,
            others=self._others(tags.floating, survey),
            ignored=tuple(sorted((*tags.ignored, *survey.ignored))),
            dry_run=dry_run,
        )

    def _others(self, tags: Iterable[Tag], survey: _RepositorySurvey) -> dict[Tag, Version | None]:
        versions = {adopted.digest: adopted.version for adopted in survey.adopted}
        floating_tags = list(tags)
        digests = map(digest_of, resolve_all(self.registry, floating_tags, workers=self.workers))
        return {
            tag: versions.get(digest) if digest else None for tag, digest in zip(floating_tags, digests, strict=True)
        }


@dataclass(frozen=True, kw_only=True)
class _RepositorySurvey:
    """What was read: the ledger, the good versions, the ignored tags with the reason, and the floating tags."""

    ledger: Ledger
    adopted: tuple[AdoptedVersion, ...]
    ignored: tuple[tuple[Tag, str], ...]
    floating: tuple[FloatingTagState, ...]
