"""Lay an image out in a folder, as scanners and copying tools read it without any registry.

Source: OCI image-spec, image-layout.md. ``index.json`` lists the one image, as BuildKit's ``type=oci`` output does.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from shiplane.core.errors import PrerequisiteError
from shiplane.core.plurals import megabytes
from shiplane.core.system.host import free_bytes
from shiplane.core.system.parallel import WORKERS, map_parallel
from shiplane.core.system.temp_folder import unwritable_error
from shiplane.registry.blob_source import BlobSource, SourceError
from shiplane.registry.client import RegistryClient
from shiplane.registry.image_copy import read_content
from shiplane.registry.oci.manifest import OCI_INDEX, Descriptor, RawManifest
from shiplane.registry.oci.names import Digest

# Bytes that stay free beside a layout: what runs meanwhile needs some.
_RESERVE = 64 * 1024 * 1024


@dataclass(frozen=True, kw_only=True)
class ImageLayout:
    """Writes layouts of a repository's images."""

    registry: RegistryClient
    workers: int = WORKERS

    def write(self, raw: RawManifest, folder: Path) -> int:
        """Write an image with its attestations, byte for byte as the registry has it.

        Returns:
            The bytes that it takes.

        Raises:
            PrerequisiteError: The folder has no room for it, or cannot be written.
            VerificationError: The image is incomplete, or has other content than its digests say.
            AccessError: No permission to pull.
            UnreachableError: No usable response.
        """
        content = read_content(self.registry, raw)
        if (free := free_bytes(folder)) < content.size + _RESERVE:
            raise PrerequisiteError(
                f"the layout of {raw.digest.short} needs {megabytes(content.size)}, and {folder.parent} has only "
                f"{megabytes(free)} free",
                remedy="Free space there, or set TMPDIR to another folder.",
            )
        try:
            blobs = folder / "blobs" / "sha256"
            blobs.mkdir(parents=True)
            map_parallel(lambda blob: self._write_blob(blob, blobs), content.blobs, workers=self.workers)
            for manifest in content.manifests:
                _path(blobs, manifest.digest).write_bytes(manifest.body)
            (folder / "index.json").write_bytes(_index_of(raw))
            (folder / "oci-layout").write_text('{"imageLayoutVersion":"1.0.0"}', encoding="ascii")
        except OSError as error:
            raise unwritable_error(error) from error
        return content.size

    def _write_blob(self, blob: Descriptor, folder: Path) -> None:
        try:
            with _path(folder, blob.digest).open("wb") as file:
                for piece in BlobSource(self.registry, blob).upload.open():
                    file.write(piece)
        except SourceError as error:
            raise error.error from error


def _path(folder: Path, digest: Digest) -> Path:
    return folder / str(digest).removeprefix("sha256:")


def _index_of(raw: RawManifest) -> bytes:
    image = {"mediaType": raw.media_type, "digest": str(raw.digest), "size": len(raw.body)}
    return json.dumps({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [image]}).encode()
