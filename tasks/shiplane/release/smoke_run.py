"""Smoke tests: before it is tagged, each staged image is started by digest on each platform that the engine can run."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Protocol

from shiplane.config.smoke import (
    NOT_CONFIGURED,
    ContainerObservation,
    Probe,
    Runnable,
    Smoke,
    SmokeAttempt,
    SmokeResult,
    SmokeVerdict,
    judge,
)
from shiplane.core.credential import Credential
from shiplane.core.errors import PrerequisiteError, VerificationError
from shiplane.core.progress import Flow, Step, StepState
from shiplane.docker.builders import emulation_remedy
from shiplane.docker.containers import PulledImage
from shiplane.registry.http.retry_budget import Clock, SystemClock
from shiplane.registry.oci.manifest import Descriptor
from shiplane.registry.oci.names import Digest, Platform, Repository
from shiplane.verify.image_check import ImageReport

# Seconds between two reads of a container's state.
_POLL = 0.25
_LINES = 20
_SKIP = "To skip it: --skip smoke."


class SmokeEngine(Protocol):
    """Starts containers: see :class:`shiplane.docker.containers.Containers`."""

    def image(
        self, repository: Repository, digest: Digest, platform: Platform, credential: Credential | None
    ) -> AbstractContextManager[PulledImage]:
        """Pull an image for as long as it is needed."""

    def container(self, image: PulledImage, platform: Platform, smoke: Smoke) -> AbstractContextManager[str]:
        """Run a container for as long as it is needed."""

    def inspect(self, container: str) -> ContainerObservation:
        """The container as it is."""

    def probe(self, container: str, command: Sequence[str], limit: float) -> Probe:
        """Run a command in it."""

    def log(self, container: str) -> tuple[str, ...]:
        """Its output."""

    def sweep(self) -> None:
        """Remove what dead runs left behind."""


@dataclass(frozen=True)
class ImageSource:
    """Where an image is pulled from, and the credential for that; None for anonymous."""

    repository: Repository
    credential: Credential | None


@dataclass(frozen=True, kw_only=True)
class SmokeRunner:
    """Smoke-tests the images of one release.

    Attributes:
        engine: Starts containers; made on first use.
        runnable: What the engine can run.
        sources: Where each lane's image is pulled from.
        smokes: How each lane's image is tested; other lanes' are not.
        skip_reason: Why none is tested although it is configured, or nothing.
        clock: The clock.
    """

    engine: SmokeEngine
    runnable: Callable[[], Runnable]
    sources: Mapping[str, ImageSource]
    smokes: Mapping[str, Smoke]
    skip_reason: str = ""
    clock: Clock = field(default_factory=SystemClock)

    def check(self, lanes: Mapping[str, Sequence[Platform]]) -> None:
        """Check before a build whether its images could be tested at all; remove what dead runs left behind.

        Args:
            lanes: What each lane is built for.

        Raises:
            PrerequisiteError: The engine can run none of a lane's platforms, or not one that is configured by name.
            UnreachableError: No engine answers.
        """
        configured = {
            lane: platforms for lane, platforms in lanes.items() if lane in self.smokes and not self.skip_reason
        }
        if not configured:
            return
        self.engine.sweep()
        self.require(configured)

    def require(self, lanes: Mapping[str, Sequence[Platform]]) -> None:
        """The same for lanes with smoke tests, without removing anything. Raises as :meth:`check`."""
        runnable = self.runnable()
        for lane, platforms in lanes.items():
            named = [platform for platform in self.smokes[lane].platforms if platform in platforms]
            missing = [platform for platform in named or platforms if not runnable.can(platform)]
            if missing and (named or len(missing) == len(platforms)):
                raise _cannot_run(lane, missing)

    def smoke(self, lane: str, images: Sequence[Descriptor]) -> Flow[SmokeResult]:
        """Test every platform of a lane's image, one after the other; a failing one does not hide the next.

        Raises:
            VerificationError: One fails, with the last lines of its output.
            UnreachableError: No engine answers, or it cannot pull.
        """
        attempts = []
        for image in images:
            assert image.platform is not None  # noqa: S101 -- examined
            step = Step("smoke", f"{lane} {image.platform}")
            yield step
            attempt = self._try(lane, image.platform, image.digest)
            attempts.append(attempt)
            suffix = " (by emulation)" if attempt.emulated and attempt.state is not StepState.SKIPPED else ""
            outcome = {StepState.DONE: step.done, StepState.FAILED: step.failed}.get(attempt.state, step.skipped)
            yield outcome(attempt.reason + suffix)
        failed = [attempt for attempt in attempts if attempt.state is StepState.FAILED]
        if failed:
            raise _failure(lane, failed)
        platforms = [str(attempt.platform) for attempt in attempts if attempt.state is StepState.DONE]
        return SmokeResult(state=StepState.DONE, reason=f"ran on {', '.join(platforms)}", platforms=tuple(attempts))

    def _try(self, lane: str, platform: Platform, digest: Digest) -> SmokeAttempt:
        """Test one platform. Nothing is reported in between: a container must not wait for a listener."""
        smoke = self.smokes[lane]
        if smoke.platforms and platform not in smoke.platforms:
            reason = f"only {', '.join(map(str, smoke.platforms))} is configured to be tested"
            return SmokeAttempt(platform=platform, digest=digest, state=StepState.SKIPPED, reason=reason)
        runnable = self.runnable()
        if not runnable.can(platform):
            reason = f"the engine is {runnable.native} and cannot emulate it"
            return SmokeAttempt(platform=platform, digest=digest, state=StepState.SKIPPED, reason=reason)
        started, source = self.clock.now(), self.sources[lane]
        with (
            self.engine.image(source.repository, digest, platform, source.credential) as image,
            self.engine.container(image, platform, smoke) as container,
        ):
            verdict = self._watch(container, smoke)
            log = self.engine.log(container)
        return SmokeAttempt(
            platform=platform,
            digest=digest,
            state=StepState.DONE if verdict.good else StepState.FAILED,
            reason=verdict.reason,
            emulated=runnable.emulates(platform),
            seconds=self.clock.now() - started,
            log=log,
        )

    def _watch(self, container: str, smoke: Smoke) -> SmokeVerdict:
        started = self.clock.now()
        while True:
            state, probe = self.engine.inspect(container), None
            if smoke.command and state.running:
                seconds = smoke.timeout - (self.clock.now() - started)
                probe = self.engine.probe(container, smoke.command, max(1.0, seconds))
            verdict = judge(state, probe, smoke, self.clock.now() - started)
            if verdict:
                return verdict
            self.clock.sleep(_POLL)


def smoke_lanes(
    smoker: SmokeRunner | None, reports: Mapping[str, ImageReport], built: Collection[str]
) -> Flow[dict[str, SmokeResult]]:
    """Test every lane's image that this run has built.

    Args:
        smoker: Tests them; None if nothing is configured.
        reports: What each lane's image consists of.
        built: The lanes that this run has built; the others are public already.

    Raises:
        VerificationError: One fails.
        UnreachableError: No engine answers, or it cannot pull.
    """
    smoked = {}
    for lane, report in reports.items():
        skipped = _skipped_result(smoker, lane, built)
        if skipped is None:
            assert smoker is not None  # noqa: S101 -- without one there is a reason
            smoked[lane] = yield from smoker.smoke(lane, report.images)
            continue
        smoked[lane], step = skipped, Step("smoke", lane)
        yield step.unchanged(skipped.reason) if skipped.state is StepState.UNCHANGED else step.skipped(skipped.reason)
    return smoked


def _skipped_result(smoker: SmokeRunner | None, lane: str, built: Collection[str]) -> SmokeResult | None:
    if smoker is None or lane not in smoker.smokes:
        return NOT_CONFIGURED
    if smoker.skip_reason:
        return SmokeResult(state=StepState.SKIPPED, reason=smoker.skip_reason)
    if lane not in built:
        return SmokeResult(
            state=StepState.UNCHANGED, reason="published already: it was tested before it was tagged, if at all"
        )
    return None


def _cannot_run(lane: str, platforms: Sequence[Platform]) -> PrerequisiteError:
    return PrerequisiteError(
        f"lane {lane}'s image has to be tested before it is tagged, but the engine cannot run "
        f"{', '.join(map(str, platforms))}",
        remedy=f"{emulation_remedy(platforms)}. {_SKIP}",
    )


def _failure(lane: str, failed: Sequence[SmokeAttempt]) -> VerificationError:
    parts = []
    for attempt in failed:
        lines = [f"  | {line}" for line in attempt.log[-_LINES:]] or ["  | (no output)"]
        parts += [f"{attempt.platform} {attempt.digest.short}: {attempt.reason}; its last output:", *lines]
    return VerificationError(
        f"smoke test failed for lane {lane}:\n  " + "\n  ".join(parts),
        remedy=f"No lane was tagged. Fix the image, then run it again. {_SKIP}",
    )
