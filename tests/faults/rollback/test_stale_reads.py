"""Rolling back where reads lag behind writes: exit 0 only where the registry truly serves the target."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import pytest

from shiplane.core.errors import LostRaceError, ShiplaneError, UnreachableError
from shiplane.registry.http.exchange import Request, Response, Transport
from shiplane.registry.oci.names import Tag
from shiplane.rollback.result import RollbackRequest, RollbackResult
from tests.faults.harness.access import failure
from tests.faults.harness.faults import F, Fault, Faulty
from tests.faults.harness.images import push_image
from tests.faults.harness.memory import Shelf
from tests.faults.harness.scene import PATH, Scene, finish, until
from tests.faults.rollback.test_rollback import WISH, clock_of, roll, scene_of, to

SKIPS = range(5)
TIMES = (1, 2, 3, math.inf)


@dataclass
class Late:
    """A transport that answers some reads of one tag with what it had before.

    Attributes:
        inner: Who answers the others.
        shelf: Where the older content is.
        tag: Which tag.
        older: What those reads show; nothing for an absence.
        skip: How many reads of the tag pass first.
        times: How many are met then.
    """

    inner: Transport
    shelf: Shelf
    tag: str
    older: str
    skip: int = 0
    times: float = 1
    reads: int = 0
    met: int = 0
    lost: list[int] = field(default_factory=list)

    def send(self, request: Request, *, limit: int, deadline: float) -> Response:
        """See :class:`shiplane.registry.http.exchange.Transport`."""
        if request.method != "GET" or not request.url.endswith(f"/manifests/{self.tag}"):
            return self.inner.send(request, limit=limit, deadline=deadline)
        self.reads += 1
        if not self.skip < self.reads <= self.skip + self.times:
            return self.inner.send(request, limit=limit, deadline=deadline)
        self.met += 1
        if not self.older:
            return failure(404, "MANIFEST_UNKNOWN", "manifest unknown")
        raw = self.shelf.manifests[self.older]
        headers = {"content-type": raw.media_type, "docker-content-digest": self.older}
        return Response(status=200, headers=headers, body=raw.body)


def late(scene: Scene, tag: str, older: str, skip: int = 0, times: float = 1) -> Late:
    """From now on, some reads of a tag are late."""
    scene.transport = wire = Late(scene.transport, scene.registry.shelf(PATH), tag, older, skip, times)
    return wire


def ended(scene: Scene, wish: RollbackRequest = WISH) -> RollbackResult | ShiplaneError:
    try:
        return roll(scene, wish)
    except ShiplaneError as error:
        return error


@pytest.mark.share(3)
@pytest.mark.parametrize("keeps_ledger", [True, False], ids=["ledger", "no ledger"])
@pytest.mark.parametrize("wish", [WISH, to("0.2.1"), to("0.2.0")], ids=["chosen", "named", "named, two below"])
@pytest.mark.parametrize("older", ["0.2.0", "0.2.1", ""])
@pytest.mark.parametrize("times", TIMES)
@pytest.mark.parametrize("skip", SKIPS)
def test_late_reads_of_the_floating_tag_never_end_well_at_the_bad_version(
    skip: int, times: float, older: str, wish: RollbackRequest, *, keeps_ledger: bool
) -> None:
    scene = scene_of(keeps_ledger=keeps_ledger)
    late(scene, "latest", scene.tags().get(f"v{older}", ""), skip, times)
    end = ended(scene, wish)
    if isinstance(end, RollbackResult):
        assert scene.tags()["latest"] == str(end.digest) == scene.tags()[f"v{end.target}"]
    else:
        assert end.exit_code in {5, 6, 7, 8}, end
    if keeps_ledger and times == 1:
        assert isinstance(end, RollbackResult), end
        assert (str(end.previous), end.marked, end.moved) == ("0.2.2", "v0.2.2", True)


def test_one_late_read_of_the_floating_tag_changes_nothing_about_a_rollback() -> None:
    for skip in SKIPS:
        scene = scene_of()
        wanted, left = scene.tags()["v0.2.1"], scene.tags()["v0.2.2"]
        wire = late(scene, "latest", wanted, skip)
        done = roll(scene)
        assert (str(done.target), str(done.previous), done.marked) == ("0.2.1", "0.2.2", "v0.2.2")
        assert (scene.tags()["latest"], str(done.widest.previous_digest)) == (wanted, left)
        assert [str(entry.before) for entry in scene.ledger().moves(Tag("latest"))][-1] == left
        assert wire.met or skip == SKIPS[-1]
        assert not scene.audit().drift


def test_the_target_is_sent_although_every_read_says_that_it_is_there() -> None:
    scene = scene_of()
    late(scene, "latest", scene.tags()["v0.2.1"], times=math.inf)
    done = roll(scene)
    assert scene.tags()["latest"] == scene.tags()["v0.2.1"]
    assert done.marked == "v0.2.2"
    assert [move.version for move in scene.ledger().moves(Tag("latest"))][-1] == "0.2.1"


def test_a_put_that_is_lost_is_not_taken_for_done_because_the_target_reads_as_there() -> None:
    for lost, wanted in ((1, "v0.2.1"), (3, "v0.2.2")):
        scene = scene_of()
        scene.transport = wire = Faulty(scene.registry, [Fault(F.RESET, "PUT", "manifests/latest", times=lost)])
        late(scene, "latest", scene.tags()["v0.2.1"], times=math.inf)
        end = ended(scene)
        assert scene.tags()["latest"] == scene.tags()[wanted]
        assert isinstance(end, RollbackResult) == (lost == 1)
        assert lost == 1 or (isinstance(end, UnreachableError) and "which proves nothing" in end.what)
        assert wire.met == lost


def test_a_tag_that_was_moved_away_after_it_was_read_back_is_no_success() -> None:
    scene = scene_of()
    flow = scene.rollback(WISH)
    until(flow, lambda step: step.name == "confirm")
    raw = push_image(scene.registry, PATH, version="0.2.3", salt="another", tag="v0.2.3")
    scene.registry.tag(PATH, "latest", raw.digest)
    with pytest.raises(LostRaceError, match="latest is sha256"):
        finish(flow)
    assert "v0.2.2" in scene.ledger().marks


def test_a_tag_that_somebody_put_back_is_no_success_either() -> None:
    scene = scene_of()
    flow = scene.rollback(WISH)
    until(flow, lambda step: step.name == "confirm")
    scene.registry.tag(PATH, "latest", scene.tags()["v0.2.2"])
    began = clock_of(scene).now()
    with pytest.raises(LostRaceError):
        finish(flow)
    assert 60 <= clock_of(scene).now() - began <= 70


def test_a_contradiction_between_tag_and_record_that_stays_costs_seconds_and_says_what_it_waits_for() -> None:
    scene = scene_of()
    scene.registry.tag(PATH, "latest", scene.tags()["v0.2.1"])
    began = clock_of(scene).now()
    done = roll(scene)
    assert (str(done.target), done.moved, done.marked) == ("0.2.1", False, "v0.2.2")
    assert clock_of(scene).now() - began < 6
    assert "latest does not read as it was recorded" in scene.told[0]


@pytest.mark.parametrize("reads", [1, 2, math.inf])
@pytest.mark.parametrize("skip", range(4))
def test_a_late_ledger_costs_no_truth(skip: int, reads: float) -> None:
    scene = scene_of("0.2.0", "0.2.1")
    before = scene.registry.tags(PATH)["ledger-main"]
    scene = scene_of("0.2.0", "0.2.1", "0.2.2", scene=scene)
    late(scene, "ledger-main", before, skip, reads)
    end = ended(scene)
    assert isinstance(end, RollbackResult) or end.exit_code in {7, 8}, end
    assert scene.tags()["latest"] == scene.tags()["v0.2.1"]
