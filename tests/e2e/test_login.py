"""Local login and logout: stored as docker stores it, so that docker and other tools can use it."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.person import Person, Reader, runbook, succeeded
from tests.rig import Rig

pytestmark = pytest.mark.e2e
Workstation = tuple[Person, Reader]


@pytest.fixture
def docker(rig: Rig, tmp_path: Path) -> Path:
    """A docker configuration of the test's own, with the rig's plugins and builders."""
    return Path(shutil.copytree(rig.env["DOCKER_CONFIG"], tmp_path / "docker", symlinks=True))


@pytest.fixture
def person(guarded_workstation: Workstation, docker: Path) -> Person:
    guarded_workstation[0].variables["DOCKER_CONFIG"] = str(docker)
    return guarded_workstation[0]


def stored(docker: Path) -> dict[str, Any]:
    """The logins of a docker configuration; one that nobody ever logged in with has no file at all."""
    path = docker / "config.json"
    found: dict[str, Any] = json.loads(path.read_text()).get("auths", {}) if path.exists() else {}
    return found


def test_a_login_is_stored_as_docker_itself_stores_it(rig: Rig, person: Person, docker: Path) -> None:
    account = rig.accounts["push"]
    argv = ["docker", "login", rig.guarded, "--username", account.username, "--password-stdin"]
    subprocess.run(argv, env=person.environ(), input=account.password.encode(), check=True, capture_output=True)
    by_docker = (docker / "config.json").read_bytes()
    assert person.run(["docker", "logout", rig.guarded]).code == 0
    done = person.invoke("auth.login")
    assert done.code == 0, str(done)
    assert (docker / "config.json").read_bytes() == by_docker
    assert done.out.startswith(f"logged in to {rig.guarded} as push-user (GHCR_USERNAME + GHCR_TOKEN)")


def test_what_is_stored_serves_us_and_crane_until_the_logout(rig: Rig, person: Person, docker: Path) -> None:
    image = person.variables["IMAGE_REPO"]
    succeeded(person.invoke("auth.login"))
    person.variables = {"IMAGE_REPO": image, "DOCKER_CONFIG": str(docker)}
    assert person.invoke("auth.show", "--json").document["username"] == "push-user"
    before = stored(docker)
    for flags in ((), ("--no-login",)):
        done = person.invoke("publish", "--lane", "main", "--tag", "v0.2.1", *flags)
        assert done.code == 0, str(done)
    assert stored(docker) == before
    assert person.run(["crane", "digest", f"{image}:v0.2.1"]).out.startswith("sha256:")
    succeeded(person.invoke("auth.logout"))
    assert stored(docker) == {}
    assert person.invoke("auth.show", "--json").document["source"] is None
    assert person.invoke("auth.logout").code == 0, "a second logout is no error"


def test_no_login_leaves_the_environments_credential_out_of_the_push(rig: Rig, person: Person, docker: Path) -> None:
    succeeded(person.invoke("auth.login"))
    before = stored(docker)
    done = person.invoke("publish", "--lane", "main", "--tag", "v0.2.1", "--no-login")
    assert done.code == 0, str(done)
    assert stored(docker) == before


def test_a_wrong_token_is_refused_with_4_and_not_stored(rig: Rig, person: Person, docker: Path) -> None:
    person.variables |= runbook(rig, person.variables["IMAGE_REPO"], "unknown")
    done = person.invoke("auth.login")
    assert done.code == 4, str(done)
    assert "unknown-user (GHCR_USERNAME + GHCR_TOKEN)" in done.err
    assert stored(docker) == {}


def test_a_login_without_anything_to_log_in_with_says_where_to_look(person: Person, docker: Path) -> None:
    person.variables = {"IMAGE_REPO": person.variables["IMAGE_REPO"], "DOCKER_CONFIG": str(docker)}
    done = person.invoke("auth.login")
    assert done.code == 4, str(done)
    assert "auth.show" in done.err
    assert stored(docker) == {}


def test_show_tells_the_pairs_apart_and_names_a_mixed_one(rig: Rig, person: Person) -> None:
    account = rig.accounts["push"]
    shown = person.invoke("auth.show", GITHUB_ACTOR="octocat", GITHUB_TOKEN="ghs_another_token")
    assert "GHCR_USERNAME + GHCR_TOKEN" in shown.out
    assert "used by commands that write, as push-user" in shown.out
    assert "not used: an earlier one takes precedence" in shown.out
    del person.variables["GHCR_USERNAME"]
    shown = person.invoke("auth.show", "--json", GITHUB_ACTOR=account.username)
    assert shown.document["source"] == "GITHUB_ACTOR + GHCR_TOKEN, a mixed pair"
    assert account.password not in shown.out + shown.err
