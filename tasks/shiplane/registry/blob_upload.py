"""Sending a small blob: the one kind of content, besides manifests, that shiplane itself puts into a registry.

Source: distribution-spec, "Pushing a blob monolithically", POST then PUT. A blob is named by its digest, so sending it
twice changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode

from shiplane.core.errors import UnreachableError
from shiplane.registry.client import RegistryClient, upload_problem, upload_url
from shiplane.registry.http.exchange import Request, Response
from shiplane.registry.http.tokens import PUSH
from shiplane.registry.oci.manifest import Descriptor
from shiplane.registry.oci.names import Repository

_SENT_AGAIN = 3


@dataclass(frozen=True)
class Uploader:
    """Sends blobs through a registry client's session."""

    registry: RegistryClient

    def send(self, content: bytes, media_type: str, *, likely: bool = False) -> Descriptor:
        """Make sure that a blob is there.

        Args:
            content: The blob.
            media_type: What it is, for its descriptor.
            likely: Whether it is probably there already, so that looking comes first.

        Raises:
            AccessError: This identity may not push.
            UnreachableError: It could not be sent.
        """
        blob, words = Descriptor.of(content, media_type), ""
        for attempt in range(_SENT_AGAIN):
            if (likely or attempt) and self.registry.blob_size(blob) == blob.size:
                return blob
            words = self._sent(blob, content)
            if not words:
                return blob
        raise UnreachableError(
            f"blob {blob.digest} could not be sent to {self.registry.repository}: {words}",
            remedy="Run it again in some minutes.",
        )

    def _sent(self, blob: Descriptor, content: bytes) -> str:
        """Send it once; gives what went wrong, or nothing."""
        session = self.registry.session
        opened = self.registry.open_upload()
        if opened.status != 202:  # noqa: PLR2004
            return f"HTTP {opened.status}: {session.error_text(opened)}"
        headers = {"Content-Type": "application/octet-stream"}
        request = Request(
            method="PUT", url=_place(self.registry.repository, opened, blob), headers=headers, body=content
        )
        try:
            response = session.send(self.registry.repository, request, PUSH, patient=False)
        except UnreachableError as error:
            return error.what
        return "" if response.status == 201 else f"HTTP {response.status}: {session.error_text(response)}"  # noqa: PLR2004


def _place(repository: Repository, opened: Response, blob: Descriptor) -> str:
    """Where the content goes: to this registry itself and to no other host, since our token goes along."""
    if problem := upload_problem(repository, opened):
        raise UnreachableError(f"{repository.registry}: {problem}")
    target = upload_url(repository, opened)
    return f"{target}{'&' if '?' in target else '?'}{urlencode({'digest': str(blob.digest)})}"
