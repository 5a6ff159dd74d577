"""An engine for smoke runs that is made of answers, on a clock of the test's own."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from shiplane.config.smoke import ContainerObservation, Probe, Smoke
from shiplane.core.credential import Credential
from shiplane.core.errors import UnreachableError
from shiplane.docker.containers import PulledImage
from shiplane.registry.oci.names import Digest, Platform, Repository
from tests.faults.harness.clock import VirtualClock

Life = Callable[[float], ContainerObservation]


def healthy(after: float) -> Life:
    """A service whose HEALTHCHECK comes right after some seconds."""
    return lambda seconds: ContainerObservation(running=True, health="healthy" if seconds >= after else "starting")


def unhealthy(after: float) -> Life:
    """One whose HEALTHCHECK gives up."""
    return lambda seconds: ContainerObservation(
        running=True, health="unhealthy" if seconds >= after else "starting", said="no"
    )


def ends(after: float, code: int, health: str = "starting") -> Life:
    """One that ends by itself."""
    return lambda seconds: ContainerObservation(running=seconds < after, health=health, code=code)


def unchecked() -> Life:
    """One without a HEALTHCHECK, that runs for ever."""
    return lambda _seconds: ContainerObservation(running=True)


@dataclass
class FakeEngine:
    """What is in it, and what was done to it.

    Attributes:
        clock: Whose time the containers live in.
        lives: How a container of each platform behaves; others as ``linux/amd64``.
        probes: The exit codes of the configured command, one after the other; the last stays.
        unpullable: Whether every pull fails.
        interrupt: Raised by the next look at a container.
        here: The containers that are there.
        pulled: The images that are there.
        done: What happened, in order.
    """

    clock: VirtualClock
    lives: Mapping[str, Life] = field(default_factory=lambda: {"linux/amd64": healthy(1)})
    probes: list[int | None] = field(default_factory=lambda: [0])
    unpullable: bool = False
    interrupt: type[BaseException] | None = None
    here: dict[str, tuple[Life, float]] = field(default_factory=dict)
    pulled: set[str] = field(default_factory=set)
    done: list[str] = field(default_factory=list)

    @contextmanager
    def image(
        self, repository: Repository, digest: Digest, platform: Platform, credential: Credential | None
    ) -> Iterator[PulledImage]:
        if self.unpullable:
            raise UnreachableError("the engine cannot pull it", remedy="--skip smoke")
        reference = f"{repository}@{digest}"
        self.done.append(f"pull {platform} as {credential.username if credential else 'nobody'}")
        self.pulled.add(reference)
        try:
            yield PulledImage(reference, ours=True)
        finally:
            self.pulled.remove(reference)

    @contextmanager
    def container(self, image: PulledImage, platform: Platform, smoke: Smoke) -> Iterator[str]:
        assert image.reference in self.pulled
        assert smoke.memory_mb
        name = f"{platform} {len(self.done)}"
        self.here[name] = self.lives.get(str(platform), self.lives["linux/amd64"]), self.clock.now()
        self.done.append(f"start {platform}")
        try:
            yield name
        finally:
            del self.here[name]

    def inspect(self, container: str) -> ContainerObservation:
        if self.interrupt:
            raise self.interrupt
        life, began = self.here[container]
        return life(self.clock.now() - began)

    def probe(self, container: str, command: Sequence[str], limit: float) -> Probe:
        assert container in self.here
        assert command
        code = self.probes.pop(0) if len(self.probes) > 1 else self.probes[0]
        self.clock.pass_by(limit if code is None else 0.1)
        return Probe(code, "" if code == 0 else "refused")

    def log(self, container: str) -> tuple[str, ...]:
        assert container in self.here
        return tuple(f"line {number}" for number in range(1, 31))

    def sweep(self) -> None:
        self.done.append("sweep")
