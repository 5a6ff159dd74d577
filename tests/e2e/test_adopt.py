"""An image repository as an old workflow left it, in a real registry: adopted, released, rolled back to, verified."""

from __future__ import annotations

import json
import subprocess
import uuid
from pathlib import Path

import pytest

from tests.e2e.person import Log, Person, Reader, runbook, succeeded
from tests.rig import Rig
from tests.rig.sample import commit, git

pytestmark = pytest.mark.e2e
Workstation = tuple[Person, Reader]
VERSIONS = ("0.2.16", "0.2.17")
DEPLOYED = 'deployments = ["deploy/*.yml"]\n'
LABEL = "org.opencontainers.image"


@pytest.fixture
def old(rig: Rig, sample: Path) -> Workstation:
    """Both lanes as Aionis' workflows made them: of git tag ``docker-v0.2.17`` image tag ``0.2.17``, and ``latest``."""
    image = f"{rig.guarded}/cognary/aionis-{uuid.uuid4().hex[:8]}"
    (sample / "shiplane.toml").write_text(DEPLOYED + (sample / "shiplane.toml").read_text())
    (sample / "deploy").mkdir()
    (sample / "deploy/api.yml").write_text(f"services:\n  api:\n    image: {image}:0.2.17\n")
    git(sample, "add", "--all")
    person = Person(rig, sample, runbook(rig, image))
    for version in VERSIONS:
        at = commit(sample, version)
        for git_tag, dockerfile, prefix in (("docker", "Dockerfile", ""), ("standalone", "Dockerfile.standalone", "s")):
            git(sample, "tag", f"{git_tag}-v{version}")
            names = (f"standalone-v{version}", "standalone-latest") if prefix else (version, "latest")
            build(rig, sample, dockerfile, at, [f"{image}:{name}" for name in names])
    return person, Reader(rig, image, account="pull")


def build(rig: Rig, folder: Path, dockerfile: str, at: str, names: list[str]) -> None:
    """What docker/build-push-action ran, with the labels that the workflow gave it, if any: no version among them."""
    labels = (f"{LABEL}.source=https://github.com/cognary/aionis", f"{LABEL}.revision={at}") if at else ()
    who = rig.accounts["push"]
    login = ["docker", "login", names[0].partition("/")[0], "--username", who.username, "--password-stdin"]
    env = {**rig.environ(), "DOCKER_CONFIG": str(private(rig))}
    subprocess.run(login, env=env, input=who.password.encode(), check=True, capture_output=True)
    argv = ["docker", "buildx", "build", "--builder", "default", "--quiet", "--push", "--file", dockerfile]
    argv += ["--platform", "linux/amd64,linux/arm64"]
    argv += [f"--label={label}" for label in labels] + [f"--tag={name}" for name in names]
    done = subprocess.run([*argv, "."], cwd=folder, env=env, check=False, capture_output=True, encoding="utf-8")
    assert done.returncode == 0, done.stderr


def private(rig: Rig) -> Path:
    """A docker configuration in which the old workflow may log in: with the rig's own plug-ins and builders."""
    folder = rig.folder / "old-workflow"
    if not folder.exists():
        folder.mkdir()
        known = Path(rig.env["DOCKER_CONFIG"])
        for name in ("cli-plugins", "buildx"):
            (folder / name).symlink_to(known / name)
    return folder


def test_what_the_old_workflow_left_is_adopted_released_upon_and_rolled_back_to(rig: Rig, old: Workstation) -> None:
    person, reader = old
    before = reader.tags()
    refused = person.invoke("rollback", "--lane", "main", "--reason", "slow")
    assert (refused.code, "invoke adopt --lane main" in refused.err) == (5, True), str(refused)
    assert "invoke adopt --lane main" in succeeded(person.invoke("status")).out
    log = Log(rig.guarded_log)
    dry = succeeded(person.invoke("adopt", "--lane", "main", "--dry-run"))
    assert "2 versions; 2 would be adopted" in dry.out
    assert log.all_tag_puts() == []
    done = succeeded(person.invoke("adopt", "--lane", "main", "--json")).document
    assert [(one["version"], one["tag"], one["digest"]) for one in done["versions"]] == [
        (version, version, before[version]) for version in VERSIONS
    ]
    assert {one["why"] for one in done["left_out"]} == {"belongs to lane standalone"}
    assert log.all_tag_puts() == ["ledger-main"]
    again = succeeded(person.invoke("adopt", "--lane", "main"))
    assert "2 versions; 0 adopted, 2 already recorded" in again.out
    assert log.all_tag_puts() == ["ledger-main"]

    commit(person.checkout, "0.3.0")
    succeeded(person.invoke("publish", "--lane", "main", "--tag", "v0.3.0", "--latest"))
    assert reader.digest("latest") == reader.digest("v0.3.0")
    back = succeeded(person.invoke("rollback", "--lane", "main", "--reason", "slow"))
    assert f"{reader.image}:latest is at 0.2.17, from v0.3.0" in back.out
    assert reader.raw("latest") == reader.raw("0.2.17")
    pinned = f"{reader.image}:0.2.17@{before['0.2.17']}"
    assert f"    image: {pinned}\n" in (person.checkout / "deploy/api.yml").read_text()
    assert "pinned" in succeeded(person.invoke("deploy.list")).out
    verified = succeeded(person.invoke("verify", "--lane", "main", "--deep", "--pull"))
    assert f"good  {reader.image}:0.2.17  {before['0.2.17']}" in verified.out
    assert f"no label {LABEL}.version: made by another tool" in verified.out
    succeeded(person.invoke("rollback", "--lane", "main", "--to", "0.2.16", "--again"))
    assert reader.digest("latest") == before["0.2.16"]
    assert reader.tags() == {**before, "latest": before["0.2.16"], "v0.3.0": reader.digest("v0.3.0")}

    git(person.checkout, "stash")
    git(person.checkout, "checkout", "--quiet", "docker-v0.2.17")
    refused = person.invoke("publish", "--lane", "main", "--latest")
    assert (refused.code, "0.2.17 is published already, by another tool as 0.2.17" in refused.err) == (5, True)
    assert not refused.built


def test_each_lane_has_its_own_and_what_is_named_can_be_asked_for(rig: Rig, old: Workstation) -> None:
    person, reader = old
    subprocess.run(
        ["crane", "tag", f"{reader.image}:standalone-v0.2.16", "standalone-0.2.15"],
        env={**rig.environ(), "DOCKER_CONFIG": str(private(rig))},
        check=True,
        capture_output=True,
    )
    told = succeeded(person.invoke("adopt", "--lane", "standalone", "--since", "0.2.15", "--json")).document
    assert [one["tag"] for one in told["versions"]] == ["standalone-0.2.15", "standalone-v0.2.16", "standalone-v0.2.17"]
    for name in ("standalone-0.2.15", "0.2.15", "standalone-v0.2.15"):
        done = succeeded(person.invoke("verify", "--lane", "standalone", "--tag", name, "--latest=no", "--json"))
        assert done.document["lanes"][0]["tag"] == "standalone-0.2.15"
    reason = ("--reason", "leaks")
    succeeded(person.invoke("mark", "--lane", "standalone", "--tag", "standalone-0.2.15", *reason))
    history = json.loads(succeeded(person.invoke("history", "--lane", "standalone", "--json")).out)["lanes"][0]
    shown = {one["tag"]: (one["adopted"], bool(one["marked"])) for one in history["versions"]}
    assert shown == {
        "standalone-v0.2.17": (True, False),
        "standalone-v0.2.16": (True, False),
        "standalone-0.2.15": (True, True),
    }
    nobody = person.invoke("adopt", "--lane", "main", GHCR_USERNAME="", GHCR_TOKEN="")
    assert nobody.code == 4, str(nobody)
    no_ledger = person.checkout / "shiplane.toml"
    no_ledger.write_text("ledger = false\n" + no_ledger.read_text())
    assert person.invoke("adopt", "--lane", "main").code == 2
    assert person.invoke("adopt").code == 2
