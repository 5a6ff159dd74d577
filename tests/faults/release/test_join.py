"""Parts joined against a registry that loses, lies or lags: the whole is right, or nothing comes of it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import pytest

from shiplane.core.errors import UnreachableError, VerificationError
from shiplane.registry.http.exchange import Request, Response, TransportError
from shiplane.registry.oci.index_join import PartialIndex
from shiplane.registry.oci.manifest import OCI_MANIFEST, RawManifest
from shiplane.registry.oci.names import Digest, Platform
from shiplane.release.result import LaneResult
from shiplane.release.staging.join import IndexJoiner
from shiplane.release.staging.staging import JoiningStager
from tests.faults.harness.images import COMMIT, PLATFORMS, lie_in_config, lose_child, push_image
from tests.faults.harness.memory import Lag, MemoryRegistry
from tests.faults.harness.scene import PATH, Scene, a_plan, a_registry, finish

OTHER = "b" * 40


def a_part(
    registry: MemoryRegistry, platform: str, raw: RawManifest | None = None, revision: str = COMMIT
) -> PartialIndex:
    """One platform's image as its own machine pushed it."""
    found = raw or push_image(registry, PATH, [platform], revision, salt=platform)
    return PartialIndex(platforms=(Platform.parse(platform),), digest=found.digest)


def parts_of(registry: MemoryRegistry) -> list[PartialIndex]:
    """Both platforms of the main lane."""
    return [a_part(registry, platform) for platform in PLATFORMS]


def publish(scene: Scene, parts: Sequence[PartialIndex]) -> tuple[LaneResult, ...]:
    """Publish the main lane from its parts."""
    registry = scene.client()
    joiner = IndexJoiner(registry=registry, workers=1)
    stager = JoiningStager(joiner=joiner, parts={"main": parts}, tell=scene.told.append)
    return finish(replace(scene.releaser(), ledgers=None).publish(a_plan(lanes=["main"]), stager))


def index(scene: Scene) -> list[dict[str, object]]:
    """The entries of the published index."""
    raw = scene.registry.shelf(PATH).manifests[scene.tags()["v0.2.1"]]
    entries: list[dict[str, object]] = json.loads(raw.body)["manifests"]
    return entries


@dataclass
class Dropping:
    """A connection that loses some PUTs of manifests by digest: before they arrive, or their answers."""

    registry: MemoryRegistry
    arrived: bool
    left: int
    sent: list[str] = field(default_factory=list)

    def send(self, request: Request, *, limit: int, deadline: float) -> Response:
        aimed = request.method == "PUT" and "/manifests/sha256:" in request.url
        if aimed:
            self.sent.append(request.url)
        lost = aimed and self.left > 0
        self.left -= lost
        if lost and not self.arrived:
            raise TransportError("the connection broke")
        response = self.registry.send(request, limit=limit, deadline=deadline)
        if lost:
            raise TransportError("the connection broke")
        return response


def test_two_parts_become_one_image_with_their_attestations() -> None:
    scene = Scene(a_registry())
    (main,) = publish(scene, parts_of(scene.registry))
    assert {image.platform: image.digest for image in main.report.images}.keys() == {
        Platform.parse(platform) for platform in PLATFORMS
    }
    assert len(index(scene)) == 4
    assert scene.tags() == {"v0.2.1": str(main.digest), "latest": str(main.digest)}


def test_a_part_that_is_the_whole_is_published_as_it_was_staged() -> None:
    scene = Scene(a_registry())
    raw = push_image(scene.registry, PATH)
    (main,) = publish(scene, [PartialIndex(platforms=tuple(map(Platform.parse, PLATFORMS)), digest=raw.digest)])
    assert main.digest == raw.digest
    assert not [entry for entry in scene.registry.log if entry.is_manifest_put and ":" in entry.reference]


def test_the_same_parts_give_the_same_digest_in_whatever_order() -> None:
    one, two = Scene(a_registry()), Scene(a_registry())
    publish(one, parts_of(one.registry))
    publish(two, parts_of(two.registry)[::-1])
    assert one.tags() == two.tags()


def test_no_tag_is_sent_before_the_whole_was_inspected() -> None:
    scene = Scene(a_registry())
    publish(scene, parts_of(scene.registry))
    puts = [entry.reference for entry in scene.registry.log if entry.is_manifest_put]
    assert [":" in reference for reference in puts] == [True, False, False]


def test_parts_without_attestations_are_joined_too() -> None:
    scene = Scene(a_registry())
    parts = []
    for platform in PLATFORMS:
        raw = push_image(scene.registry, PATH, [platform], salt=platform, attestations=False)
        alone = json.loads(raw.body)["manifests"][0]["digest"]
        shelf = scene.registry.shelf(PATH)
        assert shelf.manifests[alone].media_type == OCI_MANIFEST
        parts.append(a_part(scene.registry, platform, shelf.manifests[alone]))
    publish(scene, parts)
    assert [entry["digest"] for entry in index(scene)] == [str(part.digest) for part in parts]


def test_a_part_that_the_registry_does_not_have_ends_it() -> None:
    scene = Scene(a_registry())
    gone = PartialIndex(platforms=(Platform.parse("linux/arm64"),), digest=Digest("sha256:" + "0" * 64))
    with pytest.raises(VerificationError, match=r"does not have sha256:0{64}, although it was staged"):
        publish(scene, [a_part(scene.registry, "linux/amd64"), gone])
    assert scene.tags() == {}


def test_a_part_that_lost_its_image_ends_it() -> None:
    scene = Scene(a_registry())
    raw = push_image(scene.registry, PATH, ["linux/arm64"])
    lose_child(scene.registry, PATH, raw)
    with pytest.raises(VerificationError, match=r"linux/arm64.*the registry has lost it"):
        publish(scene, [a_part(scene.registry, "linux/amd64"), a_part(scene.registry, "linux/arm64", raw)])
    assert scene.tags() == {}


@pytest.mark.parametrize(
    ("platform", "revision", "said"),
    [
        ("linux/amd64", COMMIT, "expected linux/arm64, found linux/amd64"),
        ("linux/arm64", OTHER, f"expected {COMMIT}, found {OTHER}"),
    ],
)
def test_a_digest_of_something_else_is_not_believed(platform: str, revision: str, said: str) -> None:
    scene = Scene(a_registry())
    foreign = push_image(scene.registry, PATH, [platform], revision, salt="foreign")
    with pytest.raises(VerificationError, match=said):
        publish(scene, [a_part(scene.registry, "linux/amd64"), a_part(scene.registry, "linux/arm64", foreign)])
    assert not [entry for entry in scene.registry.log if entry.is_manifest_put]


def test_a_part_whose_config_lies_about_its_platform_is_not_believed() -> None:
    scene = Scene(a_registry())
    raw = push_image(scene.registry, PATH, ["linux/amd64"])
    lying = lie_in_config(scene.registry, PATH, raw, architecture="arm64")
    with pytest.raises(VerificationError, match="a config for linux/amd64"):
        publish(scene, [a_part(scene.registry, "linux/amd64", lying), a_part(scene.registry, "linux/arm64")])
    assert scene.tags() == {}


@pytest.mark.parametrize(("arrived", "sent"), [(True, 1), (False, 2)])
def test_a_lost_put_of_the_whole_is_cleared_up(*, arrived: bool, sent: int) -> None:
    scene = Scene(a_registry())
    parts = parts_of(scene.registry)
    dropping = Dropping(scene.registry, arrived=arrived, left=1)
    scene.transport = dropping
    publish(scene, parts)
    assert len(dropping.sent) == sent
    assert set(scene.tags()) == {"v0.2.1", "latest"}


def test_a_registry_that_never_takes_the_whole_ends_it_without_a_name() -> None:
    scene = Scene(a_registry())
    parts = parts_of(scene.registry)
    scene.transport = Dropping(scene.registry, arrived=False, left=100)
    with pytest.raises(UnreachableError, match="could not be sent"):
        publish(scene, parts)
    assert scene.tags() == {}


def test_a_registry_whose_reads_lag_is_waited_for() -> None:
    scene = Scene(a_registry(lag=Lag(reads=3)))
    publish(scene, parts_of(scene.registry))
    assert set(scene.tags()) == {"v0.2.1", "latest"}


def test_the_same_publish_again_joins_and_writes_nothing() -> None:
    scene = Scene(a_registry())
    parts = parts_of(scene.registry)
    publish(scene, parts)
    before, puts = scene.tags(), [entry for entry in scene.registry.log if entry.is_manifest_put]
    publish(scene, parts)
    assert scene.tags() == before
    assert [entry for entry in scene.registry.log if entry.is_manifest_put] == puts
