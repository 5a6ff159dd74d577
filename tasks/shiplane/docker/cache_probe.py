"""Probe whether a cache's registry responds: one that accepts connections and stays silent blocks BuildKit.

Seen with BuildKit of Docker 28.5: it waits forever for such an import, and so do later builds after a cancelled one. It
tolerates all other cache errors.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

from shiplane.core.errors import MisconfiguredError
from shiplane.docker.bake import Build
from shiplane.registry.api_urls import origin
from shiplane.registry.http.exchange import OversizedError, Request, Transport, TransportError
from shiplane.registry.http.session import MANIFEST_LIMIT
from shiplane.registry.oci.names import Repository

# Seconds for a registry's response.
TIME_LIMIT = 10.0
KIND = "registry"
Probe = Callable[[Repository], bool]


def probe_with(transport: Transport, time_limit: float = TIME_LIMIT) -> Probe:
    """A probe whether a registry is silent; any response or a refused connection means that it is not."""

    def silent(repository: Repository) -> bool:
        started = time.monotonic()
        try:
            request = Request(method="GET", url=f"{origin(repository)}/v2/")
            transport.send(request, limit=MANIFEST_LIMIT, deadline=time_limit)
        except TransportError:
            return time.monotonic() - started >= time_limit * 0.9
        except (OversizedError, MisconfiguredError):
            return False
        return False

    return silent


def silent_caches(builds: Iterable[Build], is_silent: Probe) -> set[str]:
    """The locations of caches on silent registries; each registry is probed once."""
    caches = [build.settings.cache for build in builds if build.settings.cache]
    repositories = {
        cache.place: Repository.parse(cache.place.rpartition(":")[0]) for cache in caches if cache.type == KIND
    }
    by_registry = {repository.registry: repository for repository in repositories.values()}
    silent_registries = {registry for registry, repository in by_registry.items() if is_silent(repository)}
    return {location for location, repository in repositories.items() if repository.registry in silent_registries}
