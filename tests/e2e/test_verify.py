"""Verification of a real registry whose content was really damaged."""

from __future__ import annotations

import json
import subprocess
import urllib.request
import uuid
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.person import Done, Person, Reader, logged_in, succeeded
from tests.rig import Rig
from tests.rig.sample import commit, git

pytestmark = pytest.mark.e2e
Workstation = tuple[Person, Reader]


@pytest.fixture
def released(workstation: Workstation) -> Workstation:
    """Both tags of lane main, published and good."""
    person, _ = workstation
    done = person.invoke("publish", "--lane", "main", "--tag", "v0.2.1", "--latest")
    assert done.code == 0, str(done)
    return workstation


def verify(person: Person, *more: str) -> Done:
    done = person.invoke("verify", "--lane", "main", "--json", *more)
    assert "Traceback" not in done.err
    return done


def faults(done: Done) -> set[str]:
    return {check["name"] for lane in done.document["lanes"] for check in lane["checks"] if not check["good"]}


def test_a_good_pair_is_good_however_it_is_looked_at(released: Workstation) -> None:
    person, reader = released
    for more in ((), ("--tag", "v0.2.1"), ("--deep", "--pull", "--anonymous")):
        done = verify(person, *more)
        assert (done.code, faults(done)) == (0, set()), str(done)
        assert done.document["lanes"][0]["digest"] == reader.digest("latest")


def test_a_missing_platform_is_named(released: Workstation) -> None:
    person, _ = released
    done = verify(person, "--platforms", "linux/amd64,linux/arm64,linux/riscv64")
    assert (done.code, faults(done)) == (6, {"platforms"}), str(done)


def test_the_platforms_of_the_publication_are_expected_and_it_is_said_who_says_so(workstation: Workstation) -> None:
    person, _ = workstation
    succeeded(person.invoke("publish", "--lane", "main", "--tag", "v0.2.1", "--latest", PLATFORMS="linux/amd64"))
    told = succeeded(verify(person)).document["lanes"][0]
    assert told["expected_platforms"] == {"value": ["linux/amd64"], "source": "recorded in the ledger"}
    assert "platforms: recorded in the ledger" in succeeded(person.invoke("verify", "--lane", "main")).out
    insisted = person.invoke("verify", "--lane", "main", "--platforms", "linux/amd64,linux/arm64")
    assert insisted.code == 6, str(insisted)
    assert "expected linux/amd64, linux/arm64 (--platforms), found linux/amd64" in insisted.out


def test_a_floating_tag_on_another_digest_is_named(released: Workstation) -> None:
    person, reader = released
    commit(person.checkout, "another version")
    succeeded(person.invoke("publish", "--lane", "main", "--tag", "v0.2.2", "--latest=no"))
    for asked, variables in ((("--latest",), {}), ((), {"PUBLISH_LATEST": "true"})):
        done = person.invoke("verify", "--lane", "main", "--json", "--tag", "v0.2.2", *asked, **variables)
        assert (done.code, faults(done)) == (6, {"floating"}), str(done)
        assert reader.digest("latest") in done.out


def test_a_floating_tag_that_nobody_asked_to_move_is_said_and_is_no_fault(released: Workstation) -> None:
    person, _ = released
    commit(person.checkout, "another version")
    succeeded(person.invoke("publish", "--lane", "main", "--tag", "v0.2.2"))
    told = succeeded(person.invoke("verify", "--lane", "main", "--tag", "v0.2.2"))
    assert "latest: at v0.2.1, not expected at v0.2.2 (recorded in the ledger)" in told.out


def test_a_floating_tag_on_something_that_is_no_version_is_named(rig: Rig, released: Workstation) -> None:
    person, reader = released
    succeeded(person.invoke("publish", "--lane", "standalone", "--tag", "v0.2.1"))
    source = f"{reader.image}:standalone-v0.2.1"
    subprocess.run(["crane", "tag", source, "latest"], env=rig.environ(), check=True, capture_output=True)
    done = verify(person)
    assert done.code == 6, str(done)
    assert "floating" in faults(done)


def test_a_child_manifest_deleted_from_the_registrys_disk_is_named(rig: Rig, released: Workstation) -> None:
    person, reader = released
    child = json.loads(reader.raw("v0.2.1"))["manifests"][1]["digest"].removeprefix("sha256:")
    repository = reader.image.partition("/")[2]
    found = list(rig.plain_root.rglob(f"repositories/{repository}/_manifests/revisions/sha256/{child}/link"))
    assert found, "the registry keeps its manifests elsewhere"
    for link in found:
        link.unlink()
    done = verify(person)
    assert (done.code, faults(done)) == (6, {"child"}), str(done)
    assert child[:12] in done.out


def test_a_config_whose_architecture_lies_is_named(released: Workstation) -> None:
    person, reader = released
    index = json.loads(reader.raw("v0.2.1"))
    amd, arm = (entry for entry in index["manifests"] if entry["platform"]["os"] == "linux")
    amd["digest"], amd["size"] = arm["digest"], arm["size"]
    put(reader, "v0.2.1", index)
    put(reader, "latest", index)
    done = verify(person)
    assert done.code == 6, str(done)
    assert "config" in faults(done)
    assert "expected a config for linux/amd64, found one for linux/arm64" in person.invoke("verify").out


def test_a_revision_of_another_commit_is_named(released: Workstation) -> None:
    person, _ = released
    git(person.checkout, "tag", "docker-v0.2.1", commit(person.checkout, "where the git tag stands"))
    done = verify(person)
    assert (done.code, faults(done)) == (6, {"revision"}), str(done)


def test_a_registry_that_does_not_answer_is_no_finding(sample: Path, rig: Rig) -> None:
    person = Person(rig, sample, {"IMAGE_REPO": "127.0.0.1:1/cognary/aionis"})
    done = person.invoke("plan", "--lane", "main")
    assert done.code == 0, str(done)
    assert "the registry was not asked" in done.out


def put(reader: Reader, tag: str, document: dict[str, Any]) -> None:
    """Overwrite a tag, as nobody should."""
    registry, _, path = reader.image.partition("/")
    url = f"http://{registry}/v2/{path}/manifests/{tag}"
    request = urllib.request.Request(url, data=json.dumps(document).encode(), method="PUT")
    request.add_header("Content-Type", document["mediaType"])
    with urllib.request.urlopen(request, timeout=10) as answer:
        assert answer.status == 201


def test_a_version_that_is_not_there_is_named(released: Workstation) -> None:
    person, _ = released
    done = verify(person, "--tag", "v9.9.9")
    assert (done.code, faults(done)) == (6, {"resolves"}), str(done)


def test_a_layer_deleted_from_the_registrys_disk_is_found_wherever_layers_are_asked_for(
    rig: Rig, released: Workstation
) -> None:
    person, reader = released
    amd = next(m for m in json.loads(reader.raw("v0.2.1"))["manifests"] if m["platform"]["architecture"] == "amd64")
    layer = reader.manifest(amd["digest"])["layers"][-1]["digest"].removeprefix("sha256:")
    repository = reader.image.partition("/")[2]
    links = list(rig.plain_root.rglob(f"repositories/{repository}/_layers/sha256/{layer}/link"))
    assert links, "the registry keeps its layers elsewhere"
    for link in links:
        link.unlink()
    assert verify(person).code == 0, "a survey asks for manifests and configs"
    for more in (("--tag", "v0.2.1"), ("--deep",)):
        done = verify(person, *more)
        assert (done.code, faults(done)) == (6, {"blob"}), str(done)
        assert layer[:12] in done.out
    assert "blob" in faults(verify(person, "--pull")), "whether or not the engine has it already"


def test_what_a_stranger_cannot_read_is_named(rig: Rig, guarded_workstation: Workstation, tmp_path: Path) -> None:
    person, _ = guarded_workstation
    logged_in(person, tmp_path)
    image = f"{rig.guarded}/private/{uuid.uuid4().hex[:8]}"
    person.variables["IMAGE_REPO"] = image
    succeeded(person.invoke("publish", "--lane", "main", "--tag", "v0.2.1", "--latest"))
    assert verify(person).code == 0
    assert verify(person, "--pull").code == 0
    done = verify(person, "--anonymous")
    assert (done.code, faults(done)) == (6, {"anonymous"}), str(done)
    person.variables = {"IMAGE_REPO": image}
    assert verify(person).code == 4


def test_both_lanes_are_verified_when_nobody_says_which(workstation: Workstation) -> None:
    person, reader = workstation
    succeeded(person.invoke("release", "--version", "0.2.1", "--latest"))
    done = person.invoke("verify", "--json")
    assert done.code == 0, str(done)
    assert {lane["tag"]: lane["digest"] for lane in done.document["lanes"]} == {
        tag: digest for tag, digest in reader.tags().items() if "latest" not in tag
    }
    subprocess.run(
        ["crane", "tag", f"{reader.image}:v0.2.1", "standalone-latest"],
        env=person.rig.environ(),
        check=True,
        capture_output=True,
    )
    done = person.invoke("verify", "--json")
    assert done.code == 6, str(done)
    assert [lane["good"] for lane in done.document["lanes"]] == [True, False]
    assert faults(done) >= {"floating"}


def test_an_index_that_exchanges_two_architectures_is_named(released: Workstation) -> None:
    person, reader = released
    index = json.loads(reader.raw("v0.2.1"))
    for entry in index["manifests"]:
        if entry["platform"]["os"] == "linux":
            architecture = {"amd64": "arm64", "arm64": "amd64"}[entry["platform"]["architecture"]]
            entry["platform"]["architecture"] = architecture
    for tag in ("v0.2.1", "latest"):
        put(reader, tag, index)
    done = verify(person)
    assert done.code == 6, str(done)
    assert faults(done) == {"config", "record"}
