"""Read where a lane's floating tags are, and side by side what a check asks for behind them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from shiplane.config.floating_tag import FloatingTag
from shiplane.config.lane import Lane
from shiplane.config.version import Version
from shiplane.core.errors import ShiplaneError
from shiplane.core.system.parallel import WORKERS, map_parallel, run_parallel
from shiplane.ledger.ledger import Ledger
from shiplane.registry.lookup import resolve_all
from shiplane.registry.oci.lookup_result import Absent, LookupResult, Present
from shiplane.registry.oci.manifest import REVISION, VERSION, Descriptor, Index, Manifest, parse_manifest
from shiplane.registry.oci.names import Digest, Tag
from shiplane.registry.read_once import ReadOnce
from shiplane.verify.floating_tags import FloatingTagState, existing_floating_tags

if TYPE_CHECKING:
    from shiplane.verify.lane_versions import LaneVersions

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class FloatingTagReader:
    """Reads the floating tags of one repository."""

    versions: LaneVersions

    def read_existing(self, lane: Lane, ledger: Ledger) -> tuple[FloatingTagState, ...]:
        """Where each floating tag of a lane is: see :func:`existing_floating_tags`. Raises as :meth:`read`."""
        return self.read(lane, ledger, existing_floating_tags(lane, ledger, self.listed(lane)))

    def listed(self, lane: Lane) -> Sequence[Tag]:
        """The repository's tags, listed only for a lane that has ranges: nothing else tells which tags it has by them.

        Raises:
            AccessError, UnreachableError: They cannot be listed.
        """
        return self.versions.registry.tags() if any(template.depth for template in lane.floating_templates) else ()

    def read(self, lane: Lane, ledger: Ledger, tags: Iterable[FloatingTag]) -> tuple[FloatingTagState, ...]:
        """Where each of these is; raises as :meth:`answers` and :meth:`states`."""
        return self.states(lane, ledger, self.answers(tags))

    def answers(self, tags: Iterable[FloatingTag]) -> dict[FloatingTag, Present | Absent]:
        """What the registry serves under each of these tags, in their order.

        Raises:
            AccessError: The registry refuses this identity.
            UnreachableError: It gave no reliable answer about one of the tags.
        """
        floating, versions = list(tags), self.versions
        answers = resolve_all(versions.registry, [one.tag for one in floating], workers=versions.workers)
        return dict(zip(floating, answers, strict=True))

    def states(
        self, lane: Lane, ledger: Ledger, answers: Mapping[FloatingTag, Present | Absent]
    ) -> tuple[FloatingTagState, ...]:
        """Where each of these is; the version behind one digest is looked for once.

        Args:
            lane: The lane with its adopted tags.
            ledger: Its ledger.
            answers: What the registry serves under the floating tags.

        Raises:
            AccessError, UnreachableError: As :meth:`answers`, about a version's tag.
        """
        images = [(floating, answer) for floating, answer in answers.items() if isinstance(answer, Present)]
        behind = self.versions.behind_each(lane, images)
        return tuple(
            FloatingTagState(
                floating=floating,
                answer=answer,
                version=behind[answer.digest] if isinstance(answer, Present) else None,
                position=ledger.position(floating.tag),
            )
            for floating, answer in answers.items()
        )


def read_ahead(
    registry: ReadOnce,
    lane: Lane,
    version: Version | None = None,
    *,
    beside: Callable[[], T],
    parts: bool = True,
    workers: int = WORKERS,
) -> T:
    """Do something, and meanwhile read what a check will ask for, before it is certain that it will.

    That is a version and the floating tags in whose range it is, or every floating tag; the version that each image
    names itself; and with ``parts`` every manifest of the image to check, the version's, else that of the widest
    floating tag, with the configs where the index does not say what they do. Whoever asks for any of it afterwards
    learns of its errors, as if it was read then.
    """
    return run_parallel(beside, lambda: _read_ahead(registry, lane, version, workers, parts=parts), workers=workers)[0]


def read_image_ahead(registry: ReadOnce, tag: Tag, *, workers: int = WORKERS) -> None:
    """Read a tag, and every manifest behind it, for whoever checks the image next."""
    with suppress(ShiplaneError):
        answer = registry.get_manifest(tag)
        if isinstance(answer, Present):
            children, attestations = _parts(answer.digest, parse_manifest(answer.raw))
            map_parallel(registry.get_manifest, [*children, *attestations], workers=workers)


def named_version(lane: Lane, answer: LookupResult) -> Version | None:
    """The version that an image says it is by its annotations; whether that is true, its tag has to show."""
    document = parse_manifest(answer.raw) if isinstance(answer, Present) else None
    return lane.version_spelled(document.annotations.get(VERSION, "")) if document else None


def ask_ahead(tasks: Iterable[Callable[[], object]], *, workers: int = WORKERS) -> None:
    """Ask for several things side by side; whoever needs one of them learns of its error then."""
    with suppress(ShiplaneError):
        map_parallel(lambda task: task(), tasks, workers=workers)


def _read_ahead(registry: ReadOnce, lane: Lane, version: Version | None, workers: int, *, parts: bool) -> None:
    with suppress(ShiplaneError):
        tags = _tags(registry, lane, version)
        answers = map_parallel(registry.get_manifest, tags, workers=workers)
        images = [(answer.digest, parse_manifest(answer.raw)) for answer in answers if isinstance(answer, Present)]
        is_there = parts and bool(answers) and isinstance(answers[-1], Present)
        children, attestations = _parts(*images[-1]) if is_there else ([], [])
        named = (_named(lane, document) for _, document in images)
        further: list[Tag | Digest] = [*children, *attestations, *filter(None, named)]
        read = map_parallel(registry.get_manifest, further, workers=workers)
        if is_there and not {REVISION, VERSION} <= set(images[-1][1].annotations):
            map_parallel(registry.blob, _configs(read[: len(children)]), workers=workers)


def _tags(registry: ReadOnce, lane: Lane, version: Version | None) -> list[Tag]:
    """The tags to read, that of the image to check last."""
    if version:
        return [*(floating.tag for floating in lane.floating_tags(version)), lane.tag_of(version)]
    listed: Sequence[Tag] = registry.tags() if any(template.depth for template in lane.floating_templates) else ()
    return [floating.tag for floating in lane.floating_tags_among(listed)]


def _named(lane: Lane, document: Index | Manifest) -> Tag | None:
    version = lane.version_spelled(document.annotations.get(VERSION, ""))
    return lane.tag_of(version) if version else None


def _parts(digest: Digest, document: Index | Manifest) -> tuple[list[Digest], list[Digest]]:
    """The manifests of an image's platforms, and those of its attestations."""
    if isinstance(document, Manifest):
        return [digest], []
    return [entry.digest for entry in document.images], [entry.digest for entry in document.attestations]


def _configs(images: Sequence[LookupResult]) -> list[Descriptor]:
    """The configs of some images."""
    documents = [parse_manifest(image.raw) for image in images if isinstance(image, Present)]
    return [document.config for document in documents if isinstance(document, Manifest)]
