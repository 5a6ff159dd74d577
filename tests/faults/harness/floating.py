"""Lanes with several floating tags, as releases leave them: written straight into the registry and the ledger."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from shiplane.config.floating_tag import FloatingTemplate
from shiplane.config.lane import MAIN, STANDALONE, Lane
from shiplane.config.version import Version
from shiplane.ledger.ledger import Action, Entry
from shiplane.ledger.recorder import LedgerUpdate, record
from shiplane.registry.oci.manifest import RawManifest
from shiplane.registry.oci.names import Digest, Tag
from tests.faults.harness.images import push_image
from tests.faults.harness.scene import PATH, Scene, finish


def lane_of(lane: Lane, *templates: str) -> Lane:
    """The lane with other floating tags."""
    return replace(lane, floating_templates=tuple(FloatingTemplate(text=template) for template in templates))


THREE = lane_of(MAIN, "latest", "v{major}", "v{major}.{minor}")
OTHER = lane_of(STANDALONE, "standalone-latest", "standalone-v{major}")


def publish(scene: Scene, lane: Lane, *versions: str, floats: bool = True) -> None:
    """Publish versions one after the other, moving each floating tag forward in its range, if asked."""
    for version in map(Version.parse, versions):
        salt = f"{lane.name} {version}"
        tag = lane.tag_of(version)
        raw = push_image(scene.registry, PATH, revision=_commit(version), version=str(version), salt=salt, tag=tag)
        entries = list(_moved(scene, lane, version, raw)) if floats else []
        if scene.keeps_ledger:
            _record(scene, lane, [_entry(scene, Action.PUBLISH, tag, version, raw), *entries])


def _commit(version: Version) -> str:
    return "".join(version.numbers).ljust(40, "a")


def _moved(scene: Scene, lane: Lane, version: Version, raw: RawManifest) -> Iterator[Entry]:
    tags = scene.tags()
    behind = {digest: each for tag, digest in tags.items() if (each := lane.version_of_tag(tag))}
    for floating in lane.floating_tags(version):
        before = tags.get(floating.tag)
        if before is None or behind[before] < version:
            scene.registry.tag(PATH, floating.tag, raw.digest)
            yield _entry(scene, Action.FLOAT, floating.tag, version, raw, Digest(before) if before else None)


def _entry(
    scene: Scene, action: Action, tag: Tag, version: Version, raw: RawManifest, before: Digest | None = None
) -> Entry:
    author, commit = scene.ledgers(scene.client()).author, _commit(version)
    return author.entry(action, tag=tag, version=str(version), after=raw.digest, before=before, commit=commit)


def _record(scene: Scene, lane: Lane, entries: Sequence[Entry]) -> None:
    store = scene.ledgers(scene.client()).store(lane)
    finish(record([LedgerUpdate(store=store, entries=entries)]))


def positions(scene: Scene, lane: Lane) -> dict[str, str]:
    """Each floating tag with the version that it is at."""
    tags = scene.tags()
    versions = {digest: str(each) for tag, digest in tags.items() if (each := lane.version_of_tag(tag))}
    return {tag: versions[digest] for tag, digest in sorted(tags.items()) if lane.floating_tag(tag)}
