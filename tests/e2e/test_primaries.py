"""Three lanes in three repositories on two real registries, with the same tags: one release, one rollback."""

from __future__ import annotations

import re
import signal
import uuid
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.e2e.person import Done, Person, Reader, runbook, succeeded, without
from tests.rig import Rig
from tests.rig.sample import git

pytestmark = pytest.mark.e2e
NAMES = ("operator", "webhooks", "adapter")
DOCKERFILE = """FROM scratch AS base
COPY src/index.html /
FROM base AS webhooks
ENV PART=webhooks
FROM base AS adapter
ENV PART=adapter
FROM base AS operator
ENV PART=operator
"""
LANE = """
[lanes.{name}]
image = "{image}"
dockerfile = "Dockerfile"
target = "{name}"
prefix = ""
floating = ["latest", "v{{major}}"]
git-tag = "v{{version}}"
publish-latest = true
"""


@dataclass(frozen=True)
class Group:
    """A person with a project of the three lanes, and who looks at each lane's repository."""

    person: Person
    readers: dict[str, Reader]

    def tags(self) -> dict[str, dict[str, str]]:
        return {name: reader.tags() for name, reader in self.readers.items()}

    def at(self, version: str, *tags: str) -> bool:
        """Whether these tags are at the version in every repository."""
        return all(held.get(tag) == held[version] for held in self.tags().values() for tag in tags)


@pytest.fixture
def group(rig: Rig, sample: Path) -> Group:
    """The third repository is on the registry that asks for a credential."""
    unique = f"acme-{uuid.uuid4().hex[:8]}"
    images = {name: f"{rig.guarded if name == 'adapter' else rig.plain}/{unique}/{name}" for name in NAMES}
    person = Person(rig, sample, without(runbook(rig, ""), "IMAGE_REPO"))
    file = sample / "shiplane.toml"
    lanes = "".join(LANE.format(name=name, image=image) for name, image in images.items())
    file.write_text(f'deployments = ["deploy/*.yml"]\n{file.read_text()}{lanes}')
    (sample / "Dockerfile").write_text(DOCKERFILE)
    (sample / "deploy").mkdir(exist_ok=True)
    (sample / "deploy" / "all.yml").write_text("".join(f"image: {image}:v1.1.0\n" for image in images.values()))
    git(sample, "add", "--all")
    git(sample, "commit", "--quiet", "--message", "three images")
    readers = {name: Reader(rig, image, account="pull" if name == "adapter" else "") for name, image in images.items()}
    return Group(person, readers)


def writes(done: Done) -> list[str]:
    """The tags that were written, in order, as the run told it."""
    return re.findall(r"^ *done +((?:tag|move) +\S+) in", done.err, re.MULTILINE)


def test_one_release_and_one_rollback_of_three_repositories(group: Group, tmp_path: Path) -> None:
    person = group.person
    planned = succeeded(person.invoke("plan", "--tag", "1.0.0")).out
    assert all(f"v1.0.0 in {reader.image}" in planned for reader in group.readers.values())
    done = succeeded(person.invoke("release", "--version", "1.0.0", "--json"))
    assert [name.split()[0] for name in writes(done)] == ["tag"] * 3 + ["move"] * 6
    assert [name.split()[1] for name in writes(done)] == ["v1.0.0"] * 3 + ["v1"] * 3 + ["latest"] * 3
    assert [lane["image"] for lane in done.document["lanes"]] == [
        f"{reader.image}:v1.0.0" for reader in group.readers.values()
    ]
    assert len({held["v1.0.0"] for held in group.tags().values()}) == len(NAMES)
    succeeded(person.invoke("release", "--version", "1.1.0"))
    assert group.at("v1.1.0", "latest", "v1")
    again = succeeded(person.invoke("release", "--version", "1.1.0"))
    assert (again.built, writes(again)) == (False, [])
    for name, reader in group.readers.items():
        reader.pull("latest", tmp_path / name)
    verified = succeeded(person.invoke("verify", "--pull", "--deep")).out
    assert all(f"{reader.image}:v1.1.0" in verified for reader in group.readers.values())
    back = succeeded(person.invoke("rollback", *(f"--lane={name}" for name in NAMES), "--reason", "it loses data"))
    assert group.at("v1.0.0", "latest", "v1")
    assert all(f"{reader.image}:latest is at v1.0.0" in back.out for reader in group.readers.values())
    deployed = (person.checkout / "deploy" / "all.yml").read_text().splitlines()
    assert deployed == [f"image: {reader.image}:v1.0.0@{reader.tags()['v1.0.0']}" for reader in group.readers.values()]
    succeeded(person.invoke("verify"))
    status = succeeded(person.invoke("status")).out
    assert "DRIFT" not in status
    assert status.count("v1.1.0: it loses data") == len(NAMES)
    assert all(reader.image in status for reader in group.readers.values())
    assert all(reader.image in succeeded(person.invoke("history")).out for reader in group.readers.values())
    access, everything = (succeeded(person.invoke(task)).out for task in ("check.access", "check.all"))
    for reader in group.readers.values():
        assert all(f"push permission for {reader.image} confirmed" in checked for checked in (access, everything))
    for name in NAMES:
        assert f"ledger-{name} is complete" in everything
        assert re.search(rf"tags: {name} latest .*latest is at v1\.0\.0", everything), everything


@pytest.mark.share(3)
@pytest.mark.parametrize("moment", ["done       stage", "done       tag", "done       move"])
def test_a_run_that_is_killed_is_completed_by_the_next(group: Group, moment: str) -> None:
    release = ("release", "--version", "1.0.0")
    assert group.person.killed(signal.SIGKILL, lambda line: moment in line, *release) == -9
    halfway = group.tags()
    if any("v1" in held for held in halfway.values()):
        assert all("v1.0.0" in held for held in halfway.values())
    succeeded(group.person.invoke(*release))
    assert group.at("v1.0.0", "latest", "v1")
    for name, held in halfway.items():
        assert held.items() <= group.tags()[name].items()


def test_a_registry_that_refuses_this_account_leaves_nothing_anywhere(group: Group) -> None:
    who = group.person.rig.accounts["pull"]
    done = group.person.invoke("release", "--version", "1.0.0", GHCR_USERNAME=who.username, GHCR_TOKEN=who.password)
    assert (done.code, group.readers["adapter"].image in done.err) == (4, True), str(done)
    assert not done.built
    assert group.tags() == {name: {} for name in NAMES}
