"""Where a secret could have gone: everything that a registry has of a repository, unpacked."""

from __future__ import annotations

import gzip
from collections.abc import Iterable
from pathlib import Path

from tests.rig import Rig
from tests.sinks import forms

_GZIP = b"\x1f\x8b"


def kept(root: Path, repository: str) -> dict[str, bytes]:
    """Manifests, configs, layers and attestations of a repository, by digest, as they lie in a registry's storage."""
    place = root / "docker/registry/v2"
    folders = [place / "repositories" / repository / name / "sha256" for name in ("_layers", "_manifests/revisions")]
    digests = [link.name for folder in folders if folder.is_dir() for link in folder.iterdir()]
    blobs = {digest: (place / "blobs/sha256" / digest[:2] / digest / "data").read_bytes() for digest in digests}
    return {digest: gzip.decompress(data) if data[:2] == _GZIP else data for digest, data in blobs.items()}


def canaries(rig: Rig, account: str = "push") -> frozenset[str]:
    """Every form of an account's password."""
    who = rig.accounts[account]
    return forms(who.password, who.username)


def seen(hidden: Iterable[str], *texts: bytes) -> list[str]:
    """Those of the forms that turn up in any of the texts."""
    return [form for form in hidden if any(form.encode() in text for text in texts)]
