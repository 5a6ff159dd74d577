"""Names as other repositories have them, released for real: no v, a suffix, several lanes by one git tag, no SemVer."""

from __future__ import annotations

import subprocess
import uuid
from pathlib import Path

import pytest
import yaml

from tests.e2e.person import Log, Person, Reader, succeeded
from tests.rig import Rig
from tests.rig.sample import commit, git

pytestmark = pytest.mark.e2e
Workstation = tuple[Person, Reader]
DEBIAN = '[lanes.debian]\ntag = "{version}"\nfloating = "latest"\ngit-tag = "v{version}"\n'
ALPINE = '[lanes.alpine]\ntag = "{version}-alpine"\nfloating = "alpine"\ngit-tag = "v{version}"\n'
LABEL = "org.opencontainers.image"


@pytest.fixture
def project(rig: Rig, tmp_path: Path) -> Workstation:
    """A repository with two small Dockerfiles and a remote beside it."""
    folder, remote = tmp_path / "app", tmp_path / "remote.git"
    git(tmp_path, "init", "--quiet", "--bare", str(remote))
    git(tmp_path, "init", "--quiet", "--initial-branch", "main", str(folder))
    for name in ("debian", "alpine"):
        (folder / f"Dockerfile.{name}").write_text(f"FROM scratch\nCOPY Dockerfile.{name} /{name}\n")
    for arguments in (
        ("config", "user.name", "Sample"),
        ("config", "user.email", "sample@localhost"),
        ("remote", "add", "origin", str(remote)),
    ):
        git(folder, *arguments)
    image = f"{rig.plain}/acme/app-{uuid.uuid4().hex[:8]}"
    person = Person(rig, folder, {"IMAGE_REPO": image, "PLATFORMS": "linux/amd64,linux/arm64"})
    return person, Reader(rig, image)


def configured(person: Person, text: str) -> str:
    """Commit a project file; gives the commit."""
    (person.checkout / "shiplane.toml").write_text(text)
    git(person.checkout, "add", "--all")
    git(person.checkout, "commit", "--quiet", "--message", "configure")
    git(person.checkout, "push", "--quiet", "origin", "HEAD:main")
    return git(person.checkout, "rev-parse", "HEAD")


def build(person: Person, image: str, at: str, *tags: str) -> None:
    """What docker/build-push-action ran, with metadata-action's labels."""
    labels = (f"{LABEL}.revision={at}", f"{LABEL}.version={tags[0]}")
    argv = ["docker", "buildx", "build", "--builder", "default", "--quiet", "--push", "--file", "Dockerfile.debian"]
    argv += ["--platform", "linux/amd64,linux/arm64", *(f"--label={label}" for label in labels)]
    argv += [f"--tag={image}:{tag}" for tag in tags]
    done = subprocess.run(
        [*argv, "."], cwd=person.checkout, env=person.environ(), check=False, capture_output=True, encoding="utf-8"
    )
    assert done.returncode == 0, done.stderr


def test_a_repository_without_v_is_adopted_released_upon_and_rolled_back(project: Workstation) -> None:
    person, reader = project
    configured(person, DEBIAN)
    for version in ("1.0.0", "1.1.0"):
        at = commit(person.checkout, version)
        git(person.checkout, "tag", f"v{version}")
        build(person, reader.image, at, version, "latest")
    before = reader.tags()
    assert set(before) == {"1.0.0", "1.1.0", "latest"}
    adopted = succeeded(person.invoke("adopt", "--json")).document
    assert [(one["version"], one["tag"]) for one in adopted["versions"]] == [("1.0.0", "1.0.0"), ("1.1.0", "1.1.0")]
    commit(person.checkout, "1.2.0")
    succeeded(person.invoke("release", "--version", "1.2.0", "--latest"))
    assert reader.digest("latest") == reader.digest("1.2.0")
    back = succeeded(person.invoke("rollback", "--reason", "slow"))
    assert f"{reader.image}:latest is at 1.1.0, from 1.2.0" in back.out
    assert reader.tags() == {**before, "latest": before["1.1.0"], "1.2.0": reader.digest("1.2.0")}
    succeeded(person.invoke("verify", "--tag", "v1.1.0"))


def test_a_suffix_beside_the_bare_version_is_a_lane_and_one_git_tag_releases_both(project: Workstation) -> None:
    person, reader = project
    configured(person, DEBIAN + ALPINE)
    succeeded(person.invoke("workflow.write"))
    configured(person, DEBIAN + ALPINE)
    (workflow,) = (person.checkout / ".github/workflows").glob("docker-*-publish.yml")
    assert yaml.safe_load(workflow.read_text())["jobs"]["release"]["with"]["lane"] == "debian,alpine"

    started = succeeded(person.invoke("trigger", "--version", "1.2.3"))
    assert "pushed v1.2.3" in started.out
    assert "releases lanes debian, alpine" in started.out
    assert "starts .github/workflows/docker-debian-publish.yml" in started.out

    log = Log(person.rig.plain_log)
    pushed = {"GITHUB_REF_TYPE": "tag", "GITHUB_REF_NAME": "v1.2.3"}
    succeeded(person.invoke("release", "--latest", **pushed))
    assert log.wrote_in_turn(["1.2.3", "1.2.3-alpine"], ["latest", "alpine"])
    tags = reader.tags()
    assert tags["1.2.3"] == tags["latest"] != tags["1.2.3-alpine"] == tags["alpine"]
    rows = succeeded(person.invoke("status", "--json")).document["lanes"]
    assert [row["lane"] for row in rows] == ["debian", "alpine"]

    refused = person.invoke("publish", "--lane", "debian", "--tag", "1.3.0-alpine")
    assert refused.code == 2
    assert "tags that end in -alpine are those of lane alpine: it belongs to lane alpine" in refused.err
    succeeded(person.invoke("verify", "--lane", "alpine", "--tag", "1.2.3-alpine"))
    log = Log(person.rig.plain_log)
    succeeded(person.invoke("release", "--lane", "debian,alpine", "--version", "1.2.3", "--latest"))
    assert log.tag_puts() == []


def test_aliases_are_written_once_with_their_version_and_before_any_floating_tag(project: Workstation) -> None:
    person, reader = project
    configured(person, DEBIAN + 'aliases = ["{version}-bookworm", "v{version}"]\n' + ALPINE)
    log, aliases = Log(person.rig.plain_log), ["1.3.0-bookworm", "v1.3.0"]
    succeeded(person.invoke("release", "--version", "1.3.0", "--latest"))
    assert log.wrote_in_turn(["1.3.0", "1.3.0-alpine"], aliases, ["latest", "alpine"])
    assert {reader.digest(tag) for tag in (*aliases, "latest")} == {reader.digest("1.3.0")}
    log = Log(person.rig.plain_log)
    succeeded(person.invoke("release", "--version", "1.3.0", "--latest"))
    assert log.all_tag_puts() == []
    verified = succeeded(person.invoke("verify", "--lane", "debian", "--tag", "1.3.0-bookworm"))
    assert f"good  {reader.image}:1.3.0" in verified.out
    refused = person.invoke("publish", "--lane", "debian", "--tag", "1.4.0-bookworm-bookworm")
    assert (refused.code, "tags that end in -bookworm are those of lane debian" in refused.err) == (2, True)


@pytest.mark.share(2)
@pytest.mark.parametrize(
    ("scheme", "versions", "prerelease", "spelling", "refused", "why"),
    [
        ("pep440", ("3.2.0", "3.2.0.post1"), "3.3.0a1", "3.2", "3.3.0+cu121", "'+' cannot stand in an image tag"),
        (
            "calver",
            ("2026.08.24", "2026.10.1"),
            "2026.11-rc.1",
            "2026.8.24",
            "2026.11+x",
            "is not a version of lane debian",
        ),
    ],
)
def test_versions_of_another_scheme_are_released_in_their_order(
    project: Workstation,
    scheme: str,
    versions: tuple[str, str],
    prerelease: str,
    spelling: str,
    refused: str,
    why: str,
) -> None:
    person, reader = project
    configured(person, f'{DEBIAN}versions = "{scheme}"\n')
    low, high = versions
    for version in (high, prerelease, low):
        commit(person.checkout, version)
        git(person.checkout, "tag", f"v{version}")
        succeeded(person.invoke("release", *(("--latest",) if version == high else ())))
        assert reader.digest("latest") == reader.digest(high)
    assert set(reader.tags()) == {*versions, prerelease, "latest"}
    verified = succeeded(person.invoke("verify"))
    assert f"good  {reader.image}:{high}" in verified.out
    back = succeeded(person.invoke("rollback", "--reason", "slow"))
    assert f"{reader.image}:latest is at {low}, from {high}" in back.out
    assert reader.digest("latest") == reader.digest(low)
    assert f"at {low}" in succeeded(person.invoke("status")).out.replace("  ", " ") or low in back.out
    wrong = person.invoke("publish", "--tag", spelling)
    assert (wrong.code, f"{spelling} is {low} in another spelling" in wrong.err) == (5, True), str(wrong)
    assert not wrong.built
    wrong = person.invoke("publish", "--tag", refused)
    assert (wrong.code, why in wrong.err) == (2, True), str(wrong)
    history = succeeded(person.invoke("history")).out
    assert all(version in history for version in (*versions, prerelease))
