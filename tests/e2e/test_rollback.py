"""A bad release, as the person meets it who is woken up by it: rollback, marks, status and history for real."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import uuid
from pathlib import Path

import pytest

from tests.e2e.person import ROOT, Log, Person, Reader, succeeded
from tests.rig import Rig
from tests.rig.sample import commit, git

pytestmark = pytest.mark.e2e
Workstation = tuple[Person, Reader]


def release(person: Person, version: str, *lanes: str) -> None:
    commit(person.checkout, version)
    for lane in lanes or ("main",):
        succeeded(person.invoke("publish", "--lane", lane, "--tag", version, "--latest"))


def test_a_bad_release_is_rolled_back_marked_repaired_and_never_chosen_again(
    rig: Rig, guarded_workstation: Workstation
) -> None:
    person, reader = guarded_workstation
    for version in ("v0.2.0", "v0.2.1"):
        release(person, version, "main", "standalone")
    release(person, "v0.2.2")
    before, log = reader.tags(), Log(rig.guarded_log)
    done = person.invoke("rollback", "--lane", "main", "--reason", "crashes on start", "--json")
    requests, puts = log.lines(), log.all_tag_puts()
    assert done.code == 0, str(done)
    assert (done.document["version"], done.document["digest"]) == ("0.2.1", before["v0.2.1"])
    assert (done.document["before"]["version"], done.document["marked"]) == ("0.2.2", "v0.2.2")
    assert reader.tags() == {**before, "latest": before["v0.2.1"]}
    # Of the reads that begin together each may be told that a token is needed: how many is a matter of time.
    refused = [line for line in requests if line.endswith(" 401")]
    assert (len(refused) <= 4, len(requests) - len(refused) <= 36) == (True, True), "\n".join(requests)
    assert {line.split()[0] for line in requests} == {"GET", "HEAD", "PUT", "POST"}
    assert puts == ["latest", "ledger-main"]
    again = person.invoke("publish", "--lane", "main", "--tag", "v0.2.2", "--latest")
    assert (again.code, "0.2.2 is marked as bad (crashes on start)" in again.err) == (5, True), str(again)
    release(person, "v0.2.3")
    assert reader.tags()["latest"] == reader.tags()["v0.2.3"]
    second = succeeded(person.invoke("rollback", "--lane", "main", "--reason", "slow", "--json"))
    assert (second.document["version"], list(second.document["passed_over"])) == ("0.2.1", ["0.2.2"])
    assert reader.tags()["latest"] == before["v0.2.1"]
    assert [line for line in log.lines() if line.startswith("DELETE")] == []


def lose_a_layer(rig: Rig, image: str, tag: str) -> str:
    """Take a layer of an image out of the registry's storage, as an operator's clean-up does; gives its digest."""
    child = json.loads(crane(rig, "manifest", f"{image}:{tag}"))["manifests"][0]["digest"]
    layer = json.loads(crane(rig, "manifest", f"{image}@{child}"))["layers"][-1]["digest"]
    path, word = image.partition("/")[2], layer.removeprefix("sha256:")
    storage = rig.plain_root / "docker/registry/v2"
    shutil.rmtree(storage / "blobs/sha256" / word[:2] / word)
    shutil.rmtree(storage / "repositories" / path / "_layers/sha256" / word)
    return str(layer)


@pytest.mark.thorough("a blob gone from the disk of a real registry; the choice is in faults/rollback")
def test_a_version_that_nobody_can_pull_is_passed_over_and_the_same_rollback_goes_down_once(
    rig: Rig, workstation: Workstation
) -> None:
    person, reader = workstation
    for version in ("v0.2.0", "v0.2.1", "v0.2.2"):
        # No other image may share the layer that is lost.
        with (person.checkout / "src/index.html").open("a") as page:
            page.write(f"<!-- {uuid.uuid4()} -->\n")
        git(person.checkout, "commit", "--quiet", "--all", "--message", "another page")
        release(person, version)
    lost, before = lose_a_layer(rig, reader.image, "v0.2.1")[:19], reader.tags()
    refused = person.invoke("rollback", "--lane", "main", "--to", "v0.2.1", "--reason", "slow")
    assert (refused.code, lost in refused.err, reader.tags()) == (6, True, before), str(refused)
    done = succeeded(person.invoke("rollback", "--lane", "main", "--reason", "slow", "--json"))
    assert (done.document["version"], done.document["chosen"]["choice"]) == ("0.2.0", "known-good")
    assert list(done.document["passed_over"]) == ["0.2.1"]
    assert reader.digest("latest") == before["v0.2.0"]
    twice = person.invoke("rollback", "--lane", "main", "--reason", "slow")
    assert (twice.code, "rolled latest back from v0.2.2 to v0.2.0" in twice.err) == (5, True), str(twice)
    assert "rollback --lane main --again" in twice.err


def test_status_and_history_tell_the_story_to_people_to_programs_and_to_a_wiki(workstation: Workstation) -> None:
    person, reader = workstation
    release(person, "v0.2.1")
    release(person, "v0.2.2")
    succeeded(person.invoke("rollback", "--lane", "main", "--reason", "crashes | on start"))
    status = succeeded(person.invoke("status", "--lane", "main", "--json")).document["lanes"][0]
    (latest,) = status["floating_tags"]
    assert (latest["version"], latest["digest"], latest["how"]) == ("0.2.1", reader.digest("v0.2.1"), "rollback")
    assert (latest["why"], status["drift"]) == ("crashes | on start", [])
    history = succeeded(person.invoke("history", "--lane", "main", "--json")).document["lanes"][0]
    assert [(one["version"], bool(one["marked"])) for one in history["versions"]] == [("0.2.2", True), ("0.2.1", False)]
    assert history["versions"][0]["platforms"] == ["linux/amd64", "linux/arm64"]
    assert [entry["action"] for entry in history["entries"]] == [
        *("publish", "float", "publish", "float", "rollback", "mark")
    ]
    text = succeeded(person.invoke("status", "--lane", "main")).out
    assert f"v0.2.1  {reader.digest('v0.2.1')}" in text
    assert "v0.2.2: crashes | on start" in text
    table = succeeded(person.invoke("history", "--lane", "main", "--markdown")).out
    assert "crashes \\| on start" in table


def test_a_mark_needs_a_reason_and_can_be_taken_back(workstation: Workstation) -> None:
    person, _ = workstation
    release(person, "v0.2.1")
    assert person.invoke("mark", "--lane", "main", "--tag", "v0.2.1").code == 2
    assert person.invoke("mark", "--lane", "main", "--tag", "v0.9.9", "--reason", "x").code == 5
    assert person.invoke("mark", "--lane", "main", "--tag", "v0.2.1", "--reason", "x" * 301).code == 2
    marked = succeeded(person.invoke("mark", "--lane", "main", "--tag", "v0.2.1", "--reason", "leaks"))
    assert "invoke rollback --lane main" in marked.out
    bad = person.invoke("verify", "--lane", "main")
    assert (bad.code, "marked as bad: leaks" in bad.out) == (6, True), str(bad)
    nowhere = person.invoke("rollback", "--lane", "main")
    assert (nowhere.code, "no good version to go back to" in nowhere.err) == (6, True), str(nowhere)
    succeeded(person.invoke("unmark", "--lane", "main", "--tag", "0.2.1"))
    succeeded(person.invoke("verify", "--lane", "main"))


def test_images_of_the_old_scripts_can_be_told_and_rolled_back_saying_what_is_unknown(
    rig: Rig, workstation: Workstation
) -> None:
    person, reader = workstation
    (person.checkout / "shiplane.toml").write_text('build = "true"\nledger = false\n')
    git(person.checkout, "commit", "--quiet", "--all", "--message", "no ledger")
    for version in ("v0.2.0", "v0.2.1"):
        release(person, version)
    assert b"ledger-main" not in crane(rig, "ls", reader.image)
    (person.checkout / "shiplane.toml").write_text('build = "true"\n')
    status = succeeded(person.invoke("status", "--lane", "main"))
    assert "unknown, the move was not recorded" in status.out
    assert "none yet: earlier moves are unknown" in status.out
    history = succeeded(person.invoke("history", "--lane", "main", "--json")).document["lanes"][0]
    assert [(one["tag"], one["recorded"]) for one in history["versions"]] == [("v0.2.1", False), ("v0.2.0", False)]
    succeeded(person.invoke("rollback", "--lane", "main", "--reason", "old and bad"))
    assert reader.digest("latest") == reader.digest("v0.2.0")
    assert "v0.2.1: old and bad" in succeeded(person.invoke("status", "--lane", "main")).out


def crane(rig: Rig, *arguments: str, given: bytes = b"") -> bytes:
    return subprocess.run(["crane", *arguments], env=rig.environ(), input=given, check=True, capture_output=True).stdout


def test_a_ledger_is_read_by_crane_and_one_that_crane_changed_is_reported(
    rig: Rig, workstation: Workstation, tmp_path: Path
) -> None:
    person, reader = workstation
    release(person, "v0.2.1")
    old = reader.digest("ledger-main")
    release(person, "v0.2.2")
    manifest = json.loads(crane(rig, "manifest", f"{reader.image}:ledger-main"))
    layer = manifest["layers"][0]["digest"]
    lines = crane(rig, "blob", f"{reader.image}@{layer}")
    assert [json.loads(line)["action"] for line in lines.splitlines()] == ["publish", "float", "publish", "float"]
    assert manifest["annotations"]["dev.shiplane.ledger.previous"] == old
    crane(rig, "tag", f"{reader.image}@{old}", "ledger-main")
    behind = person.invoke("verify", "--lane", "main")
    assert (behind.code, "where it was moved on" in behind.out) == (6, True), str(behind)
    forged = tmp_path / "forged.jsonl"
    forged.write_bytes(lines.replace(b'"who":"', b'"who":"not '))
    crane(rig, "append", "--oci-empty-base", "-f", str(forged), "-t", f"{reader.image}:ledger-main")
    status = succeeded(person.invoke("status", "--lane", "main"))
    assert "the ledger is broken" in status.out
    commit(person.checkout, "v0.2.3")
    refused = person.invoke("publish", "--lane", "main", "--tag", "v0.2.3", "--latest")
    assert (refused.code, refused.built) == (6, False), str(refused)
    assert "invoke ledger.restart --lane main --reason TEXT" in refused.err
    succeeded(person.invoke("ledger.restart", "--lane", "main", "--reason", "somebody pushed over it"))
    succeeded(person.invoke("publish", "--lane", "main", "--tag", "v0.2.3", "--latest"))


WRITER = """
import os, sys
from shiplane.cli.run import Run
from shiplane.ledger.recorder import LedgerUpdate, record
from shiplane.registry.oci.names import Digest, Repository, Tag
from shiplane.config.lane import MAIN
from shiplane.ledger.ledger import Action

run, name = Run(), sys.argv[1]
repository = Repository.parse(os.environ["IMAGE_REPO"])
ledgers = run.registries.ledgers(repository, run.registries.writer(repository))
for number in range(int(sys.argv[2])):
    entry = ledgers.author.entry(
        Action.MARK, tag=Tag(f"v{name}.{number}.0"), version=f"{name}.{number}.0", after=Digest.of(name.encode())
    )
    for _ in record([LedgerUpdate(store=ledgers.store(MAIN), entries=[entry])]):
        pass
"""


@pytest.mark.thorough("the ledger between two processes many times; test_race has both in one release")
def test_two_processes_that_write_at_once_lose_no_entry(rig: Rig, workstation: Workstation) -> None:
    person, reader = workstation
    count = 50
    command = [sys.executable, "-c", WRITER]
    env = {**person.environ(), "PYTHONPATH": str(ROOT / "tasks")}
    writers = [subprocess.Popen([*command, name, str(count)], env=env, cwd=person.checkout) for name in "12"]
    assert [writer.wait(timeout=240) for writer in writers] == [0, 0]
    manifest = json.loads(crane(rig, "manifest", f"{reader.image}:ledger-main"))
    lines = b"".join(crane(rig, "blob", f"{reader.image}@{layer['digest']}") for layer in manifest["layers"])
    found = [json.loads(line)["tag"] for line in lines.splitlines()]
    assert sorted(found) == sorted(f"v{name}.{number}.0" for name in "12" for number in range(count))
    history = succeeded(person.invoke("history", "--lane", "main", "--json")).document["lanes"][0]
    assert (len(history["entries"]), history["drift"]) == (2 * count, [])


DEPLOYED = """
deployments = ["deploy/*"]
"""


def deploy(person: Person, image: str) -> None:
    """A compose file, a Kubernetes manifest and a Flux policy, committed."""
    folder = person.checkout / "deploy"
    folder.mkdir()
    (folder / "compose.yml").write_text(f"services:\n  api:\n    image: {image}:v0.2.2  # the API\n")
    (folder / "deployment.yaml").write_text(
        f"spec:\n  containers:\n    - name: api\n      image: '{image}:latest'\n"
        f"    - name: all-in-one\n      image: {image}:standalone-v0.2.1\n"
    )
    (folder / "flux.yaml").write_text(
        "apiVersion: image.toolkit.fluxcd.io/v1beta2\nkind: ImageRepository\n"
        f"metadata:\n  name: aionis\n  namespace: apps\nspec:\n  image: {image}\n---\n"
        "apiVersion: image.toolkit.fluxcd.io/v1beta2\nkind: ImageUpdateAutomation\n"
        "metadata:\n  name: writer\n  namespace: apps\n"
    )
    with (person.checkout / "shiplane.toml").open("a") as stream:
        stream.write(DEPLOYED)
    git(person.checkout, "add", "--all")
    commit(person.checkout, "deployments")


def test_deployment_files_follow_a_rollback_and_what_would_undo_it_is_named(workstation: Workstation) -> None:
    person, reader = workstation
    deploy(person, reader.image)
    for version in ("v0.2.1", "v0.2.2"):
        release(person, version)
    files = {path.name: path.read_text() for path in (person.checkout / "deploy").iterdir()}
    dry = succeeded(person.invoke("rollback", "--lane", "main", "--reason", "slow", "--dry-run"))
    pinned = f"{reader.image}:v0.2.1@{reader.digest('v0.2.1')}"
    assert f"+    image: {pinned}  # the API" in dry.out.splitlines()
    assert {path.name: path.read_text() for path in (person.checkout / "deploy").iterdir()} == files
    assert reader.digest("latest") == reader.digest("v0.2.2")
    done = succeeded(person.invoke("rollback", "--lane", "main", "--reason", "slow"))
    assert "flux suspend image repository aionis -n apps" in done.out
    assert "flux suspend image update writer -n apps" in done.out
    wanted = {
        **files,
        "compose.yml": files["compose.yml"].replace(f"{reader.image}:v0.2.2", pinned),
        "deployment.yaml": files["deployment.yaml"].replace(f"{reader.image}:latest", pinned),
    }
    assert {path.name: path.read_text() for path in (person.checkout / "deploy").iterdir()} == wanted
    listed = succeeded(person.invoke("deploy.list"))
    assert "v0.2.1" in listed.out
    marked = succeeded(person.invoke("mark", "--lane", "main", "--tag", "v0.2.1", "--reason", "leaks")).out
    assert "invoke rollback" in marked
    assert "marked as bad" in succeeded(person.invoke("deploy.list")).out
    refused = person.invoke("deploy.repoint", "--lane", "main", "--to", "v0.2.2")
    assert (refused.code, "v0.2.2 is marked as bad: slow" in refused.err) == (5, True), str(refused)


@pytest.mark.thorough("files that cannot be written after a rollback; alone they are in test_deployments")
@pytest.mark.skipif(os.geteuid() != 0, reason="making a folder read-only for root takes root")
def test_files_that_cannot_be_written_are_said_with_where_the_tag_is(workstation: Workstation) -> None:
    person, reader = workstation
    deploy(person, reader.image)
    for version in ("v0.2.1", "v0.2.2"):
        release(person, version)
    folder = str(person.checkout / "deploy")
    subprocess.run(["mount", "--bind", folder, folder], check=True)
    try:
        subprocess.run(["mount", "-o", "remount,bind,ro", folder], check=True)
        failed = person.invoke("rollback", "--lane", "main", "--reason", "slow")
    finally:
        subprocess.run(["umount", folder], check=True)
    assert failed.code == 3, str(failed)
    assert "latest is at v0.2.1, but the deployment files were not re-pointed" in failed.err
    assert reader.digest("latest") == reader.digest("v0.2.1")
    again = succeeded(person.invoke("rollback", "--lane", "main", "--to", "v0.2.1", "--reason", "slow"))
    assert "updated 2 places in 2 files" in again.out


def test_a_target_that_is_not_what_was_recorded_is_refused_by_name_and_passed_over_else(
    rig: Rig, workstation: Workstation
) -> None:
    person, reader = workstation
    for version in ("v0.2.0", "v0.2.1", "v0.2.2"):
        release(person, version)
    crane(rig, "tag", f"{reader.image}@{reader.digest('v0.2.2')}", "v0.2.1")
    before = reader.tags()
    refused = person.invoke("rollback", "--lane", "main", "--to", "v0.2.1", "--reason", "slow")
    assert (refused.code, "latest was not moved" in refused.err) == (6, True), str(refused)
    assert reader.tags() == before
    done = succeeded(person.invoke("rollback", "--lane", "main", "--reason", "slow"))
    assert "skipped v0.2.1: record of v0.2.1: expected" in done.out
    assert reader.digest("latest") == before["v0.2.0"]
