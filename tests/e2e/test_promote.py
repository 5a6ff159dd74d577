"""A promotion between two real registries, one of which asks for a credential: cosign itself judges the result."""

from __future__ import annotations

import signal
import subprocess
import uuid
from functools import partial
from pathlib import Path

import pytest

from tests.e2e.person import Done, Person, Reader, runbook, succeeded
from tests.e2e.signing import NOWHERE, PASSWORD, Signer, configure, parts_of, signer_of
from tests.rig import Rig

pytestmark = pytest.mark.e2e
# Without a log, and without asking sigstore's servers how to sign; with the second flag as cosign 2 did.
SIGN = ("sign", "--yes", "--use-signing-config=false", "--tlog-upload=false", "--key", "cosign.key")
OLD = "--new-bundle-format=false"
VERIFY = ("verify", "--insecure-ignore-tlog=true", "--key", "cosign.pub")


@pytest.fixture
def staged(rig: Rig, sample: Path) -> tuple[Person, Reader]:
    """A person who has released 0.2.1 of the main lane to staging, which is open to everybody."""
    staging = f"{rig.plain}/acme/staging-{uuid.uuid4().hex[:8]}"
    person = Person(rig, sample, {**runbook(rig, staging), "PLATFORMS": "linux/amd64"})
    succeeded(person.invoke("publish", "--lane", "main", "--tag", "v0.2.1", "--latest"))
    return person, Reader(rig, staging)


def production(rig: Rig) -> Reader:
    """A new repository in the registry that asks for a credential."""
    return Reader(rig, f"{rig.guarded}/acme/app-{uuid.uuid4().hex[:8]}", account="push")


def promoting(source: Reader, target: Reader, *more: str) -> tuple[str, ...]:
    return ("promote", "--lane", "main", "--from", source.image, "--to", target.image, "--tag", "v0.2.1", *more)


def promote(person: Person, source: Reader, target: Reader, *more: str) -> Done:
    return person.invoke(*promoting(source, target, *more))


def contains(text: str, line: str) -> bool:
    return text in line


def versions(reader: Reader) -> dict[str, str]:
    """The lane's tags, without those of signatures."""
    return {tag: digest for tag, digest in reader.tags().items() if not tag.startswith("sha256-")}


def cosign(signer: Signer, *arguments: str) -> int:
    argv = ["cosign", *arguments]
    return subprocess.run(argv, env=signer.env, cwd=signer.folder, capture_output=True, check=False).returncode


def test_cosign_accepts_in_production_what_was_signed_in_staging_beside_what_was_signed_there(
    staged: tuple[Person, Reader], signing_path: str, tmp_path: Path
) -> None:
    person, staging = staged
    target = production(person.rig)
    ours, foreign = (signer_of(target, "cosign", tmp_path / name, signing_path) for name in ("ours", "foreign"))
    first = succeeded(promote(person, staging, target, "--json")).document
    assert (first["new"], first["source"]) == (True, f"{staging.image}:v0.2.1")
    assert versions(target) == {"v0.2.1": staging.digest("v0.2.1")}
    assert target.raw("v0.2.1") == staging.raw("v0.2.1")

    digest = staging.digest("v0.2.1")
    for signer, image in ((ours, staging.image), (foreign, target.image)):
        assert cosign(signer, *SIGN, f"{image}@{digest}") == 0
        assert cosign(signer, *SIGN, OLD, f"{image}@{digest}") == 0
    assert not ours.accepts(target.image, digest)
    done = succeeded(promote(person, staging, target, "--latest"))
    assert "attached to it: 1 referrer; sha256-" in done.out
    for signer in (ours, foreign):
        assert signer.accepts(target.image, digest)
        assert cosign(signer, *VERIFY, OLD, f"{target.image}@{digest}") == 0
    assert versions(target) == versions(staging)
    again = succeeded(promote(person, staging, target, "--latest"))
    assert "already there" in again.out

    checked = succeeded(person.invoke("verify", "--lane", "main", "--tag", "v0.2.1", "--image", target.image))
    assert checked.out.startswith("good ")
    assert "DRIFT" not in succeeded(person.invoke("status", "--lane", "main", "--image", target.image)).out
    history = succeeded(person.invoke("history", "--lane", "main", "--image", target.image))
    assert f"promoted from {staging.image}:v0.2.1" in history.out
    assert PASSWORD not in done.out + done.err + again.err


def test_notation_accepts_in_production_what_a_release_signed_in_staging(
    rig: Rig, sample: Path, signing_path: str, tmp_path: Path
) -> None:
    staging, target = Reader(rig, f"{rig.plain}/acme/staging-{uuid.uuid4().hex[:8]}"), production(rig)
    variables = {**runbook(rig, staging.image), **NOWHERE, "PATH": signing_path, "PLATFORMS": "linux/amd64"}
    person = Person(rig, sample, variables)
    ours, another = (signer_of(target, "notation", tmp_path / name, signing_path) for name in ("ours", "another"))
    configure(person, ours.settings)
    succeeded(person.invoke("publish", "--lane", "main", "--tag", "v0.2.1", "--latest"))
    succeeded(promote(person, staging, target, "--latest"))
    for digest in parts_of(staging, "v0.2.1"):
        assert (ours.accepts(target.image, digest), another.accepts(target.image, digest)) == (True, False)


def test_one_that_is_killed_is_completed_and_another_digest_is_refused(staged: tuple[Person, Reader]) -> None:
    person, staging = staged
    for moment in ("done       copy", "done       inspect", "done       tag", "done       move"):
        target = production(person.rig)
        arguments = promoting(staging, target, "--latest")
        assert person.killed(signal.SIGKILL, partial(contains, moment), *arguments) == -9
        if "latest" in versions(target):
            assert "v0.2.1" in versions(target)
        succeeded(person.invoke(*arguments))
        assert versions(target) == versions(staging), moment
    other = Reader(person.rig, f"{person.rig.plain}/acme/other-{uuid.uuid4().hex[:8]}")
    labelled = ("publish", "--lane", "main", "--tag", "v0.2.1", "--platforms", "linux/arm64")
    succeeded(person.invoke(*labelled, IMAGE_REPO=other.image))
    refused = promote(person, staging, other)
    assert (refused.code, "exists already as" in refused.err) == (5, True), str(refused)
    assert staging.digest("v0.2.1") != other.digest("v0.2.1")
