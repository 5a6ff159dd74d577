"""A lane with several floating tags, or none: each is verified in its own range."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from http import HTTPStatus

import pytest

from shiplane.cli.flows.lane_status import history_json
from shiplane.cli.views.lane_status import history_markdown, history_text, status_text
from shiplane.cli.views.verification import verified_text
from shiplane.config.lane import Lane
from shiplane.config.setting import Setting
from shiplane.config.version import Version
from shiplane.ledger.ledger import Action
from shiplane.registry.oci.names import Digest, Platform, Tag
from shiplane.verify.floating_tag_reader import FloatingTagReader
from shiplane.verify.lane_status import LaneStatus, version_json
from shiplane.verify.lane_versions import LaneVersions
from shiplane.verify.tag_readers import Puller
from shiplane.verify.verification_result import VerificationResult
from shiplane.verify.verify import Verifier
from tests.faults.harness.images import COMMIT, push_image
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


def audit(scene: Scene, lane: Lane = SEVERAL, *, deep: bool = False) -> LaneStatus:
    return scene.audit(lane, deep=deep)


def faults(result: VerificationResult) -> list[str]:
    return [f"{check.name} {check.subject}" for check in result.checks if not check.good]


@pytest.mark.parametrize("recorded", [False, True])
def test_every_floating_tag_is_checked_and_the_image_of_the_widest(*, recorded: bool) -> None:
    result = verify(released(recorded=recorded))
    assert (faults(result), str(result.version)) == ([], "2.0.0")
    assert {state.tag: str(state.version) for state in result.floating} == PLACES
    assert [check.subject for check in result.checks if check.name == "floating"] == list(PLACES)
    assert [check.subject for check in result.checks if check.name == "anonymous"] == ["v2.0.0", "v2.0", "v2", "latest"]
    lines = verified_text([(AIONIS, result)]).splitlines()
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
    assert f"      latest: at v2.0.0, {line} v{version}" in verified_text([(AIONIS, result)])


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
    assert "v2.0.0: lane main has no floating tags" in verified_text([(AIONIS, result)])
    assert result.to_json()["floating_tags"] == []
    assert faults(verify(scene, "1.2.0", lane=NO_FLOATING)) == []
    nothing = verify(Scene(), lane=NO_FLOATING)
    assert (faults(nothing), nothing.tag) == (["resolves lane main"], None)
    assert f"BAD   {AIONIS}, lane main" in verified_text([(AIONIS, nothing)])


def test_a_lane_without_floating_tags_is_verified_by_its_newest_release_that_is_not_marked() -> None:
    scene = released()
    assert str(verify(scene, lane=NO_FLOATING).version) == "2.0.0"
    finish(scene.marker().mark(NO_FLOATING, Version.parse("2.0.0"), "crashes"))
    result = verify(scene, lane=NO_FLOATING)
    assert (faults(result), str(result.version)) == ([], "1.3.0")


def test_what_is_pulled_is_the_version_and_the_floating_tags_in_whose_range_it_is() -> None:
    class Engine:
        def pull(self, _repository: object, tag: Tag, _platforms: object) -> list[str]:
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


def test_an_audit_has_each_floating_tag_its_move_and_the_floating_tags_at_each_version() -> None:
    scene = released()
    state = audit(scene)
    assert (state.drift, {floating.tag: str(floating.version) for floating in state.floating}) == ((), PLACES)
    assert {str(version.version): version.floating for version in state.versions} == {
        "2.0.0": ("v2.0", "v2", "latest"),
        "1.3.0": ("v1.3", "v1"),
        "1.2.1": ("v1.2",),
        "1.2.0": (),
    }
    told = {floating["tag"]: floating for floating in state.to_json()["floating_tags"]}
    assert {tag: (floating["version"], floating["range"], floating["how"]) for tag, floating in told.items()} == {
        tag: (version, tag.removeprefix("latest").removeprefix("v"), "float") for tag, version in PLACES.items()
    }
    assert version_json(SEVERAL, state.versions[0])["floating_tags"] == ["v2.0", "v2", "latest"]


def test_the_screens_have_a_line_for_each_floating_tag_and_the_moves_of_each() -> None:
    scene = released()
    state = audit(scene)
    lines = [
        " ".join(line.split()) for line in status_text(AIONIS, [(state, "")], scene.registry.clock.wall()).splitlines()
    ]
    digest = state.versions[0].digest
    assert digest
    assert lines[3].startswith(f"latest v2.0.0 {digest.short} ")
    assert lines[3].endswith(" by releaser, float")
    assert [line.split()[:2] for line in lines[4:9]] == [
        [tag, f"v{PLACES[tag]}"] for tag in ("v2", "v1", "v2.0", "v1.3", "v1.2")
    ]
    commit = COMMIT
    assert lines[9:12] == [
        f"at v2.0.0 latest, v2, v2.0; commit {commit}",
        f"at v1.3.0 v1, v1.3; commit {commit}",
        f"at v1.2.1 v1.2; commit {commit}",
    ]
    history = history_text(AIONIS, [state])
    heads = [line for line in history.splitlines() if line.startswith("moves of ")]
    assert heads == [f"moves of {tag}" for tag in ("latest", "v2", "v1", "v2.0", "v1.3", "v1.2")]
    assert "latest, v2, v2.0" in history
    assert history.count("v1.2.1") == 2, "the version, and the one move to it: of v1.2"
    assert "#### moves of `v1.2`" in history_markdown(AIONIS, [state])


@pytest.mark.parametrize(
    ("tag", "version", "drift"),
    [
        ("v1", "2.0.0", ["v1 is at sha256:", "v1 is at 2.0.0, which is none of the releases of 1"]),
        ("v1.2", "1.3.0", ["v1.2 is at sha256:", "v1.2 is at 1.3.0, which is none of the releases of 1.2"]),
        ("v1.2", "1.2.0", ["v1.2 is at sha256:"]),
        ("latest", "1.2.0", ["latest is at sha256:"]),
    ],
)
def test_each_floating_tag_drifts_by_itself(tag: str, version: str, drift: list[str]) -> None:
    scene = released()
    point(scene, tag, version)
    told = audit(scene).drift
    assert len(told) == len(drift)
    assert all(what.startswith(start) for what, start in zip(told, drift, strict=True))


def test_a_floating_tag_that_is_gone_at_no_version_or_at_a_marked_one_is_named() -> None:
    scene = released()
    del scene.registry.shelf(PATH).tags["v1.3"]
    scene.registry.tag(PATH, "v1", push_image(scene.registry, PATH, salt="by hand").digest)
    finish(writing(scene, entry(scene, Action.MARK, Digest(scene.tags()["v1.2.1"]), "1.2.1", why="crashes")))
    told = audit(scene).drift
    assert [what.split(" ")[0] for what in told] == ["v1.2", "v1.3", "v1", "v1"]
    assert told[0] == "v1.2 is at 1.2.1, which is marked as bad: crashes"
    assert told[1].startswith("v1.3 is gone; the last recorded move is to 1.3.0")
    assert "which is not a version of lane main" in told[3]


def test_of_two_versions_with_one_image_a_floating_tag_is_at_the_one_in_its_range() -> None:
    scene = released(recorded=False)
    scene.registry.tag(PATH, "v1.4.0", Digest(scene.tags()["v1.2.1"]))
    assert [what for what in audit(scene).drift if what.startswith("v1.2 ")] == []


def test_a_lane_without_floating_tags_is_audited_by_its_versions() -> None:
    state = audit(released(recorded=False), NO_FLOATING)
    assert (state.floating, state.drift) == ((), ())
    lines = [" ".join(line.split()) for line in status_text(AIONIS, [(state, "")], 0.0).splitlines()]
    assert lines[3:5] == ["floating no floating tags", "newest v2.0.0"]
    assert "nothing is published" in status_text(AIONIS, [(audit(Scene(), NO_FLOATING), "")], 0.0)


def test_an_unrecorded_move_of_any_floating_tag_is_told() -> None:
    scene = released()
    moved = Action.FLOAT
    author = scene.ledgers(scene.client()).author
    digest = Digest(scene.tags()["v1.2.0"])
    back = author.entry(moved, tag=Tag("v1.2"), version="1.2.0", after=digest, before=Digest(scene.tags()["v2.0.0"]))
    finish(writing(scene, back))
    point(scene, "v1.2", "1.2.0")
    state = audit(scene)
    assert history_json(state)["unrecorded_moves"] == [back.id]
    assert history_text(AIONIS, [state]).count("after an unrecorded move") == 1


@pytest.mark.parametrize("recorded", [False, True])
@pytest.mark.parametrize("deep", [False, True])
def test_an_audit_reads_nothing_twice(*, deep: bool, recorded: bool) -> None:
    scene = released(recorded=recorded, annotated=False)
    scene.registry.log.clear()
    audit(scene, deep=deep)
    read = Counter(exchange.path for exchange in scene.registry.log if exchange.status == HTTPStatus.OK)
    assert [path for path, count in read.items() if count > 1] == []
