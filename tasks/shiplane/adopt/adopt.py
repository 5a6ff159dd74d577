"""Taking what other tools published into a lane's ledger: read in full, shown, recorded. No tag is written or moved."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, TypedDict

from shiplane.config.lane import Lane
from shiplane.config.version import Version
from shiplane.core.check import Check
from shiplane.core.plurals import counted
from shiplane.core.progress import Flow, Step
from shiplane.core.system.parallel import WORKERS, map_parallel
from shiplane.core.text import one_line
from shiplane.ledger.foreign_tags import SortedTags, sort_tags, with_adopted_tags
from shiplane.ledger.ledger import Action, Entry, EntryJson, Ledger
from shiplane.ledger.recorder import Ledgers, LedgerUpdate, record
from shiplane.registry.client import RegistryClient
from shiplane.registry.lookup import resolve
from shiplane.registry.oci.document_keys import DigestJson, TagJson
from shiplane.registry.oci.lookup_result import Absent, Present, digest_of
from shiplane.registry.oci.names import Digest, Tag
from shiplane.verify.image_check import ExpectedImage, ImageChecker, ImageReport


class AdoptedVersionJson(TypedDict):
    """One version that another tool published, or that was recorded before."""

    version: Annotated[str, "X.Y.Z, with a pre-release where it is one."]
    tag: TagJson
    digest: DigestJson
    platforms: Annotated[list[str], "What it is there for: os/architecture[/variant]."]
    commit: Annotated[str | None, "What it was built from, as its label says; null where it says nothing."]
    created: Annotated[str | None, "When it was made, as it says itself; null where it does not."]
    new: Annotated[bool, "Whether it was not in the ledger before."]
    warnings: Annotated[list[str], "What is not as shiplane makes it, and yet no fault."]


class AdoptedFloatingTagJson(TypedDict):
    """The lane's floating tag."""

    tag: TagJson
    digest: Annotated[DigestJson | None, "What it has; null where it does not exist."]
    version: Annotated[str | None, "The version among these that it has; null where it is none of them."]
    new: Annotated[bool, "Whether its place was not in the ledger before."]
    recorded_elsewhere: Annotated[
        EntryJson | None, "The last recorded move, where the tag was moved since without a record; else null."
    ]


class LeftOutTagJson(TypedDict):
    """A tag that is left out."""

    tag: TagJson
    why: Annotated[str, "The reason, for people."]


class AdoptionResultJson(TypedDict):
    """What was taken into a lane's ledger."""

    lane: Annotated[str, "The lane's name."]
    dry_run: Annotated[bool, "Whether nothing was written."]
    ledger: TagJson
    versions: Annotated[
        list[AdoptedVersionJson], "Every version that is in the ledger now, or would be; the lowest first."
    ]
    floating: AdoptedFloatingTagJson
    other_floating: Annotated[
        dict[str, str | None],
        "Floating tags of other tools, by tag: the version among these that each has; null where it is none.",
    ]
    left_out: Annotated[list[LeftOutTagJson], "Every other tag of the repository."]


@dataclass(frozen=True, kw_only=True)
class AdoptedVersion:
    """One version that is in the ledger, or is to be.

    Attributes:
        version: Which.
        tag: Where it is.
        digest: What it is.
        entry: Its record; None in a dry run, where it is not recorded yet.
        examination: What it consists of; None where it was recorded before, and is not read again.
    """

    version: Version
    tag: Tag
    digest: Digest
    entry: Entry | None = None
    report: ImageReport | None = None

    @property
    def new(self) -> bool:
        """Whether it was not in the ledger before."""
        return self.report is not None

    @property
    def platforms(self) -> tuple[str, ...]:
        """What it is there for."""
        if self.report is None:
            return tuple(self.entry.platforms) if self.entry else ()
        return tuple(str(image.platform) for image in self.report.images)

    @property
    def commit(self) -> str:
        """What it was built from, as it says itself."""
        if self.report is None:
            return self.entry.commit if self.entry else ""
        return one_line(self.report.revision)[:80]

    @property
    def created(self) -> str:
        """When it was made, as it says itself; of one that we published, when that was."""
        if self.report is None:
            return (self.entry.created if self.entry.adopted else self.entry.when) if self.entry else ""
        return self.report.created

    @property
    def warnings(self) -> tuple[Check, ...]:
        """What is not as we make it, and yet no fault."""
        return tuple(check for check in self.report.checks if check.warning) if self.report else ()

    def to_json(self) -> AdoptedVersionJson:
        """The version as JSON values."""
        return {
            "version": str(self.version),
            "tag": self.tag,
            "digest": str(self.digest),
            "platforms": list(self.platforms),
            "commit": self.commit or None,
            "created": self.created or None,
            "new": self.new,
            "warnings": [str(check) for check in self.warnings],
        }


@dataclass(frozen=True, kw_only=True)
class AdoptionResult:
    """How it ended.

    Attributes:
        lane: The lane, finding what is adopted under its tag.
        versions: Every version that is in the ledger now (or would be), the lowest first.
        floating: What the floating tag has; None where it does not exist.
        current: The version among them that it stands for; None where it is none of them.
        position: Whether its place is in the ledger now (or would be), and was not before.
        drift: Where the ledger has it, when that is somewhere else; None where it agrees or says nothing.
        others: The floating tags of other tools, each with the version that it has, if that is one of these.
        left: Every other tag of the repository, with why it is left out.
        dry_run: Whether nothing was written.
    """

    lane: Lane
    versions: tuple[AdoptedVersion, ...]
    floating: Digest | None
    current: Version | None
    position: bool
    drift: Entry | None = None
    others: Mapping[Tag, Version | None] = field(default_factory=dict)
    left: tuple[tuple[Tag, str], ...] = ()
    dry_run: bool = False

    @property
    def new(self) -> tuple[AdoptedVersion, ...]:
        """What was not in the ledger before."""
        return tuple(taken for taken in self.versions if taken.new)

    def to_json(self) -> AdoptionResultJson:
        """The result as JSON values."""
        return {
            "lane": self.lane.name,
            "dry_run": self.dry_run,
            "ledger": self.lane.ledger,
            "versions": [taken.to_json() for taken in self.versions],
            "floating": {
                "tag": self.lane.floating,
                "digest": str(self.floating) if self.floating else None,
                "version": str(self.current) if self.current else None,
                "new": self.position,
                "recorded_elsewhere": self.drift.to_json() if self.drift else None,
            },
            "other_floating": {tag: str(version) if version else None for tag, version in self.others.items()},
            "left_out": [{"tag": tag, "why": why} for tag, why in self.left],
        }


@dataclass(frozen=True, kw_only=True)
class Adopter:
    """Adopts versions of one repository.

    Attributes:
        registry: Where they are read.
        ledgers: Where they are recorded.
        commit_of: The commit that a version was released from, as far as git knows it.
        workers: How many reads at once.
    """

    registry: RegistryClient
    ledgers: Ledgers
    commit_of: Callable[[Lane, Version], str | None]
    workers: int = WORKERS

    def adopt(
        self, lane: Lane, lanes: Sequence[Lane], since: Version | None = None, *, dry_run: bool = False
    ) -> Flow[AdoptionResult]:
        """Read what is there and record what is a whole version of the lane.

        Args:
            lane: Whose versions.
            lanes: Every lane of the repository: what belongs to another one, or could, is left out.
            since: The lowest version to adopt.
            dry_run: Whether nothing is written.

        Raises:
            BrokenLedgerError: The ledger is not whole: nothing is added to it.
            LostRaceError: Somebody published one of these versions with other content at the same moment.
            AccessError, UnreachableError: The registry refused, or gave no reliable answer; then nothing is recorded.
        """
        step = Step("registry", f"lane {lane.name}")
        yield step
        page = self.ledgers.store(lane).read_verified()
        known = with_adopted_tags(lane, page.ledger)
        tags = sort_tags(known, lanes, self.registry.tags(), since)
        yield step.done(f"{counted(len(tags.versions), 'version')}, {counted(len(tags.ignored), 'other tag')}")
        step = Step("examine", f"lane {lane.name}")
        yield step
        found = map_parallel(
            lambda version: self._take(known, version, tags.versions[version], page.ledger),
            tags.versions,
            workers=self.workers,
        )
        seen = _RepositorySurvey(
            ledger=page.ledger,
            taken=tuple(taken for taken, _ in found if taken),
            left=tuple(left for _, more in found for left in more),
            floating=resolve(self.registry, lane.floating),
        )
        yield step.done(f"{counted(len(seen.taken), 'version')} good, {counted(len(seen.left), 'tag')} left out")
        entries = self._entries(lane, seen)
        if dry_run or not entries:
            record_step = Step("record", lane.ledger)
            yield record_step.skipped("dry run") if entries else record_step.unchanged("nothing is new")
        else:
            yield from record(
                [LedgerUpdate(store=self.ledgers.store(lane), entries=entries, base=page.ledger, snapshot=page)]
            )
        return self._adopted(with_adopted_tags(lane, page.ledger.append(entries)), tags, seen, dry_run=dry_run)

    def _take(
        self, lane: Lane, version: Version, names: Sequence[Tag], ledger: Ledger
    ) -> tuple[AdoptedVersion | None, list[tuple[Tag, str]]]:
        """One version by the tag that counts most, and what is left out of it with the reason."""
        first, *rest = names
        answers = {tag: resolve(self.registry, tag) for tag in names}
        image = answers[first]
        left = [
            (tag, f"another image than {first}") for tag in rest if digest_of(answers[tag]) != digest_of(answers[first])
        ]
        if isinstance(image, Absent):
            return None, [(first, "listed, and not there"), *left]
        recorded = ledger.published(first)
        if recorded:
            taken = AdoptedVersion(version=version, tag=first, digest=image.digest, entry=recorded)
            what = f"recorded as {recorded.after} on {recorded.when}, and somebody wrote it since"
            return (taken, left) if recorded.after == image.digest else (None, [(first, what), *left])
        report = self._examined(lane, version, image)
        bad = [str(check) for check in report.checks if not check.good]
        if bad:
            return None, [(first, "; ".join(bad)), *left]
        return AdoptedVersion(version=version, tag=first, digest=image.digest, report=report), left

    def _examined(self, lane: Lane, version: Version, image: Present) -> ImageReport:
        """The image as it is: for whatever platforms, and by whatever labels, that contradict nothing."""
        examiner = ImageChecker(registry=self.registry, workers=1)
        commit = self.commit_of(lane, version)
        return examiner.check(image.raw, ExpectedImage.published(lane, version, platforms=None, revision=commit))

    def _entries(self, lane: Lane, seen: _RepositorySurvey) -> list[Entry]:
        """A publication for each new version, and the floating tag's place where no move of it is recorded."""
        entries = [self._publication(taken) for taken in seen.taken if taken.report]
        current = seen.current
        if current and seen.ledger.position(lane.floating) is None:
            entries.append(
                self.ledgers.author.entry(
                    Action.FLOAT,
                    tag=lane.floating,
                    version=str(current.version),
                    after=current.digest,
                    commit=current.commit,
                    late=True,
                    adopted=True,
                )
            )
        return entries

    def _publication(self, taken: AdoptedVersion) -> Entry:
        assert taken.report  # noqa: S101 -- asked by the caller
        return self.ledgers.author.entry(
            Action.PUBLISH,
            tag=taken.tag,
            version=str(taken.version),
            after=taken.digest,
            commit=taken.commit,
            platforms={str(image.platform): str(image.digest) for image in taken.report.images},
            late=True,
            adopted=True,
            created=taken.created,
        )

    def _adopted(self, lane: Lane, tags: SortedTags, seen: _RepositorySurvey, *, dry_run: bool) -> AdoptionResult:
        position, current = seen.ledger.position(lane.floating), seen.current
        digest = digest_of(seen.floating)
        return AdoptionResult(
            lane=lane,
            versions=seen.taken,
            floating=digest,
            current=current.version if current else None,
            position=bool(current) and position is None,
            drift=position if position and position.after != digest else None,
            others=self._others(tags.floating, seen),
            left=tuple(sorted((*tags.ignored, *seen.left))),
            dry_run=dry_run,
        )

    def _others(self, tags: Iterable[Tag], seen: _RepositorySurvey) -> dict[Tag, Version | None]:
        known = {taken.digest: taken.version for taken in seen.taken}
        names = list(tags)
        answers = map_parallel(lambda tag: digest_of(resolve(self.registry, tag)), names, workers=self.workers)
        return {tag: known.get(digest) if digest else None for tag, digest in zip(names, answers, strict=True)}


@dataclass(frozen=True, kw_only=True)
class _RepositorySurvey:
    """What was read: the ledger, the good versions, what is left out, and the floating tag."""

    ledger: Ledger
    taken: tuple[AdoptedVersion, ...]
    left: tuple[tuple[Tag, str], ...]
    floating: Present | Absent

    @property
    def current(self) -> AdoptedVersion | None:
        """The version that the floating tag has; of two with one digest the higher one."""
        digest = digest_of(self.floating)
        return next((taken for taken in reversed(self.taken) if taken.digest == digest), None)
