"""What people do besides releasing: they plan, verify, roll back, mark and unmark."""

from __future__ import annotations

from dataclasses import replace

from shiplane.config.version import Version
from shiplane.core.errors import RefusedError
from shiplane.release.planning.decision import decide
from shiplane.release.planning.tag_actions import VersionTagAction
from shiplane.rollback.result import RollbackRequest
from shiplane.verify.surveyor import Surveyor
from tests.faults.harness.faults import Faulty
from tests.faults.harness.scene import finish
from tests.faults.stateful.expectations import downward, expected, version_of
from tests.faults.stateful.judging import driven, judged, only
from tests.faults.stateful.world import LANES, World, plan_of
from tests.lanes import widest


def foreseen(world: World, lane: str, version: str, latest: str, commit: str) -> None:
    """A plan writes nothing, and foresees what a release then comes to."""
    (one,) = plan_of(lane, version, latest, commit).lanes
    wire, before = Faulty(world.registry), world.tags
    who, wanted = world.releaser(wire), expected(world, plan_of(lane, version, latest, commit))
    try:
        survey = Surveyor(registry=who.registry, ledgers=who.ledgers, workers=1).survey(one)
        decision = decide(one, survey, commit)
    except RefusedError:
        assert wanted.code == 5
    else:
        assert wanted.code in {0, 8}
        if wanted.code == 0:
            assert [move.tag for move in decision.moves if move.tag in wanted.tags] == [
                move.tag for move in decision.moves if move.moves
            ]
            assert (decision.version_tag is VersionTagAction.CREATE) == (one.tag not in before)
    assert {entry.method for entry in wire.log} <= {"GET"}
    judged(world, before, [wire])


def verified(world: World, lane: str) -> None:
    """A verification finds what is there: good where the floating tag is a version of its lane."""
    wire, before, known = Faulty(world.registry), world.tags, LANES[lane]
    # Without the record, which rightly finds fault with whatever strangers have moved.
    reader = replace(world.releaser(wire), ledgers=None)
    found, here = finish(reader.verify(known)), before.get(widest(known), "")
    assert found.good == bool(here and version_of(world, known, here)), [str(check) for check in found.checks]
    assert world.tags == before
    judged(world, before, [wire])


def rolled_back(world: World, lane: str, to: str, mark: bool) -> None:  # noqa: FBT001
    """A rollback, to a version or to the newest good one below, as the model would choose it."""
    known, wire, before = LANES[lane], Faulty(world.registry), world.tags
    wish = RollbackRequest(lane=known, to=Version.parse(to) if to else None, reason="crashes", mark=mark)
    wanted, marks = downward(world, wish), world.marks(known)
    code = driven(world.releaser(wire).roll_back(wish))
    judged(world, before, [wire], lowers=True, recorded=code == 0)
    assert code == wanted.code, f"exit {code}, expected {wanted.code}"
    tags = {tag: digest for tag, digest in wanted.tags.items() if not tag.startswith("mark ")}
    only(world, before, tags, known)
    assert world.marks(known) == marks | {tag.removeprefix("mark ") for tag in wanted.tags if tag not in tags}


def marking(world: World, lane: str, version: str, action: str) -> None:
    """A version is marked as bad, or the mark is taken back; no tag changes."""
    known, wire, before = LANES[lane], Faulty(world.registry), world.tags
    tag, marks = known.tag_of(Version.parse(version)), world.marks(known)
    there = tag in before or world.published(known, tag)
    marker = world.releaser(wire).marker()
    act = marker.mark if action == "mark" else marker.unmark
    code = driven(act(known, Version.parse(version), "crashes"))
    judged(world, before, [wire], recorded=code == 0)
    assert code == (0 if there else 5)
    only(world, before, {}, known)
    assert world.marks(known) == (marks if not there else marks | {tag} if action == "mark" else marks - {tag})
