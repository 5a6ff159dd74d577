"""Copy an image from one repository to another, byte for byte and by digest: the same digest, and no tag.

What the target has already is not sent again, so that an interrupted copy is completed by another one. Blobs come
before the manifests that name them, children before their index: a registry may reject anything else
(distribution-spec, "Pushing Manifests"), and what is interrupted leaves nothing that looks complete.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import count

from shiplane.core.errors import AccessError, UnreachableError, VerificationError
from shiplane.core.plurals import counted, megabytes
from shiplane.core.progress import Flow, Step
from shiplane.core.system.parallel import WORKERS, map_parallel
from shiplane.registry.blob_source import BlobSource, SourceError
from shiplane.registry.blob_upload import finish_upload
from shiplane.registry.client import RegistryClient
from shiplane.registry.http.exchange import Response
from shiplane.registry.lookup import resolve
from shiplane.registry.oci.lookup_result import Absent, Present
from shiplane.registry.oci.manifest import Descriptor, Index, Manifest, RawManifest, parse_manifest
from shiplane.registry.oci.names import Digest

# An index may list indexes (image-spec, image-index.md); nobody nests them deeper.
_DEEPEST = 4
_CREATED = 201
_AGAIN = "Run it again: what was copied is not sent again."


@dataclass(frozen=True)
class Content:
    """What an image is made of.

    Attributes:
        manifests: Each after those that it lists.
        blobs: Configs and layers, of attestations too; each once.
    """

    manifests: tuple[RawManifest, ...]
    blobs: tuple[Descriptor, ...]

    @property
    def size(self) -> int:
        """Bytes of all of it."""
        return sum(blob.size for blob in self.blobs) + sum(len(manifest.body) for manifest in self.manifests)


@dataclass(frozen=True, kw_only=True)
class ImageCopier:
    """Copies images.

    Attributes:
        source: A client that may pull.
        target: A client that may push.
    """

    source: RegistryClient
    target: RegistryClient
    workers: int = WORKERS

    def copy(self, raw: RawManifest) -> Flow[None]:
        """Make sure that the target has an image of the source, whole.

        Raises:
            VerificationError: The source's image is incomplete, or other content than its digests say.
            AccessError: No permission to pull there, or to push here.
            UnreachableError: One of both gave no usable response.
        """
        step = Step("copy", f"{raw.digest.short} to {self.target.repository}")
        yield step
        content = read_content(self.source, raw)
        blobs = self._missing(content.blobs)
        manifests = [manifest for manifest in content.manifests if not self._has(manifest)]
        if not blobs and not manifests:
            yield step.unchanged("everything is there")
            return
        for number, blob in enumerate(blobs, 1):
            yield from self._copy_blob(blob, f"{number} of {len(blobs)}")
        for manifest in manifests:
            self._put(manifest)
        sent = megabytes(sum(blob.size for blob in blobs))
        yield step.done(f"{counted(len(blobs), 'blob')} ({sent}), {counted(len(manifests), 'manifest')}")

    def _missing(self, blobs: Iterable[Descriptor]) -> list[Descriptor]:
        pairs = zip(blobs, map_parallel(self._size, blobs, workers=self.workers), strict=True)
        return [blob for blob, size in pairs if size != blob.size]

    def _size(self, blob: Descriptor) -> int | None:
        """A blob's size in the target; None as well where nothing may be read.

        GHCR responds 403 for a package that does not exist yet; whether we may push shows when we do.
        """
        try:
            return self.target.blob_size(blob)
        except AccessError:
            return None

    def _has(self, manifest: RawManifest) -> bool:
        """Whether the target has a manifest, as far as it may be read."""
        return isinstance(self.target.get_manifest(manifest.digest), Present)

    def _copy_blob(self, blob: Descriptor, place: str) -> Flow[None]:
        step = Step("copy", f"blob {blob.digest.short} ({place}, {megabytes(blob.size)}) to {self.target.repository}")
        yield step
        for attempt in count(1):
            if attempt > 1 and self._size(blob) == blob.size:
                yield step.done("it had arrived after all")
                return
            upload = self._open_upload(blob)
            if upload.status == _CREATED:
                yield step.done(f"mounted from {self.source.repository.path}")
                return
            problem = self._send(blob, upload)
            if not problem:
                yield step.done("sent")
                return
            yield step.failed(problem)
            self._wait(attempt, f"blob {blob.digest}", problem)

    def _open_upload(self, blob: Descriptor) -> Response:
        """An open upload; or, within one registry, a response that says that the blob was mounted."""
        if self.source.repository.registry == self.target.repository.registry:
            try:
                upload = self.target.mount(blob, self.source.repository)
            except AccessError:
                # A token for both repositories may be refused although each alone is granted.
                return self.target.open_upload()
            if upload.status in (_CREATED, 202):
                return upload
        return self.target.open_upload()

    def _send(self, blob: Descriptor, upload: Response) -> str:
        """Send a blob once; returns what went wrong, or nothing."""
        try:
            return finish_upload(self.target, upload, blob, BlobSource(self.source, blob).upload)
        except SourceError as error:
            raise error.error from error

    def _put(self, manifest: RawManifest) -> None:
        for attempt in count(1):
            result = self.target.put_manifest(manifest.digest, manifest)
            if result.certain or self._has(manifest):
                return
            self._wait(attempt, str(manifest.digest), result.detail)

    def _wait(self, attempt: int, subject: str, problem: str) -> None:
        if not self.target.retry_budget.wait(attempt, f"{self.target.repository}: {problem}"):
            what = f"{subject} could not be copied to {self.target.repository}: {problem}"
            raise UnreachableError(what, remedy=_AGAIN)


def read_content(registry: RegistryClient, raw: RawManifest) -> Content:
    """Read the manifests of an image. Raises as :func:`manifests_of`."""
    manifests = manifests_of(registry, raw)
    blobs = {(blob.digest, blob.size): blob for manifest in manifests for blob in _blobs_of(manifest)}
    return Content(manifests, tuple(blobs.values()))


def manifests_of(registry: RegistryClient, raw: RawManifest) -> tuple[RawManifest, ...]:
    """What an image consists of: its manifest, and all that it lists, each once and after what it lists itself.

    Raises:
        VerificationError: One of them is missing, or other content than its entry says.
        AccessError, UnreachableError: One cannot be read.
    """
    manifests: dict[Digest, RawManifest] = {}
    for manifest in _tree(registry, raw, _DEEPEST):
        manifests.setdefault(manifest.digest, manifest)
    return tuple(manifests.values())


def _tree(registry: RegistryClient, raw: RawManifest, levels: int) -> Iterator[RawManifest]:
    """A manifest after all that it lists."""
    if not levels:
        raise VerificationError(f"{registry.repository}: {raw.digest} nests indexes too deeply")
    for entry in _entries_of(raw):
        yield from _tree(registry, _child(registry, raw, entry), levels - 1)
    yield raw


def _child(registry: RegistryClient, parent: RawManifest, entry: Descriptor) -> RawManifest:
    child = resolve(registry, entry.digest)
    if isinstance(child, Present) and len(child.raw.body) == entry.size:
        return child.raw
    what = "is missing" if isinstance(child, Absent) else f"does not have {entry.size} bytes"
    raise VerificationError(f"{registry.repository}: {entry.digest}, which {parent.digest} lists, {what}")


def _entries_of(raw: RawManifest) -> tuple[Descriptor, ...]:
    parsed = parse_manifest(raw)
    return parsed.manifests if isinstance(parsed, Index) else ()


def _blobs_of(raw: RawManifest) -> tuple[Descriptor, ...]:
    parsed = parse_manifest(raw)
    return (parsed.config, *parsed.layers) if isinstance(parsed, Manifest) else ()
