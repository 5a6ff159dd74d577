"""A builder of two nodes, and two machines that stage a platform each: one image, and no name before its time."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.person import PLATFORMS, Log, Person, Reader, succeeded
from tests.rig import Rig, start_fleet
from tests.rig.sample import commit, git

pytestmark = pytest.mark.e2e
Workstation = tuple[Person, Reader]


@pytest.fixture(scope="module")
def fleet(rig: Rig) -> str:
    if rig.hosted:
        pytest.skip("a hosted rig has one engine only")
    return start_fleet(rig).builder


def builds(person: Person, fleet: str) -> set[str]:
    """What the builder's nodes have built so far, as ``builder/node/id``."""
    listed = person.run(["docker", "buildx", "history", "ls", "--builder", fleet, "--format", "json"])
    return {json.loads(line)["ref"] for line in succeeded(listed).out.splitlines()}


def manifest_puts(log: Log) -> list[str]:
    found = [line.split() for line in log.lines()]
    return [path.rpartition("/")[2] for method, path, _ in found if method == "PUT" and "/manifests/" in path]


def test_each_platform_is_built_by_its_own_node_and_joined_into_one_image(
    rig: Rig, workstation: Workstation, fleet: str
) -> None:
    person, reader = workstation
    log, before = Log(rig.plain_log), builds(person, fleet)
    done = succeeded(person.invoke("release", "--version", "0.2.1", "--latest", "--builder", fleet))
    nodes = sorted(ref.split("/")[1] for ref in builds(person, fleet) - before)
    # Two lanes for each of two platforms.
    assert nodes == ["fleet0", "fleet0", "fleet1", "fleet1"]
    assert "linux/arm64: built by node fleet1 of fleet as assigned" in done.err
    for tag in ("v0.2.1", "standalone-v0.2.1"):
        entries = json.loads(reader.raw(tag))["manifests"]
        assert reader.platforms(tag) == PLATFORMS.split(",")
        kinds = [entry["platform"]["architecture"] for entry in entries]
        assert kinds == ["amd64", "arm64", "unknown", "unknown"]
        about = [entry["annotations"]["vnd.docker.reference.digest"] for entry in entries[2:]]
        assert about == [entry["digest"] for entry in entries[:2]]
        assert all(reader.manifest(entry["digest"])["layers"] for entry in entries)
    puts = manifest_puts(log)
    names = [name for name in puts if not name.startswith("sha256:")]
    groups = [("standalone-v0.2.1", "v0.2.1"), ("latest", "standalone-latest"), ("ledger-main", "ledger-standalone")]
    assert [tuple(sorted(names[at : at + 2])) for at in range(0, len(names), 2)] == groups
    # Every manifest is there by its digest before the first name is written.
    assert puts[-6:] == names
    succeeded(person.invoke("verify", "--lane", "main", "--tag", "v0.2.1", "--deep"))


def test_a_joined_image_has_the_form_that_one_node_gives_it(rig: Rig, workstation: Workstation, fleet: str) -> None:
    person, reader = workstation
    succeeded(person.invoke("publish", "--lane", "main", "--tag", "0.2.1", "--builder", fleet))
    single = Reader(rig, f"{reader.image}-single")
    succeeded(person.invoke("publish", "--lane", "main", "--tag", "0.2.1", "--builder", "rig", IMAGE_REPO=single.image))
    one, other = (json.loads(who.raw("v0.2.1")) for who in (reader, single))
    assert one["annotations"] == other["annotations"]
    assert list(one) == list(other)
    for mine, its in zip(one["manifests"], other["manifests"], strict=True):
        assert mine["platform"] == its["platform"]
        assert (list(mine), mine["mediaType"]) == (list(its), its["mediaType"])


def test_no_tag_appears_or_moves_while_a_fleet_stages(rig: Rig, workstation: Workstation, fleet: str) -> None:
    person, reader = workstation
    succeeded(person.invoke("release", "--version", "0.2.1", "--latest"))
    before, log = reader.tags(), Log(rig.plain_log)
    commit(person.checkout, "another")
    for lane in ("main", "standalone"):
        out = f"../{lane}.json"
        succeeded(person.invoke("stage", "--lane", lane, "--tag", "0.2.2", "--output", out, "--builder", fleet))
    assert reader.tags() == before
    assert log.tag_puts() == []
    succeeded(
        person.invoke("release", "--version", "0.2.2", "--staged", "../main.json", "--staged", "../standalone.json")
    )
    assert log.wrote_in_turn(["v0.2.2", "standalone-v0.2.2"], ["standalone-latest"])


def test_a_node_that_fails_stops_the_other_and_is_the_one_that_is_blamed(
    rig: Rig, workstation: Workstation, fleet: str
) -> None:
    person, reader = workstation
    log = Log(rig.plain_log)
    with (person.checkout / "Dockerfile").open("a") as stream:
        stream.write("USER root\nARG TARGETARCH\nRUN if [ $TARGETARCH = arm64 ]; then false; else sleep 60; fi\n")
    git(person.checkout, "commit", "--quiet", "--all", "--message", "a build that fails on arm64")
    done = person.invoke("publish", "--lane", "main", "--tag", "0.2.1", "--builder", fleet)
    assert done.code == 3, str(done)
    assert "error: the build failed" in done.err
    assert reader.tags() == {}
    assert log.tag_puts() == []


def test_images_without_attestations_are_joined_too(workstation: Workstation, fleet: str) -> None:
    person, reader = workstation
    configure(person, "provenance = false")
    succeeded(person.invoke("publish", "--lane", "main", "--tag", "0.2.1", "--builder", fleet))
    entries = json.loads(reader.raw("v0.2.1"))["manifests"]
    assert [entry["platform"]["architecture"] for entry in entries] == ["amd64", "arm64"]
    succeeded(person.invoke("publish", "--lane", "main", "--tag", "0.2.2", "--platforms", "linux/arm64"))
    assert "manifests" not in json.loads(reader.raw("v0.2.2"))


def test_the_doctor_says_what_each_node_builds(rig: Rig, workstation: Workstation, fleet: str) -> None:
    person, _ = workstation
    rows = {row["name"]: row for row in person.invoke("check.tools", "--builder", fleet, "--json").document["checks"]}
    assert "2 nodes" in rows["tools: builder"]["reason"]
    assert rows["tools: node fleet1"]["reason"].startswith("assigned: linux/arm64; able to: linux/amd64")
    assert rows["tools: linux/arm64"]["reason"] == "built by fleet, node fleet1, as assigned"
    # The same two machines, but nobody told buildx which platform is whose.
    sockets = [rig.folder / "s" / f"{engine}-buildkit.sock" for engine in ("engine", "engine2")]
    for append, socket in zip(([], ["--append"]), sockets, strict=True):
        create = ["docker", "buildx", "create", *append, "--name", "untold", "--driver", "remote"]
        succeeded(person.run([*create, f"unix://{socket}"]))
    try:
        done = person.invoke("check.tools", "--builder", "untold", "--json")
        reasons = {row["name"]: row["reason"] for row in done.document["checks"]}
        assert reasons["tools: linux/amd64"] == "built by untold, node untold0, natively"
        assert reasons["tools: linux/arm64"] == "built by untold, node untold0, with emulation, which is slower"
    finally:
        person.run(["docker", "buildx", "rm", "untold"])


@pytest.fixture
def two_machines(rig: Rig, workstation: Workstation, tmp_path: Path) -> tuple[Person, Person, Reader]:
    """Two people with a checkout each of the same commit."""
    person, reader = workstation
    other = Person(rig, Path(shutil.copytree(person.checkout, tmp_path / "other")), dict(person.variables))
    return person, other, reader


def stage(person: Person, platform: str, output: Path, *more: str) -> dict[str, Any]:
    """Stage one platform of the main lane; gives the file."""
    flags = ("--lane", "main", "--tag", "0.2.1", "--platforms", platform, "--output", str(output), *more)
    succeeded(person.invoke("stage", *flags))
    found: dict[str, Any] = json.loads(output.read_text())
    return found


def test_two_machines_stage_a_platform_each_and_one_publishes_both(
    rig: Rig, two_machines: tuple[Person, Person, Reader], fleet: str, tmp_path: Path
) -> None:
    person, other, reader = two_machines
    log = Log(rig.plain_log)
    amd, arm = tmp_path / "amd.json", tmp_path / "arm.json"
    assert stage(person, "linux/amd64", amd, "--builder", "rig")["builder"]["name"] == "rig"
    assert stage(other, "linux/arm64", arm, "--builder", fleet)["builder"]["nodes"] == {
        "linux/arm64": {"node": "fleet1", "way": "assigned"}
    }
    assert reader.tags() == {}
    flags = ("publish", "--lane", "main", "--tag", "0.2.1", "--latest", "--staged", str(arm), "--staged", str(amd))
    done = succeeded(person.invoke(*flags, "--json"))
    assert not done.built
    (lane,) = done.document["lanes"]
    assert reader.tags() == {"v0.2.1": lane["digest"], "latest": lane["digest"]}
    assert reader.platforms("v0.2.1") == PLATFORMS.split(",")
    assert log.tag_puts() == ["v0.2.1", "latest"]
    again = succeeded(person.invoke(*flags, "--json"))
    assert again.document["lanes"][0]["built"] is False


def wrong(change: Callable[[dict[str, Any]], Any]) -> Callable[[Path], None]:
    def spoil(path: Path) -> None:
        document = json.loads(path.read_text())
        path.write_text(json.dumps(change(document)))

    return spoil


@pytest.mark.parametrize(
    ("spoil", "code", "said"),
    [
        (lambda path: path.unlink(), 2, "no such file"),
        (lambda path: path.write_text("{"), 2, "is not JSON"),
        (lambda path: path.write_text(" " * 70_000), 2, "is larger than 65536 bytes"),
        (wrong(lambda it: {**it, "schema": "shiplane.staged/9"}), 2, "the schema 'shiplane.staged/9'"),
        (wrong(lambda it: {**it, "digest": 5}), 2, "digest is an integer"),
        (wrong(lambda it: {**it, "commit": "b" * 40}), 2, "was staged with the commit"),
        (wrong(lambda it: {**it, "platforms": ["linux/amd64"]}), 2, "lack linux/arm64 and have twice linux/amd64"),
        (wrong(lambda it: {**it, "platforms": ["linux/s390x"]}), 2, "lack linux/arm64 and also have linux/s390x"),
    ],
    ids=["missing", "not JSON", "large", "schema", "type", "commit", "doubled", "foreign"],
)
def test_a_wrong_file_is_one_clear_error_and_no_name(
    rig: Rig, workstation: Workstation, tmp_path: Path, spoil: Callable[[Path], None], code: int, said: str
) -> None:
    person, _ = workstation
    amd, arm = tmp_path / "amd.json", tmp_path / "arm.json"
    identity = {
        "schema": "shiplane.staged/1",
        "image": person.variables["IMAGE_REPO"],
        "lane": "main",
        "version": "0.2.1",
        "commit": git(person.checkout, "rev-parse", "HEAD"),
        "created": person.invoke("plan", "--json").document["created"],
        "digest": "sha256:" + "0" * 64,
    }
    for path, platform in ((amd, "linux/amd64"), (arm, "linux/arm64")):
        path.write_text(json.dumps({**identity, "platforms": [platform], "builder": {}}))
    spoil(arm)
    log = Log(rig.plain_log)
    done = person.invoke("publish", "--lane", "main", "--tag", "0.2.1", "--staged", str(amd), "--staged", str(arm))
    assert done.code == code, str(done)
    assert said in done.err
    assert "Traceback" not in done.err
    # It was found before the registry was asked at all, but for the closing words.
    assert not [line for line in log.lines() if not line.startswith("GET")]


def test_a_file_that_names_another_image_of_the_registry_is_found_out(
    two_machines: tuple[Person, Person, Reader], tmp_path: Path
) -> None:
    person, other, reader = two_machines
    amd, arm = tmp_path / "amd.json", tmp_path / "arm.json"
    commit(other.checkout, "another commit")
    stage(person, "linux/amd64", amd)
    foreign = stage(other, "linux/arm64", arm)
    arm.write_text(json.dumps({**json.loads(amd.read_text()), "platforms": ["linux/arm64"]}))
    flags = ("publish", "--lane", "main", "--tag", "0.2.1", "--staged", str(amd), "--staged", str(arm))
    done = person.invoke(*flags)
    assert (done.code, "expected linux/arm64, found linux/amd64" in done.err) == (6, True), str(done)
    arm.write_text(json.dumps({**json.loads(arm.read_text()), "digest": foreign["digest"]}))
    done = person.invoke(*flags)
    assert (done.code, f"found {foreign['commit']}" in done.err) == (6, True), str(done)
    assert reader.tags() == {}


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("stage", "--lane", "main", "--tag", "0.2.1"), 2, "--output"),
        (("stage", "--lane", "main", "--tag", "0.2.1", "--output", "nowhere/x.json"), 2, "no file can be written"),
        (("stage", "--lane", "main", "--output", "../x.json"), 2, "has no version"),
        (("stage", "--tag", "0.2.1", "--output", "../x.json"), 2, "no lane given"),
        (
            ("publish", "--lane", "main", "--tag", "0.2.1", "--staged", "x", "--dry-run"),
            2,
            "--dry-run cannot be combined with --staged",
        ),
        (
            ("publish", "--lane", "main", "--tag", "0.2.1", "--staged", "x", "--builder", "y"),
            2,
            "--builder cannot be combined with --staged",
        ),
    ],
)
def test_flags_that_cannot_be_meant_are_refused(
    workstation: Workstation, arguments: tuple[str, ...], code: int, said: str
) -> None:
    person, reader = workstation
    done = person.invoke(*arguments)
    assert (done.code, said in done.err, done.built) == (code, True, False), str(done)
    assert reader.tags() == {}


def test_a_dirty_tree_is_not_staged(workstation: Workstation) -> None:
    person, _ = workstation
    (person.checkout / "src/index.html").write_text("changed")
    done = person.invoke("stage", "--lane", "main", "--tag", "0.2.1", "--output", "../x.json")
    assert (done.code, done.built) == (3, False), str(done)
    assert not (person.checkout.parent / "x.json").exists()


def test_a_version_of_another_commit_is_refused_before_anything_is_staged(workstation: Workstation) -> None:
    person, _ = workstation
    succeeded(person.invoke("publish", "--lane", "main", "--tag", "0.2.1", "--platforms", "linux/amd64"))
    commit(person.checkout, "another")
    done = person.invoke("stage", "--lane", "main", "--tag", "0.2.1", "--output", "../x.json")
    assert (done.code, done.built) == (5, False), str(done)


def configure(person: Person, *lines: str) -> None:
    """Commit settings of the main lane."""
    with (person.checkout / "shiplane.toml").open("a") as stream:
        stream.write("\n".join(["[lanes.main]", *lines, ""]))
    git(person.checkout, "commit", "--quiet", "--all", "--message", "settings")
