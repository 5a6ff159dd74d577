"""Verify the candidates of a rollback, and take the first good one of each floating tag."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from shiplane.config.lane import Lane
from shiplane.config.version import Version
from shiplane.core.check import Check, checks_summary, require
from shiplane.core.errors import VerificationError
from shiplane.core.next_command import command
from shiplane.core.progress import Flow, Step
from shiplane.ledger.ledger import Entry, Ledger
from shiplane.registry.client import RegistryClient
from shiplane.registry.lookup import resolve_consistent
from shiplane.registry.oci.lookup_result import Absent
from shiplane.registry.oci.manifest import RawManifest
from shiplane.registry.oci.names import Digest, Platform
from shiplane.rollback.target import RollbackCandidate, RollbackTargets, TargetReason
from shiplane.verify.image_check import ExpectedImage, ImageChecker, ImageReport


@dataclass(frozen=True)
class VerifiedTarget:
    """A candidate whose image is good."""

    candidate: RollbackCandidate
    raw: RawManifest
    report: ImageReport

    @property
    def version(self) -> Version:
        """The version."""
        return self.candidate.version


@dataclass(frozen=True)
class TagChoice:
    """A floating tag of a rollback.

    Attributes:
        targets: Its candidates.
        target: The one that was taken; None where none is good: then the tag stays.
        rejected: Versions that were not taken, each with the reason.
    """

    targets: RollbackTargets
    target: VerifiedTarget | None
    rejected: tuple[tuple[Version, str], ...]


@dataclass(frozen=True, kw_only=True)
class CandidateChecker:
    """Verifies versions of one repository.

    Attributes:
        registry: Where they are.
        platforms: What a version must have, unless the ledger recorded others.
        commit_of: The commit that a version was released from, as far as git knows.
        workers: How many reads at once.
        where: The repository for display behind tags, or nothing.
    """

    registry: RegistryClient
    platforms: tuple[Platform, ...]
    commit_of: Callable[[Lane, Version], str | None]
    workers: int
    where: str = ""

    def choose(self, lane: Lane, tags: Sequence[RollbackTargets], ledger: Ledger) -> Flow[tuple[TagChoice, ...]]:
        """Take the first good candidate of each floating tag.

        Args:
            lane: The lane with its adopted tags.
            tags: The candidates of each, in order.
            ledger: The lane's ledger.

        Raises:
            VerificationError: The requested candidate is not good, or no tag has a good one.
        """
        results: dict[tuple[Version, Digest | None], VerifiedTarget | list[Check]] = {}
        choices = []
        for targets in tags:
            choices.append((yield from self._first_good(targets, ledger, results)))  # noqa: PERF401 -- it delegates
        if not any(choice.target for choice in choices):
            rejected = dict.fromkeys(each for choice in choices for each in choice.rejected)
            raise VerificationError(
                f"lane {lane.name} has no good version to go back to"
                + "".join(f"\n  {version}: {reason}" for version, reason in rejected),
                remedy=_unchanged(tags),
            )
        return tuple(choices)

    def _first_good(
        self,
        targets: RollbackTargets,
        ledger: Ledger,
        results: dict[tuple[Version, Digest | None], VerifiedTarget | list[Check]],
    ) -> Flow[TagChoice]:
        """Take the first good candidate of a floating tag; what was verified for another one is not verified again."""
        lane, rejected = targets.lane, list(targets.rejected)
        for candidate in targets.candidates:
            version, key = candidate.version, (candidate.version, candidate.digest)
            if key not in results:
                results[key] = yield from self._verify(lane, candidate, ledger)
            result = results[key]
            if isinstance(result, VerifiedTarget):
                rejected += targets.rejected_above(candidate)
                return TagChoice(targets, replace(result, candidate=candidate), tuple(rejected))
            if candidate.choice is TargetReason.NAMED:
                require(result, lane.tag_of(version), remedy=_unchanged([targets]))
            rejected.append((version, "; ".join(map(str, result))))
        return TagChoice(targets, None, tuple(rejected))

    def _verify(self, lane: Lane, candidate: RollbackCandidate, ledger: Ledger) -> Flow[VerifiedTarget | list[Check]]:
        """Verify a candidate: the target, or the bad checks."""
        step = Step("verify", f"{lane.tag_of(candidate.version)}{self.where}")
        yield step
        result = self.check(lane, candidate, ledger)
        if isinstance(result, VerifiedTarget):
            yield step.done(f"{checks_summary(result.report.checks)}; {result.raw.digest}")
        else:
            yield step.failed("; ".join(map(str, result)))
        return result

    def check(self, lane: Lane, candidate: RollbackCandidate, ledger: Ledger) -> VerifiedTarget | list[Check]:
        """Verify one candidate: the target, or the bad checks."""
        version, tag = candidate.version, lane.tag_of(candidate.version)
        # It is listed, recorded or requested: if it does not read, the read may lag by seconds.
        answer = resolve_consistent(self.registry, tag, lambda digest: digest is not None)
        recorded = ledger.published(tag)
        if isinstance(answer, Absent):
            return [Check("resolves", tag, good=False, found=self._missing(lane, version))]
        expected = recorded.after if recorded else candidate.digest
        if expected and expected != answer.digest:
            return [Check("record", tag, good=False, expected=str(expected), found=str(answer.digest))]
        checker = ImageChecker(registry=self.registry, deep=True, workers=self.workers)
        report = checker.check(answer.raw, self._expected(lane, version, recorded))
        bad = [check for check in report.checks if not check.good]
        return bad or VerifiedTarget(candidate, answer.raw, report)

    def _missing(self, lane: Lane, version: Version) -> str:
        """That the tag does not exist, and how to adopt another tool's tag of that version."""
        tags = self.registry.tags()
        other = next((tag for tag in tags if tag != lane.tag_of(version) and lane.version_tagged(tag) == version), None)
        adopt = command("adopt", "--lane", lane.name)
        return "no such tag" + (f" ({other} is another tool's; to adopt it: {adopt})" if other else "")

    def _expected(self, lane: Lane, version: Version, recorded: Entry | None) -> ExpectedImage:
        """The record goes before today's settings: an old version may have had other platforms."""
        platforms = (
            tuple(map(Platform.parse, recorded.platforms)) if recorded and recorded.platforms else self.platforms
        )
        revision = (recorded.commit if recorded else "") or self.commit_of(lane, version)
        return ExpectedImage.published(lane, version, platforms=platforms, revision=revision)


def _unchanged(tags: Sequence[RollbackTargets]) -> str:
    names, verb = ", ".join(str(targets.floating) for targets in tags), "was" if len(tags) == 1 else "were"
    return f"{names} {verb} not moved. See {command('history')} for the versions; --to names one."
