"""A blob as it is read from one registry to be sent to another: in bounded memory, verified while it flows."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass

from shiplane.core.errors import ShiplaneError, UnreachableError, VerificationError
from shiplane.registry.client import RegistryClient
from shiplane.registry.http.exchange import TransportError, Upload
from shiplane.registry.oci.manifest import Descriptor


class SourceError(Exception):
    """The source failed while the target was receiving; ``error`` says how."""

    def __init__(self, error: ShiplaneError) -> None:
        super().__init__(error.what)
        self.error = error


@dataclass(frozen=True)
class BlobSource:
    """Reads one blob from a registry.

    A broken download goes on where it ended (``Range``, RFC 9110 section 14), which costs the retry budget.
    """

    registry: RegistryClient
    blob: Descriptor

    @property
    def upload(self) -> Upload:
        """The blob as the body of a request; reading it raises a SourceError."""
        return Upload(size=self.blob.size, open=self._verified)

    def _verified(self) -> Iterator[bytes]:
        """The bytes; the last piece only once the whole has the digest, so that other content never ends well."""
        sha256, held = hashlib.sha256(), b""
        try:
            for piece in self._pieces():
                if held:
                    yield held
                sha256.update(piece)
                held = piece
            if f"sha256:{sha256.hexdigest()}" != str(self.blob.digest):
                raise self._mismatch(f"sha256:{sha256.hexdigest()}")
        except ShiplaneError as error:
            raise SourceError(error) from error
        if held:
            yield held

    def _pieces(self) -> Iterator[bytes]:
        """The bytes as they arrive, and never more than the blob has."""
        offset, attempt = 0, 0
        while True:
            attempt, problem = attempt + 1, "the content was cut off"
            try:
                with closing(self.registry.download(self.blob, offset)) as pieces:
                    for piece in pieces:
                        offset += len(piece)
                        if offset > self.blob.size:
                            raise self._mismatch(f"more than {self.blob.size} bytes")
                        yield piece
            except TransportError as error:
                problem = str(error)
            if offset == self.blob.size:
                return
            reason = f"blob {self.blob.digest} of {self.registry.repository}: {problem} at {offset} bytes"
            if not self.registry.retry_budget.wait(attempt, reason):
                raise UnreachableError(reason, remedy="Try again in a few minutes.")

    def _mismatch(self, actual: str) -> VerificationError:
        return VerificationError(
            f"blob {self.blob.digest} of {self.registry.repository} has other content: {actual}",
            remedy="The registry serves corrupt content; ask its operator.",
        )
