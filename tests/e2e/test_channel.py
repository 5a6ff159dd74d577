"""A channel on a real engine and registry: along a branch, an older commit, a force-push, a shallow clone, a race."""

from __future__ import annotations

import json
import shutil
import signal
from pathlib import Path

import pytest

from tests.e2e.person import Done, Person, Reader, runbook, succeeded
from tests.rig import Rig
from tests.rig.sample import commit, git

pytestmark = pytest.mark.e2e
EDGE = '\n[channels.edge]\nbranch = "main"\nlanes = ["main"]\n'
REVISION, VERSION = "org.opencontainers.image.revision", "org.opencontainers.image.version"


@pytest.fixture
def workplace(workstation: tuple[Person, Reader], tmp_path: Path) -> tuple[Person, Reader]:
    """A pushed checkout whose project file has the channel edge, which follows main and not the version in a file."""
    person, reader = workstation
    folder, remote = person.checkout, tmp_path / "remote.git"
    project = (folder / "shiplane.toml").read_text()
    (folder / "shiplane.toml").write_text(f'version-file = "package.json"\n{project}{EDGE}')
    git(folder, "commit", "--quiet", "--all", "--message", "the channel")
    git(tmp_path, "init", "--quiet", "--bare", "--initial-branch", "main", str(remote))
    git(folder, "remote", "set-url", "origin", remote.as_uri())
    git(folder, "push", "--quiet", "--set-upstream", "origin", "main")
    return person, reader


def pushed(person: Person, message: str) -> str:
    """Another commit of the branch; gives its hash."""
    digest = commit(person.checkout, message)
    git(person.checkout, "push", "--quiet", "--force", "origin", "main")
    return digest


def head(person: Person) -> str:
    return git(person.checkout, "rev-parse", "HEAD")


def edge(person: Person, *more: str, **env: str) -> Done:
    return person.invoke("publish", "--channel", "edge", *more, **env)


def clone(person: Person, *arguments: str) -> Person:
    """The same person with another clone of the remote."""
    folder = person.checkout.parent / "clone"
    url = git(person.checkout, "remote", "get-url", "origin")
    git(folder.parent, "clone", "--quiet", *arguments, url, str(folder))
    shutil.copy(person.checkout / "tasks.py", folder / "tasks.py")
    return Person(person.rig, folder, person.variables)


def test_a_channel_follows_its_branch_and_nothing_else(workplace: tuple[Person, Reader]) -> None:
    person, reader = workplace
    first = head(person)
    done = succeeded(edge(person))
    assert set(reader.tags()) == {"edge", f"sha-{first}"}
    assert f"{reader.image}:edge" in done.out
    assert f"new, at commit {first[:12]}" in done.out
    annotations = json.loads(reader.raw("edge"))["annotations"]
    assert (annotations[REVISION], annotations[VERSION]) == (first, f"0.0.0-{first[:12]}")
    assert reader.platforms("edge") == ["linux/amd64", "linux/arm64"]

    second = pushed(person, "two")
    done = succeeded(edge(person, "--json"))
    (build,) = done.document["builds"]
    tags = reader.tags()
    assert tags["edge"] == tags[f"sha-{second}"] == build["digest"] != tags[f"sha-{first}"]
    assert (build["commit_before"], build["kept"], build["built"]) == (first, f"sha-{second}", True)

    again = succeeded(edge(person))
    assert not again.built
    assert f"unchanged, at commit {second[:12]}" in again.out

    git(person.checkout, "checkout", "--quiet", first)
    older = edge(person)
    assert (older.code, older.built) == (5, False), older
    assert f"edge is at commit {second}, which is newer: it has {first} in its history" in older.err

    git(person.checkout, "checkout", "--quiet", "main")
    git(person.checkout, "reset", "--quiet", "--hard", first)
    rewritten = pushed(person, "instead of two")
    refused = edge(person)
    assert (refused.code, refused.built) == (5, False), refused
    assert f"edge is at commit {second}, which is not in the history of {rewritten}" in refused.err
    assert "main was force-pushed since" in refused.err
    assert "invoke publish --channel edge --reset" in refused.err
    assert reader.tags() == tags
    succeeded(edge(person, "--reset"))
    assert reader.digest("edge") == reader.digest(f"sha-{rewritten}")


def test_a_shallow_clone_neither_moves_nor_refuses_on_a_guess(workplace: tuple[Person, Reader]) -> None:
    person, reader = workplace
    succeeded(edge(person))
    before = reader.tags()
    third = [pushed(person, message) for message in ("two", "three")][-1]
    shallow = clone(person, "--depth", "1")
    done = edge(shallow)
    assert (done.code, done.built) == (3, False), done
    assert f"whether {third[:12]} descends from it cannot be told" in done.err
    assert "a shallow clone" in done.err
    command = "git fetch --unshallow origin"
    assert command in done.err
    assert reader.tags() == before
    git(shallow.checkout, *command.split()[1:], "--quiet")
    succeeded(edge(shallow))
    assert reader.digest("edge") == reader.digest(f"sha-{third}")


def test_a_commit_that_is_not_of_the_branch_is_refused(workplace: tuple[Person, Reader]) -> None:
    person, reader = workplace
    ref = edge(person, GITHUB_REF="refs/heads/other")
    assert (ref.code, "follows branch main, and this run is of 'refs/heads/other'" in ref.err) == (3, True), ref
    mine = commit(person.checkout, "not pushed")
    done = edge(person)
    assert (done.code, f"commit {mine[:12]} is not in refs/remotes/origin/main" in done.err) == (3, True), done
    dirty = person.checkout / "src" / "new.txt"
    git(person.checkout, "push", "--quiet", "origin", "main")
    dirty.write_text("not committed\n")
    assert edge(person).code == 3
    assert reader.tags() == {}


def test_flags_of_versions_are_none_of_a_channels(workplace: tuple[Person, Reader]) -> None:
    person, _ = workplace
    for flags in (("--tag", "1.2.3"), ("--latest",), ("--snapshot",), ("--plan", "plan.json"), ("--staged", "a.json")):
        done = edge(person, *flags)
        assert (done.code, f"{flags[0]} cannot be combined with --channel" in done.err) == (2, True), done
    assert person.invoke("publish", "--reset", "--lane", "main").code == 2
    assert "Channels: edge." in person.invoke("publish", "--channel", "egde").err
    assert "Its lanes: main." in edge(person, "--lane", "standalone").err
    git(person.checkout, "tag", "docker-v0.2.1")
    git(person.checkout, "tag", "docker-v0.2.2")
    dry = succeeded(edge(person, "--dry-run", TAG="v9.9.9"))
    assert dry.out.strip().endswith(f":v0.0.0-{head(person)[:12]}")


@pytest.mark.share(2)
@pytest.mark.parametrize("line", ["done       tag sha-", "done       move edge"])
def test_a_publisher_that_was_killed_is_finished_by_the_next_run(workplace: tuple[Person, Reader], line: str) -> None:
    person, reader = workplace
    first = head(person)
    code = person.killed(signal.SIGKILL, lambda text: text.startswith(line), "publish", "--channel", "edge")
    assert code == -signal.SIGKILL
    halfway = reader.tags()
    done = succeeded(edge(person))
    assert not done.built
    tags = reader.tags()
    assert set(tags) == {"edge", f"sha-{first}"}
    assert {tag: tags[tag] for tag in halfway} == halfway
    assert tags["edge"] == tags[f"sha-{first}"]
    entries = succeeded(person.invoke("history", "--lane", "main", "--json")).document["lanes"][0]["entries"]
    assert [(entry["action"], entry["tag"]) for entry in entries] == [("publish", f"sha-{first}"), ("float", "edge")]


def test_of_two_publishers_the_older_never_takes_the_tag_back(workplace: tuple[Person, Reader]) -> None:
    person, reader = workplace
    succeeded(edge(person))
    pushed(person, "older")
    slow = clone(person)
    newest = pushed(person, "newer")
    older = slow.begin("publish", "--channel", "edge")
    succeeded(edge(person))
    said = older.communicate(timeout=120)[1]
    assert older.returncode in (0, 5, 8), said
    succeeded(edge(person))
    assert reader.digest("edge") == reader.digest(f"sha-{newest}")


def test_a_channel_is_one_digest_in_two_registries_and_is_completed_where_it_was_missing(
    rig: Rig, workplace: tuple[Person, Reader]
) -> None:
    person, primary = workplace
    mirror = Reader(rig, primary.image.replace(rig.plain, rig.guarded), account="pull")
    first = head(person)
    succeeded(edge(person))
    person.variables = runbook(rig, f"{primary.image},{mirror.image}")
    done = succeeded(edge(person))
    assert not done.built
    assert f"{mirror.image}:edge" in done.out
    assert mirror.tags() == primary.tags()
    assert set(mirror.tags()) == {"edge", f"sha-{first}"}
    second = pushed(person, "two")
    succeeded(edge(person))
    assert mirror.tags() == primary.tags()
    assert mirror.digest("edge") == primary.digest(f"sha-{second}")
    assert mirror.raw("edge") == primary.raw("edge")


def test_what_shows_a_channel_names_it_and_no_version(workplace: tuple[Person, Reader]) -> None:
    person, reader = workplace
    first = head(person)
    succeeded(edge(person))
    status = succeeded(person.invoke("status", "--lane", "main"))
    assert "channel edge (branch main, lane main)" in status.out
    assert f"commit  {first}" in status.out
    channels = succeeded(person.invoke("status", "--json")).document["channels"]
    assert [(one["tag"], one["commit"], one["drift"]) for one in channels] == [("edge", first, None)]
    history = succeeded(person.invoke("history", "--lane", "main")).out
    assert "no published versions" in history
    assert "moves of edge" in history
    for task in (("verify", "--tag", "edge"), ("rollback", "--to", "edge"), ("mark", "--tag", "edge", "--reason", "x")):
        done = person.invoke(*task, "--lane", "main")
        assert (done.code, "'edge' is not a version of lane main" in done.err) == (2, True), done
    succeeded(person.invoke("publish", "--lane", "main", "--tag", "0.2.1", "--latest"))
    succeeded(person.invoke("verify", "--lane", "main"))
    assert set(reader.tags()) == {"edge", f"sha-{first}", "v0.2.1", "latest"}
