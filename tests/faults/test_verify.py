"""Verification finds each fault, names it, and says nothing about what it could not read."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from shiplane.flows.verify import Verified, Verifier
from shiplane.model.errors import VerificationError
from shiplane.model.image import Platform, Repository
from shiplane.model.lane import MAIN
from shiplane.model.manifest import RawManifest
from shiplane.model.version import Version
from tests.faults.images import (
    COMMIT,
    children,
    lie_in_config,
    lose_blob,
    lose_child,
    push_image,
    rewrite,
    swap_content,
)
from tests.faults.memory import MemoryRegistry
from tests.faults.release import IMAGE, PATH, Scene, finish

V021 = Version.parse("0.2.1")
BOTH = (Platform("linux", "amd64"), Platform("linux", "arm64"))


def verify(
    scene: Scene,
    version: Version | None = None,
    *,
    deep: bool = False,
    latest: bool = True,
    commit: str | None = COMMIT,
    stranger: bool = False,
) -> Verified:
    registry, _ = scene.client()
    verifier = Verifier(
        registry=registry,
        repository=Repository.parse(IMAGE),
        platforms=BOTH,
        commit_of=lambda _lane, _version: commit,
        deep=deep,
        stranger=registry if stranger else None,
    )
    return finish(verifier.verify(MAIN, version, latest=latest))


def released() -> tuple[Scene, RawManifest]:
    scene = Scene()
    raw = push_image(scene.registry, PATH, tag="v0.2.1")
    scene.registry.tag(PATH, "latest", raw.digest)
    return scene, raw


def named(found: Verified) -> set[str]:
    return {check.name for check in found.checks if not check.good}


@pytest.mark.parametrize("deep", [False, True])
@pytest.mark.parametrize("version", [None, V021])
def test_a_good_pair_is_good(version: Version | None, deep: bool) -> None:  # noqa: FBT001 -- a table's column
    scene, raw = released()
    found = verify(scene, version, deep=deep, stranger=True)
    assert found.good
    assert (found.version, found.digest) == (V021, raw.digest)


Damage = Callable[[MemoryRegistry, RawManifest], RawManifest | None]

DAMAGES: list[tuple[str, Damage, str]] = [
    ("a child manifest is lost", lambda r, raw: lose_child(r, PATH, raw), "child"),
    ("a config is lost", lambda r, raw: lose_blob(r, PATH, raw, "config"), "config"),
    ("a config says another architecture", lambda r, raw: lie_in_config(r, PATH, raw, architecture="arm64"), "config"),
    (
        "a platform is missing",
        lambda r, raw: rewrite(r, PATH, raw, lambda d: d["manifests"].pop(1)),
        "platforms",
    ),
    (
        "a platform is there twice",
        lambda r, raw: rewrite(r, PATH, raw, lambda d: d["manifests"].append(d["manifests"][0])),
        "platforms",
    ),
    (
        "the index is empty",
        lambda r, raw: rewrite(r, PATH, raw, lambda d: d["manifests"].clear()),
        "platforms",
    ),
    (
        "a size in the index is wrong",
        lambda r, raw: rewrite(r, PATH, raw, lambda d: d["manifests"][0].update(size=1)),
        "child",
    ),
    (
        "a media type in the index is wrong",
        lambda r, raw: rewrite(
            r,
            PATH,
            raw,
            lambda d: d["manifests"][0].update(mediaType="application/vnd.docker.distribution.manifest.v2+json"),
        ),
        "child",
    ),
    (
        "the index says another commit",
        lambda r, raw: rewrite(
            r, PATH, raw, lambda d: d["annotations"].update({"org.opencontainers.image.revision": "b" * 40})
        ),
        "revision",
    ),
]


@pytest.mark.parametrize(("why", "damage", "check"), DAMAGES, ids=[row[0] for row in DAMAGES])
def test_a_damaged_version_is_found_and_the_fault_is_named(why: str, damage: Damage, check: str) -> None:
    scene, raw = released()
    damaged = damage(scene.registry, raw) or raw
    for tag in ("v0.2.1", "latest"):
        scene.registry.tag(PATH, tag, damaged.digest)
    assert check in named(verify(scene, V021))


def test_a_label_of_another_commit_in_one_config_is_found() -> None:
    scene = Scene()
    raw = push_image(scene.registry, PATH, tag="v0.2.1", labels={"org.opencontainers.image.revision": "b" * 40})
    scene.registry.tag(PATH, "latest", raw.digest)
    assert named(verify(scene, V021)) == {"revision"}


def test_an_image_of_another_commit_than_its_git_tag_is_found() -> None:
    scene, _ = released()
    assert named(verify(scene, V021, commit="b" * 40)) == {"revision"}


def test_a_floating_tag_on_another_digest_that_calls_itself_the_same_is_found() -> None:
    scene, _ = released()
    other = push_image(scene.registry, PATH, salt="another build")
    scene.registry.tag(PATH, "latest", other.digest)
    assert "floating" in named(verify(scene))
    assert "floating" in named(verify(scene, V021))


def test_a_floating_tag_left_behind_is_found_unless_it_need_not_be_there() -> None:
    scene, _ = released()
    push_image(scene.registry, PATH, version="0.2.2", revision="b" * 40, tag="v0.2.2")
    newer = Version.parse("0.2.2")
    assert named(verify(scene, newer, commit=None)) == {"floating"}
    assert verify(scene, newer, latest=False, commit=None).good


def test_a_floating_tag_that_has_moved_on_is_no_fault_of_the_older_version() -> None:
    scene, _ = released()
    newer = push_image(scene.registry, PATH, version="0.2.2", revision="b" * 40, tag="v0.2.2")
    scene.registry.tag(PATH, "latest", newer.digest)
    assert verify(scene, V021).good


def test_a_version_that_does_not_exist_is_named() -> None:
    assert named(verify(Scene(), V021)) == {"resolves", "floating"}


def test_a_lost_layer_is_found_by_the_deep_look_alone() -> None:
    scene, raw = released()
    lose_blob(scene.registry, PATH, raw, "layers")
    assert verify(scene, V021).good
    assert named(verify(scene, V021, deep=True)) == {"blob"}


def test_a_lost_attestation_is_found_by_the_deep_look_alone() -> None:
    scene, raw = released()
    lose_child(scene.registry, PATH, raw, position=len(children(raw)) - 1)
    assert verify(scene, V021).good
    assert named(verify(scene, V021, deep=True)) == {"attestation"}


def test_other_bytes_under_a_digest_are_never_judged_as_if_they_were_right() -> None:
    scene, raw = released()
    swap_content(scene.registry, PATH, children(raw)[0]["digest"], b'{"schemaVersion": 2}')
    with pytest.raises(VerificationError, match="served bytes with"):
        verify(scene, V021)
