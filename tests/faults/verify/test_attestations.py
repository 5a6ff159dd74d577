"""What an image's attestations say is read within limits, and held against its labels, the ledger and the file."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest

from shiplane.cli.views.lane_status import status_text
from shiplane.cli.views.verification import verified_text
from shiplane.config.lane import MAIN, Lane
from shiplane.config.setting import Setting
from shiplane.config.version import Version
from shiplane.core.check import Check
from shiplane.registry.oci.names import Digest
from shiplane.registry.read_once import ReadOnce
from shiplane.verify.attestations import reader
from shiplane.verify.attestations.lane_attestations import with_attestations
from shiplane.verify.attestations.statement import SPDX
from shiplane.verify.audit.audit import Auditor
from shiplane.verify.lane_status import LaneStatus
from shiplane.verify.verification_result import VerificationResult
from shiplane.verify.verify import Verifier
from tests.faults.harness.images import (
    COMMIT,
    attest,
    children,
    provenance,
    push_image,
    rewrite,
    statement,
    store_blob,
)
from tests.faults.harness.scene import AIONIS, PATH, Scene, a_plan, finish
from tests.faults.verify.test_verify import BOTH
from tests.unit.documents import faults

V021 = Version.parse("0.2.1")
ASKS = replace(MAIN, build=replace(MAIN.build, asks_for_provenance=True))
WANTS_SBOM = replace(MAIN, build=replace(MAIN.build, sbom=True))
Statements = Sequence[Mapping[str, Any]]


def spdx(digest: str, packages: int = 2) -> dict[str, Any]:
    creation = {"creators": ["Organization: Stand-in", "Tool: stand-in-1.0"]}
    listed = [{"name": f"p{number}"} for number in range(packages)]
    return statement(SPDX, digest, {"spdxVersion": "SPDX-2.3", "creationInfo": creation, "packages": listed})


def attested(scene: Scene, *statements: Statements, **image: Any) -> Digest:  # noqa: ANN401 -- of push_image
    """Push v0.2.1 and latest, with statements about each platform instead of the ordinary ones."""
    raw = push_image(scene.registry, PATH, tag="v0.2.1", attestations=not statements, **image)
    shelf = scene.registry.shelf(PATH)
    proofs = [attest(shelf, entry, *said) for entry, said in zip(children(raw), statements, strict=False)]
    raw = rewrite(scene.registry, PATH, raw, lambda index: index["manifests"].extend(proofs))
    for tag in ("v0.2.1", "latest"):
        scene.registry.tag(PATH, tag, raw.digest)
    return raw.digest


def both(scene: Scene, *make: Any, **image: Any) -> list[list[dict[str, Any]]]:  # noqa: ANN401 -- functions of a digest
    """Statements about each platform of the image as it will be pushed."""
    images = children(push_image(scene.registry, PATH, attestations=False, **image))
    return [[each(entry["digest"]) for each in make] for entry in images]


def verify(
    scene: Scene, lane: Lane = MAIN, version: Version | None = None, *, statements: bool = True, recorded: bool = False
) -> VerificationResult:
    registry = scene.client()
    verifier = Verifier(
        registry=registry,
        platforms=Setting(BOTH, "default"),
        commit_of=lambda _lane, _version: None,
        statements=statements,
        ledgers=scene.ledgers(registry) if recorded else None,
    )
    return finish(verifier.verify(lane, version, latest=Setting(value=False, source="lane main")))


def bad(found: VerificationResult) -> list[str]:
    return [str(check) for check in found.checks if not check.good]


def warned(found: VerificationResult) -> list[Check]:
    return [check for check in found.checks if check.warning]


def test_what_buildkit_writes_is_read_and_agrees() -> None:
    scene = Scene()
    attested(scene, *both(scene, spdx, lambda digest: provenance(digest, COMMIT)))
    found = verify(scene)
    assert (bad(found), warned(found)) == ([], [])
    text = verified_text([(AIONIS, found)])
    assert f"provenance: linux/amd64, linux/arm64: commit {COMMIT} of https://github.com/cognary/aionis.git" in text
    assert "with busybox:stable@sha256:0c0c0c0c0c0c" in text
    assert "sbom: linux/amd64, linux/arm64: 2 packages, SPDX-2.3, by stand-in-1.0" in text
    assert faults({"image": str(AIONIS), **found.to_json()}, "result", "verified-lane") == []
    told = found.to_json()["attestations"]
    assert [(each["kind"], each["reading"]) for each in told] == [("sbom", "read"), ("provenance", "read")] * 2


OTHER = "b" * 40


@pytest.mark.parametrize(
    ("claimed", "remote", "good", "told"),
    [
        (COMMIT, "https://github.com/cognary/aionis.git", True, ""),
        (OTHER, "https://github.com/cognary/aionis.git", False, f"found commit {OTHER}"),
        (OTHER, "/srv/git/aionis.git", False, f"found commit {OTHER}"),
        (OTHER, "https://github.com/cognary/library.git", True, "of https://github.com/cognary/library.git"),
        (COMMIT, "https://github.com/mallory/aionis.git", True, "found https://github.com/mallory/aionis.git"),
        (f"{COMMIT}-dirty", "https://github.com/cognary/aionis.git", False, "from a dirty tree"),
        ("", "https://github.com/cognary/aionis.git", True, ""),
    ],
)
def test_a_commit_of_the_same_repository_has_to_be_the_label_s(
    claimed: str, remote: str, told: str, *, good: bool
) -> None:
    scene = Scene()
    attested(scene, *both(scene, lambda digest: provenance(digest, claimed, remote)))
    found = verify(scene)
    assert {check.name for check in found.checks if not check.good} == (set() if good else {"provenance"})
    assert bool(warned(found)) is (good and bool(told))
    assert told in " ".join([*bad(found), *map(str, warned(found))])


@pytest.mark.parametrize(("digits", "good"), [(7, True), (12, True), (6, False)])
def test_a_label_may_have_an_abbreviated_commit(digits: int, *, good: bool) -> None:
    scene = Scene()
    label = COMMIT[:digits]
    attested(scene, *both(scene, lambda digest: provenance(digest, COMMIT), revision=label), revision=label)
    assert verify(scene).good is good


def test_an_image_without_a_label_of_its_commit_is_not_compared() -> None:
    scene = Scene()
    attested(scene, *both(scene, lambda digest: provenance(digest, OTHER), revision=""), revision="")
    assert bad(verify(scene)) == []


def test_labels_that_the_build_was_given_have_to_be_the_image_s() -> None:
    scene = Scene()

    def with_label(digest: str) -> dict[str, Any]:
        told = provenance(digest, COMMIT)
        told["predicate"]["invocation"]["parameters"]["args"] = {
            "label:org.opencontainers.image.version": "0.2.0",
            "label:org.opencontainers.image.source": "https://github.com/cognary/aionis",
            "build-arg:X": "1",
        }
        return told

    attested(scene, *both(scene, with_label))
    (first, second) = bad(verify(scene))
    assert first.startswith("provenance of linux/amd64: expected org.opencontainers.image.version='0.2.1', its label")
    assert "linux/arm64" in second


def test_a_statement_about_another_image_is_named() -> None:
    scene = Scene()
    attested(scene, *both(scene, lambda _digest: provenance("sha256:" + "f" * 64, COMMIT)))
    told = bad(verify(scene))
    assert len(told) == 2
    assert all(f"found one about sha256:{'f' * 64}" in what for what in told)
    assert "provenance of linux/amd64: expected a statement about sha256:" in told[0]


def test_a_statement_about_no_image_is_told() -> None:
    """BuildKit's, where the build had no name: ``type=oci`` without one."""
    scene = Scene()
    attested(scene, *both(scene, lambda digest: {**provenance(digest, COMMIT), "subject": []}))
    found = verify(scene)
    assert bad(found) == []
    assert [check.found for check in warned(found)] == ["one about no image"] * 2


@pytest.mark.parametrize("about", ["sha256:" + "f" * 64, "", "nothing"])
def test_an_attestation_of_an_image_that_the_index_does_not_list_is_named(about: str) -> None:
    scene = Scene()
    raw = push_image(scene.registry, PATH)
    key = "vnd.docker.reference.digest"
    raw = rewrite(scene.registry, PATH, raw, lambda index: index["manifests"][2]["annotations"].update({key: about}))
    for tag in ("v0.2.1", "latest"):
        scene.registry.tag(PATH, tag, raw.digest)
    (told,) = bad(verify(scene))
    assert "expected to be about an image of the index" in told
    assert (about if about.startswith("sha256") else "no image") in told


@pytest.mark.parametrize(
    "change",
    [
        {"_type": "x"},
        {"predicate": []},
        {"predicate": {"builder": 1}},
        {"predicateType": SPDX},
        {"subject": "x"},
    ],
)
def test_a_statement_that_cannot_be_read_is_named(change: dict[str, Any]) -> None:
    scene = Scene()
    raw = push_image(scene.registry, PATH, attestations=False)
    shelf, entries = scene.registry.shelf(PATH), children(raw)
    content = json.dumps({**provenance(entries[0]["digest"], COMMIT), **change}).encode()
    proof = attest(shelf, entries[0], provenance(entries[0]["digest"], COMMIT))
    manifest = json.loads(shelf.manifests[proof["digest"]].body)
    manifest["layers"][0].update(store_blob(shelf, content, manifest["layers"][0]["mediaType"]))
    body = json.dumps(manifest).encode()
    shelf.manifests[str(Digest.of(body))] = replace(shelf.manifests[proof["digest"]], body=body)
    proof.update(digest=str(Digest.of(body)), size=len(body))
    raw = rewrite(scene.registry, PATH, raw, lambda index: index["manifests"].append(proof))
    scene.registry.tag(PATH, "latest", raw.digest)
    scene.registry.tag(PATH, "v0.2.1", raw.digest)
    found = verify(scene)
    (told,) = bad(found)
    assert told.startswith("provenance of linux/amd64: expected an in-toto statement of the type https://slsa.dev/")
    (attestation,) = found.to_json()["attestations"]
    assert (attestation["reading"], bool(attestation["reason"])) == ("unreadable", True)


@pytest.mark.parametrize(("one", "all_", "read"), [(2_000, 10_000, 1), (9_000, 5_000, 1), (9_000, 20_000, 2)])
def test_what_is_too_large_is_not_read_and_that_is_told(
    monkeypatch: pytest.MonkeyPatch, one: int, all_: int, read: int
) -> None:
    monkeypatch.setattr(reader, "STATEMENT_LIMIT", one)
    monkeypatch.setattr(reader, "IMAGE_LIMIT", all_)
    scene = Scene()
    attested(scene, *both(scene, lambda digest: spdx(digest, 200), lambda digest: provenance(digest, COMMIT)))
    found = verify(scene)
    assert bad(found) == []
    readings = [each["reading"] for each in found.to_json()["attestations"]]
    assert readings == (["read", "too-large"] if read == 1 else ["read", "read"]) * 2
    assert len(warned(found)) == (2 if read == 1 else 0)
    assert all("too large to be read" in check.found for check in warned(found))


def test_what_an_unknown_statement_says_is_not_read() -> None:
    scene = Scene()
    attested(scene, *both(scene, lambda digest: statement("https://example.com/x", digest, {})))
    found = verify(scene)
    assert bad(found) == []
    assert {each["reading"] for each in found.to_json()["attestations"]} == {"not-read"}
    assert "attestation:" not in verified_text([(AIONIS, found)])


@pytest.mark.parametrize(
    ("lane", "has", "missing"),
    [
        (MAIN, False, set()),
        (ASKS, False, {"provenance"}),
        (ASKS, True, set()),
        (WANTS_SBOM, True, {"sbom"}),
    ],
)
def test_what_the_configuration_asks_for_has_to_be_there(lane: Lane, missing: set[str], *, has: bool) -> None:
    scene = Scene()
    raw = push_image(scene.registry, PATH, tag="v0.2.1", attestations=has)
    scene.registry.tag(PATH, "latest", raw.digest)
    for statements in (False, True):
        found = verify(scene, lane, statements=statements)
        named = {check.name for check in found.checks if not check.good}
        assert named == missing
        assert all("as the lane's configuration requires, found none" in what for what in bad(found))


def reads(scene: Scene) -> int:
    return sum("/blobs/" in entry.path for entry in scene.registry.log)


def test_a_recorded_image_is_read_again_only_where_somebody_asks_for_it() -> None:
    scene = Scene()
    scene.publish(a_plan("0.2.1", ["main"]))
    before = reads(scene)
    quick = verify(scene, statements=False, recorded=True)
    ledgers = reads(scene) - before
    assert {each["reading"] for each in quick.to_json()["attestations"]} == {"not-read"}
    whole = verify(scene, recorded=True)
    assert reads(scene) - before == 2 * ledgers + 2, "one request for each statement"
    assert {each["reading"] for each in whole.to_json()["attestations"]} == {"read"}
    assert (bad(quick), bad(whole)) == ([], [])
    named = verify(scene, version=V021, statements=False, recorded=True)
    assert {each["reading"] for each in named.to_json()["attestations"]} == {"read"}


def test_a_record_with_another_commit_contradicts_the_provenance() -> None:
    scene = Scene()
    scene.publish(a_plan("0.2.1", ["main"], commit=OTHER))
    tags = scene.registry.tags(PATH)
    attested(scene, revision=COMMIT)
    scene.registry.shelf(PATH).tags["ledger-main"] = tags["ledger-main"]
    told = " ".join(bad(verify(scene, recorded=True)))
    assert f"provenance of linux/amd64: expected commit {COMMIT} (its label), {OTHER} (the ledger)" in told


def state_of(scene: Scene, lane: Lane = MAIN) -> LaneStatus:
    registry = ReadOnce.of(scene.client())
    auditor = Auditor(registry=registry, ledgers=scene.ledgers(registry), workers=1)
    state = finish(auditor.audit(lane, newest=0))
    return with_attestations(registry, state)


def status(scene: Scene, lane: Lane = MAIN) -> tuple[str, dict[str, Any]]:
    state = state_of(scene, lane)
    return status_text(AIONIS, [(state, "nothing")], 0), state.to_json()


def test_status_shows_what_the_versions_at_the_floating_tags_attest() -> None:
    scene = Scene()
    scene.publish(a_plan("0.2.1", ["main"]))
    text, told = status(scene)
    assert f"  provenance  linux/amd64, linux/arm64: commit {COMMIT}" in text
    (version,) = told["attested"]
    assert [fault for each in version["attestations"] for fault in faults(each, "result", "attestation")] == []
    assert [check["good"] for check in version["checks"]] == [True] * 4


def test_status_names_what_disagrees_and_what_is_not_there() -> None:
    scene = Scene()
    attested(scene, *both(scene, lambda digest: provenance(digest, OTHER)))
    text, told = status(scene)
    assert "DISAGREES   provenance of linux/amd64: expected commit" in text
    assert [check["good"] for check in told["attested"][0]["checks"]].count(False) == 2
    assert (state_of(scene).exit_code, state_of(Scene()).exit_code) == (6, 0)
    bare = Scene()
    push_image(bare.registry, PATH, tag="latest", attestations=False)
    push_image(bare.registry, PATH, tag="v0.2.1", attestations=False)
    assert "  provenance  no provenance and no SBOM" in status(bare)[0]


def test_the_newest_version_of_a_lane_without_floating_tags_is_shown() -> None:
    scene = Scene()
    push_image(scene.registry, PATH, tag="v0.2.1")
    lane = replace(MAIN, floating_templates=())
    assert status(scene, lane)[1]["attested"][0]["version"] == "0.2.1"
    assert status(Scene(), lane)[1]["attested"] == []
