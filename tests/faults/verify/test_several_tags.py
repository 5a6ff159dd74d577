"""A lane with several floating tags, or none: each is verified in its own range."""

from __future__ import annotations

from dataclasses import replace

import pytest

from shiplane.cli.views.verification import verified_text
from shiplane.config.lane import Lane
from shiplane.config.setting import Setting
from shiplane.config.version import Version
from shiplane.ledger.ledger import Action
from shiplane.registry.oci.names import Digest, Platform, Tag
from shiplane.verify.floating_tag_reader import FloatingTagReader
from shiplane.verify.lane_versions import LaneVersions
from shiplane.verify.tag_readers import Puller
from shiplane.verify.verification_result import VerificationResult
from shiplane.verify.verify import Verifier
from tests.faults.harness.images import push_image
from tests.faults.harness.ledgers import entry, writing
from tests.faults.harness.scene import AIONIS, PATH, Scene, finish
from tests.faults.harness.several_tags import NO_FLOATING, PLACES, SEVERAL, point, released

BOTH = (Platform("linux", "amd64"), Platform("linux", "arm64"))


def verify(
    scene: Scene,
    version: str | None = None,
    *,
    lane: Lane = SEVERAL,
    latest: bool = True,
    source: str = "lane main",
    puller: Puller | None = None,
) -> VerificationResult:
    registry = scene.client()
    verifier = Verifier(
        registry=registry,
        platforms=Setting(BOTH, "default"),
        commit_of=lambda _lane, _version: None,
        puller=puller,
        anonymous=registry,
        ledgers=scene.ledgers(registry) if scene.keeps_ledger else None,
    )
    requested = Version.parse(version) if version else None
    return finish(verifier.verify(lane, requested, latest=Setting(latest, source)))


def faults(result: VerificationResult) -> list[str]:
    return [f"{check.name} {check.subject}" for check in result.checks if not check.good]


@pytest.mark.parametrize("recorded", [False, True])
def test_every_floating_tag_is_checked_and_the_image_of_the_widest(*, recorded: bool) -> None:
    result = verify(released(recorded=recorded))
    assert (faults(result), str(result.version)) == ([], "2.0.0")
    assert {state.tag: str(state.version) for state in result.floating} == PLACES
    assert [check.subject for check in result.checks if check.name == "floating"] == list(PLACES)
    assert [check.subject for check in result.checks if check.name == "anonymous"] == ["v2.0.0", "v2.0", "v2", "latest"]
    lines = verified_text(AIONIS, [result]).splitlines()
    assert lines[-6:] == [f"      {tag}: at v{version}" for tag, version in reversed(PLACES.items())]


@pytest.mark.parametrize(
    ("tag", "version", "names"),
    [
        ("v1", "2.0.0", ["floating v1", "record v1"]),
        ("v1.2", "1.3.0", ["floating v1.2", "record v1.2"]),
        ("v1.2", "1.2.0", ["record v1.2"]),
        ("latest", "1.3.0", ["record latest"]),
    ],
)
def test_a_floating_tag_out_of_its_range_or_its_recorded_place_is_named(
    tag: str, version: str, names: list[str]
) -> None:
    scene = released()
    point(scene, tag, version)
    result = verify(scene)
    assert faults(result) == names
    out = [check for check in result.checks if check.name == "floating" and not check.good]
    assert [(check.expected, check.found) for check in out] == (
        [(f"one of the releases of {tag.removeprefix('v')}", f"{version}, {scene.tags()[tag]}")] if out else []
    )


def test_a_recorded_floating_tag_that_is_gone_is_missed_and_so_is_one_at_no_version() -> None:
    scene = released()
    del scene.registry.shelf(PATH).tags["v1.3"]
    scene.registry.tag(PATH, "v1", push_image(scene.registry, PATH, salt="by hand").digest)
    assert faults(verify(scene)) == ["floating v1", "record v1.3", "record v1"]


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        ("1.2.0", {"v1.2": False, "v1": False, "latest": False}),
        ("1.2.1", {"v1.2": True, "v1": False, "latest": False}),
        ("1.3.0", {"v1.3": True, "v1": True, "latest": False}),
        ("2.0.0", {"v2.0": True, "v2": True, "latest": True}),
    ],
)
def test_of_a_version_each_floating_tag_is_expected_as_it_was_recorded(version: str, expected: dict[str, bool]) -> None:
    result = verify(released(), version)
    assert faults(result) == []
    assert {str(tag): setting.value for tag, setting in result.expected.items()} == expected
    line = "expected at" if expected["latest"] else "not expected at"
    assert f"      latest: at v2.0.0, {line} v{version}" in verified_text(AIONIS, [result])


def test_without_a_record_a_floating_tag_whose_range_has_a_higher_release_may_be_there() -> None:
    scene = released(recorded=False)
    assert faults(verify(scene, "1.2.0")) == []
    point(scene, "v1.2", "1.2.0")
    assert faults(verify(scene, "1.2.1")) == ["floating v1.2"]
    assert faults(verify(scene, "1.2.1", latest=False)) == []
    del scene.registry.shelf(PATH).tags["v1.2"]
    assert faults(verify(scene, "1.2.1")) == ["floating v1.2"]
    assert faults(verify(scene, "1.2.1", source="--latest")) == ["floating v1.2"]


def test_a_mark_of_a_version_under_one_floating_tag_is_told_of_that_one() -> None:
    scene = released()
    mark = entry(scene, Action.MARK, Digest(scene.tags()["v1.2.1"]), "1.2.1", why="crashes")
    finish(writing(scene, mark))
    assert faults(verify(scene)) == ["mark v1.2"]


def test_where_only_ranges_are_configured_the_highest_is_verified() -> None:
    lane = replace(SEVERAL, floating_templates=SEVERAL.floating_templates[1:])
    scene = released()
    del scene.registry.shelf(PATH).tags["latest"]
    result = verify(scene, lane=lane)
    assert (faults(result), result.tag, len(result.floating)) == ([], "v2.0.0", 5)


def test_a_lane_without_floating_tags_is_verified_by_its_newest_release() -> None:
    scene = released(recorded=False)
    result = verify(scene, lane=NO_FLOATING)
    assert (faults(result), str(result.version), result.floating) == ([], "2.0.0", ())
    assert "v2.0.0: lane main has no floating tags" in verified_text(AIONIS, [result])
    assert result.to_json()["floating_tags"] == []
    assert faults(verify(scene, "1.2.0", lane=NO_FLOATING)) == []
    nothing = verify(Scene(), lane=NO_FLOATING)
    assert (faults(nothing), nothing.tag) == (["resolves lane main"], None)
    assert f"BAD   {AIONIS}, lane main" in verified_text(AIONIS, [nothing])


def test_what_is_pulled_is_the_version_and_the_floating_tags_in_whose_range_it_is() -> None:
    class Engine:
        def pull(self, _repository: object, tag: Tag) -> list[str]:
            pulled.append(tag)
            return [scene.tags()[tag]]

    pulled: list[Tag] = []
    scene = released()
    verify(scene, puller=Engine())
    assert pulled == ["v2.0.0", "v2.0", "v2", "latest"]
    point(scene, "latest", "1.2.0")
    scene.registry.tag(PATH, "latest", push_image(scene.registry, PATH, salt="by hand").digest)
    pulled.clear()
    verify(scene, puller=Engine())
    assert pulled == ["latest"]


def test_versions_without_labels_are_told_by_their_tags_each_read_once() -> None:
    scene = Scene()
    for version in ("1.2.0", "1.3.0", "2.0.0"):
        labels = {"org.opencontainers.image.version": ""}
        push_image(scene.registry, PATH, salt=version, tag=f"v{version}", annotated=False, labels=labels)
    for tag, version in (("v1.2", "1.2.0"), ("v1", "1.3.0"), ("latest", "2.0.0")):
        point(scene, tag, version)
    scene.registry.log.clear()
    reader = FloatingTagReader(versions=LaneVersions(registry=scene.client(), workers=1))
    tags = SEVERAL.floating_tags_among(["v1.2", "v1"])
    states = reader.read(SEVERAL, scene.ledger(SEVERAL), tags)
    assert [str(state.version) for state in states] == ["1.2.0", "1.3.0", "2.0.0"]
    read = [exchange.reference for exchange in scene.registry.log if exchange.reference.startswith("v")]
    assert sorted(read) == ["v1", "v1.2", "v1.2.0", "v1.3.0", "v2.0.0"]
