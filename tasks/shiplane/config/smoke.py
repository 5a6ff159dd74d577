"""Smoke runs: how an image is tried before it gets a name, and what is made of what was seen."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, NamedTuple, TypedDict

from shiplane.config.keys.texts import COMMAND, PLATFORMS, SECONDS, VARIABLE_FORM
from shiplane.core.progress import StepState
from shiplane.core.schema.tables import Key
from shiplane.core.schema.values import Choice, Named, Number, Text
from shiplane.registry.oci.document_keys import DigestJson, PlatformJson
from shiplane.registry.oci.names import Digest, Platform

_ENVIRONMENT = Named(
    of=Text(pattern=r"[^\u0000]*", problem="has a NUL in it", shown=False),
    names=Text(pattern=VARIABLE_FORM, problem="is not an environment variable name"),
)
# Below six the engine itself refuses: it could not start a container.
_MEMORY = Number(whole=True, least=6)


@dataclass(frozen=True, kw_only=True)
class Smoke:
    """How a lane's image is tried."""

    command: Annotated[
        tuple[str, ...],
        Key(
            "Run inside the container, again and again, until it exits 0; split as a shell would, run without one. "
            "Default: the image's HEALTHCHECK is waited for.",
            COMMAND,
        ),
    ] = ()
    timeout: Annotated[
        float,
        Key(
            "After so many seconds without the command's 0 or a healthy HEALTHCHECK the image has failed.",
            SECONDS,
            "timeout-seconds",
        ),
    ] = 120.0
    up: Annotated[
        float,
        Key(
            "How long an image has to stay up that has no HEALTHCHECK, where no command is configured; ending with 0 "
            "before is as good.",
            SECONDS,
            "up-seconds",
        ),
    ] = 10.0
    env: Annotated[Mapping[str, str], Key("Additional environment of the container; never a secret.", _ENVIRONMENT)] = (
        field(default_factory=dict)
    )
    platforms: Annotated[
        tuple[Platform, ...],
        Key(
            "What has to be run; the release is refused where the engine cannot. Default: every platform of the image "
            "that the engine can run, by emulation too.",
            PLATFORMS,
        ),
    ] = ()
    network: Annotated[
        str,
        Key(
            "The container's network: none but its own loopback, or the engine's default one. No port is published.",
            Choice.of("none", "bridge"),
        ),
    ] = "none"
    memory_mb: Annotated[int, Key("The container's memory limit in MiB.", _MEMORY)] = 2048

    def __str__(self) -> str:
        criterion = f"{shlex.join(self.command)} exits 0" if self.command else "HEALTHCHECK is healthy"
        without = "" if self.command else f" (without one: up for {self.up:g} s)"
        where = ", ".join(map(str, self.platforms)) or "every platform that the engine can run"
        settings = "".join(f", {name}={value}" for name, value in sorted(self.env.items()))
        return (
            f"{criterion} within {self.timeout:g} s{without}, on {where}, "
            f"network {self.network}, {self.memory_mb} MiB{settings}"
        )


@dataclass(frozen=True, kw_only=True)
class Runnable:
    """What an engine can run: its own platform, and those that it emulates."""

    native: Platform
    others: frozenset[Platform] = frozenset()

    def can(self, platform: Platform) -> bool:
        """Whether a container of this platform can be started."""
        return platform == self.native or platform in self.others

    def emulates(self, platform: Platform) -> bool:
        """Whether it would be by emulation: slower, and not quite the real thing."""
        return self.can(platform) and platform.architecture != self.native.architecture


@dataclass(frozen=True, kw_only=True)
class ContainerObservation:
    """A container as the engine describes it.

    Attributes:
        running: Whether it has not ended.
        health: ``starting``, ``healthy`` or ``unhealthy``; empty where the image has no HEALTHCHECK.
        said: What the last probe of the HEALTHCHECK wrote.
        code: Its exit code, once it has ended.
        out_of_memory: Whether the kernel ended it.
        fault: Why it could not be started at all.
    """

    running: bool
    health: str = ""
    said: str = ""
    code: int = 0
    out_of_memory: bool = False
    fault: str = ""


@dataclass(frozen=True)
class Probe:
    """One try of the configured command: its exit code (None where it did not end in time) and what it wrote."""

    code: int | None
    output: str = ""


class SmokeVerdict(NamedTuple):
    """Whether an image runs, and why."""

    good: bool
    reason: str


def judge(container: ContainerObservation, probe: Probe | None, smoke: Smoke, elapsed: float) -> SmokeVerdict | None:
    """The verdict on a container so far; None while it is undecided.

    Args:
        container: The container.
        probe: The latest try of the command, where one is configured.
        smoke: What is wanted.
        elapsed: Seconds since its start.
    """
    if not container.running:
        return _ended(container, smoke, elapsed)
    return _by_command(probe, smoke, elapsed) if smoke.command else _by_health(container, smoke, elapsed)


def _by_command(probe: Probe | None, smoke: Smoke, elapsed: float) -> SmokeVerdict | None:
    command = shlex.join(smoke.command)
    if probe and probe.code == 0:
        return SmokeVerdict(True, f"{command} exits 0 after {elapsed:.1f} s")
    last = f", but {'does not end' if probe.code is None else f'ends with {probe.code}'}" if probe else ""
    output = f"{last}{_said(probe.output)}" if probe else ""
    return _late(f"{command} did not exit 0 within {smoke.timeout:g} s{output}", smoke, elapsed)


def _by_health(container: ContainerObservation, smoke: Smoke, elapsed: float) -> SmokeVerdict | None:
    if container.health == "healthy":
        return SmokeVerdict(True, f"healthy after {elapsed:.1f} s")
    if container.health == "unhealthy":
        return SmokeVerdict(False, f"unhealthy after {elapsed:.1f} s{_said(container.said)}")
    if container.health:
        return _late(f"not healthy within {smoke.timeout:g} s{_said(container.said)}", smoke, elapsed)
    if elapsed >= smoke.up:
        return SmokeVerdict(True, f"up for {elapsed:.0f} s; the image has no HEALTHCHECK, and no command is configured")
    return None


def _ended(container: ContainerObservation, smoke: Smoke, elapsed: float) -> SmokeVerdict:
    if container.fault:
        return SmokeVerdict(False, f"could not be started: {container.fault}")
    if container.out_of_memory:
        return SmokeVerdict(False, f"ended for using more than {smoke.memory_mb} MiB of memory")
    if container.code == 0 and not smoke.command and not container.health:
        return SmokeVerdict(True, f"ended with 0 after {elapsed:.1f} s; the image has no HEALTHCHECK")
    before = f", before {shlex.join(smoke.command)} exited 0" if smoke.command else ""
    before = before or (", before it was healthy" if container.health else "")
    return SmokeVerdict(False, f"ended with {container.code} after {elapsed:.1f} s{before}")


def _late(reason: str, smoke: Smoke, elapsed: float) -> SmokeVerdict | None:
    return SmokeVerdict(False, reason) if elapsed >= smoke.timeout else None


def _said(output: str) -> str:
    return f" ({output})" if output else ""


class SmokeAttemptJson(TypedDict):
    """One platform's smoke run."""

    platform: PlatformJson
    digest: DigestJson
    state: Annotated[str, StepState, "How it ended."]
    reason: Annotated[str, "Why."]
    emulated: Annotated[bool, "Whether it ran under emulation."]
    seconds: Annotated[float, "Duration, including the pull."]
    log: Annotated[list[str], {"most": 200}, "Last lines of the container's output."]


class SmokeResultJson(TypedDict):
    """How a lane's smoke runs ended, or why there were none."""

    state: Annotated[str, StepState, "How it ended."]
    reason: Annotated[str, "Why."]
    platforms: Annotated[list[SmokeAttemptJson], "Each platform of the image."]


@dataclass(frozen=True, kw_only=True)
class SmokeAttempt:
    """One platform of an image after its smoke run: done, skipped or failed."""

    platform: Platform
    digest: Digest
    state: StepState
    reason: str
    emulated: bool = False
    seconds: float = 0.0
    log: tuple[str, ...] = ()

    def to_json(self) -> SmokeAttemptJson:
        """The same as JSON values."""
        return {
            "platform": str(self.platform),
            "digest": str(self.digest),
            "state": self.state.value,
            "reason": self.reason,
            "emulated": self.emulated,
            "seconds": round(self.seconds, 3),
            "log": list(self.log),
        }


@dataclass(frozen=True, kw_only=True)
class SmokeResult:
    """A lane's image after its smoke runs, or why there were none."""

    state: StepState
    reason: str
    platforms: Sequence[SmokeAttempt] = ()

    def to_json(self) -> SmokeResultJson:
        """The same as JSON values."""
        return {
            "state": self.state.value,
            "reason": self.reason,
            "platforms": [tried.to_json() for tried in self.platforms],
        }


NOT_CONFIGURED = SmokeResult(state=StepState.SKIPPED, reason="no smoke run is configured")
