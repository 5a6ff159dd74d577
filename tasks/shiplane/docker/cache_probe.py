"""Whether the registry of a build's cache answers at all. One that takes connections and stays silent stops BuildKit.

Seen with the BuildKit of Docker 28.5: it waits for such an import without end, and after the build was cancelled the
next ones wait as well. Every other fault of a cache it bears with, and is left to it: it may reach what we do not.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

from shiplane.core.errors import MisconfiguredError
from shiplane.docker.bake import Build
from shiplane.registry.client import origin
from shiplane.registry.http.exchange import OversizedError, Request, Transport, TransportError
from shiplane.registry.http.session import MANIFEST_LIMIT
from shiplane.registry.oci.names import Repository

# Seconds for the first word of a registry.
TIME_LIMIT = 10.0
KIND = "registry"
Probe = Callable[[Repository], bool]


def probe_with(transport: Transport, time_limit: float = TIME_LIMIT) -> Probe:
    """What tells whether a registry is silent: any answer counts, and a refused connection does, too."""

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


def silent_caches(builds: Iterable[Build], silent: Probe) -> set[str]:
    """The places of those caches whose registries are silent; each registry is asked once."""
    caches = [build.settings.cache for build in builds if build.settings.cache]
    places = {cache.place: Repository.parse(cache.place.rpartition(":")[0]) for cache in caches if cache.type == KIND}
    asked = {repository.registry: repository for repository in places.values()}
    quiet = {registry for registry, repository in asked.items() if silent(repository)}
    return {place for place, repository in places.items() if repository.registry in quiet}
