"""What a release signs is accepted by cosign and notation themselves, in both registries, whatever follows."""

from __future__ import annotations

import json
import urllib.request
import uuid
from pathlib import Path

import pytest

from tests.e2e.person import Person, Reader, runbook, succeeded
from tests.e2e.signing import NOWHERE, PASSWORD, configure, parts_of, signer_of
from tests.rig import Rig

pytestmark = pytest.mark.e2e
INDEX = "application/vnd.oci.image.index.v1+json"


@pytest.fixture
def signing_person(rig: Rig, sample: Path, signing_path: str) -> Person:
    """A person who has both tools, and releases to the open registry and to the guarded one."""
    name = f"cognary/aionis-{uuid.uuid4().hex[:8]}"
    variables = runbook(rig, f"{rig.plain}/{name},{rig.guarded}/{name}")
    return Person(rig, sample, {**variables, **NOWHERE, "PATH": signing_path, "COSIGN_PASSWORD": PASSWORD})


@pytest.mark.parametrize("tool", ["cosign", "notation"])
def test_the_tool_itself_accepts_what_was_signed_after_release_rollback_and_adoption(
    signing_person: Person, signing_path: str, tmp_path: Path, tool: str
) -> None:
    person = signing_person
    primary, mirror = person.variables["IMAGE_REPO"].split(",")
    readers = {primary: Reader(person.rig, primary), mirror: Reader(person.rig, mirror, account="pull")}
    ours, another = (signer_of(readers[mirror], tool, tmp_path / name, signing_path) for name in ("keys", "other"))
    configure(person, ours.settings)

    def accepted() -> bool:
        return not another.accepts(mirror, readers[mirror].digest("v0.2.1")) and all(
            ours.accepts(image, digest)
            for image, reader in readers.items()
            for tag in ("v0.2.1", "v0.2.2")
            for digest in parts_of(reader, tag)
        )

    said = [succeeded(person.invoke("publish", "--lane", "main", "--tag", v, "--latest")) for v in ("0.2.1", "0.2.2")]
    assert accepted()
    again = succeeded(person.invoke("publish", "--lane", "main", "--tag", "0.2.2", "--latest"))
    assert again.err.count("unchanged  sign ") == 2 * 3
    said.append(succeeded(person.invoke("rollback", "--lane", "main", "--reason", "it loses data")))
    assert accepted()
    checked = succeeded(person.invoke("verify", "--lane", "main", "--tag", "0.2.1", "--signed"))
    assert "signed by " in checked.out
    # A ledger that knows of nothing yet: both versions are adopted as another tool's.
    configure(person, f'ledger = "{primary}-records"\n{ours.settings}')
    said.append(succeeded(person.invoke("adopt", "--lane", "main")))
    assert accepted()
    assert "signed by " in succeeded(person.invoke("verify", "--lane", "main", "--signed")).out
    assert not [done for done in said if PASSWORD in done.out + done.err]


def test_a_signature_that_is_stripped_anothers_or_of_another_image_is_a_fault_that_is_named(
    signing_person: Person, signing_path: str, tmp_path: Path
) -> None:
    person = signing_person
    image, _, mirror = person.variables["IMAGE_REPO"].partition(",")
    reading = Reader(person.rig, mirror, account="pull")
    ours, another = (signer_of(reading, "cosign", tmp_path / name, signing_path) for name in ("keys", "other"))
    person.variables |= {"IMAGE_REPO": image, "PLATFORMS": "linux/amd64"}
    configure(person, ours.settings)
    verify = ("verify", "--lane", "main", "--tag", "0.2.1", "--signed")
    unsigned = person.invoke("publish", "--lane", "main", "--tag", "0.2.1", COSIGN_PASSWORD="wrong_password")
    assert (unsigned.code, "cannot be opened" in unsigned.err, unsigned.built) == (4, True, False), str(unsigned)
    assert "signing: key" in succeeded(person.invoke("check.tools")).out
    for version in ("0.2.1", "0.2.2"):
        succeeded(person.invoke("publish", "--lane", "main", "--tag", version))
    reader = Reader(person.rig, image)
    (index, platform), (other, _) = parts_of(reader, "v0.2.1"), parts_of(reader, "v0.2.2")
    kept = reader.raw(listed(index))
    put(image, listed(index), reader.raw(listed(other)))
    assert_named(person.invoke(*verify), f"@{index[:19]} (index): expected a signature by", "that does not verify")
    put(image, listed(index), json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": []}).encode())
    assert_named(person.invoke(*verify), f"@{index[:19]} (index): expected a signature by", "found no signature")
    put(image, listed(index), kept)
    put(image, listed(platform), json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": []}).encode())
    assert_named(person.invoke(*verify), f"@{platform[:19]} (linux/amd64): expected", "found no signature")
    configure(person, another.settings.replace("[sign]\n", "[sign]\nrequired = true\n"))
    assert_named(person.invoke(*verify[:-1]), f"a signature by {another.folder}/cosign.pub", "that does not verify")


def listed(digest: str) -> str:
    """The tag that lists what refers to a digest."""
    return digest.replace(":", "-")


def put(image: str, tag: str, body: bytes) -> None:
    """Write a tag behind everybody's back."""
    host, _, path = image.partition("/")
    url = f"http://{host}/v2/{path}/manifests/{tag}"
    request = urllib.request.Request(url, body, {"Content-Type": INDEX}, method="PUT")
    with urllib.request.urlopen(request) as answer:
        assert answer.status == 201


def assert_named(done: object, *texts: str) -> None:
    """Exit 6, and each of these in the answer."""
    assert getattr(done, "code", None) == 6, str(done)
    assert [text for text in texts if text not in str(done)] == [], str(done)
