"""A repository whose lane has three floating tags, after four releases, the last of an old line."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from shiplane.config.floating_tag import FloatingTag, FloatingTemplate
from shiplane.config.lane import MAIN
from shiplane.config.version import Version
from shiplane.ledger.ledger import Action, Entry, Ledger
from shiplane.registry.oci.names import Digest, Tag
from tests.faults.harness.images import push_image
from tests.faults.harness.ledgers import writing
from tests.faults.harness.scene import PATH, Scene, finish

SEVERAL = replace(
    MAIN, floating_templates=tuple(FloatingTemplate(text=text) for text in ("latest", "v{major}", "v{major}.{minor}"))
)
NO_FLOATING = replace(MAIN, floating_templates=())
RELEASES = ("1.2.0", "1.3.0", "2.0.0", "1.2.1")
# Each floating tag in moving order with the version that it is at afterwards.
PLACES = {"v1.2": "1.2.1", "v1.3": "1.3.0", "v2.0": "2.0.0", "v1": "1.3.0", "v2": "2.0.0", "latest": "2.0.0"}


def released(*, recorded: bool = True, annotated: bool = True) -> Scene:
    """The four releases; with ``recorded`` there is a ledger of them, written like every release's."""
    scene = Scene(keeps_ledger=recorded)
    entries: list[Entry] = []
    for text in RELEASES:
        raw = push_image(scene.registry, PATH, version=text, salt=text, tag=f"v{text}", annotated=annotated)
        entries += _entries(scene, Version.parse(text), raw.digest, Ledger().append(entries))
    for tag, text in PLACES.items():
        point(scene, tag, text)
    if recorded:
        finish(writing(scene, *entries))
    return scene


def point(scene: Scene, tag: str, version: str) -> None:
    """Set a tag to a version behind everybody's back."""
    scene.registry.tag(PATH, tag, Digest(scene.tags()[f"v{version}"]))


def _entries(scene: Scene, version: Version, digest: Digest, ledger: Ledger) -> Iterator[Entry]:
    author = scene.ledgers(scene.client()).author
    yield author.entry(Action.PUBLISH, tag=Tag(f"v{version}"), version=str(version), after=digest)
    for floating in SEVERAL.floating_tags(version):
        if _is_forward(floating, version, ledger):
            left = position.after if (position := ledger.position(floating.tag)) else None
            yield author.entry(Action.FLOAT, tag=floating.tag, version=str(version), after=digest, before=left)


def _is_forward(floating: FloatingTag, version: Version, ledger: Ledger) -> bool:
    position = ledger.position(floating.tag)
    return position is None or position.release is None or position.release < version
