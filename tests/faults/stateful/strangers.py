"""What others do past us: to versions, floating tags, claims and ledgers."""

from __future__ import annotations

import json

from shiplane.config.version import Version
from shiplane.git.claim_record import Claim
from shiplane.ledger.artifact import LINES, PREVIOUS, ledger_manifest
from shiplane.registry.oci.manifest import Descriptor
from tests.faults.harness.faults import Faulty
from tests.faults.harness.images import push_image, store_blob
from tests.faults.harness.scene import PATH, finish
from tests.faults.stateful.judging import driven, judged, only
from tests.faults.stateful.world import LANES, STRANGER, Fact, World, plan_of
from tests.lanes import widest


def overwritten(world: World, lane: str, version: str) -> None:
    """Somebody pushes a version tag past us."""
    raw = push_image(world.registry, PATH, revision=STRANGER, version=version, salt=f"stranger {world.builds}")
    world.builds += 1
    world.facts[str(raw.digest)] = Fact(STRANGER, version)
    world.registry.tag(PATH, LANES[lane].tag_of(Version.parse(version)), raw.digest)


def dragged(world: World, lane: str, version: str) -> None:
    """Somebody points the floating tag at a version, or at an image that is none."""
    digest = world.tags.get(LANES[lane].tag_of(Version.parse(version)))
    if digest is None:
        raw = push_image(world.registry, PATH, revision=STRANGER, version="of an old script", salt=version)
        digest = str(raw.digest)
        world.facts[digest] = Fact(STRANGER, "of an old script")
    world.registry.tag(PATH, widest(LANES[lane]), digest)


def claimed_elsewhere(world: World, lane: str, version: str, commit: str) -> None:
    """Another machine builds a version, claims it, and dies before it gives it a name."""
    plan = plan_of(lane, version, "no", commit)
    (one,) = plan.lanes
    digest = world.stage(plan, [one])[lane]
    world.claims.create([Claim(image=plan.repository, tag=one.tag, digest=digest, commit=commit, by="another machine")])


def set_back(world: World, lane: str) -> None:
    """Somebody points the ledger's tag at what it was before: what was added last is forgotten, and nothing else."""
    known = LANES[lane]
    lines = world.recorded(known)
    # What was replaced because it was broken is no ledger to go back to.
    if lines and lines != [line for line in lines[:1] if line["action"] == "restart"]:
        manifest = json.loads(world.registry.shelf(PATH).manifests[world.tags[known.ledger]].body)
        if before := manifest["annotations"].get(PREVIOUS):
            world.registry.tag(PATH, known.ledger, before)


def tampered(world: World, lane: str, version: str, commit: str) -> None:
    """Somebody changes a ledger's line: nobody releases upon it, until it is begun anew."""
    known, before = LANES[lane], world.tags
    lines = world.recorded(known)
    if not lines:
        return
    content = b"".join(json.dumps({**line, "previous": None, "number": 7}).encode() + b"\n" for line in lines)
    store_blob(world.registry.shelf(PATH), content, LINES)
    raw = ledger_manifest(lane, [Descriptor.of(content, LINES)], None)
    world.registry.shelf(PATH).manifests[str(raw.digest)] = raw
    world.registry.tag(PATH, known.ledger, raw.digest)
    wire = Faulty(world.registry)
    assert driven(world.releaser(wire).publish(plan_of(lane, version, "yes", commit), world)) == 6
    judged(world, before, [wire])
    finish(world.releaser(wire).marker().restart(known, "it was changed"))
    only(world, before, {}, known)
    assert [entry["action"] for entry in world.recorded(known)] == ["restart"]
