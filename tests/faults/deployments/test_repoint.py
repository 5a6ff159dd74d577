"""Listing and re-pointing against a registry that is good, marked, broken or away; and files that cannot be written."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import pytest

from shiplane.config.keys.deployments import Deployments
from shiplane.config.lane import BUILT_IN, MAIN, STANDALONE
from shiplane.config.names.version_tag import TagTemplate
from shiplane.config.version import Version
from shiplane.core.errors import (
    ConfigurationError,
    LostRaceError,
    PrerequisiteError,
    RefusedError,
    ShiplaneError,
    UnreachableError,
    VerificationError,
)
from shiplane.core.progress import Step, StepState
from shiplane.deployments.findings import flags_of, version_run
from shiplane.deployments.image_use import Target
from shiplane.deployments.repoint import Repointer, write
from shiplane.deployments.tag_replacement import Pins
from shiplane.registry.oci.manifest import RawManifest
from shiplane.registry.oci.names import Digest, Tag
from tests.faults.harness.clock import VirtualClock
from tests.faults.harness.faults import FOR_EVER, F, Fault, Faulty
from tests.faults.harness.images import lose_blob, lose_child, push_image
from tests.faults.harness.scene import IMAGE, PATH, Scene, finish
from tests.faults.harness.several_tags import SEVERAL, released
from tests.faults.harness.stale import LIST, Lagging, StaleReads

V020 = Version.parse("0.2.0")
TEXT = f"a: {IMAGE}:v0.2.1\nb: {IMAGE}:standalone-v0.2.0\nc: {IMAGE}:latest\n"
T = TypeVar("T")


@pytest.fixture
def scene() -> Scene:
    made = Scene()
    for tag in ("v0.2.0", "v0.2.1", "standalone-v0.2.0"):
        push_image(made.registry, PATH, tag=tag, salt=tag)
    made.registry.tag(PATH, "latest", made.tags()["v0.2.1"])
    return made


def repointer(
    scene: Scene, root: Path, *globs: str, text: str = TEXT, marks: dict[Tag, str] | None = None
) -> Repointer:
    (root / "deploy.yml").write_text(text)
    registry = scene.client()
    return Repointer(
        root=root,
        deployments=tuple(Deployments(glob) for glob in globs or ("*.yml",)),
        lanes=BUILT_IN,
        registry=registry,
        marks=marks or {},
    )


def test_a_lane_is_re_pointed_to_what_the_registry_serves(scene: Scene, tmp_path: Path) -> None:
    done = finish(repointer(scene, tmp_path).repoint(MAIN, V020, dry_run=False))
    pinned = f"{IMAGE}:v0.2.0@{scene.tags()['v0.2.0']}"
    assert (tmp_path / "deploy.yml").read_text() == f"a: {pinned}\nb: {IMAGE}:standalone-v0.2.0\nc: {pinned}\n"
    assert (done.placed, [change.count for change in done.changes]) == (2, [2])
    assert scene.tag_writes() == []


def test_files_are_re_pointed_to_an_adopted_version_by_the_tag_that_it_has(scene: Scene, tmp_path: Path) -> None:
    old = push_image(scene.registry, PATH, tag="0.1.9", version="", salt="another tool's")
    known = replace(MAIN, names={Version.parse("0.1.9"): Tag("0.1.9")})
    made = replace(repointer(scene, tmp_path, text=f"a: {IMAGE}:0.1.9\nb: {IMAGE}:v0.2.1\n"), lanes=(known, STANDALONE))
    done = finish(made.repoint(MAIN, Version.parse("0.1.9"), dry_run=False))
    pinned = f"{IMAGE}:0.1.9@{old.digest}"
    assert (tmp_path / "deploy.yml").read_text() == f"a: {pinned}\nb: {pinned}\n"
    assert done.placed == 2


@pytest.mark.parametrize("name", ["v0.2.0", "latest", LIST])
@pytest.mark.parametrize("times", [1, 2, FOR_EVER])
@pytest.mark.parametrize("skip", [0, 1])
def test_a_read_of_seconds_ago_re_points_to_what_is_there_or_not_at_all(
    scene: Scene, tmp_path: Path, skip: int, times: float, name: str
) -> None:
    scene.transport = StaleReads(scene.registry, [Lagging(name, skip, times)])
    pinned = f"{IMAGE}:v0.2.0@{scene.tags()['v0.2.0']}"
    try:
        finish(repointer(scene, tmp_path).repoint(MAIN, V020, dry_run=False))
    except VerificationError:
        assert (tmp_path / "deploy.yml").read_text() == TEXT
    else:
        assert (tmp_path / "deploy.yml").read_text().startswith(f"a: {pinned}\n")


def test_a_dry_run_works_out_the_same_and_writes_nothing(scene: Scene, tmp_path: Path) -> None:
    made = repointer(scene, tmp_path)
    dry = finish(made.repoint(MAIN, V020, dry_run=True))
    assert (tmp_path / "deploy.yml").read_text() == TEXT
    assert finish(made.repoint(MAIN, V020, dry_run=False)).changes == dry.changes
    assert finish(made.repoint(MAIN, V020, dry_run=False)).changes == ()


def test_what_is_worked_out_can_be_written_later_unless_somebody_was_faster(scene: Scene, tmp_path: Path) -> None:
    made = repointer(scene, tmp_path)
    target = Target(Tag("v0.2.0"), scene.registry.shelf(PATH).manifests[scene.tags()["v0.2.0"]].digest)
    prepared = finish(made.prepare(Pins(lane=MAIN, target=target)))
    assert "+a: " in prepared.changes[0].diff()
    (tmp_path / "deploy.yml").write_text(TEXT + "# somebody\n")
    with pytest.raises(LostRaceError):
        finish(write(tmp_path, prepared.changes))
    (tmp_path / "deploy.yml").write_text(TEXT)
    finish(write(tmp_path, prepared.changes))
    assert (tmp_path / "deploy.yml").read_bytes() == prepared.changes[0].after


def test_nothing_is_called_done_before_it_is_written(scene: Scene, tmp_path: Path) -> None:
    flow = repointer(scene, tmp_path).repoint(MAIN, V020, dry_run=False)
    for event in flow:
        if isinstance(event, Step) and event.name == "re-point":
            break
    assert (tmp_path / "deploy.yml").read_text() == TEXT
    outcome = next(flow)
    assert not isinstance(outcome, Step)
    assert outcome.state is StepState.DONE
    assert "v0.2.0@sha256" in (tmp_path / "deploy.yml").read_text()


Spoil = Callable[[Scene], object]


@pytest.mark.parametrize(
    ("spoil", "error"),
    [
        (lambda s: s.registry.shelf(PATH).tags.pop("v0.2.0"), VerificationError),
        (lambda s: lose_child(s.registry, PATH, _raw(s)), VerificationError),
        (lambda s: lose_blob(s.registry, PATH, _raw(s), "config"), VerificationError),
        (lambda s: lose_blob(s.registry, PATH, _raw(s), "layers", 1), VerificationError),
        (lambda s: lose_child(s.registry, PATH, _raw(s), 3), VerificationError),
        (lambda s: setattr(s, "transport", _away(s)), UnreachableError),
    ],
    ids=["absent", "a child lost", "a config lost", "a layer lost", "an attestation lost", "500"],
)
def test_a_target_that_is_not_whole_re_points_nothing(
    scene: Scene, tmp_path: Path, spoil: Spoil, error: type[ShiplaneError]
) -> None:
    spoil(scene)
    with pytest.raises(error):
        finish(repointer(scene, tmp_path).repoint(MAIN, V020, dry_run=False))
    assert (tmp_path / "deploy.yml").read_text() == TEXT


def _away(scene: Scene) -> Faulty:
    clock = scene.registry.clock
    assert isinstance(clock, VirtualClock)
    return Faulty(scene.registry, [Fault(F.SERVER_ERROR, times=FOR_EVER)], clock)


def _raw(scene: Scene) -> RawManifest:
    return scene.registry.shelf(PATH).manifests[scene.tags()["v0.2.0"]]


def test_a_marked_version_is_refused_before_anything_is_asked(scene: Scene, tmp_path: Path) -> None:
    marked = repointer(scene, tmp_path, marks={Tag("v0.2.0"): "loses data"})
    with pytest.raises(RefusedError, match="is marked as bad: loses data"):
        finish(marked.repoint(MAIN, V020, dry_run=False))
    assert scene.registry.log == []


def test_without_a_place_of_the_lane_or_without_files_there_is_nothing_to_do(scene: Scene, tmp_path: Path) -> None:
    with pytest.raises(PrerequisiteError, match="at a tag of lane standalone"):
        finish(repointer(scene, tmp_path, text=f"a: {IMAGE}:v0.2.0\n").repoint(STANDALONE, V020, dry_run=False))
    with pytest.raises(PrerequisiteError, match="nothing to re-point"):
        finish(repointer(scene, tmp_path, "none/*.yml").repoint(MAIN, V020, dry_run=False))
    bare = Repointer(
        root=tmp_path,
        deployments=(),
        lanes=BUILT_IN,
        registry=scene.client(),
    )
    with pytest.raises(ConfigurationError, match="no deployment files are configured"):
        finish(bare.inventory())


def test_the_version_behind_an_old_floating_tag_is_looked_for_in_its_range(tmp_path: Path) -> None:
    several = released()
    for patch in range(70):
        several.registry.tag(PATH, f"v3.0.{patch}", several.tags()["v2.0.0"])
    text = f"a: {IMAGE}:v1\nb: {IMAGE}:v1.2\nc: {IMAGE}:latest\n"
    made = replace(repointer(several, tmp_path, text=text), lanes=(SEVERAL,))
    inventory = finish(made.inventory())
    runs = [version_run(place, inventory.served) for place in inventory.places]
    assert (runs[:2], [place.lane for place in inventory.places]) == (["v1.3.0", "v1.2.1"], [SEVERAL] * 3)
    finish(made.repoint(SEVERAL, Version.parse("1.2.0"), dry_run=False))
    pinned = f"{IMAGE}:v1.2.0@{several.tags()['v1.2.0']}"
    assert (tmp_path / "deploy.yml").read_text() == f"a: {pinned}\nb: {pinned}\nc: {pinned}\n"


@pytest.mark.parametrize("digest", ["", "@{}"])
def test_a_place_at_an_alias_runs_its_version_and_is_re_pointed_to_a_version_tag(
    scene: Scene, tmp_path: Path, digest: str
) -> None:
    aliased = replace(MAIN, alias_templates=(TagTemplate.parse("{version}-bookworm"),))
    scene.registry.tag(PATH, "0.2.1-bookworm", scene.tags()["v0.2.1"])
    text = f"a: {IMAGE}:0.2.1-bookworm{digest.format(scene.tags()['v0.2.1'])}\n"
    made = replace(repointer(scene, tmp_path, text=text), lanes=(aliased, STANDALONE))
    inventory = finish(made.inventory())
    assert [version_run(place, inventory.served) for place in inventory.places] == ["v0.2.1"]
    good = Target(Tag("v0.2.0"), Digest(scene.tags()["v0.2.0"]))
    finish(write(tmp_path, finish(made.prepare(Pins(lane=aliased, by_tag={"v0.2.1": good}))).changes))
    assert (tmp_path / "deploy.yml").read_text() == f"a: {IMAGE}:v0.2.0@{good.digest}\n"


def test_an_alias_says_its_version_although_its_digest_is_no_version_s(scene: Scene, tmp_path: Path) -> None:
    aliased = replace(MAIN, alias_templates=(TagTemplate.parse("{version}-bookworm"),))
    text = f"a: {IMAGE}:0.1.0-bookworm\n"
    inventory = finish(replace(repointer(scene, tmp_path, text=text), lanes=(aliased, STANDALONE)).inventory())
    (place,) = inventory.places
    assert version_run(place, inventory.served) == "v0.1.0"
    assert [flag.kind for flag in flags_of(place, inventory.served, {Tag("v0.1.0"): "leaks"})][:2] == [
        "marked",
        "absent",
    ]


def test_a_digest_alone_finds_its_lane_by_what_the_registry_serves(scene: Scene, tmp_path: Path) -> None:
    text = f"a: {IMAGE}@{scene.tags()['v0.2.1']}\nb: {IMAGE}@{scene.tags()['standalone-v0.2.0']}\n"
    done = finish(repointer(scene, tmp_path, text=text).repoint(MAIN, V020, dry_run=False))
    pinned = f"{IMAGE}:v0.2.0@{scene.tags()['v0.2.0']}"
    assert (tmp_path / "deploy.yml").read_text() == f"a: {pinned}\nb: {IMAGE}@{scene.tags()['standalone-v0.2.0']}\n"
    assert done.placed == 1


def test_what_proposes_newer_tags_counts_only_where_a_lane_of_ours_runs(scene: Scene, tmp_path: Path) -> None:
    (tmp_path / "renovate.json").write_text("{}")
    runs, notes = f"image: {IMAGE}:v0.2.1\n", f"# image: {IMAGE}:v0.2.1\nimage: {IMAGE}:nightly\n"
    for text, tools in ((runs, ["Renovate"]), (notes, [])):
        (tmp_path / "compose.yml").write_text(text)
        found = finish(repointer(scene, tmp_path, "compose.yml").inventory())
        assert [undoer.tool for undoer in found.updaters] == tools


def test_a_list_is_given_although_the_registry_is_away(scene: Scene, tmp_path: Path) -> None:
    scene.transport = _away(scene)
    found = finish(repointer(scene, tmp_path).inventory())
    assert [place.mention.tag for place in found.places] == ["v0.2.1", "standalone-v0.2.0", "latest"]
    assert "500" in found.served.doubt
    assert found.served.digests == {}
