"""Provenance and SBOMs that BuildKit really wrote are read, and contradictions of them really pushed."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.person import Person, Reader, succeeded
from tests.e2e.test_verify import put
from tests.rig import Rig
from tests.rig.sample import git

pytestmark = pytest.mark.e2e
Workstation = tuple[Person, Reader]
# BuildKit's protocol for scanners (docs/attestations/sbom-protocol.md): the filesystem is at one place, and every
# statement goes into another. This stand-in for Docker's own, which no mirror here has, lists the files of /bin.
SCANNER = """\
set -eu
list() {
    separator=
    for file in "$BUILDKIT_SCAN_SOURCE"/bin/*; do
        printf '%s{"SPDXID":"SPDXRef-%s","name":"%s"}' "$separator" "${file##*/}" "${file##*/}"
        separator=,
    done
}
test -d "$BUILDKIT_SCAN_SOURCE/app"
cat > "$BUILDKIT_SCAN_DESTINATION/${BUILDKIT_SCAN_SOURCE##*/}.spdx.json" <<END
{"_type": "https://in-toto.io/Statement/v0.1", "predicateType": "https://spdx.dev/Document", "predicate": {
 "spdxVersion": "SPDX-2.3", "SPDXID": "SPDXRef-DOCUMENT", "name": "sbom",
 "creationInfo": {"created": "2026-11-29T00:00:00Z", "creators": ["Organization: Aionis", "Tool: stand-in-1.0"]},
 "packages": [$(list)]}}
END
"""
SOURCE = "https://github.com/cognary/aionis.git"
VERSION = "org.opencontainers.image.version"
# What buildx takes where no generator is named (buildx util/buildflags/attests.go).
DEFAULT_SCANNER = "docker/buildkit-syft-scanner:stable-1"


@contextmanager
def scanner(rig: Rig, folder: Path) -> Iterator[None]:
    """The engine, and so its BuildKit, has the stand-in under the name of Docker's own scanner."""
    folder.mkdir()
    (folder / "scan.sh").write_text(SCANNER)
    (folder / "Dockerfile").write_text('FROM busybox:stable\nCOPY scan.sh /scan.sh\nENTRYPOINT ["sh", "/scan.sh"]\n')
    docker(rig, "buildx", "build", "--provenance=false", "--load", "--tag", DEFAULT_SCANNER, str(folder))
    try:
        yield
    finally:
        docker(rig, "image", "rm", DEFAULT_SCANNER)


def docker(rig: Rig, *arguments: str, folder: Path | None = None) -> bytes:
    done = subprocess.run(["docker", *arguments], cwd=folder, env=rig.environ(), check=True, capture_output=True)
    return done.stdout


def configure(person: Person, *keys: str) -> str:
    """What the project file says of lane main, committed; gives the commit."""
    path = person.checkout / "shiplane.toml"
    path.write_text(path.read_text() + "\n".join(["[lanes.main]", *keys, ""]))
    git(person.checkout, "commit", "--all", "--quiet", "--message", "another configuration")
    return git(person.checkout, "rev-parse", "HEAD")


def verified(person: Person, tag: str) -> tuple[int, dict[str, Any]]:
    done = person.invoke("verify", "--lane", "main", "--tag", tag, "--json")
    lane: dict[str, Any] = done.document["lanes"][0]
    return done.code, lane


def faults(lane: dict[str, Any]) -> set[str]:
    return {check["name"] for check in lane["checks"] if not check["good"]}


def inspected(rig: Rig, reference: str) -> dict[str, Any]:
    """What buildx itself reads of the attestations, by platform."""
    form = '{"provenance": {{json .Provenance}}, "sbom": {{json .SBOM}}}'
    told: dict[str, Any] = json.loads(docker(rig, "buildx", "imagetools", "inspect", reference, "--format", form))
    return told


def test_what_buildkit_attests_of_a_release_is_read_as_buildx_reads_it(
    rig: Rig, workstation: Workstation, tmp_path: Path
) -> None:
    person, reader = workstation
    commit = configure(person, 'provenance = "max"', "sbom = true")
    with scanner(rig, tmp_path / "scanner"):
        succeeded(person.invoke("publish", "--lane", "main", "--tag", "v0.2.1", "--latest"))
    code, lane = verified(person, "v0.2.1")
    assert (code, faults(lane)) == (0, set())
    told = {(each["image"], each["kind"]): each for each in lane["attestations"]}
    assert len(told) == 4
    truth = inspected(rig, f"{reader.image}:v0.2.1")
    for platform, image in lane["platforms"].items():
        provenance, sbom = told[image, "provenance"]["provenance"], told[image, "sbom"]["sbom"]
        assert (provenance["commit"], provenance["source"], provenance["mode"]) == (commit, SOURCE, "max")
        claimed = truth["provenance"][platform]["SLSA"]
        assert [material["uri"] for material in provenance["materials"]] == [
            material["uri"] for material in claimed["materials"]
        ]
        packages = truth["sbom"][platform]["SPDX"]["packages"]
        assert (sbom["packages"], sbom["generators"][0]) == (len(packages), "stand-in-1.0")
        assert sbom["packages"] > 100, "the applets of busybox"
    shown = succeeded(person.invoke("status", "--lane", "main", "--provenance")).out
    assert f"provenance  linux/amd64, linux/arm64: commit {commit} of {SOURCE} (clean or dirty: not recorded)" in shown
    assert "packages, SPDX-2.3, by stand-in-1.0" in shown
    index = json.loads(reader.raw("v0.2.1"))
    index["manifests"] = [entry for entry in index["manifests"] if entry["platform"]["os"] != "unknown"]
    put(reader, "v0.2.2", {**index, "annotations": {**index["annotations"], VERSION: "0.2.2"}})
    code, stripped = verified(person, "v0.2.2")
    assert (code, {"provenance", "sbom"} - faults(stripped)) == (6, set())


def test_an_image_that_is_labelled_with_another_commit_than_it_was_built_from_is_named(
    rig: Rig, workstation: Workstation
) -> None:
    person, reader = workstation
    labelled, built = "b" * 40, git(person.checkout, "rev-parse", "HEAD")
    labels = [f"--label=org.opencontainers.image.revision={labelled}", f"--label={VERSION}=0.2.1"]
    named = ("--tag", f"{reader.image}:v0.2.1", "--provenance=mode=max,version=v1")
    docker(rig, "buildx", "build", "--platform=linux/amd64", "--push", *labels, *named, ".", folder=person.checkout)
    done = person.invoke("verify", "--lane", "main", "--tag", "v0.2.1", "--platforms", "linux/amd64")
    assert done.code == 6, str(done)
    assert f"provenance of linux/amd64: expected commit {labelled} (its label), found commit {built}" in done.out
    assert (
        f"commit {built} of {SOURCE} (clean or dirty: not recorded), by a builder without an id, mode max" in done.out
    )
