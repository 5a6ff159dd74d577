"""A lane's ledger in a scene: its book, a note to write there, and what is put there behind everybody's back."""

from __future__ import annotations

from collections.abc import Callable

from shiplane.config.lane import MAIN, Lane
from shiplane.core.progress import Flow
from shiplane.ledger.artifact import LINES, ledger_manifest
from shiplane.ledger.ledger import Action, Entry
from shiplane.ledger.recorder import LedgerUpdate, record
from shiplane.ledger.store import LedgerStore
from shiplane.registry.oci.manifest import Descriptor
from shiplane.registry.oci.names import Digest, Tag
from tests.faults.harness.clock import VirtualClock
from tests.faults.harness.faults import Faulty
from tests.faults.harness.images import store_blob
from tests.faults.harness.scene import PATH, Scene
from tests.ledger_content import content_of

SOME = Digest.of(b"some image")


def store(scene: Scene, lane: Lane = MAIN) -> LedgerStore:
    registry = scene.client()
    return scene.ledgers(registry).store(lane)


def put(scene: Scene, content: bytes, previous: Digest | None) -> None:
    """Put lines under the ledger's tag behind everybody's back, with everything that a registry checks in order."""
    store_blob(scene.registry.shelf(PATH), content, LINES)
    raw = ledger_manifest("main", [Descriptor.of(content, LINES)], previous)
    scene.registry.shelf(PATH).manifests[str(raw.digest)] = raw
    scene.registry.tag(PATH, "ledger-main", raw.digest)


def entry(scene: Scene, action: Action, after: Digest = SOME, version: str = "1.0.0", why: str = "") -> Entry:
    registry = scene.client()
    author = scene.ledgers(registry).author
    return author.entry(action, tag=Tag(f"v{version}"), version=version, after=after, why=why)


def note(scene: Scene, version: str, why: str = "a note") -> Entry:
    return entry(scene, Action.MARK, version=version, why=why)


def writing(scene: Scene, *entries: Entry) -> Flow[None]:
    yield from record([LedgerUpdate(store=store(scene), entries=entries)])


def actions(scene: Scene) -> list[str]:
    return [f"{entry.action.value} {entry.tag} {entry.version}" for entry in scene.ledger().entries]


def tampered(scene: Scene, change: Callable[[bytes], bytes]) -> None:
    page = store(scene).read()
    put(scene, change(content_of(page.ledger)), page.digest)


def clock_of(scene: Scene) -> VirtualClock:
    assert isinstance(scene.registry.clock, VirtualClock)
    return scene.registry.clock


def ledger_puts(wire: Faulty) -> int:
    return len([entry for entry in wire.log if entry.is_manifest_put and entry.reference == "ledger-main"])
