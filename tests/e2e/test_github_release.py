"""Releases on GitHub beside real images: made by the release, completed by the next run, and never in its way."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import yaml

from tests.e2e.person import BUILD, Done, Person, Reader, succeeded
from tests.faults.harness.gatehouse import TOKEN
from tests.faults.harness.github import SLUG, MemoryGitHub, answering

pytestmark = pytest.mark.e2e
TAG, STANDALONE = "docker-v0.2.1", "standalone-v0.2.1"
ONE = ("--platforms", "linux/amd64")


@dataclass
class Desk:
    """A person whose project shows its releases on a GitHub of the test's own."""

    person: Person
    reader: Reader
    github: MemoryGitHub

    def configure(self, text: str = "github-release = true\n") -> None:
        (self.person.checkout / "shiplane.toml").write_text(BUILD + text)
        for command in (["add", "--all"], ["commit", "--quiet", "--message", "release on GitHub"]):
            self.person.run(["git", *command])
        commit = self.person.run(["git", "rev-parse", "HEAD"]).out.strip()
        for tag in (TAG, STANDALONE):
            self.person.run(["git", "tag", "--force", tag])
            self.github.tags[tag] = commit
        self.github.annotated = {STANDALONE}

    def publish(self, *flags: str) -> Done:
        done = self.person.invoke("publish", "--lane", "main", "--tag", "v0.2.1", *ONE, *flags)
        assert TOKEN not in done.out + done.err
        return done

    def release(self) -> dict[str, Any]:
        return self.github.of(TAG)


@pytest.fixture
def desk(workstation: tuple[Person, Reader]) -> Iterator[Desk]:
    person, reader = workstation
    github = MemoryGitHub()
    with github.served() as api:
        person.variables |= {"GITHUB_API_URL": api, "GITHUB_REPOSITORY": SLUG, "GITHUB_TOKEN": TOKEN}
        desk = Desk(person, reader, github)
        desk.configure()
        yield desk


def test_a_release_makes_one_for_each_git_tag_and_the_same_command_changes_nothing(desk: Desk) -> None:
    command = ("release", "--version", "0.2.1", *ONE, "--json")
    first = succeeded(desk.person.invoke(*command)).document
    assert [(one["git_tag"], one["action"], one["error"]) for one in first["github_releases"]] == [
        (TAG, "made", None),
        (STANDALONE, "made", None),
    ]
    tags = desk.reader.tags()
    for lane in first["lanes"]:
        image = f"{lane['image']}@{tags[lane['tag']]}"
        git_tag = {"main": TAG, "standalone": STANDALONE}[lane["lane"]]
        assert f"docker pull {image}" in desk.github.of(git_tag)["body"].splitlines()
    assert desk.github.latest_tag == TAG
    bodies = [one["body"] for one in desk.github.releases.values()]
    again = succeeded(desk.person.invoke(*command)).document
    assert [one["action"] for one in again["github_releases"]] == ["unchanged", "unchanged"]
    assert [one["body"] for one in desk.github.releases.values()] == bodies


def test_a_release_made_by_hand_keeps_its_text(desk: Desk) -> None:
    desk.github.release(TAG, "Written by hand.\r\n")
    done = succeeded(desk.publish())
    assert f"GitHub release {TAG}: images added to its text, {desk.release()['html_url']}" in done.out.splitlines()
    assert desk.release()["body"].startswith("Written by hand.\r\n\n\n<!-- shiplane: images of main -->")


def test_a_release_that_github_refuses_leaves_the_version_published_and_is_made_by_the_same_command(desk: Desk) -> None:
    refused = {"message": "Repository rule violations found"}
    desk.github.faults.append(answering("POST", "releases", 422, refused))
    done = desk.publish("--json")
    assert (done.code, done.document["error"]["kind"], desk.github.releases) == (3, "prerequisite", {}), str(done)
    assert done.document["lanes"][0]["digest"] == desk.reader.tags()["v0.2.1"]
    assert f"error: v0.2.1: published, but release {TAG} on GitHub could not be made or completed:" in done.err
    assert "Repository rule violations found" in done.err
    assert "the same command again does only what is missing" in done.err
    assert "public: " in done.err
    again = succeeded(desk.publish())
    assert (again.built, list(desk.github.releases)) == (False, [101])


def test_a_git_tag_that_was_not_pushed_is_told_before_anything_is_built(desk: Desk) -> None:
    del desk.github.tags[TAG]
    done = desk.publish()
    assert (done.code, done.built, desk.reader.tags(), desk.github.tags.get(TAG)) == (3, False, {}, None), str(done)
    assert f"Push it first: git push origin refs/tags/{TAG}." in done.err
    succeeded(desk.publish("--skip", "github-release"))
    assert (set(desk.reader.tags()), desk.github.releases) == ({"v0.2.1"}, {})


def test_a_plan_and_a_dry_run_show_it_and_make_nothing(desk: Desk) -> None:
    desk.configure("[github-release]\ndraft = true\ngenerate-notes = true\n")
    planned = succeeded(desk.person.invoke("plan", "--lane", "main", "--tag", "v0.2.1"))
    assert f"after the tags\n  GitHub release  {TAG}  images of main; draft; generated notes\n" in planned.out + "\n"
    document = succeeded(desk.person.invoke("plan", "--tag", "v0.2.1", "--lane", "main", "--json")).document
    assert document["github_releases"] == [
        {"git_tag": TAG, "lanes": ["main"], "draft": True, "prerelease": False, "generate_notes": True}
    ]
    dry = succeeded(desk.publish("--dry-run"))
    assert f"dry run: no release {TAG} on GitHub is made or completed" in dry.err
    assert desk.github.log == []


@pytest.mark.thorough("a rehearsal beside a GitHub release; alone they are in test_runbook and this file")
def test_a_rehearsal_shows_nothing_on_github(desk: Desk) -> None:
    succeeded(desk.person.invoke("rehearse", *ONE))
    assert desk.github.log == []


def test_the_generated_workflow_gives_the_publishing_job_what_it_needs(desk: Desk) -> None:
    succeeded(desk.person.invoke("workflow.write"))
    shared = yaml.safe_load((desk.person.checkout / ".github/workflows/release-lane.yml").read_text())
    assert {name: job["permissions"]["contents"] for name, job in shared["jobs"].items()} == {
        "dry-run": "read",
        "gate": "read",
        "publish": "write",
    }
