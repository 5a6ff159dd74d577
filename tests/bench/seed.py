"""What a bench finds in the registry: versions, floating tags and ledgers, written straight into its storage.

Thousands of versions would take minutes by HTTP. The layout is that of distribution's filesystem driver
(registry/storage/paths.go). Whatever is read of it while measuring goes through the registry.
"""

from __future__ import annotations

import functools
import hashlib
import json
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from shiplane.config.lane import Lane
from shiplane.config.version import Version
from shiplane.ledger.artifact import EMPTY_CONTENT, LINES, PIECE, ledger_manifest, segments
from shiplane.ledger.ledger import Action, Entry, Ledger
from shiplane.registry.oci.manifest import CREATED, REVISION, VERSION, Descriptor
from shiplane.registry.oci.names import Digest, Tag
from tests.lanes import widest
from tests.rig import images
from tests.rig.images import Image

WHEN = "2026-02-28T12:00:00Z"
COMMIT = "c0" * 20
ARCHITECTURES = ("amd64", "arm64")


@dataclass(frozen=True)
class Storage:
    """A repository's place in a registry's storage."""

    root: Path
    repository: str

    @property
    def _base(self) -> Path:
        return self.root / "docker/registry/v2"

    @property
    def folder(self) -> Path:
        """What is the repository's own: links to what is stored."""
        return self._base / "repositories" / self.repository

    def blob(self, content: bytes) -> None:
        """Store a layer, a config or a piece of a ledger."""
        digest = self._store(content)
        self._link(self.folder / "_layers" / digest.replace(":", "/"), digest)

    def manifest(self, content: bytes) -> str:
        """Store a manifest; gives its digest."""
        digest = self._store(content)
        self._link(self.folder / "_manifests/revisions" / digest.replace(":", "/"), digest)
        return digest

    def tag(self, tag: str, digest: str) -> None:
        """Let a tag point at a manifest."""
        folder = self.folder / "_manifests/tags" / tag
        self._link(folder / "index" / digest.replace(":", "/"), digest)
        self._link(folder / "current", digest)

    def pieces(self) -> set[str]:
        """The digests of the ledgers' content."""
        tags = (tag for tag in (self.folder / "_manifests/tags").glob("ledger-*"))
        digests = ((tag / "current/link").read_text(encoding="ascii") for tag in tags)
        return {layer["digest"] for digest in digests for layer in json.loads(self.content(digest))["layers"]}

    def keep(self) -> None:
        """Remember the repository's tags and manifests as they are now."""
        shutil.copytree(self._manifests, self._kept)

    def restore(self) -> None:
        """Make tags and manifests what they were when they were kept; layers stay, as those of an earlier version."""
        shutil.rmtree(self._manifests)
        shutil.copytree(self._kept, self._manifests)

    @property
    def _manifests(self) -> Path:
        return self.folder / "_manifests"

    @property
    def _kept(self) -> Path:
        return self.root / "kept" / self.repository

    def _data(self, digest: str) -> Path:
        name = digest.removeprefix("sha256:")
        return self._base / "blobs/sha256" / name[:2] / name / "data"

    def content(self, digest: str) -> bytes:
        """What is stored under a digest."""
        return self._data(digest).read_bytes()

    def _store(self, content: bytes) -> str:
        digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
        data = self._data(digest)
        if not data.exists():
            data.parent.mkdir(parents=True, exist_ok=True)
            data.write_bytes(content)
        return digest

    @staticmethod
    def _link(folder: Path, digest: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "link").write_text(digest, encoding="ascii")


@dataclass(frozen=True)
class Release:
    """A version of a lane that was seeded."""

    version: str
    tag: Tag
    digest: Digest
    platforms: Mapping[str, str]


def versions(storage: Storage, lane: Lane, numbers: Iterable[str]) -> list[Release]:
    """Publish versions of a lane, the oldest first; the floating tag is at the last."""
    releases = [_version(storage, lane, number) for number in numbers]
    storage.tag(str(widest(lane)), str(releases[-1].digest))
    return releases


def _version(storage: Storage, lane: Lane, number: str) -> Release:
    """Store an image for two platforms as a release leaves it: facts in its labels and annotations."""
    facts = {REVISION: COMMIT, VERSION: number, CREATED: WHEN}
    image = Image()
    for architecture in ARCHITECTURES:
        image.add(architecture, [_layer(lane.name, architecture)], {"Labels": facts})
    for blob in image.blobs:
        storage.blob(blob)
    platforms = {}
    for architecture, manifest in zip(ARCHITECTURES, image.manifests, strict=True):
        platforms[f"linux/{architecture}"] = storage.manifest(manifest)
    digest = storage.manifest(images.encode({**json.loads(image.index()), "annotations": facts}))
    tag = lane.tag_of(Version.parse(number))
    storage.tag(str(tag), digest)
    return Release(number, tag, Digest(digest), platforms)


@functools.cache
def _layer(lane: str, architecture: str) -> bytes:
    """The one layer of a lane's images, the same in every version."""
    return images.layer([images.Entry(path="content", content=f"{lane} {architecture}".encode())])


def past(lane: Lane, number: str) -> Release:
    """A version that only a ledger still knows."""
    digest = Digest.of(f"{lane.name} {number}".encode())
    platforms = {f"linux/{architecture}": str(digest) for architecture in ARCHITECTURES}
    return Release(number, lane.tag_of(Version.parse(number)), digest, platforms)


def ledger(storage: Storage, lane: Lane, releases: Sequence[Release]) -> None:
    """Record the publication of each version and the floating tag's move to it: two entries for each."""
    content = Ledger().append(_entries(widest(lane), releases))
    pieces = segments(content.lines, PIECE)
    for blob in (EMPTY_CONTENT, *pieces):
        storage.blob(blob)
    raw = ledger_manifest(lane.name, [Descriptor.of(piece, LINES) for piece in pieces], None)
    storage.manifest(raw.body)
    storage.tag(str(lane.ledger), str(raw.digest))


def _entries(floating: Tag, releases: Sequence[Release]) -> Iterator[Entry]:
    before = None
    for number, release in enumerate(releases):
        publication = _entry(Action.PUBLISH, f"p{number}", release.tag, release)
        yield replace(publication, commit=COMMIT, platforms=release.platforms)
        yield replace(_entry(Action.FLOAT, f"f{number}", floating, release), before=before)
        before = release.digest


def _entry(action: Action, name: str, tag: Tag, release: Release) -> Entry:
    return Entry(action=action, id=name, when=WHEN, who="bench", tag=tag, version=release.version, after=release.digest)


def numbers(count: int) -> list[str]:
    """So many version numbers, the oldest first."""
    return [f"0.{number // 20}.{number % 20}" for number in range(count)]
