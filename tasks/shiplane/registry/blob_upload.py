"""Upload of small blobs: distribution-spec, "Pushing a blob monolithically", POST then PUT. Repeatable."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode

from shiplane.core.errors import UnreachableError
from shiplane.registry.api_urls import upload_problem, upload_url
from shiplane.registry.client import RegistryClient
from shiplane.registry.http.exchange import Request, Response, Upload
from shiplane.registry.http.tokens import PUSH
from shiplane.registry.oci.manifest import Descriptor
from shiplane.registry.oci.names import Repository

_ATTEMPTS = 3


@dataclass(frozen=True)
class Uploader:
    """Uploads blobs through a registry client's session."""

    registry: RegistryClient

    def send(self, content: bytes, media_type: str, *, likely_exists: bool = False) -> Descriptor:
        """Make sure that the registry has a blob; with ``likely_exists`` check before uploading.

        Raises:
            AccessError: No push permission.
            UnreachableError: The upload failed.
        """
        blob, problem = Descriptor.of(content, media_type), ""
        for attempt in range(_ATTEMPTS):
            if (likely_exists or attempt) and self.registry.blob_size(blob) == blob.size:
                return blob
            problem = self._send_once(blob, content)
            if not problem:
                return blob
        raise UnreachableError(
            f"blob {blob.digest} could not be uploaded to {self.registry.repository}: {problem}",
            remedy="Try again in a few minutes.",
        )

    def _send_once(self, blob: Descriptor, content: bytes) -> str:
        """Upload once; returns what went wrong, or nothing."""
        return finish_upload(self.registry, self.registry.open_upload(), blob, content)


def finish_upload(registry: RegistryClient, upload: Response, blob: Descriptor, content: bytes | Upload) -> str:
    """Send a blob into an open upload, once; returns what went wrong, or nothing.

    Raises:
        AccessError: No push permission.
        UnreachableError: The upload is on another host: our token goes along.
    """
    session, repository = registry.session, registry.repository
    if upload.status != 202:  # noqa: PLR2004
        return f"HTTP {upload.status}: {session.error_text(upload)}"
    request = Request(
        method="PUT",
        url=_upload_url(repository, upload, blob),
        headers={"Content-Type": "application/octet-stream"},
        body=content if isinstance(content, bytes) else b"",
        upload=content if isinstance(content, Upload) else None,
    )
    try:
        response = session.send(repository, request, PUSH, retry=False)
    except UnreachableError as error:
        return error.what
    return "" if response.status == 201 else f"HTTP {response.status}: {session.error_text(response)}"  # noqa: PLR2004


def _upload_url(repository: Repository, upload: Response, blob: Descriptor) -> str:
    """The upload URL, which must be on this registry itself: our token goes along."""
    if problem := upload_problem(repository, upload):
        raise UnreachableError(f"{repository.registry}: {problem}")
    target = upload_url(repository, upload)
    return f"{target}{'&' if '?' in target else '?'}{urlencode({'digest': str(blob.digest)})}"
