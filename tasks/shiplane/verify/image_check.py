"""The examination of an image by its bytes: the same before it gets a name and whenever somebody verifies it.

Every byte is read by digest and hashed, so that what is examined here is what a later PUT of the same bytes names.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from shiplane.config.lane import Lane
from shiplane.config.version import Version
from shiplane.core.check import Check
from shiplane.core.errors import VerificationError
from shiplane.core.system.parallel import WORKERS, map_parallel
from shiplane.core.timestamps import parse_timestamp, rfc3339
from shiplane.registry.client import RegistryClient
from shiplane.registry.lookup import resolve
from shiplane.registry.oci.lookup_result import Absent
from shiplane.registry.oci.manifest import (
    CREATED,
    INDEX_TYPES,
    REVISION,
    VERSION,
    Descriptor,
    ImageConfig,
    Index,
    InvalidManifestError,
    Manifest,
    RawManifest,
    parse_config,
    parse_manifest,
)
from shiplane.registry.oci.names import Platform

# What is said to have been made then was made without a clock: 1 (Go's zero time) and 1970 (reproducible builds).
_EPOCH = 1970


@dataclass(frozen=True, kw_only=True)
class ExpectedImage:
    """What an image must be. None where nothing particular is expected (then it must only agree with itself).

    Attributes:
        platforms: The very set.
        spellings: Other texts that mean this version in a label.
        foreign: Whether another tool may have made the image: then a label that is missing is no fault.
        source: Who says that it must be these, for people; nothing where that is clear.
        revision: The commit in its labels.
        version: The version in its labels.
        proven: Whether this very digest was examined in full before, by a record of it: then its configs, which are
            part of what the digest stands for, are not read again where an index tells their platforms.
    """

    platforms: tuple[Platform, ...] | None
    revision: str | None = None
    version: str | None = None
    proven: bool = False
    spellings: frozenset[str] = frozenset()
    foreign: bool = False
    source: str = ""

    @classmethod
    def published(
        cls,
        lane: Lane,
        version: Version | None,
        *,
        platforms: tuple[Platform, ...] | None,
        revision: str | None = None,
        proven: bool = False,
        source: str = "",
    ) -> ExpectedImage:
        """What an image must be that has its name already: we made it, or another tool did, with labels of its own."""
        return cls(
            platforms=platforms,
            revision=revision,
            version=str(version) if version else None,
            spellings=lane.label_spellings(version) if version else frozenset(),
            proven=proven,
            foreign=True,
            source=source,
        )


@dataclass(frozen=True, kw_only=True)
class ImageReport:
    """What was found: every check, each platform's descriptor, the size, the commit and the time that it says."""

    checks: tuple[Check, ...]
    images: tuple[Descriptor, ...] = ()
    size: int = 0
    revision: str = ""
    created: str = ""


@dataclass(frozen=True)
class _PlatformImage:
    """One platform's image: its manifest and config as far as they could be read, and what is wrong with them."""

    descriptor: Descriptor
    manifest: Manifest | None
    config: ImageConfig | None
    checks: tuple[Check, ...]

    @property
    def platform(self) -> Platform | None:
        """As the index says; of an image that no index lists, as its config says."""
        return self.descriptor.platform or (self.config.platform if self.config else None)

    @property
    def layers(self) -> tuple[Descriptor, ...]:
        """Its layers, as far as its manifest could be read."""
        return self.manifest.layers if self.manifest else ()

    @property
    def unread(self) -> tuple[Descriptor, ...]:
        """What of it was not read: its layers, and mostly not its config."""
        return self.layers if self.config or not self.manifest else (self.manifest.config, *self.layers)


@dataclass(frozen=True, kw_only=True)
class ImageChecker:
    """Examines images of one repository.

    Attributes:
        registry: Where they are read.
        deep: Whether each blob (attestations' too) is asked for as well, and a config that was recorded read again.
        blobs: Whether each blob that is not read is asked for by HEAD, with its size: what lacks one cannot be pulled.
        fresh: Whether it was pushed this moment: then attestations, which only time can lose, are not asked for.
        workers: How many reads at once.
    """

    registry: RegistryClient
    deep: bool = False
    blobs: bool = False
    fresh: bool = False
    workers: int = WORKERS

    def examine(self, raw: RawManifest, expected: ExpectedImage) -> ImageReport:
        """Examine an image, top to bottom.

        Raises:
            AccessError: The registry refuses to show a part of it.
            UnreachableError: A part of it could not be read.
        """
        subject = raw.digest.short
        try:
            document = parse_manifest(raw)
        except InvalidManifestError as error:
            return ImageReport(checks=(_bad("manifest", subject, "a valid index or manifest", error.what),))
        entries = document.images if isinstance(document, Index) else (_itself(raw),)
        proven = expected.proven and {REVISION, VERSION} <= set(document.annotations)
        attestations = document.attestations if isinstance(document, Index) and not self.fresh else ()
        reads = [partial(self._child, entry, proven=proven) for entry in entries]
        reads += [partial(self._attestation, entry) for entry in attestations]
        parts = map_parallel(lambda read: read(), reads, workers=self.workers)
        children, attested = parts[: len(entries)], parts[len(entries) :]
        said = {key: _said(key, document.annotations, children) for key in (REVISION, VERSION)}
        checks = [
            _platforms(subject, expected, [child.platform for child in children]),
            *(check for child in children for check in child.checks),
            *_labels("revision", REVISION, expected.revision, said[REVISION], foreign=expected.foreign),
            *_labels(
                *("version", VERSION, expected.version, said[VERSION]),
                spellings=expected.spellings,
                foreign=expected.foreign,
            ),
            *(check for part in attested for check in part.checks),
            *(self._blobs(parts) if self.deep or self.blobs else ()),
        ]
        size = sum(layer.size for child in children for layer in child.layers)
        return ImageReport(
            checks=tuple(checks),
            images=tuple(replace(child.descriptor, platform=child.platform) for child in children),
            size=size,
            revision=next(iter(said[REVISION].values()), ""),
            created=_created(document.annotations, children),
        )

    def _child(self, entry: Descriptor, *, proven: bool) -> _PlatformImage:
        """Read one platform's manifest and config, and compare each with what points at it."""
        subject = f"{entry.platform or 'image'} ({entry.digest.short})"
        if entry.media_type in INDEX_TYPES:
            return _PlatformImage(
                entry, None, None, (_bad("child", subject, "an image manifest", "an index within the index"),)
            )
        answer = resolve(self.registry, entry.digest)
        if isinstance(answer, Absent):
            return _PlatformImage(
                entry, None, None, (_bad("child", subject, "its manifest", "nothing: the registry has lost it"),)
            )
        if (len(answer.raw.body), answer.raw.media_type) != (entry.size, entry.media_type):
            found = f"{len(answer.raw.body)} bytes of {answer.raw.media_type}"
            return _PlatformImage(
                entry, None, None, (_bad("child", subject, f"{entry.size} bytes of {entry.media_type}", found),)
            )
        try:
            manifest = parse_manifest(answer.raw)
            assert isinstance(manifest, Manifest)  # noqa: S101 -- its media type was compared above
            if proven and entry.platform and not self.deep:
                return _PlatformImage(
                    entry, manifest, None, (Check("child", subject, good=True, found="as it was recorded"),)
                )
            config = parse_config(self.registry.blob(manifest.config))
        except VerificationError as error:
            return _PlatformImage(
                entry, None, None, (_bad("config", subject, "a manifest and its config", error.what),)
            )
        return _PlatformImage(entry, manifest, config, (_child_platform(subject, entry, config),))

    def _blobs(self, parts: Sequence[_PlatformImage]) -> list[Check]:
        """Whether everything that was not read is there with its size: layers, configs, attestations."""
        wanted = {blob.digest: blob for part in parts for blob in part.unread}
        return map_parallel(self._blob, wanted.values(), workers=self.workers)

    def _attestation(self, entry: Descriptor) -> _PlatformImage:
        """Read one attestation's manifest: provenance or SBOM of an image of the index."""
        subject = entry.digest.short
        answer = resolve(self.registry, entry.digest)
        if isinstance(answer, Absent):
            lost = _bad("attestation", subject, "its manifest", "nothing: the registry has lost it")
            return _PlatformImage(entry, None, None, (lost,))
        try:
            document = parse_manifest(answer.raw)
        except InvalidManifestError as error:
            return _PlatformImage(entry, None, None, (_bad("attestation", subject, "a valid manifest", error.what),))
        found = document if isinstance(document, Manifest) else None
        check = Check("attestation", subject, found is not None, "a manifest", "one" if found else "an index")
        return _PlatformImage(entry, found, None, (check,))

    def _blob(self, blob: Descriptor) -> Check:
        size = self.registry.blob_size(blob)
        found = "nothing" if size is None else f"{size} bytes"
        return Check("blob", blob.digest.short, size == blob.size, f"{blob.size} bytes", found)


def _itself(raw: RawManifest) -> Descriptor:
    """A single-platform image stands for itself: there is no index to point at it."""
    return Descriptor(media_type=raw.media_type, digest=raw.digest, size=len(raw.body))


def _platforms(subject: str, expected: ExpectedImage, found: list[Platform | None]) -> Check:
    """The very set: one missing is a broken release, one too many was never tested, one doubled hides another."""
    have = Counter(map(str, found))
    wanted = have if expected.platforms is None else Counter(map(str, expected.platforms))
    source = f" ({expected.source})" if expected.source else ""
    return Check("platforms", subject, wanted == have, _listed(wanted) + source, _listed(have))


def _child_platform(subject: str, entry: Descriptor, config: ImageConfig) -> Check:
    claimed = entry.platform or config.platform
    return Check("config", subject, config.platform == claimed, f"a config for {claimed}", f"one for {config.platform}")


def _labels(
    name: str,
    key: str,
    expected: str | None,
    said: Mapping[str, str],
    *,
    spellings: Collection[str] = (),
    foreign: bool = False,
) -> list[Check]:
    """The index's annotation and every config's label must say the same, and the expected where there is one.

    Where nobody says anything, an image of ours is broken, and another tool's is none: it writes what it likes.
    """
    wanted = expected if expected is not None else next(iter(said.values()), None)
    if wanted is None:
        return []
    if not said:
        found = f"no label {key}" + (": made by another tool" if foreign else "")
        return [Check(name, "the image", good=foreign, expected=wanted, found=found, warning=foreign)]
    return [
        Check(name, place, value == wanted or value in spellings, wanted, value[:120]) for place, value in said.items()
    ]


def _said(key: str, annotations: Mapping[str, str], children: list[_PlatformImage]) -> dict[str, str]:
    """Who says what for a label: the index, and each config that has it. An empty one says nothing."""
    said = {"the index": annotations.get(key)}
    said |= {str(child.platform): child.config.labels.get(key) for child in children if child.config}
    return {place: value for place, value in said.items() if value}


def _created(annotations: Mapping[str, str], children: list[_PlatformImage]) -> str:
    """When the image was made: as it is labelled, else as its config says; nothing where none of it is a time."""
    configs = [child.config for child in children if child.config]
    said = [annotations.get(CREATED), *(config.labels.get(CREATED) for config in configs)]
    moments = (parse_timestamp(text) for text in (*said, *(config.created for config in configs)) if text)
    return next((rfc3339(moment.timestamp()) for moment in moments if moment and moment.year > _EPOCH), "")


def _listed(platforms: Counter[str]) -> str:
    return ", ".join(sorted(platforms.elements())) or "none"


def _bad(name: str, subject: str, expected: str, found: str) -> Check:
    return Check(name, subject, good=False, expected=expected, found=found)
