"""Containers for smoke runs, by the docker SDK: pulled by digest, fenced in, removed whatever happens.

A container carries a label with the run that it belongs to, so that the next run can remove what a killed one left.
Sources: Docker Engine API, "Create a container", "Inspect a container" (State, State.Health), "Exec".
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timezone
from functools import cached_property
from typing import TYPE_CHECKING, Any

from shiplane.config.smoke import ContainerObservation, Probe, Smoke
from shiplane.core.credential import Credential
from shiplane.core.errors import UnreachableError
from shiplane.core.system.host import process_space
from shiplane.core.system.temp_folder import is_alive
from shiplane.core.text import one_line
from shiplane.docker.engine import PULL_TIMEOUT, Engine, pull_image
from shiplane.registry.oci.names import Digest, Platform, Repository

if TYPE_CHECKING:
    from docker import DockerClient
    from docker.models.containers import Container

_OWNER = "dev.shiplane.smoke"
_PULLED = "dev.shiplane.smoke.pulled"
_CALL_TIMEOUT = 60
# What a container of ours keeps on its disk, and what we read of it.
_LOG_BYTES = "1m"
_LOG_LINES = 200
_OUTPUT = 4000
_STALE = 24 * 3600.0
# An entrypoint that starts as root needs most of Docker's default capabilities to become somebody else; raw sockets
# and device nodes are needed by no server, and new privileges by no image that was built for production.
_DROPPED = ["NET_RAW", "MKNOD"]
_PIDS = 1024


@dataclass(frozen=True)
class PulledImage:
    """An image in the engine: its reference by digest, and whether it was pulled by us."""

    reference: str
    ours: bool


@dataclass(frozen=True, kw_only=True)
class Containers:
    """The containers of one engine."""

    engine: Engine

    @contextmanager
    def image(
        self, repository: Repository, digest: Digest, platform: Platform, credential: Credential | None
    ) -> Iterator[PulledImage]:
        """Pull an image by digest, and remove it afterwards unless the engine had it before.

        Raises:
            UnreachableError: No engine answers, or it cannot pull it.
        """
        reference = f"{repository}@{digest}"
        pulled = PulledImage(reference, ours=not self.has(reference))
        try:
            self._pull(repository, digest, platform, credential)
            yield pulled
        finally:
            if pulled.ours:
                self._forget(reference)

    def has(self, reference: str) -> bool:
        """Whether the engine has an image under this very reference."""
        from docker.errors import DockerException, NotFound

        try:
            self._client.images.get(reference)
        except NotFound:
            return False
        except (DockerException, OSError) as error:
            raise _unreachable(error) from error
        return True

    @contextmanager
    def container(self, image: PulledImage, platform: Platform, smoke: Smoke) -> Iterator[str]:
        """Start a container as the image says, and remove it with its volumes afterwards.

        Yields:
            Its id. One that could not be started is there too: how it ended says why.

        Raises:
            UnreachableError: No engine answers, or it does not take the image.
        """
        from docker.errors import DockerException

        try:
            made = self._client.containers.create(image.reference, platform=str(platform), **_settings(image, smoke))
        except (DockerException, OSError) as error:
            raise UnreachableError(
                f"the engine does not take {image.reference}: {one_line(str(error))[:400]}"
            ) from error
        try:
            # A container that cannot be started (no such command, wrong architecture) keeps the reason in its state.
            with suppress(DockerException, OSError):
                made.start()
            yield str(made.id)
        finally:
            _remove(made)

    def inspect(self, container: str) -> ContainerObservation:
        """The container as it is.

        Raises:
            UnreachableError: The engine does not say.
        """
        state = self._inspect(container)["State"]
        health = state.get("Health") or {}
        probes = health.get("Log") or [{}]
        status = str(health.get("Status") or "")
        never = state.get("Status") == "created"
        return ContainerObservation(
            running=bool(state.get("Running")),
            health="" if status == "none" else status,
            said=one_line(str(probes[-1].get("Output") or ""))[:300],
            code=int(state.get("ExitCode") or 0),
            out_of_memory=bool(state.get("OOMKilled")),
            # What runc says of its own ways stands before what it says of the image.
            fault=one_line(str(state.get("Error") or "not started")).rpartition("container process: ")[2][:300]
            if never
            else "",
        )

    def probe(self, container: str, command: Sequence[str], limit: float) -> Probe:
        """Run a command in the container.

        Args:
            container: Its id.
            command: Word by word.
            limit: Seconds after which it has failed; what still runs of it ends with the container.

        Returns:
            Without an exit code where it did not end in time, or could not be run.
        """
        found: list[Probe] = []
        # The SDK waits for an exec's output without any limit (docker-py, utils/socket.py), so another thread does.
        reader = threading.Thread(target=lambda: found.append(self._executed(container, command)), daemon=True)
        reader.start()
        reader.join(limit)
        return found[0] if found else Probe(None)

    def _executed(self, container: str, command: Sequence[str]) -> Probe:
        from docker.errors import DockerException

        output = b""
        try:
            api = self.engine.client(_CALL_TIMEOUT).api
            made = api.exec_create(container, list(command))
            for chunk in api.exec_start(made["Id"], stream=True):
                output = (output + chunk)[-_OUTPUT:]
            code = api.exec_inspect(made["Id"])["ExitCode"]
        except (DockerException, OSError, UnreachableError) as error:
            # The container may just have ended; the next look at it tells.
            return Probe(None, one_line(str(error))[:300])
        return Probe(code, _last_line(output))

    def log(self, container: str) -> tuple[str, ...]:
        """The last lines that it wrote, each made harmless; none where the engine has none."""
        from docker.errors import DockerException

        try:
            raw = self._client.api.logs(container, tail=_LOG_LINES)
        except (DockerException, OSError):
            return ()
        return tuple(one_line(line) for line in raw.decode("utf-8", "replace").splitlines()[-_LOG_LINES:])

    def sweep(self) -> None:
        """Remove the containers of dead runs, and the images pulled for them; never in the way of a release."""
        from docker.errors import DockerException

        with suppress(DockerException, OSError, UnreachableError):
            for container in self._client.containers.list(all=True, filters={"label": _OWNER}):
                if _is_dead(container.labels.get(_OWNER, ""), str(container.attrs.get("Created", ""))):
                    _remove(container)
                    if reference := container.labels.get(_PULLED):
                        self._forget(reference)

    @cached_property
    def _client(self) -> DockerClient:
        return self.engine.client(_CALL_TIMEOUT)

    def _pull(self, repository: Repository, digest: Digest, platform: Platform, credential: Credential | None) -> None:
        from docker.errors import DockerException

        client = self.engine.client(PULL_TIMEOUT)
        try:
            pull_image(client, repository, str(digest), credential, platform)
        except (DockerException, OSError) as error:
            raise UnreachableError(
                f"the engine cannot pull {repository}@{digest}: {one_line(str(error))[:400]}",
                remedy="See that the engine reaches the registry, or leave the smoke run out: --skip smoke",
            ) from error

    def _inspect(self, container: str) -> Mapping[str, Any]:
        from docker.errors import DockerException

        try:
            found: Mapping[str, Any] = self._client.api.inspect_container(container)
        except (DockerException, OSError) as error:
            raise _unreachable(error) from error
        return found

    def _forget(self, reference: str) -> None:
        from docker.errors import DockerException

        with suppress(DockerException, OSError, UnreachableError):
            self._client.images.remove(reference)


def _settings(image: PulledImage, smoke: Smoke) -> dict[str, Any]:
    """How a container is fenced in: no port published, nothing mounted, less than an ordinary container may do."""
    from docker.types import LogConfig

    return {
        "environment": dict(smoke.env),
        "network_mode": smoke.network,
        "mem_limit": f"{smoke.memory_mb}m",
        "pids_limit": _PIDS,
        "cap_drop": _DROPPED,
        "security_opt": ["no-new-privileges"],
        "log_config": LogConfig(type=LogConfig.types.JSON, config={"max-size": _LOG_BYTES, "max-file": "1"}),
        "labels": {
            _OWNER: f"{process_space()}:{os.getpid()}",
            **({_PULLED: image.reference} if image.ours else {}),
        },
    }


def _remove(container: Container) -> None:
    """Kill and remove it; one that is gone already is as good."""
    from docker.errors import DockerException

    with suppress(DockerException, OSError):
        container.remove(force=True, v=True)


def _is_dead(owner: str, created: str) -> bool:
    """Whether a container's run has ended: its process, where its id means something here; elsewhere time tells."""
    space, _, process = owner.rpartition(":")
    if space == process_space() and process.isdigit():
        return not is_alive(int(process))
    try:
        # RFC 3339 with nanoseconds, which Python reads up to microseconds.
        began = datetime.fromisoformat(created[:19]).replace(tzinfo=timezone.utc)
    except ValueError:
        return False
    return (datetime.now(timezone.utc) - began).total_seconds() > _STALE


def _last_line(output: bytes) -> str:
    lines = [line for line in output.decode("utf-8", "replace").splitlines() if line.strip()]
    return one_line(lines[-1])[:300] if lines else ""


def _unreachable(error: Exception) -> UnreachableError:
    return UnreachableError(f"the Docker engine does not answer as it should: {one_line(str(error))[:300]}")
