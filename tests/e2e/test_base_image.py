"""A login of ours for the push takes nothing away that the build has of its owner: other logins, context, builder."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
import uuid
from pathlib import Path

import pytest

from tests.e2e.canary import canaries, seen
from tests.e2e.person import Person, Reader, runbook, succeeded
from tests.rig import Rig
from tests.rig.sample import git, name_pair

pytestmark = pytest.mark.e2e
PUBLISH = ("publish", "--lane", "main", "--tag", "v0.2.1", "--latest", "--platforms", "linux/amd64")


@pytest.fixture
def base(rig: Rig) -> str:
    """An image that only who is logged in may read."""
    image = f"{rig.guarded}/private/base-{uuid.uuid4().hex[:8]}:1"
    env = {**rig.environ(), "DOCKER_CONFIG": str(Reader(rig, image, "push")._logged_in())}
    for words in (
        ("pull", "busybox:stable"),
        ("tag", "busybox:stable", image),
        ("push", "--platform", "linux/amd64", image),
        ("rmi", image),
    ):
        subprocess.run(["docker", *words], env=env, check=True, capture_output=True)
    return image


@pytest.fixture
def person(rig: Rig, sample: Path, base: str, tmp_path: Path) -> Person:
    """Somebody whose image stands on that one, and who pushes with a login of the environment to another registry."""
    shutil.copytree(rig.env["DOCKER_CONFIG"], tmp_path / "docker", symlinks=True)
    image = f"{rig.plain}/cognary/aionis-{uuid.uuid4().hex[:8]}"
    (sample / "Dockerfile").write_text(f"FROM {base}\nCOPY package.json /\n")
    git(sample, "commit", "--quiet", "--all", "--message", "a private base image")
    name_pair(sample, rig.plain)
    return Person(rig, sample, runbook(rig, image, DOCKER_CONFIG=str(tmp_path / "docker")))


def login(rig: Rig) -> dict[str, dict[str, str]]:
    who = rig.accounts["pull"]
    return {rig.guarded: {"auth": base64.b64encode(f"{who.username}:{who.password}".encode()).decode()}}


@pytest.mark.share(3)
@pytest.mark.parametrize(
    "where", ["nowhere", "the file", "DOCKER_AUTH_CONFIG", "the file, beside a store that is gone"]
)
@pytest.mark.parametrize("task", [PUBLISH, (*PUBLISH[:-3], *PUBLISH[-2:], "--dry-run")], ids=["publish", "dry run"])
def test_a_private_base_image_of_another_registry_is_read_with_its_own_login(
    rig: Rig, person: Person, tmp_path: Path, where: str, task: tuple[str, ...]
) -> None:
    config: dict[str, object] = {}
    if where == "DOCKER_AUTH_CONFIG":
        person.variables[where] = json.dumps({"auths": login(rig)})
    elif where != "nowhere":
        config |= {"auths": login(rig)}
        if where != "the file":
            if "--dry-run" in task:
                pytest.skip("without a login of ours docker itself fails at a store that is gone")
            config |= {"credsStore": "absent", "credHelpers": {rig.guarded: ""}}
        (tmp_path / "docker/config.json").write_text(json.dumps(config))
    done = person.invoke(*task)
    assert done.code == (3 if where == "nowhere" else 0), str(done)
    assert seen(canaries(rig, "pull") | canaries(rig), done.out.encode(), done.err.encode()) == []


def test_the_engine_of_the_current_context_and_the_builder_of_the_variable_are_used(
    rig: Rig, person: Person, tmp_path: Path
) -> None:
    docker = ["docker", "--config", str(tmp_path / "docker"), "context"]
    host = f"host={rig.env['DOCKER_HOST']}"
    succeeded(person.run([*docker, "create", "far", "--docker", host]))
    succeeded(person.run([*docker, "use", "far"], DOCKER_HOST=""))
    (tmp_path / "docker/config.json").write_text(json.dumps({"currentContext": "far", "auths": login(rig)}))
    person.variables |= {"DOCKER_HOST": "", "BUILDX_BUILDER": rig.builder}
    succeeded(person.invoke(*PUBLISH))
    pulled = succeeded(person.invoke("verify", "--lane", "main", "--platforms", "linux/amd64", "--pull", "--json"))
    assert '"pull' in pulled.out
    unknown = person.invoke("publish", "--lane", "main", "--tag", "v0.2.2", BUILDX_BUILDER="gone")
    assert unknown.code == 2, str(unknown)
