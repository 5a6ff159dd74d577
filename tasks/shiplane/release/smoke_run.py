"""Smoke runs: each staged image is started by its digest before it gets a name, on each platform that can be run."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
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
from shiplane.docker.builders import emulation
from shiplane.docker.containers import PulledImage
from shiplane.registry.http.retry_budget import Clock, SystemClock
from shiplane.registry.oci.manifest import Descriptor
from shiplane.registry.oci.names import Digest, Platform, Repository
from shiplane.verify.image_check import ImageReport

# Seconds between two looks at a container.
_LOOK = 0.25
_SHOWN = 20
_SKIP = "--skip smoke leaves it out."


class SmokeEngine(Protocol):
    """What starts containers: see :class:`shiplane.docker.containers.Containers`."""

    def image(
        self, repository: Repository, digest: Digest, platform: Platform, credential: Credential | None
    ) -> AbstractContextManager[PulledImage]:
        """An image, for as long as it is needed."""

    def container(self, image: PulledImage, platform: Platform, smoke: Smoke) -> AbstractContextManager[str]:
        """A container, for as long as it is needed."""

    def inspect(self, container: str) -> ContainerObservation:
        """The container as it is."""

    def probe(self, container: str, command: Sequence[str], limit: float) -> Probe:
        """Run a command in it."""

    def log(self, container: str) -> tuple[str, ...]:
        """What it wrote."""

    def sweep(self) -> None:
        """Remove what dead runs left."""


@dataclass(frozen=True, kw_only=True)
class SmokeRunner:
    """Tries the images of one release.

    Attributes:
        engine: Starts containers; made on first use.
        runnable: What it can run.
        repository: Where the images are pulled from.
        credential: With what; None as a stranger.
        smokes: How each lane's image is tried; a lane that is not there is not.
        left_out: Why none is tried although it is configured, or nothing.
        clock: Whose time it is.
    """

    engine: SmokeEngine
    runnable: Callable[[], Runnable]
    repository: Repository
    credential: Credential | None
    smokes: Mapping[str, Smoke]
    left_out: str = ""
    clock: Clock = field(default_factory=SystemClock)

    def check(self, lanes: Iterable[str], platforms: Sequence[Platform]) -> None:
        """Find out before a build whether its images could be tried at all; remove what dead runs left.

        Raises:
            PrerequisiteError: The engine can run none of a lane's platforms, or not one that is asked for by name.
            UnreachableError: No engine answers.
        """
        wanted = [lane for lane in lanes if lane in self.smokes and not self.left_out]
        if not wanted:
            return
        self.engine.sweep()
        self.require(wanted, platforms)

    def require(self, lanes: Iterable[str], platforms: Sequence[Platform]) -> None:
        """The same for lanes whose smoke runs are configured, with nothing removed. Raises as :meth:`check`."""
        runnable = self.runnable()
        for lane in lanes:
            named = [platform for platform in self.smokes[lane].platforms if platform in platforms]
            missing = [platform for platform in named or platforms if not runnable.can(platform)]
            if missing and (named or len(missing) == len(platforms)):
                raise _cannot_run(lane, missing)

    def smoke(self, lane: str, images: Sequence[Descriptor]) -> Flow[SmokeResult]:
        """Try every platform of a lane's image, one after the other; a failing one does not hide the next.

        Raises:
            VerificationError: One does not run, with the last lines that it wrote.
            UnreachableError: No engine answers, or it cannot pull.
        """
        smoke, tried = self.smokes[lane], []
        for image in images:
            assert image.platform is not None  # noqa: S101 -- examined
            step = Step("smoke", f"{lane} {image.platform}")
            yield step
            found = self._try(smoke, image.platform, image.digest)
            tried.append(found)
            by = " (by emulation)" if found.emulated and found.state is not StepState.SKIPPED else ""
            end = {StepState.DONE: step.done, StepState.FAILED: step.failed}.get(found.state, step.skipped)
            yield end(found.reason + by)
        failed = [one for one in tried if one.state is StepState.FAILED]
        if failed:
            raise _failure(lane, failed)
        done = [str(one.platform) for one in tried if one.state is StepState.DONE]
        return SmokeResult(state=StepState.DONE, reason=f"ran on {', '.join(done)}", platforms=tuple(tried))

    def _try(self, smoke: Smoke, platform: Platform, digest: Digest) -> SmokeAttempt:
        """One platform. Nothing is told in between: a container must not wait for whoever listens."""
        if smoke.platforms and platform not in smoke.platforms:
            reason = f"only {', '.join(map(str, smoke.platforms))} is configured to be run"
            return SmokeAttempt(platform=platform, digest=digest, state=StepState.SKIPPED, reason=reason)
        runnable = self.runnable()
        if not runnable.can(platform):
            reason = f"the engine is {runnable.native} and has no emulation for it"
            return SmokeAttempt(platform=platform, digest=digest, state=StepState.SKIPPED, reason=reason)
        started = self.clock.now()
        with (
            self.engine.image(self.repository, digest, platform, self.credential) as image,
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
            seen, probe = self.engine.inspect(container), None
            if smoke.command and seen.running:
                left = smoke.timeout - (self.clock.now() - started)
                probe = self.engine.probe(container, smoke.command, max(1.0, left))
            verdict = judge(seen, probe, smoke, self.clock.now() - started)
            if verdict:
                return verdict
            self.clock.sleep(_LOOK)


def smoke_lanes(
    smoker: SmokeRunner | None, found: Mapping[str, ImageReport], built: Collection[str]
) -> Flow[dict[str, SmokeResult]]:
    """Try every lane's image that this run has built.

    Args:
        smoker: Tries them; None where nothing is configured.
        found: What each lane's image consists of.
        built: The lanes that were built by this run. Another one is public already: trying it now could change nothing.

    Raises:
        VerificationError: One does not run.
        UnreachableError: No engine answers, or it cannot pull.
    """
    smoked = {}
    for lane, report in found.items():
        skipped = _why_not(smoker, lane, built)
        if skipped is None:
            assert smoker is not None  # noqa: S101 -- without one there is a reason
            smoked[lane] = yield from smoker.smoke(lane, report.images)
            continue
        smoked[lane], step = skipped, Step("smoke", lane)
        yield step.unchanged(skipped.reason) if skipped.state is StepState.UNCHANGED else step.skipped(skipped.reason)
    return smoked


def _why_not(smoker: SmokeRunner | None, lane: str, built: Collection[str]) -> SmokeResult | None:
    if smoker is None or lane not in smoker.smokes:
        return NOT_CONFIGURED
    if smoker.left_out:
        return SmokeResult(state=StepState.SKIPPED, reason=smoker.left_out)
    if lane not in built:
        return SmokeResult(
            state=StepState.UNCHANGED, reason="published already: it was tried before it got its name, if at all"
        )
    return None


def _cannot_run(lane: str, platforms: Sequence[Platform]) -> PrerequisiteError:
    return PrerequisiteError(
        f"lane {lane}'s image has to be run before it gets a name, but the engine cannot run "
        f"{', '.join(map(str, platforms))}",
        remedy=f"{emulation(platforms)}; or: {_SKIP}",
    )


def _failure(lane: str, failed: Sequence[SmokeAttempt]) -> VerificationError:
    parts = []
    for one in failed:
        lines = [f"  | {line}" for line in one.log[-_SHOWN:]] or ["  | (it wrote nothing)"]
        parts += [f"{one.platform} {one.digest.short}: {one.reason}; the last that it wrote:", *lines]
    return VerificationError(
        f"lane {lane}'s image does not run:\n  " + "\n  ".join(parts),
        remedy=f"It was given no name, in no lane. Mend the image, then run it again. {_SKIP}",
    )
