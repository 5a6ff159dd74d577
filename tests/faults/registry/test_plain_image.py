"""An image that is one manifest and no index, as buildx pushes it for one platform with nothing attested."""

from __future__ import annotations

from typing import Any

import pytest

from shiplane.config.lane import MAIN
from shiplane.config.plan import LanePlan, Plan
from shiplane.config.setting import Setting
from shiplane.config.settings import Checkout, Flags, Resolver
from shiplane.config.smoke import Smoke
from shiplane.config.version import Version
from shiplane.registry.oci.names import Digest, Platform
from shiplane.release.planning.planner import make_plan
from shiplane.verify.verification_result import VerificationResult
from shiplane.verify.verify import Verifier
from tests.faults.harness.images import COMMIT, children, lie_in_config, push_image
from tests.faults.harness.memory import MemoryRegistry
from tests.faults.harness.scene import IMAGE, PATH, Scene, Stager, finish
from tests.faults.release.test_smoke import Bench

AMD64 = Platform("linux", "amd64")


def push_plain(registry: MemoryRegistry, commit: str = COMMIT, tag: str | None = None, **lies: Any) -> Digest:  # noqa: ANN401 -- JSON
    """Put such an image; ``lies`` are other fields of its config."""
    index = push_image(registry, PATH, [str(AMD64)], commit, attestations=False)
    entry = children(lie_in_config(registry, PATH, index, **lies) if lies else index)[0]
    if tag:
        registry.tag(PATH, tag, entry["digest"])
    return Digest(entry["digest"])


class PlainStager(Stager):
    """Builds such images."""

    def _push(self, plan: Plan, lane_plan: LanePlan) -> Digest:
        self.built.append(lane_plan.lane.name)
        return push_plain(self.registry, plan.commit)


def one_platform() -> Plan:
    flags = Flags(lanes=("main",), tag="0.2.1", image=IMAGE, latest="yes", platforms=str(AMD64))
    return make_plan(Resolver(flags=flags, checkout=Checkout(commit=COMMIT, committed_at="2026-02-28T12:00:00Z")))


def a_scene() -> Scene:
    scene = Scene()
    scene.stager = PlainStager(scene.registry)
    return scene


def verify(scene: Scene, *, deep: bool = False) -> VerificationResult:
    registry = scene.client()
    verifier = Verifier(
        registry=registry,
        platforms=Setting((AMD64,), "the test"),
        commit_of=lambda _lane, _version: COMMIT,
        deep=deep,
        ledgers=scene.ledgers(registry),
    )
    return finish(verifier.verify(MAIN, Version.parse("0.2.1"), latest=Setting(value=True, source="--latest")))


def test_it_is_released_and_recorded_for_the_platform_that_its_config_says() -> None:
    scene = a_scene()
    (main,) = scene.publish(one_platform())
    platforms = {"linux/amd64": str(main.digest)}
    assert main.to_json()["platforms"] == platforms
    assert scene.ledger().entries[0].platforms == platforms
    scene.publish(one_platform())
    assert len(scene.ledger().entries) == 2
    assert not scene.audit(deep=True).drift


@pytest.mark.parametrize("deep", [False, True])
def test_it_is_verified_though_it_is_on_record_and_no_index_tells_its_platform(*, deep: bool) -> None:
    scene = a_scene()
    scene.publish(one_platform())
    found = verify(scene, deep=deep)
    assert found.good, found.checks
    assert found.to_json()["platforms"] == {"linux/amd64": str(found.digest)}


def test_it_is_run_before_it_gets_its_name() -> None:
    bench = Bench(smokes={"main": Smoke(timeout=30)}, scene=a_scene())
    (main,) = bench.publish(one_platform())
    assert [one.platform for one in main.smoked.platforms] == [AMD64]


@pytest.mark.parametrize(
    ("lies", "damage"),
    [
        ({}, []),
        ({"config": {"Labels": {}}}, []),
        (
            {"config": {"Labels": {"org.opencontainers.image.version": "0.2.2"}}},
            ["v0.2.1: version of linux/amd64: expected 0.2.1, found 0.2.2"],
        ),
    ],
)
def test_one_that_others_pushed_is_judged_by_what_it_says_of_itself(lies: dict[str, Any], damage: list[str]) -> None:
    scene = Scene()
    push_plain(scene.registry, tag="v0.2.1", **lies)
    drift = scene.audit(deep=True).drift
    assert [what.partition(" org.")[0] for what in drift] == damage
