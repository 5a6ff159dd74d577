"""The URLs of a registry's API, and which of those that it names may be used."""

from __future__ import annotations

from shiplane.core.text import one_line
from shiplane.registry.http.exchange import Response
from shiplane.registry.http.urls import same_origin
from shiplane.registry.oci.names import Repository

# docker.io is the name, this the host that speaks for it (moby: registry/config.go).
_API_HOST = {"docker.io": "registry-1.docker.io"}


def api_url(repository: Repository, path: str) -> str:
    """The URL of something in a repository, as in ``manifests/v1``."""
    return f"{origin(repository)}/v2/{repository.path}/{path}"


def origin(repository: Repository) -> str:
    """Scheme and host of a registry's API."""
    scheme = "http" if repository.is_loopback else "https"
    host = _API_HOST.get(repository.registry, repository.registry)
    return f"{scheme}://{host}"


def upload_url(repository: Repository, upload: Response) -> str:
    """The upload's URL if it is on this registry, since our token goes along; else empty.

    Source: distribution-spec, "Pushing a blob monolithically": the Location may be absolute or relative.
    """
    return same_origin(api_url(repository, "blobs/uploads/"), upload.headers.get("location", ""))


def upload_problem(repository: Repository, upload: Response) -> str:
    """Why an upload's location cannot be used, or nothing."""
    if upload_url(repository, upload):
        return ""
    location = one_line(upload.headers.get("location", ""))[:120]
    if not location:
        return "an upload was opened without a Location"
    return f"an upload was opened at {location!a}, but our token is for {origin(repository)} only"
