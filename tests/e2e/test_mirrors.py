"""A release into two real registries, one of which asks for its own credential: read back by crane and skopeo."""

from __future__ import annotations

import re
import signal
import socket
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.person import Done, Person, Reader, runbook, succeeded
from tests.rig import Rig, packages, processes, registries

pytestmark = pytest.mark.e2e
RELEASE = ("release", "--version", "0.2.1", "--latest")
ALL = ["latest", "standalone-latest", "standalone-v0.2.1", "v0.2.1"]


@pytest.fixture
def both(rig: Rig, sample: Path) -> tuple[Person, Reader, Reader]:
    """A person who releases to the open registry and to the guarded one, and one who looks at each."""
    name = f"cognary/aionis-{sample.parent.name[-8:].lower().strip('-_')}-{id(sample)}"
    images = f"{rig.plain}/{name}", f"{rig.guarded}/{name}"
    person = Person(rig, sample, runbook(rig, ",".join(images)))
    return person, Reader(rig, images[0]), Reader(rig, images[1], account="pull")


def writes(done: Done) -> list[str]:
    """The tags that were written, in order, as the run told it."""
    return re.findall(r"^ *done +((?:tag|move) +[\w.-]+)", done.err, re.MULTILINE)


def test_one_digest_is_in_both_and_every_version_tag_before_any_floating_tag(
    both: tuple[Person, Reader, Reader], tmp_path: Path
) -> None:
    person, primary, mirror = both
    done = succeeded(person.invoke(*RELEASE, "--json"))
    assert primary.tags() == mirror.tags()
    assert list(mirror.tags()) == ALL
    assert primary.raw("v0.2.1") == mirror.raw("v0.2.1")
    assert mirror.platforms("latest") == ["linux/amd64", "linux/arm64"]
    main = done.document["lanes"][0]
    assert [there["image"] for there in main["mirrors"]] == [f"{mirror.image}:v0.2.1"]
    names = [line.split()[0] for line in writes(done)]
    assert names == ["tag"] * 4 + ["move"] * 4
    # Again: nothing is built, copied or written.
    again = succeeded(person.invoke(*RELEASE))
    assert not again.built
    assert writes(again) == []
    mirror.pull("v0.2.1", tmp_path / "pulled")
    checked = succeeded(person.invoke("verify", "--tag", "0.2.1", "--json")).document
    assert {f"{mirror.image}:v0.2.1", f"{mirror.image}:latest"} <= subjects(checked)
    succeeded(person.invoke("status", "--exit-code"))
    empty = {"IMAGE_REPO": f"{primary.image},{primary.image}-empty"}
    succeeded(person.invoke("status", **empty))
    differing = person.invoke("status", "--exit-code", **empty)
    assert differing.code == 6, str(differing)
    assert f"{primary.image}-empty:latest does not exist; in the primary it is" in differing.out
    away = person.invoke("status", "--exit-code", IMAGE_REPO=f"{primary.image},127.0.0.1:1/away")
    assert (away.code, "127.0.0.1:1/away could not be compared" in away.out) == (7, True), str(away)


def test_a_rollback_moves_both(both: tuple[Person, Reader, Reader]) -> None:
    person, primary, mirror = both
    succeeded(person.invoke("publish", "--lane", "main", "--tag", "v0.2.1", "--latest"))
    succeeded(person.invoke("publish", "--lane", "main", "--tag", "v0.2.2", "--latest"))
    assert primary.tags() == mirror.tags()
    assert mirror.digest("latest") == mirror.digest("v0.2.2")
    done = succeeded(person.invoke("rollback", "--lane", "main", "--reason", "it loses data"))
    assert f"{mirror.image}:latest is at v0.2.1" in done.out
    assert primary.tags() == mirror.tags()
    assert mirror.digest("latest") == mirror.digest("v0.2.1")
    assert "DRIFT" not in succeeded(person.invoke("status", "--lane", "main")).out


def test_a_plan_is_refused_as_the_release_would_be_for_what_is_in_a_further_repository(
    both: tuple[Person, Reader, Reader],
) -> None:
    person, primary, mirror = both
    succeeded(person.invoke("publish", "--lane", "main", "--tag", "v0.2.2", IMAGE_REPO=mirror.image))
    for command in ("plan", "publish"):
        done = person.invoke(command, "--lane", "main", "--tag", "v0.2.2")
        assert (done.code, f"{mirror.image}:v0.2.2 is sha256:" in done.err) == (5, True), str(done)
    assert "v0.2.2" not in primary.tags()
    assert person.invoke("plan", "--lane", "main", "--tag", "v0.2.3").code == 0


def test_each_repository_is_checked_for_access(both: tuple[Person, Reader, Reader]) -> None:
    person, primary, mirror = both
    done = person.invoke("check.access", "--json")
    assert done.code == 0, str(done)
    shown = person.invoke("auth.show", "--json").document
    hosts = [reader.image.partition("/")[0] for reader in (primary, mirror)]
    assert [registry["registry"] for registry in shown["registries"]][:2] == hosts
    who = person.rig.accounts["pull"]
    refused = person.invoke("check.access", GHCR_USERNAME=who.username, GHCR_TOKEN=who.password)
    assert refused.code == 4, str(refused)
    assert mirror.image in refused.out


def subjects(document: dict[str, Any]) -> set[str]:
    """What a verification looked at."""
    return {check["subject"] for lane in document["lanes"] for check in lane["checks"]}


@pytest.mark.share(3)
@pytest.mark.parametrize("moment", ["done       stage", "done       copy", "done       tag", "done       move"])
def test_a_run_that_is_killed_is_completed_by_the_next(both: tuple[Person, Reader, Reader], moment: str) -> None:
    person, primary, mirror = both
    assert person.killed(signal.SIGKILL, lambda line: line.startswith(moment) or moment in line, *RELEASE) == -9
    here, there = primary.tags(), mirror.tags()
    if set(here) | set(there) & {"latest", "standalone-latest"}:
        assert set(there) <= set(here)
    succeeded(person.invoke(*RELEASE))
    assert primary.tags() == mirror.tags()
    assert list(mirror.tags()) == ALL


def test_a_registry_that_refuses_a_version_tag_leaves_nothing_floating_and_the_next_run_builds_nothing(
    both: tuple[Person, Reader, Reader],
) -> None:
    person, primary, mirror = both
    log = person.rig.guarded_log
    path = log.with_suffix(".refusals")
    path.write_text(f"PUT /v2/{mirror.image.partition('/')[2]}/manifests/standalone-v0.2.1 403\n")
    try:
        done = person.invoke(*RELEASE)
    finally:
        path.unlink()
    assert done.code == 4, str(done)
    assert list(primary.tags()) == ["standalone-v0.2.1", "v0.2.1"]
    assert list(mirror.tags()) == ["v0.2.1"]
    again = succeeded(person.invoke(*RELEASE))
    assert not again.built
    assert primary.tags() == mirror.tags()
    assert list(mirror.tags()) == ALL


def test_with_one_registry_away_nothing_is_named_anywhere(rig: Rig, sample: Path, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    name = f"cognary/away-{id(sample)}"
    person = Person(rig, sample, runbook(rig, f"{rig.plain}/{name},{address}/{name}"))
    primary, mirror = Reader(rig, f"{rig.plain}/{name}"), Reader(rig, f"{address}/{name}")
    done = person.invoke(*RELEASE)
    assert (done.code, primary.tags()) == (7, {}), str(done)
    assert not done.built
    binary = packages.toolbox().tool("docker-registry")
    third = tmp_path / "third"
    third.mkdir()
    try:
        registries.serve(third, "third", binary, registries.config(third / "data", address))
        succeeded(person.invoke(*RELEASE))
        assert primary.tags() == mirror.tags()
        assert list(mirror.tags()) == ALL
    finally:
        processes.end(processes.running(third).values())
