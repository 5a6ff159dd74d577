"""Labels and annotations of a lane's own: in every image that is tagged, or it is not tagged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import pytest

from shiplane.config.plan import LanePlan, Plan
from shiplane.config.project_file import parse_project_file
from shiplane.config.settings import Checkout, Flags, Resolver
from shiplane.core.errors import VerificationError
from shiplane.registry.oci.index_join import PartialIndex
from shiplane.registry.oci.manifest import parse_manifest
from shiplane.registry.oci.names import Digest, Platform
from shiplane.release.planning.planner import make_plan
from shiplane.release.staging.join import IndexJoiner
from shiplane.release.staging.staging import JoiningStager
from tests.faults.harness.images import COMMIT, PLATFORMS, push_image
from tests.faults.harness.memory import MemoryRegistry
from tests.faults.harness.scene import IMAGE, PATH, Scene, a_plan, finish

TITLE, DESCRIPTION = "org.opencontainers.image.title", "org.opencontainers.image.description"
LABELS, ANNOTATIONS = {TITLE: "app 0.2.1", "empty": ""}, {DESCRIPTION: "docker-v0.2.1"}


def configured(version: str = "0.2.1") -> Plan:
    """A release of main with labels and annotations."""
    lane = {"labels": {TITLE: "app {version}", "empty": ""}, "annotations": {DESCRIPTION: "{git-tag}"}}
    return make_plan(
        Resolver(
            flags=Flags(lanes=("main",), tag=version, image=IMAGE, latest="yes"),
            project=parse_project_file({"lanes": {"main": lane}}, "shiplane.toml"),
            checkout=Checkout(commit=COMMIT, committed_at="2026-02-28T12:00:00Z"),
        )
    )


@dataclass
class Building:
    """A builder that puts these labels and annotations into an image, whatever it was told."""

    registry: MemoryRegistry
    labels: Mapping[str, str] = field(default_factory=lambda: LABELS)
    annotations: Mapping[str, str] = field(default_factory=lambda: ANNOTATIONS)

    def stage(self, plan: Plan, lanes: Sequence[LanePlan]) -> Mapping[str, Digest]:
        version = str(lanes[0].version.value)
        raw = push_image(
            self.registry, PATH, revision=plan.commit, version=version, labels=self.labels, annotations=self.annotations
        )
        return {"main": raw.digest}


def test_an_image_with_all_of_them_is_tagged() -> None:
    scene = Scene()
    finish(scene.releaser().publish(configured(), Building(scene.registry)))
    assert set(scene.tags()) == {"v0.2.1", "latest"}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"labels": {}}, f"labels of linux/amd64: expected {TITLE}='app 0.2.1', empty='', found no {TITLE}, no empty"),
        (
            {"labels": {**LABELS, TITLE: "app 0.2.0"}},
            f"labels of linux/arm64: expected {TITLE}='app 0.2.1', found {TITLE}='app 0.2.0'",
        ),
        ({"labels": {**LABELS, "empty": "x"}}, "labels of linux/amd64: expected empty='', found empty='x'"),
        ({"annotations": {}}, f"annotations of the image: expected {DESCRIPTION}='docker-v0.2.1', found no"),
        (
            {"annotations": {DESCRIPTION: "{git-tag}"}},
            f"annotations of linux/amd64: expected {DESCRIPTION}='docker-v0.2.1', found {DESCRIPTION}='{{git-tag}}'",
        ),
    ],
)
def test_an_image_without_one_of_them_is_not_tagged(change: dict[str, Mapping[str, str]], said: str) -> None:
    scene = Scene()
    with pytest.raises(VerificationError) as caught:
        finish(scene.releaser().publish(configured(), Building(scene.registry, **change)))
    assert said in caught.value.what
    assert scene.tags() == {}


def test_a_version_from_before_they_were_configured_is_still_good() -> None:
    scene = Scene()
    scene.publish(a_plan(lanes=["main"], latest="no"))
    (again,) = finish(scene.releaser().publish(configured(), Building(scene.registry)))
    assert (again.built, [tag.moved for tag in again.floating_tags]) == (False, [True])


def joined(scene: Scene, annotations: Mapping[str, str]) -> None:
    """A release of parts, each with these annotations."""
    parts = []
    for platform in PLATFORMS:
        raw = push_image(scene.registry, PATH, [platform], labels=LABELS, annotations=annotations, salt=platform)
        parts.append(PartialIndex(platforms=(Platform.parse(platform),), digest=raw.digest))
    joiner = IndexJoiner(registry=scene.client(), workers=1)
    stager = JoiningStager(joiner=joiner, parts={"main": parts}, tell=scene.told.append)
    finish(replace(scene.releaser(), ledgers=None).publish(configured(), stager))


def test_the_index_of_joined_parts_has_the_annotations_as_well() -> None:
    scene = Scene()
    joined(scene, ANNOTATIONS)
    index = parse_manifest(scene.registry.shelf(PATH).manifests[scene.tags()["v0.2.1"]])
    assert index.annotations[DESCRIPTION] == "docker-v0.2.1"
    assert TITLE not in index.annotations


def test_a_part_without_them_is_not_joined() -> None:
    scene = Scene()
    with pytest.raises(VerificationError, match=r"part for linux/amd64, [^\n]*\n  annotations of the image"):
        joined(scene, {})
    assert scene.tags() == {}
