"""Copy what refers to an image to another repository: signatures, attestations, SBOMs, whatever their types are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from shiplane.core.errors import UnreachableError, VerificationError
from shiplane.core.plurals import counted
from shiplane.core.progress import Flow, Step
from shiplane.core.system.parallel import WORKERS, map_parallel
from shiplane.registry.client import RegistryClient
from shiplane.registry.image_copy import ImageCopier, manifests_of
from shiplane.registry.oci.lookup_result import Present
from shiplane.registry.oci.manifest import RawManifest
from shiplane.registry.oci.names import Digest, Tag
from shiplane.registry.read_once import ReadOnce
from shiplane.registry.referrers.attaching import Attacher
from shiplane.registry.referrers.cosign_tags import cosign_tags
from shiplane.registry.referrers.reading import MAX_REFERRERS, find_listed, read_referrers, resolve_listed
from shiplane.registry.referrers.referrer_list import Referrer, subject_of

# A signature of an attestation of an image is the third level; nobody goes deeper.
_DEEPEST = 5


@dataclass(kw_only=True)
class AttachedContent:
    """What refers to an image, directly or by way of others.

    Attributes:
        lists: The entries of each list, by the manifest that they refer to.
        manifests: The manifests of all entries, each after what it refers to.
        tags: The tags that cosign wrote, with their manifests.
        left_out: Listed manifests that are no longer there, or that name another subject: for people.
    """

    lists: dict[Digest, dict[Digest, Referrer]] = field(default_factory=dict)
    manifests: dict[Digest, RawManifest] = field(default_factory=dict)
    tags: dict[Tag, RawManifest] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)

    def describe(self) -> str:
        """What it is, for display."""
        parts = [counted(len(self.manifests), "referrer")] if self.manifests else []
        parts += [", ".join(self.tags)] if self.tags else []
        return "; ".join((*(parts or ["none"]), *self.left_out))


def copy_attached(copier: ImageCopier, attached: AttachedContent) -> Flow[None]:
    """Copy what was found by digest, and add it to the lists of the target.

    Raises:
        RefusedError: The target has content under a tag of cosign's that nothing can be added to.
        LostRaceError: Another tool keeps replacing the lists there.
        AccessError, UnreachableError, VerificationError: As :meth:`ImageCopier.copy`.
    """
    for raw in (*attached.manifests.values(), *attached.tags.values()):
        yield from copier.copy(raw)
    yield from Attacher(registry=copier.target, workers=copier.workers).attach(attached.lists, attached.tags)


def find_attached(registry: RegistryClient, raw: RawManifest, *, workers: int = WORKERS) -> Flow[AttachedContent]:
    """Find what refers to an image, to one of its children, or to another referrer.

    Raises:
        VerificationError: A list or a manifest is not what it should be, or there are too many.
        AccessError, UnreachableError: They cannot be read.
    """
    step, registry = Step("referrers", f"of {raw.digest.short} in {registry.repository}"), ReadOnce.of(registry)
    yield step
    attached, seen = AttachedContent(), set[Digest]()
    level: Iterable[RawManifest] = [raw]
    for _ in range(_DEEPEST):
        subjects = {manifest.digest for each in level for manifest in manifests_of(registry, each)} - seen
        seen |= subjects
        found = map_parallel(
            lambda subject: _Subject.read(registry, subject), sorted(subjects, key=str), workers=workers
        )
        if len({each.is_listed_by_api for each in found}) > 1:
            raise UnreachableError(
                f"{registry.repository} lists the referrers of some manifests, but not of others",
                remedy="Run it again.",
            )
        level = [manifest for each in found for manifest in each.add_to(attached)]
        if len(attached.manifests) > MAX_REFERRERS:
            break
        if not level:
            yield step.done(attached.describe())
            return attached
    raise VerificationError(
        f"{registry.repository}: {raw.digest} has more than {MAX_REFERRERS} referrers, "
        f"or more than {_DEEPEST} levels of them"
    )


@dataclass(frozen=True, kw_only=True)
class _Subject:
    """One manifest, and what refers to it: each entry with its manifest, None where that is gone."""

    digest: Digest
    is_listed_by_api: bool
    referrers: Mapping[Digest, tuple[Referrer, RawManifest | None]]
    tags: Mapping[Tag, RawManifest]

    @classmethod
    def read(cls, registry: RegistryClient, digest: Digest) -> _Subject:
        listed = read_referrers(registry, digest)
        answers = {tag: resolve_listed(registry, tag) for tag in cosign_tags(digest)}
        return cls(
            digest=digest,
            is_listed_by_api=listed.by_api is not None,
            referrers={each: (referrer, find_listed(registry, each)) for each, referrer in listed.all.items()},
            tags={tag: answer.raw for tag, answer in answers.items() if isinstance(answer, Present)},
        )

    def add_to(self, attached: AttachedContent) -> list[RawManifest]:
        """Add everything that is there; gives the manifests that were not known yet."""
        new = []
        for digest, (referrer, raw) in self.referrers.items():
            if raw is None or subject_of(raw) != str(self.digest):
                what = "names another subject" if raw else "is gone"
                attached.left_out.append(f"{digest.short}, listed for {self.digest.short}, {what}")
                continue
            attached.lists.setdefault(self.digest, {})[digest] = referrer.of(raw)
            if digest not in attached.manifests:
                attached.manifests[digest] = raw
                new.append(raw)
        attached.tags.update(self.tags)
        return new
