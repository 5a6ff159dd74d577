"""Check an image by its bytes: before it is tagged, and whenever somebody verifies it.

Every byte is read by digest and hashed, so a later PUT of the same bytes tags exactly what was checked here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING

from shiplane.config.lane import Lane
from shiplane.config.version import Version
from shiplane.core.check import Check
from shiplane.core.errors import AccessError, UnreachableError, VerificationError
from shiplane.core.system.parallel import WORKERS, Once, map_parallel, run_parallel
from shiplane.core.text import quoted
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
from shiplane.registry.oci.names import Digest, Platform

if TYPE_CHECKING:
    from shiplane.config.plan import LanePlan, Plan
    from shiplane.verify.attestations.attestation import Attestation
    from shiplane.verify.attestations.reader import AttestationPart

# Images that claim an earlier year were built without a clock: 1 (Go's zero time), 1970 (reproducible builds).
_EPOCH = 1970


@dataclass(frozen=True, kw_only=True)
class ExpectedImage:
    """What an image must be. None where nothing particular is expected: then it must only agree with itself.

    Attributes:
        platforms: The exact set.
        revision: The commit in its labels.
        version: The version in its labels.
        labels: Further labels of every config.
        annotations: Further annotations of the index and every manifest.
        proven: Whether this digest is recorded as checked in full: its configs, which are part of what the digest
            stands for, are then not read again if an index lists their platforms.
        spellings: Other spellings of this version in a label.
        foreign: Whether another tool may have made the image: then a missing label is no fault.
        source: Where the expected platforms come from, for display.
    """

    platforms: tuple[Platform, ...] | None
    revision: str | None = None
    version: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    proven: bool = False
    spellings: frozenset[str] = frozenset()
    foreign: bool = False
    source: str = ""

    @classmethod
    def planned(cls, plan: Plan, lane_plan: LanePlan, platforms: tuple[Platform, ...]) -> ExpectedImage:
        """What an image must be that was built by this plan, for all or some of the platforms."""
        build = plan.build(lane_plan)
        return cls(
            platforms=platforms,
            revision=plan.commit,
            version=str(lane_plan.version.value),
            labels=dict(build.labels),
            annotations=dict(build.annotations),
        )

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
        """What a tagged image must be: shiplane may have made it, or another tool with labels of its own."""
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
    """Every check, each platform's descriptor, the size of the layers, and what the image says of itself.

    ``labels`` are as :func:`shiplane.verify.label_reader.read_labels` reads them, as far as configs were read.
    """

    checks: tuple[Check, ...]
    images: tuple[Descriptor, ...] = ()
    size: int = 0
    revision: str = ""
    created: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    attestations: tuple[Attestation, ...] = ()


@dataclass(frozen=True)
class _PlatformImage:
    """One platform's image: its manifest and config as far as they could be read, and its checks."""

    descriptor: Descriptor
    manifest: Manifest | None
    config: ImageConfig | None
    checks: tuple[Check, ...]

    @property
    def platform(self) -> Platform | None:
        """As the index says; for an image that no index lists, as its config says."""
        return self.descriptor.platform or (self.config.platform if self.config else None)

    @property
    def layers(self) -> tuple[Descriptor, ...]:
        """Its layers, as far as its manifest could be read."""
        return self.manifest.layers if self.manifest else ()

    @property
    def unread(self) -> tuple[Descriptor, ...]:
        """The blobs that were not read: its layers, and sometimes its config."""
        return self.layers if self.config or not self.manifest else (self.manifest.config, *self.layers)


@dataclass(frozen=True, kw_only=True)
class ImageChecker:
    """Checks images of one repository.

    Attributes:
        registry: Where the images are.
        deep: Whether every blob (attestations' too) has to exist, and recorded configs are read again.
        blobs: Whether every unread blob has to exist with its size (a HEAD each): an image that lacks one cannot be
            pulled.
        fresh: Whether the image was pushed just now: attestations, which only time can lose, are then not checked.
        statements: Whether what its attestations say is read.
        workers: How many reads at once.
    """

    registry: RegistryClient
    deep: bool = False
    blobs: bool = False
    fresh: bool = False
    statements: bool = False
    workers: int = WORKERS

    def check(self, raw: RawManifest, expected: ExpectedImage) -> ImageReport:
        """Check an image from top to bottom.

        Raises:
            AccessError: The registry refuses to show a part of it.
            UnreachableError: A part of it could not be read.
        """
        subject = raw.digest.short
        try:
            document = parse_manifest(raw)
        except InvalidManifestError as error:
            return ImageReport(checks=(_bad("manifest", subject, "a valid index or manifest", error.what),))
        entries = document.images if isinstance(document, Index) else (_own_descriptor(raw),)
        proven = expected.proven and {REVISION, VERSION} <= set(document.annotations)
        attestations = document.attestations if isinstance(document, Index) and not self.fresh else ()
        sizes = _Sizes(self)
        children, proofs = self._read_parts(entries, attestations, sizes, proven=proven)
        labels = {key: _labels_of(key, document.annotations, children) for key in (REVISION, VERSION)}
        checks = [
            _check_platforms(subject, expected, [child.platform for child in children]),
            *(check for child in children for check in child.checks),
            *_check_labels("revision", REVISION, expected.revision, labels[REVISION], foreign=expected.foreign),
            *_check_labels(
                *("version", VERSION, expected.version, labels[VERSION]),
                spellings=expected.spellings,
                foreign=expected.foreign,
            ),
            *_check_configured(expected, document.annotations, children),
            *(check for part in proofs for check in part.checks),
            *(self._check_blobs([*children, *proofs], sizes) if self.deep or self.blobs else ()),
        ]
        size = sum(layer.size for child in children for layer in child.layers)
        return ImageReport(
            checks=tuple(checks),
            images=tuple(replace(child.descriptor, platform=child.platform) for child in children),
            size=size,
            revision=next(iter(labels[REVISION].values()), ""),
            created=_created(document.annotations, children),
            labels={**_own_labels(children[:1]), **document.annotations},
            attestations=tuple(attestation for part in proofs for attestation in part.attestations),
        )

    def _read_parts(
        self, entries: Sequence[Descriptor], attestations: Sequence[Descriptor], sizes: _Sizes, *, proven: bool
    ) -> tuple[list[_PlatformImage], list[AttestationPart]]:
        """Read the images and the manifests with their attestations, all side by side."""
        from shiplane.verify.attestations.reader import AttestationReader

        reader = AttestationReader(
            registry=self.registry, manifests=len(attestations), reads=self.statements, workers=self.workers
        )
        return run_parallel(
            lambda: map_parallel(
                lambda entry: self._check_child(entry, sizes, proven=proven), entries, workers=self.workers
            ),
            lambda: map_parallel(
                lambda entry: reader.check(entry, sizes.read_ahead), attestations, workers=self.workers
            ),
            workers=self.workers,
        )

    def _check_child(self, entry: Descriptor, sizes: _Sizes, *, proven: bool) -> _PlatformImage:
        """Read one platform's manifest and config, and compare each with its descriptor."""
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
            description = f"{len(answer.raw.body)} bytes of {answer.raw.media_type}"
            return _PlatformImage(
                entry, None, None, (_bad("child", subject, f"{entry.size} bytes of {entry.media_type}", description),)
            )
        try:
            manifest = parse_manifest(answer.raw)
            assert isinstance(manifest, Manifest)  # noqa: S101 -- its media type was compared above
            if proven and entry.platform and not self.deep:
                sizes.read_ahead((manifest.config, *manifest.layers))
                return _PlatformImage(
                    entry, manifest, None, (Check("child", subject, good=True, found="as it was recorded"),)
                )
            content, _ = run_parallel(
                lambda: self.registry.blob(manifest.config),
                lambda: sizes.read_ahead(manifest.layers),
                workers=self.workers,
            )
            config = parse_config(content)
        except VerificationError as error:
            return _PlatformImage(
                entry, None, None, (_bad("config", subject, "a manifest and its config", error.what),)
            )
        return _PlatformImage(entry, manifest, config, (_child_platform(subject, entry, config),))

    def _check_blobs(self, parts: Sequence[_PlatformImage | AttestationPart], sizes: _Sizes) -> list[Check]:
        """Whether everything that was not read exists with its size: layers, configs, attestations."""
        blobs = {blob.digest: blob for part in parts for blob in part.unread}
        return map_parallel(partial(_check_blob, sizes), blobs.values(), workers=self.workers)


class _Sizes:
    """The sizes of blobs, each asked for once: where all are checked, as soon as a manifest names it."""

    def __init__(self, checker: ImageChecker) -> None:
        self._registry, self._workers = checker.registry, checker.workers
        self._wanted = checker.deep or checker.blobs
        self._sizes: Once[Digest, int | None] = Once()

    def of(self, blob: Descriptor) -> int | None:
        """See :meth:`shiplane.registry.client.RegistryClient.blob_size`."""
        return self._sizes.get(blob.digest, lambda: self._registry.blob_size(blob))

    def read_ahead(self, blobs: Sequence[Descriptor]) -> None:
        """Ask for some; whoever needs one learns of its error then."""
        with suppress(AccessError, UnreachableError):
            map_parallel(self.of, blobs if self._wanted else (), workers=self._workers)


def _check_blob(sizes: _Sizes, blob: Descriptor) -> Check:
    size = sizes.of(blob)
    description = "nothing" if size is None else f"{size} bytes"
    return Check("blob", blob.digest.short, size == blob.size, f"{blob.size} bytes", description)


def _own_descriptor(raw: RawManifest) -> Descriptor:
    """The descriptor of a single-platform image, which no index lists."""
    return Descriptor(media_type=raw.media_type, digest=raw.digest, size=len(raw.body))


def _check_platforms(subject: str, expected: ExpectedImage, platforms: list[Platform | None]) -> Check:
    """The exact set: a missing one is a broken release, an extra one was never tested, a duplicate hides another."""
    actual = Counter(map(str, platforms))
    required = actual if expected.platforms is None else Counter(map(str, expected.platforms))
    source = f" ({expected.source})" if expected.source else ""
    return Check("platforms", subject, required == actual, _listed(required) + source, _listed(actual))


def _child_platform(subject: str, entry: Descriptor, config: ImageConfig) -> Check:
    claimed = entry.platform or config.platform
    return Check("config", subject, config.platform == claimed, f"a config for {claimed}", f"one for {config.platform}")


def _check_labels(
    name: str,
    key: str,
    expected: str | None,
    labels: Mapping[str, str],
    *,
    spellings: Collection[str] = (),
    foreign: bool = False,
) -> list[Check]:
    """The index's annotation and every config's label must agree, with each other and with the expected value.

    A missing label is a fault in an image of shiplane's own, and none in another tool's.
    """
    required = expected if expected is not None else next(iter(labels.values()), None)
    if required is None:
        return []
    if not labels:
        description = f"no label {key}" + (": made by another tool" if foreign else "")
        return [Check(name, "the image", good=foreign, expected=required, found=description, warning=foreign)]
    return [
        Check(name, origin, value == required or value in spellings, required, value[:120])
        for origin, value in labels.items()
    ]


def _check_configured(
    expected: ExpectedImage, annotations: Mapping[str, str], children: list[_PlatformImage]
) -> list[Check]:
    """Every label and annotation that the project configured, wherever it has to be."""
    configs = [(str(child.platform), child.config.labels) for child in children if child.config]
    manifests = [(str(child.platform), child.manifest.annotations) for child in children if child.manifest]
    checks = [_check_pairs("labels", origin, expected.labels, labels) for origin, labels in configs]
    for origin, annotated in (("the image", annotations), *manifests):
        checks.append(_check_pairs("annotations", origin, expected.annotations, annotated))
    return [check for check in checks if check.expected]


def _check_pairs(name: str, origin: str, expected: Mapping[str, str], actual: Mapping[str, str]) -> Check:
    """Whether all pairs are among others; those that are not are named."""
    wrong = {key: value for key, value in expected.items() if actual.get(key) != value}
    shown = [f"{key}={quoted(value, 80)}" for key, value in (wrong or expected).items()]
    found = [f"{key}={quoted(actual[key], 80)}" if key in actual else f"no {key}" for key in wrong or expected]
    return Check(name, origin, not wrong, ", ".join(shown), ", ".join(found))


def _labels_of(key: str, annotations: Mapping[str, str], children: list[_PlatformImage]) -> dict[str, str]:
    """Each value of a label and where it comes from: the index, a platform's config. An empty one counts as missing."""
    labels = {"the index": annotations.get(key)}
    labels |= {str(child.platform): child.config.labels.get(key) for child in children if child.config}
    return {origin: value for origin, value in labels.items() if value}


def _own_labels(children: Iterable[_PlatformImage]) -> dict[str, str]:
    return {key: value for child in children if child.config for key, value in child.config.labels.items()}


def _created(annotations: Mapping[str, str], children: list[_PlatformImage]) -> str:
    """When the image was made: by its label, else by its config; nothing if neither is a time."""
    configs = [child.config for child in children if child.config]
    texts = [annotations.get(CREATED), *(config.labels.get(CREATED) for config in configs)]
    moments = (parse_timestamp(text) for text in (*texts, *(config.created for config in configs)) if text)
    return next((rfc3339(moment.timestamp()) for moment in moments if moment and moment.year > _EPOCH), "")


def _listed(platforms: Counter[str]) -> str:
    return ", ".join(sorted(platforms.elements())) or "none"


def _bad(name: str, subject: str, expected: str, found: str) -> Check:
    return Check(name, subject, good=False, expected=expected, found=found)
