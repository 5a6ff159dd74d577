"""What an image says about itself: annotations of its index, labels of its config."""

from __future__ import annotations

from collections.abc import Mapping

from shiplane.core.errors import VerificationError
from shiplane.registry.client import RegistryClient
from shiplane.registry.lookup import resolve
from shiplane.registry.oci.lookup_result import Present
from shiplane.registry.oci.manifest import Index, Manifest, parse_config, parse_manifest


def read_label(registry: RegistryClient, image: Present, key: str) -> str | None:
    """An image's label: the annotation of its index, else the label of its first config."""
    return read_labels(registry, image, key).get(key)


def read_labels(registry: RegistryClient, image: Present, *keys: str) -> Mapping[str, str]:
    """Several labels of an image; its config is read only if the annotations lack one of them."""
    labels: Mapping[str, str] = {}
    try:
        document = parse_manifest(image.raw)
        labels = document.annotations
        if all(key in labels for key in keys):
            return labels
        manifest = document if isinstance(document, Manifest) else _first_manifest(registry, document)
        if manifest is not None:
            labels = {**parse_config(registry.blob(manifest.config)).labels, **labels}
    except VerificationError:
        # Whatever else it says cannot be relied on; checking the image, if it matters, will name the fault.
        pass
    return labels


def _first_manifest(registry: RegistryClient, index: Index) -> Manifest | None:
    for entry in index.images[:1]:
        answer = resolve(registry, entry.digest)
        document = parse_manifest(answer.raw) if isinstance(answer, Present) else None
        return document if isinstance(document, Manifest) else None
    return None
