"""The checker bites: each invariant, broken on purpose, is reported under its number."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import replace

import pytest

from shiplane.config.lane import MAIN
from shiplane.registry.http.exchange import Request
from shiplane.registry.oci.manifest import RawManifest
from tests.faults.harness.faults import F, Fault, Faulty
from tests.faults.harness.images import lie_in_config, lose_blob, lose_child, push_image
from tests.faults.harness.invariants import MAX_REQUESTS, Case, assert_invariants, violations
from tests.faults.harness.scene import PATH, USER, Scene, a_plan

URL = f"https://ghcr.io/v2/{PATH}/manifests/"


def released() -> Scene:
    scene = Scene()
    scene.publish()
    return scene


def put(scene: Scene, tag: str, raw: RawManifest) -> None:
    """A write as a careless client makes it."""
    token = next(iter(token for token, grant in scene.registry.access.grants.items() if "push" in grant.actions))
    headers = {"Content-Type": raw.media_type, "Authorization": f"Bearer {token}"}
    request = Request(method="PUT", url=URL + tag, headers=headers, body=raw.body)
    assert scene.registry.send(request, limit=9999, deadline=1).status == 201


def broken(scene: Scene, **more: object) -> set[str]:
    return {found.partition(":")[0] for found in violations(replace(Case(scene.registry), **more))}  # type: ignore[arg-type]


def test_a_release_as_it_should_be_breaks_nothing() -> None:
    scene = released()
    assert_invariants(Case(scene.registry))
    assert "latest" in scene.tags()


def test_a_version_tag_with_two_digests_is_i1_and_i2() -> None:
    scene = released()
    put(scene, "v0.2.1", push_image(scene.registry, PATH, salt="other"))
    assert {"I1", "I2"} <= broken(scene)


def test_a_version_that_was_there_before_the_log_counts_as_well() -> None:
    scene = released()
    assert "I1" in broken(scene, initial={"v0.2.1": "sha256:" + "0" * 64})


@pytest.mark.parametrize("kind", [F.FORBIDDEN, F.SERVER_ERROR, F.TIMEOUT, F.REDIRECT, F.UNAUTHORIZED])
def test_a_version_written_after_a_doubt_is_i2(kind: F) -> None:
    scene = released()
    wire = Faulty(scene.registry, [Fault(kind, "GET", "/manifests/v0.9.0", times=99)], scene.registry.clock)  # type: ignore[arg-type]
    scene.transport = wire
    client = scene.client()
    raw = push_image(scene.registry, PATH, version="0.9.0")
    from shiplane.registry.oci.names import Tag

    client.get_manifest(Tag("v0.9.0"))
    client.put_manifest(Tag("v0.9.0"), raw)
    assert "I2" in broken(scene, seen=(wire.log,))


Damage = Callable[[Scene, RawManifest], RawManifest | None]
DAMAGES: dict[str, Damage] = {
    "that is no version": lambda _, raw: raw,
    "with a child missing": lambda scene, raw: lose_child(scene.registry, PATH, raw),
    "with an attestation missing": lambda scene, raw: lose_child(scene.registry, PATH, raw, 2),
    "with a config missing": lambda scene, raw: lose_blob(scene.registry, PATH, raw, "config"),
    "with a layer missing": lambda scene, raw: lose_blob(scene.registry, PATH, raw, "layers"),
    "whose config lies": lambda scene, raw: lie_in_config(scene.registry, PATH, raw, architecture="riscv64"),
    "for one platform": lambda scene, _: push_image(scene.registry, PATH, ["linux/amd64"], version="0.3.0"),
    "that is empty": lambda scene, _: push_image(scene.registry, PATH, [], version="0.3.0"),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES.keys())
def test_a_floating_tag_on_an_image_is_i3(damage: Damage) -> None:
    scene = released()
    raw = push_image(scene.registry, PATH, version="0.3.0", salt="damaged")
    put(scene, "latest", raw)
    changed = damage(scene, raw)
    if changed is not None and changed is not raw:
        put(scene, "latest", changed)
    assert "I3" in broken(scene)


def test_a_floating_tag_on_a_marked_version_is_i3() -> None:
    assert "I3" in broken(released(), marked=frozenset({"v0.2.1"}))


def test_a_lowered_floating_tag_is_i4_unless_it_is_a_rollback() -> None:
    scene = released()
    scene.publish(a_plan("0.3.0", commit="b" * 40))
    put(scene, "latest", scene.registry.shelf(PATH).manifests[scene.tags()["v0.2.1"]])
    assert "I4" in broken(scene)
    assert "I4" not in broken(scene, lowers=True)


def test_a_floating_tag_on_a_pre_release_is_i4() -> None:
    scene = released()
    raw = push_image(scene.registry, PATH, version="0.3.0-rc.1", tag="v0.3.0-rc.1")
    put(scene, "latest", raw)
    assert "I4" in broken(scene, initial={"v0.3.0-rc.1": str(raw.digest)})


def test_a_name_of_another_lane_is_i5() -> None:
    assert "I5" in broken(released(), touched=(MAIN,))


def test_a_name_of_nobody_is_i5() -> None:
    scene = released()
    put(scene, "staging-1", push_image(scene.registry, PATH))
    assert "I5" in broken(scene)


@pytest.mark.parametrize(
    ("url", "value"),
    [
        ("https://elsewhere.example/", "Bearer x"),
        ("http://ghcr.io/v2/", "Bearer x"),
        ("https://ghcr.io/v2/", f"Basic {USER.basic}"),
    ],
)
def test_an_authorization_that_leaves_home_is_i7(url: str, value: str) -> None:
    scene = released()
    wire = Faulty(scene.registry, [Fault(F.NOT_FOUND)])
    wire.send(Request(method="GET", url=url, headers={"Authorization": value}), limit=1, deadline=1)
    assert "I7" in broken(scene, seen=(wire.log,))


def test_too_many_requests_too_long_a_run_and_too_long_a_wait_are_i8() -> None:
    scene = released()
    many = scene.registry.log * (MAX_REQUESTS // len(scene.registry.log) + 1)
    late = [*scene.registry.log, replace(scene.registry.log[-1], at=16 * 60.0)]
    assert "I8" in broken(scene, seen=(many,))
    assert "I8" in broken(scene, seen=(late,))
    scene.registry.clock.sleep(61)
    assert "I8" in broken(scene)


def test_a_deletion_is_i10() -> None:
    scene = released()
    scene.registry.send(Request(method="DELETE", url=URL + "v0.2.1"), limit=99, deadline=1)
    assert "I10" in broken(scene)


def test_a_move_without_a_record_and_a_record_without_its_move_are_i11() -> None:
    scene = released()
    assert broken(scene, recorded=True) == set()
    raw = push_image(scene.registry, PATH, version="0.2.2", tag="v0.2.2")
    put(scene, "latest", raw)
    assert "I11" in broken(scene, recorded=True)
    assert "I11" not in broken(scene)
    scene.registry.tag(PATH, "ledger-main", scene.registry.tags(PATH)["ledger-standalone"])
    assert "I11" in broken(scene, recorded=True)


def test_a_file_that_a_run_put_into_a_build_context_is_i13() -> None:
    before = frozenset({"Dockerfile", "src/main.py"})
    assert "I13" not in broken(released(), contexts=[(before, before)])
    assert "I13" in broken(released(), contexts=[(before, before | {"shiplane-login-7-x/config.json"})])


def sent(scene: Scene, url: str, value: str) -> set[str]:
    wire = Faulty(scene.registry, [Fault(F.NOT_FOUND)])
    wire.send(Request(method="GET", url=url, headers={"Authorization": value} if value else {}), limit=1, deadline=1)
    return broken(scene, seen=(wire.log,))


@pytest.mark.parametrize(
    ("url", "value"),
    [
        ("https://elsewhere.example/v2/", "Bearer x"),
        ("https://ghcr.io/token", f"Basic {base64.b64encode(b'AWS:secret').decode()}"),
        ("https://ghcr.io/v2/", "Bearer of-another-registry"),
        (f"https://ghcr.io/token?password={USER.password}", ""),
    ],
)
def test_a_credential_that_is_not_where_it_was_meant_to_be_is_i14(url: str, value: str) -> None:
    assert "I14" in sent(released(), url, value)


def test_a_credential_that_is_where_it_was_meant_to_be_is_not_i14() -> None:
    assert "I14" not in sent(released(), "https://ghcr.io/token", f"Basic {USER.basic}")


def test_a_floating_tag_below_its_record_is_i15() -> None:
    scene = released()
    scene.publish(a_plan("0.3.0", commit="b" * 40))
    initial = scene.registry.tags(PATH)
    scene.registry.log.clear()
    scene.registry.tag(PATH, "latest", scene.tags()["v0.2.1"])
    put(scene, "latest", push_image(scene.registry, PATH, version="0.2.2", tag="v0.2.2"))
    assert "I4" not in broken(scene, initial=scene.registry.tags(PATH)), "the registry alone shows a move forward"
    assert "I15" in broken(scene, initial=initial | {"v0.2.2": scene.tags()["v0.2.2"]})
    assert "I15" not in broken(scene, initial=initial, lowers=True)


def test_a_contradiction_that_runs_leave_behind_in_silence_is_i15_and_one_that_they_found_is_not() -> None:
    scene = released()
    put(scene, "latest", push_image(scene.registry, PATH, version="0.2.2", tag="v0.2.2"))
    assert "I15" in broken(scene, recorded=True)
    assert "I15" not in broken(scene, recorded=False)
    scene.registry.log.clear()
    assert broken(scene, recorded=True, initial=scene.registry.tags(PATH)) == set()
    found = scene.registry.tags(PATH)
    scene.registry.tag(PATH, "v0.2.1", found["v0.2.2"])
    assert "I15" in broken(scene, recorded=True, initial=found)


def test_bytes_that_nobody_read_are_i12() -> None:
    scene = released()
    put(scene, "v0.3.0", push_image(scene.registry, PATH, version="0.3.0"))
    assert "I12" in broken(scene)
