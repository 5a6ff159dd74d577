"""A fleet of nodes against builders made of answers: each platform on its own node, joined by us, ended together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event

import pytest

from shiplane.core.errors import UnreachableError
from shiplane.core.progress import StepOutcome
from shiplane.docker.bake import Build
from shiplane.docker.builders import Builder, Node
from shiplane.docker.buildx import Buildx
from shiplane.registry.oci.names import Digest, Platform
from shiplane.release.staging.join import IndexJoiner
from shiplane.release.staging.multi_node import MultiNodeStager
from shiplane.release.staging.staging import BuildxStager, dry_run
from tests.faults.harness.images import COMMIT, push_image
from tests.faults.harness.scene import PATH, Scene, a_plan, events, finish

AMD, ARM = Platform("linux", "amd64"), Platform("linux", "arm64")


@dataclass(frozen=True, kw_only=True)
class Shipyard(Buildx):
    """Builders that push into the registry in memory what they are asked for."""

    scene: Scene
    baked: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)
    fails: Callable[[str], bool]

    def bake(
        self, builds: Sequence[Build], builder: Builder, *, stop: Event | None = None, mark: str = ""
    ) -> dict[str, Digest]:
        assert builder.name == "fleet"
        self.baked.append((mark, tuple(build.name for build in builds)))
        if self.fails(mark):
            raise UnreachableError(f"the node of {mark}is away")
        assert stop is None or not self.fails("all") or stop.wait(10)
        return {build.name: self._pushed(build) for build in builds}

    def builder(self, wanted: str | None, platforms: Sequence[Platform], *, by_digest: bool = True) -> Builder:  # noqa: ARG002
        return fleet()

    def _pushed(self, build: Build) -> Digest:
        names = [str(platform) for platform in build.platforms]
        return push_image(self.scene.registry, PATH, names, COMMIT, "0.2.1", salt=build.name).digest


def fleet() -> Builder:
    nodes = (
        Node(name="one", endpoint="ssh://one", platforms=frozenset({AMD, ARM}), native=AMD, assigned=frozenset({AMD})),
        Node(name="two", endpoint="ssh://two", platforms=frozenset({ARM}), native=ARM, assigned=frozenset({ARM})),
    )
    return Builder(name="fleet", driver="remote", current=True, nodes=nodes)


def stager(scene: Scene, yard: Shipyard, builder: Builder | None = None) -> MultiNodeStager:
    registry = scene.client()
    joiner = IndexJoiner(registry=registry, workers=1)
    return MultiNodeStager(buildx=yard, builder=builder or fleet(), joiner=joiner, tell=scene.told.append)


def yard(scene: Scene, fails: Callable[[str], bool] = lambda _mark: False) -> Shipyard:
    return Shipyard(env={}, root=Path(), listen=lambda _line: None, scene=scene, fails=fails)


def test_each_platform_is_built_on_its_node_and_the_whole_is_joined_without_a_name() -> None:
    scene = Scene()
    baked = yard(scene)
    plan = a_plan()
    digests = stager(scene, baked).stage(plan, plan.lanes)
    assert sorted(baked.baked) == [
        ("linux/amd64 ", ("main", "standalone")),
        ("linux/arm64 ", ("main", "standalone")),
    ]
    for digest in digests.values():
        assert str(digest) in scene.registry.shelf(PATH).manifests
    assert scene.tags() == {}
    assert min(scene.told).startswith("linux/amd64: built by node one of fleet ")


def test_a_node_that_emulates_what_another_has_natively_is_told() -> None:
    scene = Scene()
    nodes = (
        Node(name="one", endpoint="", platforms=frozenset({AMD, ARM}), native=AMD),
        Node(name="two", endpoint="", platforms=frozenset({ARM}), native=ARM),
    )
    builder = Builder(name="fleet", driver="remote", current=True, nodes=nodes)
    baked, plan = yard(scene), a_plan(lanes=["main"])
    stager(scene, baked, builder).stage(plan, plan.lanes)
    assert [mark for mark, _ in baked.baked] == ["linux/amd64 ", "linux/arm64 "], "one node, one after the other"
    assert [line for line in scene.told if "node two has it natively, but buildx was not told so" in line]


def test_a_node_that_fails_ends_the_others_and_nothing_is_joined() -> None:
    scene = Scene()
    baked = yard(scene, fails=lambda mark: mark in ("linux/arm64 ", "all"))
    plan = a_plan(lanes=["main"])
    with pytest.raises(UnreachableError, match="the node of linux/arm64 is away"):
        stager(scene, baked).stage(plan, plan.lanes)
    assert not [entry for entry in scene.registry.log if entry.method == "PUT"]


def test_one_builder_bakes_every_lane_at_once() -> None:
    scene, plan = Scene(), a_plan()
    baked = yard(scene)
    assert set(BuildxStager(buildx=baked, builder=fleet()).stage(plan, plan.lanes)) == {"main", "standalone"}
    assert baked.baked == [("", ("main", "standalone"))]


@pytest.mark.parametrize(
    ("native", "every", "targets", "platforms"),
    [
        (ARM, False, ("main",), "linux/arm64"),
        (ARM, True, ("main", "main__others"), "linux/arm64, linux/amd64"),
        (Platform("linux", "riscv64"), False, ("main",), "linux/amd64"),
    ],
)
def test_a_trial_loads_the_engines_own_platform_and_pushes_nothing(
    native: Platform, targets: tuple[str, ...], platforms: str, *, every: bool
) -> None:
    scene, plan = Scene(), a_plan(lanes=["main"])
    baked = yard(scene)
    told = events(dry_run(plan, baked, native, requested=None, every=every))
    assert baked.baked == [("", targets)]
    said = {one.step.name: (one.step.subject, one.reason) for one in told if isinstance(one, StepOutcome)}
    assert said["builder"] == ("the current one", "fleet (remote)")
    assert said["build"][0] == f"main for {platforms}"
    assert said["push"][1] == "dry run: nothing was pushed"
    assert len(finish(dry_run(plan, yard(Scene()), native, requested="fleet", every=every))) == 1
