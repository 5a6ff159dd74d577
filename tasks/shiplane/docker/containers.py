"""Containers for smoke tests, by the docker SDK: pulled by digest, restricted, always removed.

A label names each container's run, so that the next run can remove what a killed one left.
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
# Limits of a container's log, and of what we read of it.
_LOG_BYTES = "1m"
_LOG_LINES = 200
_OUTPUT = 4000
_STALE = 24 * 3600.0
# An entrypoint that starts as root needs most of Docker's default capabilities to change its user; servers need neither
# raw sockets nor device nodes, and production images no new privileges.
_DROPPED = ["NET_RAW", "MKNOD"]
_PIDS = 1024


@dataclass(frozen=True)
class PulledImage:
    """An image in the engine by digest; ``ours`` if we pulled it."""

    reference: str
    ours: bool


@dataclass(frozen=True, kw_only=True)
class Containers:
    """Containers of an engine."""

    engine: Engine

    @contextmanager
    def image(
        self, repository: Repository, digest: Digest, platform: Platform, credential: Credential | None
    ) -> Iterator[PulledImage]:
        """Pull an image by digest; remove it afterwards unless it existed before.

        Raises:
            UnreachableError: No engine responds, or the pull failed.
        """
        reference = f"{repository}@{digest}"
        pulled = PulledImage(reference, ours=not self.has(reference))
        try:
            self._pull(repository, digest, platform, credential)
            yield pulled
        finally:
            if pulled.ours:
                self._remove_image(reference)

    def has(self, reference: str) -> bool:
        """Whether the engine has an image under exactly this reference."""
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
        """Start a container of the image, and remove it with its volumes afterwards.

        Yields:
            Its id, even if it could not be started: its state says why.

        Raises:
            UnreachableError: No engine responds, or it rejects the image.
        """
        from docker.errors import DockerException

        try:
            container = self._client.containers.create(
                image.reference, platform=str(platform), **_settings(image, smoke)
            )
        except (DockerException, OSError) as error:
            raise UnreachableError(f"the engine rejects {image.reference}: {one_line(str(error))[:400]}") from error
        try:
            # If it cannot be started (no such command, wrong architecture), its state has the reason.
            with suppress(DockerException, OSError):
                container.start()
            yield str(container.id)
        finally:
            _remove(container)

    def inspect(self, container: str) -> ContainerObservation:
        """The container's state.

        Raises:
            UnreachableError: The engine does not respond.
        """
        state = self._inspect(container)["State"]
        health = state.get("Health") or {}
        probes = health.get("Log") or [{}]
        status = str(health.get("Status") or "")
        not_started = state.get("Status") == "created"
        return ContainerObservation(
            running=bool(state.get("Running")),
            health="" if status == "none" else status,
            said=one_line(str(probes[-1].get("Output") or ""))[:300],
            code=int(state.get("ExitCode") or 0),
            out_of_memory=bool(state.get("OOMKilled")),
            # Without runc's prefix about itself.
            fault=one_line(str(state.get("Error") or "not started")).rpartition("container process: ")[2][:300]
            if not_started
            else "",
        )

    def probe(self, container: str, command: Sequence[str], timeout: float) -> Probe:
        """Run a command in the container for at most ``timeout`` seconds.

        Returns:
            Without an exit code if it timed out or could not be run.
        """
        results: list[Probe] = []
        # In a thread: the SDK waits for an exec's output without a limit (docker-py, utils/socket.py).
        reader = threading.Thread(target=lambda: results.append(self._exec(container, command)), daemon=True)
        reader.start()
        reader.join(timeout)
        return results[0] if results else Probe(None)

    def _exec(self, container: str, command: Sequence[str]) -> Probe:
        from docker.errors import DockerException

        output = b""
        try:
            api = self.engine.client(_CALL_TIMEOUT).api
            execution = api.exec_create(container, list(command))
            for chunk in api.exec_start(execution["Id"], stream=True):
                output = (output + chunk)[-_OUTPUT:]
            code = api.exec_inspect(execution["Id"])["ExitCode"]
        except (DockerException, OSError, UnreachableError) as error:
            # The container may have ended; the next inspection shows that.
            return Probe(None, one_line(str(error))[:300])
        return Probe(code, _last_line(output))

    def log(self, container: str) -> tuple[str, ...]:
        """The container's last log lines, sanitized."""
        from docker.errors import DockerException

        try:
            raw = self._client.api.logs(container, tail=_LOG_LINES)
        except (DockerException, OSError):
            return ()
        return tuple(one_line(line) for line in raw.decode("utf-8", "replace").splitlines()[-_LOG_LINES:])

    def sweep(self) -> None:
        """Remove containers of killed runs, and images pulled for them; ignores errors."""
        from docker.errors import DockerException

        with suppress(DockerException, OSError, UnreachableError):
            for container in self._client.containers.list(all=True, filters={"label": _OWNER}):
                if _is_dead(container.labels.get(_OWNER, ""), str(container.attrs.get("Created", ""))):
                    _remove(container)
                    if reference := container.labels.get(_PULLED):
                        self._remove_image(reference)

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
                remedy="Check that the engine can reach the registry, or skip the smoke test: --skip smoke",
            ) from error

    def _inspect(self, container: str) -> Mapping[str, Any]:
        from docker.errors import DockerException

        try:
            state: Mapping[str, Any] = self._client.api.inspect_container(container)
        except (DockerException, OSError) as error:
            raise _unreachable(error) from error
        return state

    def _remove_image(self, reference: str) -> None:
        from docker.errors import DockerException

        with suppress(DockerException, OSError, UnreachableError):
            self._client.images.remove(reference)


def _settings(image: PulledImage, smoke: Smoke) -> dict[str, Any]:
    """Restrictions: no published ports, no mounts, fewer privileges than by default."""
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
    """Kill and remove a container, if it still exists."""
    from docker.errors import DockerException

    with suppress(DockerException, OSError):
        container.remove(force=True, v=True)


def _is_dead(owner: str, created: str) -> bool:
    """Whether a container's run has ended: by process id in this PID namespace, else by age."""
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
    return UnreachableError(f"unexpected response of the Docker engine: {one_line(str(error))[:300]}")
