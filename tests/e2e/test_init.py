"""A repository of Aionis' shape, set up by ``init``: from its old scripts and workflows to a rollback, no edit."""

from __future__ import annotations

import json
import os
import shutil
import sys
import uuid
from pathlib import Path

import pytest

from tests.e2e.person import Done, Person, Reader, succeeded
from tests.e2e.test_adopt import build
from tests.rig import Rig
from tests.rig.sample import commit, git

pytestmark = pytest.mark.e2e
VERSIONS = ("0.2.16", "0.2.17")
# What the two workflows have in common: a shell step makes the tags, so that nobody can read them from the file.
WORKFLOW = """name: Docker Publish

on:
  push:
    tags:
      - "{git_tag}-v*"
  workflow_dispatch:
    inputs:
      tag:
        type: string
      image_repo:
        type: string
      platforms:
        default: "linux/amd64,linux/arm64"
        type: string
      publish_latest:
        default: false
        type: boolean
      dry_run:
        default: true
        type: boolean

permissions:
  contents: read
  packages: write

jobs:
  publish:
    runs-on: ubuntu-latest
    steps:
      - name: Checkout
        uses: actions/checkout@v4
      - name: Resolve publish inputs
        shell: bash
        run: |
          version="${{GITHUB_REF_NAME#{stripped}}}"
          publish_latest=true
          echo "TAGS=ghcr.io/cognary/aionis:$version" >> "$GITHUB_ENV"
      - name: Login to GHCR
        uses: docker/login-action@v3
        with:
          registry: ghcr.io
          username: ${{{{ github.actor }}}}
          password: ${{{{ secrets.GITHUB_TOKEN }}}}
      - name: Build and push
        uses: docker/build-push-action@v6
        with:
          context: .
          file: ./{dockerfile}
          platforms: ${{{{ env.PLATFORMS }}}}
          push: true
          tags: ${{{{ env.TAGS }}}}
"""
SCRIPTS = {
    "docker:publish:ghcr": "bash scripts/docker-publish-ghcr.sh",
    "docker:publish:ghcr:dry-run": "bash scripts/docker-publish-ghcr.sh --dry-run --no-login",
    "docker:publish:standalone:ghcr": "bash scripts/docker-publish-standalone-ghcr.sh",
    "docker:publish:standalone:ghcr:dry-run": "bash scripts/docker-publish-standalone-ghcr.sh --dry-run --no-login",
}


@pytest.fixture
def aionis(rig: Rig, sample: Path, tmp_path: Path) -> tuple[Person, Reader]:
    """The repository with two published versions: main's tags without v, no image with a label."""
    image = f"{rig.plain}/cognary/aionis-{uuid.uuid4().hex[:8]}"
    # npm itself is not needed to see that its script is run.
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/npm").write_text('#!/bin/sh\n[ "$*" = "run build" ] && exec sh build.sh\n')
    (tmp_path / "bin/npm").chmod(0o755)
    path = rig.env.get("PATH", os.environ["PATH"])
    person = Person(rig, sample, {"IMAGE_REPO": image, "PATH": f"{tmp_path / 'bin'}:{path}"})
    for path in ("tasks.py", "shiplane.toml"):
        (sample / path).unlink()
    shutil.rmtree(sample / "dist", ignore_errors=True)
    package = json.loads((sample / "package.json").read_text())
    package["scripts"] |= SCRIPTS
    (sample / "package.json").write_text(json.dumps(package, indent=2) + "\n")
    (sample / ".gitignore").write_text("dist/\n")
    folder = sample / ".github/workflows"
    folder.mkdir(parents=True)
    main = WORKFLOW.format(git_tag="docker", stripped="docker-v", dockerfile="Dockerfile")
    standalone = WORKFLOW.format(git_tag="standalone", stripped="", dockerfile="Dockerfile.standalone")
    (folder / "docker-publish.yml").write_text(main)
    (folder / "docker-standalone-publish.yml").write_text(standalone)
    git(sample, "add", "--all")
    for version in VERSIONS:
        commit(sample, version)
        git(sample, "tag", f"docker-v{version}")
        git(sample, "tag", f"standalone-v{version}")
        build(rig, sample, "Dockerfile", "", [f"{image}:{version}", f"{image}:latest"])
        names = [f"{image}:standalone-v{version}", f"{image}:standalone-latest"]
        build(rig, sample, "Dockerfile.standalone", "", names)
    return person, Reader(rig, image)


def shiplane(person: Person, *arguments: str) -> Done:
    return person.run([sys.executable, "-m", "shiplane", *arguments])


def test_four_commands_to_the_first_release_of_both_lanes_and_back(aionis: tuple[Person, Reader]) -> None:
    person, reader = aionis
    before = reader.tags()
    shown = succeeded(shiplane(person, "init", "--yes")).out
    git(person.checkout, "add", "--all")
    git(person.checkout, "commit", "--quiet", "--message", "Release with shiplane")
    adopted = succeeded(shiplane(person, "adopt", "--lane", "main")).out
    succeeded(shiplane(person, "release", "--version", "0.2.18", "--latest"))

    assert f"registry: {reader.image} has {len(before)} tags" in shown
    assert "  shiplane adopt --lane main\n" in shown
    assert "adopt --lane standalone" not in shown
    assert "a git tag moves latest no longer by itself: publish-latest = true in [lanes.main] keeps that" in shown
    line = WORKFLOW.splitlines().index("          tags: ${{{{ env.TAGS }}}}") + 1
    assert f".github/workflows/docker-publish.yml:{line} ${{{{ env.TAGS }}}}\n      the tag is made by" in shown
    assert "docker-publish.yml:9 tag\n      the input is now called version" in shown
    assert "2 versions; 2 adopted" in adopted
    tags = reader.tags()
    assert {*tags} == {*before, "v0.2.18", "standalone-v0.2.18"}
    assert (tags["latest"], tags["standalone-latest"]) == (tags["v0.2.18"], tags["standalone-v0.2.18"])
    assert reader.platforms("v0.2.18") == ["linux/amd64", "linux/arm64"]
    succeeded(person.invoke("verify", "--deep"))
    succeeded(person.invoke("workflow.check"))
    assert git(person.checkout, "status", "--porcelain") == ""
    scripts = json.loads((person.checkout / "package.json").read_text())["scripts"]
    assert {name: scripts[name].partition(" ")[0] for name in SCRIPTS} == dict.fromkeys(SCRIPTS, "shiplane")

    for lane, old in (("main", "0.2.17"), ("standalone", "standalone-v0.2.17")):
        succeeded(shiplane(person, "rollback", "--lane", lane, "--reason", "slow"))
        floating = "latest" if lane == "main" else "standalone-latest"
        assert reader.digest(floating) == before[old]
    assert succeeded(shiplane(person, "init")).out.endswith("everything is set up\n")


@pytest.mark.thorough("the old spellings after init; those of the runbook are in test_runbook")
def test_what_the_scripts_took_is_taken_or_refused_with_its_new_spelling(aionis: tuple[Person, Reader]) -> None:
    person, _ = aionis
    succeeded(shiplane(person, "init", "--yes"))
    git(person.checkout, "add", "--all")
    git(person.checkout, "commit", "--quiet", "--message", "Release with shiplane")
    scripts = json.loads((person.checkout / "package.json").read_text())["scripts"]

    def npm(name: str, *more: str, **variables: str) -> Done:
        return person.run([sys.executable, "-m", *scripts[name].split(), *more], **variables)

    dry = "docker:publish:standalone:ghcr:dry-run"
    for tag in ("standalone-v0.2.18", "v0.2.18", "0.2.18"):
        done = succeeded(npm(dry, "--no-login", "--json", TAG=tag))
        assert done.document["lanes"][0]["tag"] == "standalone-v0.2.18"
    main = "docker:publish:ghcr:dry-run"
    flags = ("--tag", "v0.2.18", "--image", person.variables["IMAGE_REPO"], "--platforms", "linux/amd64", "--latest")
    assert succeeded(npm(main, *flags, "--json", PUBLISH_LATEST="1")).document["lanes"][0]["tag"] == "v0.2.18"
    refused = npm(dry, TAG="standalone-0.2.18")
    assert (refused.code, "Expected 0.2.1, v0.2.1 or standalone-v0.2.1" in refused.err) == (2, True), str(refused)
    refused = npm(dry, "--no-latest")
    assert (refused.code, "--latest=no" in refused.err) == (2, True), str(refused)
