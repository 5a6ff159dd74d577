"""The runbook word for word: dry runs that need nothing, both lanes from their git tags, and what stops a publish."""

from __future__ import annotations

import hashlib
import json
import shutil
import socketserver
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.e2e.person import Log, Person, Reader, runbook, succeeded
from tests.faults.harness.serving import serving
from tests.rig import Rig
from tests.rig.sample import commit, git

pytestmark = pytest.mark.e2e
Workstation = tuple[Person, Reader]
PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")


@contextmanager
def proxy() -> Iterator[tuple[dict[str, str], list[str]]]:
    """The variables that send all traffic to one place, and what arrived there."""
    seen: list[str] = []

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            seen.append(self.rfile.readline().decode(errors="replace"))

    with serving(socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)) as address:
        yield {spelled: f"http://{address}" for name in PROXIES for spelled in (name, name.lower())}, seen


@pytest.fixture
def published_names(rig: Rig, sample: Path) -> Iterator[Person]:
    """A bare checkout, on a machine whose engine knows images under the very names that a publish would write."""
    (sample / "shiplane.toml").unlink(missing_ok=True)
    git(sample, "commit", "--quiet", "--all", "--allow-empty", "--message", "no configuration at all")
    person = Person(rig, sample)
    names = [f"ghcr.io/cognary/aionis:{tag}" for tag in ("latest", "v0.2.1", "standalone-v0.2.1", "standalone-latest")]
    assert person.run(["docker", "pull", "busybox:stable"]).code == 0
    for name in names:
        assert person.run(["docker", "tag", "busybox:stable", name]).code == 0
    yield person
    person.run(["docker", "rmi", *names])


def ghcr_images(person: Person) -> str:
    return person.run(["docker", "images", "--no-trunc", "--digests", "ghcr.io/cognary/aionis"]).out


@pytest.mark.parametrize(("lane", "variables"), [("main", {}), ("standalone", {"TAG": "standalone-v0.2.1"})])
def test_a_dry_run_without_any_configuration_speaks_to_nobody_and_touches_no_published_name(
    rig: Rig, published_names: Person, tmp_path: Path, lane: str, variables: dict[str, str]
) -> None:
    person, logs = published_names, [Log(rig.plain_log), Log(rig.guarded_log)]
    before = ghcr_images(person)
    with proxy() as (proxies, seen):
        done = person.invoke("publish", "--lane", lane, "--dry-run", HOME=str(tmp_path), **proxies, **variables)
    assert done.code == 0, str(done)
    assert "nothing was pushed" in done.err
    assert seen == []
    assert [log.lines() for log in logs] == [[], []]
    assert ghcr_images(person) == before
    assert before.count("ghcr.io/cognary/aionis") == 4


def test_both_lanes_publish_from_their_git_tags_and_crane_skopeo_and_docker_agree(
    rig: Rig, guarded_workstation: Workstation, tmp_path: Path
) -> None:
    person, reader = guarded_workstation
    git(person.checkout, "tag", "docker-v0.2.1")
    git(person.checkout, "tag", "standalone-v0.2.2")
    for lane in ("main", "standalone"):
        done = person.invoke("publish", "--lane", lane, PUBLISH_LATEST="true")
        assert done.code == 0, str(done)
    tags = reader.tags()
    assert set(tags) == {"v0.2.1", "latest", "standalone-v0.2.2", "standalone-latest"}
    assert tags["v0.2.1"] == tags["latest"] != tags["standalone-v0.2.2"] == tags["standalone-latest"]
    docker = docker_of(rig, tmp_path)
    account = rig.accounts["pull"]
    argv = ["docker", "login", rig.guarded, "--username", account.username, "--password", account.password]
    assert person.run(argv, DOCKER_CONFIG=docker).code == 0
    for tag, digest in tags.items():
        raw = reader.raw(tag)
        assert "sha256:" + hashlib.sha256(raw).hexdigest() == digest
        assert reader.platforms(tag) == ["linux/amd64", "linux/arm64"]
        name = f"{reader.image}:{tag}"
        shown = person.run(["docker", "manifest", "inspect", "--insecure", name], DOCKER_CONFIG=docker)
        entries = [entry["digest"] for entry in json.loads(shown.out)["manifests"]]
        assert entries == [entry["digest"] for entry in json.loads(raw)["manifests"]]
        pulled = person.run(["docker", "pull", "--quiet", name], DOCKER_CONFIG=docker)
        assert pulled.code == 0, str(pulled)
        found = person.run(["docker", "image", "inspect", "--format", "{{.RepoDigests}}", name])
        assert f"{reader.image}@{digest}" in found.out


def docker_of(rig: Rig, tmp_path: Path) -> str:
    """A docker configuration of the test's own, with the rig's plugins and builders."""
    folder = tmp_path / "docker"
    shutil.copytree(rig.env["DOCKER_CONFIG"], folder, symlinks=True)
    return str(folder)


def test_publishing_again_writes_nothing_at_all(rig: Rig, guarded_workstation: Workstation) -> None:
    person, reader = guarded_workstation
    arguments = ("publish", "--lane", "standalone", "--tag", "standalone-v0.2.1")
    succeeded(person.invoke(*arguments))
    before, log = reader.tags(), Log(rig.guarded_log)
    done = person.invoke(*arguments, "--json")
    assert (done.code, done.built) == (0, False), str(done)
    assert done.document["lanes"][0]["built"] is False
    assert [line for line in log.lines() if line.split()[0] in {"PUT", "PATCH", "DELETE"}] == []
    assert reader.tags() == before


@pytest.mark.parametrize(
    ("account", "words"),
    [
        ("pull", "does not match expected scopes"),
        ("unlinked", "permission_denied: write_package"),
        ("unknown", "HTTP 403: denied"),
        (None, "anonymous push is not allowed"),
    ],
)
def test_a_refusal_comes_within_two_seconds_and_says_which_credential_it_met(
    rig: Rig, guarded_workstation: Workstation, account: str | None, words: str
) -> None:
    person, reader = guarded_workstation
    person.variables = runbook(rig, reader.image, account) if account else {"IMAGE_REPO": reader.image}
    took = []
    for _ in range(2):  # the first may find a busy machine
        started = time.monotonic()
        done = person.invoke("publish", "--lane", "main", "--tag", "v0.2.1")
        took.append(time.monotonic() - started)
        assert (done.code, done.built) == (4, False), str(done)
        who = f"as {account}-user (GHCR_USERNAME + GHCR_TOKEN)" if account else "anonymously (no credentials)"
        assert who in done.err
        assert words in done.err
        assert ("configure the GHCR secrets explicitly" if account else "Set GHCR_USERNAME and GHCR_TOKEN") in done.err
        assert "invoke auth.show" in done.err.splitlines()[-1]
    assert min(took) < 2, took


def test_commands_work_from_below_the_root(workstation: Workstation) -> None:
    person, reader = workstation
    below = Person(person.rig, person.checkout, person.variables)
    done = below.run([*below.program, "publish", "--lane", "main", "--tag", "v0.2.1", "--latest"], below="src")
    assert done.code == 0, str(done)
    assert set(reader.tags()) == {"v0.2.1", "latest"}
    assert below.run([*below.program, "verify", "--lane", "main"], below="src").code == 0


@pytest.mark.parametrize(
    ("code", "words", "prepare", "variables"),
    [
        (2, "PUBLISH_LATEST", "true", {"PUBLISH_LATEST": "maybe"}),
        (3, "left-over", "touch left-over", {}),
        (3, "git tag docker-v0.2.1 is at", "git tag docker-v0.2.1 && git commit -qm more --allow-empty", {}),
    ],
    ids=["PUBLISH_LATEST=maybe", "a dirty tree", "a git tag elsewhere"],
)
def test_what_stops_a_publish_stops_it_before_the_registry_hears_of_it(
    rig: Rig, workstation: Workstation, code: int, words: str, prepare: str, variables: dict[str, str]
) -> None:
    person, _ = workstation
    assert person.run(["sh", "-c", prepare]).code == 0
    log = Log(rig.plain_log)
    done = person.invoke("publish", "--lane", "main", **{"TAG": "v0.2.1", **variables})
    assert done.code == code, str(done)
    assert words in done.err
    assert not done.built
    assert log.lines() == []


def test_rehearse_tells_a_newcomer_the_tags_and_the_digests(rig: Rig, sample: Path) -> None:
    person, logs = Person(rig, sample), [Log(rig.plain_log), Log(rig.guarded_log)]
    project = sample / "shiplane.toml"
    project.write_text(f'version-file = "package.json"\n{project.read_text()}')  # a rehearsal has versions of its own
    git(sample, "commit", "--quiet", "--all", "--message", "the version is in a file")
    done = person.invoke("rehearse", "--json")
    assert done.code == 0, str(done)
    rounds = done.document["rounds"]
    assert len(rounds) == 2
    for number, one in enumerate(rounds):
        lanes = {lane["tag"]: lane for lane in one["released"]["lanes"]}
        assert set(lanes) == {f"v0.1.{number}", f"standalone-v0.1.{number}"}
        assert all(tag["digest"] == lane["digest"] for lane in lanes.values() for tag in lane["floating_tags"])
        assert one["verified"]["lanes"][0]["good"] is True
    back = {one["floating_tags"][0]["tag"]: one for one in done.document["rolled_back"]}
    assert {name: one["version"] for name, one in back.items()} == {"latest": "0.1.0", "standalone-latest": "0.1.0"}
    first = {lane["tag"]: lane["digest"] for lane in rounds[0]["released"]["lanes"]}
    assert {one["tag"]: one["digest"] for one in back.values()} == first
    assert [log.lines() for log in logs] == [[], []]
    assert person.run(["docker", "ps", "--quiet", "--filter", "ancestor=registry:3"]).out == ""
    assert git(sample, "status", "--porcelain") == ""
    assert git(sample, "tag") == ""


@pytest.mark.thorough("the story as it is told; each fault and its repair is run in faults/cli/test_rehearsed_faults")
def test_rehearse_under_faults_shows_each_and_repairs_it(rig: Rig, sample: Path) -> None:
    person = Person(rig, sample)
    done = person.invoke("rehearse", "--faults", "--platforms", "linux/amd64", "--json")
    assert done.code == 0, str(done)
    faults = done.document["faults"]
    assert [(fault["met"], fault["exit"]) for fault in faults] == [(True, code) for code in (4, 7, 0, 0, 7)]
    assert faults[-1]["again"] == "invoke rollback --lane main --reason rehearsed --to v0.1.3"
    for fault in faults:
        assert f"\n$ {fault['command']}\n" in done.err
        if fault["exit"]:
            assert f"error: {fault['error']['what']}" in done.err
            assert fault["closing"][-1].endswith(fault["again"])
            assert f"repair: {fault['repair']}, then: {fault['again']}" in done.err
    assert git(sample, "status", "--porcelain") == ""


def test_one_release_of_the_next_commit_moves_both_lanes_together(workstation: Workstation) -> None:
    person, reader = workstation
    succeeded(person.invoke("release", "--version", "0.2.1", "--latest"))
    before = reader.tags()
    commit(person.checkout, "the next")
    done = person.invoke("release", "--version", "0.2.2", "--latest")
    assert done.code == 0, str(done)
    tags = reader.tags()
    assert {tag: tags[tag] for tag in ("v0.2.1", "standalone-v0.2.1")} == {
        tag: before[tag] for tag in ("v0.2.1", "standalone-v0.2.1")
    }
    assert tags["latest"] == tags["v0.2.2"] != before["latest"]
    assert tags["standalone-latest"] == tags["standalone-v0.2.2"]
