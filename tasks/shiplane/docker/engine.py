"""The Docker engine, by the docker SDK: what it is, and what it pulls. The SDK knows no buildx; builds are elsewhere.

The SDK is slow to import, so it is imported when an engine is first asked.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from shiplane.core.credential import Credential
from shiplane.core.errors import PrerequisiteError, UnreachableError, VerificationError
from shiplane.core.system.process import run
from shiplane.core.text import one_line
from shiplane.docker.endpoint import Endpoint, endpoint_of
from shiplane.registry.oci.names import Platform, Repository, Tag

if TYPE_CHECKING:
    from docker import DockerClient

REGISTRY_IMAGE = "registry:3"
_TIMEOUT = 30
# A version of the API that every SDK speaks; the one that is used is the engine's.
_OLDEST = "1.24"
PULL_TIMEOUT = 15 * 60


def client_version(env: Mapping[str, str]) -> str:
    """The version of the docker command.

    Raises:
        PrerequisiteError: It is not installed, or does not run.
    """
    answer = run(["docker", "--version"], env=env)
    if answer.code != 0:
        raise PrerequisiteError(f"docker does not run: {one_line(answer.stderr)[:300]}")
    return one_line(answer.stdout)[:80]


def pull_image(
    client: DockerClient,
    repository: Repository,
    reference: str,
    credential: Credential | None,
    platform: Platform | None = None,
) -> None:
    """Pull an image by tag or digest, for the engine's platform unless one is given.

    Raises:
        DockerException: It failed, also if the SDK reports it only in its stream (docker-py#3277).
    """
    from docker.errors import DockerException

    # Empty, not None: the SDK would look for a login itself, and pass a credential helper our whole environment.
    login = {"username": credential.username, "password": credential.password} if credential else {}
    kind = str(platform) if platform else None
    events = client.api.pull(str(repository), tag=reference, platform=kind, stream=True, decode=True, auth_config=login)
    if error_text := next((str(event["error"]) for event in events if "error" in event), None):
        raise DockerException(error_text)


@dataclass(frozen=True, kw_only=True)
class EngineInfo:
    """An engine's version and native platform."""

    version: str
    platform: Platform


@dataclass(frozen=True, kw_only=True)
class Engine:
    """The engine that ``docker`` itself would talk to: ``DOCKER_HOST``, else the current context's."""

    env: Mapping[str, str]

    def platform(self) -> Platform:
        """The engine's native platform.

        Raises:
            UnreachableError: No engine responds.
        """
        return self.facts().platform

    def facts(self) -> EngineInfo:
        """The engine's version and platform.

        Raises:
            UnreachableError: No engine responds.
        """
        from docker.errors import DockerException

        try:
            version = self.client().version()
            return EngineInfo(version=str(version["Version"]), platform=Platform.of(version["Os"], version["Arch"]))
        except (DockerException, OSError, KeyError, TypeError) as error:
            raise UnreachableError(f"what answers is no Docker engine: {one_line(str(error))[:300]}") from error

    def pull(
        self, repository: Repository, tag: Tag, credential: Credential | None, platforms: Sequence[Platform] = ()
    ) -> list[str]:
        """Pull a tag like ``docker pull``, and return the image's digests.

        Args:
            repository: Where it is.
            tag: The tag.
            credential: The login for it.
            platforms: What the image is there for: the first of them is pulled if none is the engine's.

        Raises:
            UnreachableError: No engine responds.
            VerificationError: The pull failed, with the engine's message.
        """
        from docker.errors import DockerException

        native = self.platform() if platforms else None
        own = [it for it in platforms if native and (it.os, it.architecture) == (native.os, native.architecture)]
        client = self.client(PULL_TIMEOUT)
        try:
            pull_image(client, repository, tag, credential, None if own else next(iter(platforms), None))
            digests = client.images.get(f"{repository}:{tag}").attrs.get("RepoDigests") or []
        except (DockerException, OSError) as error:
            raise VerificationError(f"docker pull {repository}:{tag} failed: {one_line(str(error))[:400]}") from error
        return [str(name).rpartition("@")[2] for name in digests]

    @contextmanager
    def throwaway_registry(self) -> Iterator[str]:
        """Run a temporary registry on a free loopback port, and yield its ``host:port``.

        Raises:
            UnreachableError: No engine responds, or the registry does not start.
        """
        from docker.errors import DockerException

        client = self.client(PULL_TIMEOUT)
        try:
            container = client.containers.run(REGISTRY_IMAGE, detach=True, ports={"5000/tcp": ("127.0.0.1", 0)})
        except (DockerException, OSError) as error:
            raise UnreachableError(f"{REGISTRY_IMAGE} does not start: {one_line(str(error))[:300]}") from error
        try:
            container.reload()
            published = container.ports.get("5000/tcp") or []
            yield f"127.0.0.1:{published[0]['HostPort']}"
        finally:
            container.remove(force=True, v=True)

    def client(self, timeout: int = _TIMEOUT) -> DockerClient:
        """The SDK's client, connected; calls fail after ``timeout`` seconds without a byte.

        Raises:
            UnreachableError: No engine responds.
        """
        from docker.errors import DockerException

        try:
            return self._connect(timeout)
        except (DockerException, OSError) as error:
            raise UnreachableError(
                f"no Docker engine answers: {one_line(str(error))[:300]}", remedy="Start Docker, or set DOCKER_HOST."
            ) from error

    def _connect(self, timeout: int) -> DockerClient:
        from docker import DockerClient

        endpoint = self._endpoint
        if endpoint.host.startswith("ssh://"):
            return self._connect_by_command(timeout)
        if endpoint.certificates is None:
            return DockerClient(base_url=endpoint.host or None, timeout=timeout, version="auto")
        asking = _tls_client(endpoint, timeout, _OLDEST)
        return _tls_client(endpoint, timeout, str(asking.version(api_version=False)["ApiVersion"]))

    def _connect_by_command(self, timeout: int) -> DockerClient:
        """A client that connects through the docker command."""
        from docker import DockerClient

        from shiplane.docker.dial import UnixSocketAdapter

        answer = run(["docker", "version", "--format", "{{.Server.APIVersion}}"], env=self.env)
        if answer.code != 0:
            raise UnreachableError(
                f"no Docker engine answers at {self._endpoint.host}: {one_line(answer.stderr)[:600]}",
                # docker says "broken pipe" and not what ssh said, where ssh ends before the request is written.
                remedy="Try it by hand: docker version, or ssh to that host.",
            )
        client = DockerClient(base_url="unix:///dialled", timeout=timeout, version=answer.stdout.strip())
        client.api.mount("http+docker://", UnixSocketAdapter(self.env, timeout))
        return client

    @cached_property
    def _endpoint(self) -> Endpoint:
        return endpoint_of(self.env)


def _tls_client(endpoint: Endpoint, timeout: int, version: str) -> DockerClient:
    """A TLS client with a fixed API version: the SDK would negotiate it before ``trust_env`` is off."""
    from docker import DockerClient
    from docker.tls import TLSConfig

    certificate, key = endpoint.file("cert.pem"), endpoint.file("key.pem")
    tls = TLSConfig(
        client_cert=(certificate, key) if certificate and key else None,
        ca_cert=endpoint.file("ca.pem"),
        verify=endpoint.verified,
    )
    client = DockerClient(base_url=endpoint.host, tls=tls, timeout=timeout, version=version)
    # Otherwise requests prefers REQUESTS_CA_BUNDLE to the engine's authority (psf/requests#3829).
    client.api.trust_env = False
    return client
