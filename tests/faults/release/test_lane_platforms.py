"""Lanes with platforms of their own: each is built, joined, inspected and smoke-tested for its own, in one release."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pytest

from shiplane.config.plan import LanePlan, Plan
from shiplane.config.project_file import parse_project_file
from shiplane.config.settings import Checkout, Flags, Resolver
from shiplane.core.errors import UsageError, VerificationError
from shiplane.registry.oci.index_join import PartialIndex
from shiplane.registry.oci.names import Digest, Platform, parse_platforms
from shiplane.release.planning.planner import make_plan
from shiplane.release.staging.join import IndexJoiner
from shiplane.release.staging.multi_node import MultiNodeStager
from shiplane.release.staging.staged import parts_of, staged_of
from tests.faults.harness.images import COMMIT, PLATFORMS, push_image
from tests.faults.harness.memory import MemoryRegistry
from tests.faults.harness.scene import IMAGE, PATH, Scene, finish
from tests.faults.release.test_multi_node import fleet, yard

OWN = {"main": ["linux/arm64"], "standalone": ["linux/amd64", "linux/arm64"]}


def plan(platforms: str | None = None) -> Plan:
    """A release of both lanes."""
    lanes = {lane: {"platforms": names} for lane, names in OWN.items()}
    return make_plan(
        Resolver(
            flags=Flags(lanes=tuple(OWN), tag="0.2.1", image=IMAGE, latest="no", platforms=platforms),
            project=parse_project_file({"lanes": lanes}, "shiplane.toml"),
            checkout=Checkout(commit=COMMIT, committed_at="2026-02-28T12:00:00Z"),
        )
    )


@dataclass
class Building:
    """A builder that builds these platforms, whatever it was told."""

    registry: MemoryRegistry
    platforms: Mapping[str, Sequence[str]]

    def stage(self, _plan: Plan, lanes: Sequence[LanePlan]) -> Mapping[str, Digest]:
        names = [lane_plan.lane.name for lane_plan in lanes]
        return {name: push_image(self.registry, PATH, self.platforms[name], salt=name).digest for name in names}


def test_each_lane_is_published_for_its_own_platforms() -> None:
    scene = Scene()
    released = finish(scene.releaser().publish(plan(), Building(scene.registry, OWN)))
    built = {lane.plan.lane.name: [str(image.platform) for image in lane.report.images] for lane in released}
    assert built == OWN
    assert {lane["lane"]: lane["platforms"] for lane in plan().to_json()["lanes"]} == {
        name: {"value": platforms, "source": f"shiplane.toml: lanes.{name}.platforms"}
        for name, platforms in OWN.items()
    }


def test_another_lanes_platforms_are_not_good_enough() -> None:
    scene = Scene()
    with pytest.raises(VerificationError, match=r"platforms of [^:]*:[^:]*: expected linux/arm64, found linux/amd64"):
        finish(scene.releaser().publish(plan(), Building(scene.registry, dict.fromkeys(OWN, PLATFORMS))))
    assert scene.tags() == {}


def test_a_flag_goes_for_every_lane() -> None:
    made = plan("linux/amd64")
    assert [lane_plan.platforms.value for lane_plan in made.lanes] == 2 * [(Platform("linux", "amd64"),)]
    assert made.platforms == (Platform("linux", "amd64"),)


def test_each_node_builds_the_lanes_that_have_its_platform_and_each_lane_is_joined_from_its_own() -> None:
    scene = Scene()
    baked = yard(scene)
    joiner = IndexJoiner(registry=scene.client(), workers=1)
    stager = MultiNodeStager(buildx=baked, builder=fleet(), joiner=joiner, tell=scene.told.append)
    released = finish(scene.releaser().publish(plan(), stager))
    assert sorted(baked.baked) == [("linux/amd64 ", ("standalone",)), ("linux/arm64 ", ("main", "standalone"))]
    assert {lane.plan.lane.name: len(lane.report.images) for lane in released} == {"main": 1, "standalone": 2}


def test_what_was_staged_elsewhere_has_to_be_each_lanes_own() -> None:
    made = plan()
    lanes = {lane_plan.lane.name: lane_plan for lane_plan in made.lanes}
    files = {name: staged_of(made, lane_plan, Digest.of(name.encode()), {}) for name, lane_plan in lanes.items()}
    assert {name: [part.platforms for part in parts] for name, parts in parts_of(made, files).items()} == {
        name: [parse_platforms(",".join(platforms))] for name, platforms in OWN.items()
    }
    other = staged_of(plan("linux/amd64,linux/arm64"), lanes["main"], Digest.of(b""), {})
    assert other.part == PartialIndex(platforms=(Platform("linux", "arm64"),), digest=Digest.of(b""))
    with pytest.raises(UsageError, match="the staged files of lane main lack linux/amd64"):
        parts_of(plan("linux/amd64,linux/arm64"), files)
