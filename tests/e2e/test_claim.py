"""The claim against real git remotes: made once, atomically, read back, and with the user's own login."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from shiplane.core.errors import AccessError, RefusedError, UnreachableError
from shiplane.core.redact import Redactor
from shiplane.git.claim_record import Claim, VersionTag, ref_of
from shiplane.git.claim_store import GitClaims
from shiplane.git.remote import Remote
from shiplane.registry.oci.names import Digest, Repository, Tag
from tests.e2e.person import Person, Reader, succeeded, wait_until
from tests.faults.harness.serving import QuietHandler, QuietServer, serving
from tests.gitnoise import NOISE, configured
from tests.rig.sample import checkout, commit, git

pytestmark = pytest.mark.e2e

IMAGE = Repository("127.0.0.1:5000", "cognary/aionis")
MAIN, STANDALONE = Tag("v0.2.1"), Tag("standalone-v0.2.1")
MINE, THEIRS = VersionTag(IMAGE, MAIN), VersionTag(IMAGE, STANDALONE)
PREFIX = "refs/release-claims"


def claim(tag: Tag = MAIN, content: str = "one", commit: str = "a" * 40) -> Claim:
    return Claim(image=IMAGE, tag=tag, digest=Digest.of(content.encode()), commit=commit, by="somebody@somewhere")


def claims(folder: Path, **more: str) -> GitClaims:
    env = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    return GitClaims(remote=Remote(folder=folder, env={**env, **more}, login={}, redact=Redactor()), prefix=PREFIX)


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    folder = tmp_path / "remote.git"
    git(tmp_path, "init", "--quiet", "--bare", str(folder))
    return folder


@pytest.mark.parametrize(
    "setting",
    ["push.gpgSign=true", "push.pushOption=ci.skip", "push.followTags=true", "remote.origin.mirror=true", "core.x=y"],
)
def test_what_is_meant_for_a_push_of_code_does_not_apply_to_a_claim(bare: Path, setting: str) -> None:
    folder = clone(bare, "one")
    git(folder, "tag", "--annotate", "--message", "mine", "v9.9.9")
    git(folder, "config", *setting.split("="))
    hook(folder / ".git", "pre-push", "touch ran; exit 1")
    mine = claims(folder)
    mine.probe(MINE)
    assert mine.create([claim()]) == {MINE: claim()}
    assert [line.split()[1] for line in git(folder, "ls-remote", "origin").splitlines()] == [ref_of(PREFIX, MINE)]
    assert not (folder / "ran").exists()


def clone(bare: Path, name: str) -> Path:
    """A checkout of its own whose remote that is; it has pushed nothing."""
    folder = checkout(bare.parent / name)
    git(folder, "remote", "set-url", "origin", bare.as_uri())
    return folder


def hook(bare: Path, name: str, text: str) -> None:
    path = bare / "hooks" / name
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


def test_the_first_claim_stands_and_the_second_reads_it(bare: Path) -> None:
    first, second = claims(clone(bare, "a")), claims(clone(bare, "b"))
    assert first.get([MINE]) == {}
    assert first.create([claim()]) == {MINE: claim()}
    assert second.create([claim(content="two", commit="b" * 40)]) == {MINE: claim()}
    assert second.get([MINE, THEIRS]) == {MINE: claim()}


def test_no_setting_and_no_variable_changes_what_is_claimed(bare: Path) -> None:
    other = clone(bare, "other")
    noise = {name: value for name, value in NOISE.items() if name != "core__hooksPath"}
    elsewhere = {"GIT_DIR": f"{other}/.git", "GIT_WORK_TREE": str(other), "GIT_OBJECT_DIRECTORY": f"{other}/.git/x"}
    first = claims(clone(bare, "a"), **configured(**noise, i18n__commitEncoding="ISO-8859-1"), **elsewhere)
    assert first.create([claim()]) == {MINE: claim()}
    assert first.create([claim(content="two", commit="b" * 40)]) == {MINE: claim()}
    assert claims(clone(bare, "b")).get([MINE]) == {MINE: claim()}


def test_the_same_claim_again_is_the_same_claim(bare: Path) -> None:
    first = claims(clone(bare, "a"))
    assert first.create([claim()]) == first.create([claim()]) == {MINE: claim()}


def test_two_claims_are_made_together_or_not_at_all(bare: Path) -> None:
    first, second = claims(clone(bare, "a")), claims(clone(bare, "b"))
    first.create([claim(STANDALONE)])
    assert second.create([claim(), claim(STANDALONE, "two")]) == {THEIRS: claim(STANDALONE)}
    assert first.get([MINE]) == {}
    assert first.create([claim()]) == {MINE: claim()}


def test_a_claim_brings_nothing_of_the_project_and_moves_no_branch_or_tag(bare: Path) -> None:
    folder = clone(bare, "a")
    git(folder, "tag", "--annotate", "docker-v0.2.1", "--message", "not to be pushed along")
    git(folder, "config", "push.followTags", "true")
    claims(folder).create([claim()])
    ref = ref_of(PREFIX, MINE)
    assert git(bare, "for-each-ref", "--format=%(refname)") == ref == f"{PREFIX}/127.0.0.1%3A5000/cognary/aionis/v0.2.1"
    assert git(bare, "rev-list", "--objects", "--all").splitlines()[0] == git(bare, "rev-parse", ref)
    assert git(bare, "ls-tree", ref) == ""
    assert json.loads(git(bare, "log", "-1", "--format=%B", ref))["digest"] == str(claim().digest)


def test_a_claim_takes_no_identity_and_no_history(bare: Path) -> None:
    clone(bare, "a")
    git(bare.parent / "a", "push", "--quiet", "origin", "main")
    git(bare.parent, "clone", "--quiet", "--depth", "1", bare.as_uri(), "shallow")
    shallow = claims(bare.parent / "shallow")
    env = {**shallow.remote.env, "GIT_CONFIG_GLOBAL": "/dev/null", "HOME": str(bare.parent)}
    anonymous = GitClaims(
        remote=Remote(folder=shallow.remote.folder, env=env, login={}, redact=Redactor()), prefix=PREFIX
    )
    assert anonymous.create([claim()]) == {MINE: claim()}


def test_a_remote_that_is_not_there_is_unreachable(bare: Path, tmp_path: Path) -> None:
    folder = clone(bare, "a")
    git(folder, "remote", "set-url", "origin", (tmp_path / "nowhere.git").as_uri())
    for ask in (
        lambda: claims(folder).get([MINE]),
        lambda: claims(folder).probe(MINE),
        lambda: claims(folder).create([claim()]),
    ):
        with pytest.raises(UnreachableError):
            ask()


def test_a_remote_that_declines_the_ref_is_a_matter_of_permission(bare: Path) -> None:
    folder = clone(bare, "a")
    hook(bare, "pre-receive", "echo refs are protected here >&2; exit 1")
    with pytest.raises(AccessError, match="refs are protected here"):
        claims(folder).create([claim()])


@contextmanager
def forbidding() -> Iterator[str]:
    """A git host that lets everybody read and nobody push, as far as git asks before it gives up."""

    class Handler(QuietHandler):
        def _get(self) -> None:
            # Without a service's name in the answer git takes it for the old protocol: a list of refs, here empty.
            self.answer(403 if "git-receive-pack" in self.path else 200, b"", {"content-type": "text/plain"})

        do_GET = _get

    with serving(QuietServer(("127.0.0.1", 0), Handler)) as address:
        yield f"http://{address}/aionis.git"


def test_who_may_not_push_learns_it_before_anything_is_pushed(bare: Path) -> None:
    folder = clone(bare, "a")
    with forbidding() as url:
        git(folder, "remote", "set-url", "origin", url)
        with pytest.raises(AccessError, match="403"):
            claims(folder).probe(MINE)


def test_the_probe_pushes_nothing_and_does_not_mind_a_claim(bare: Path) -> None:
    first = claims(clone(bare, "a"))
    first.probe(MINE)
    assert git(bare, "for-each-ref") == ""
    first.create([claim()])
    first.probe(MINE)


@pytest.mark.parametrize("text", ["not JSON", "[]", '{"image": 1}', claim(STANDALONE).text(), '{"digest": "sha256:x"}'])
def test_a_ref_that_holds_something_else_is_refused_by_its_name(bare: Path, text: str) -> None:
    first = claims(clone(bare, "a"))
    ref = ref_of(PREFIX, MINE)
    assert first.remote.create({ref: first.remote.write_record(text)}) == ""
    with pytest.raises(RefusedError, match="not a valid claim"):
        first.get([MINE])


def test_a_ref_that_holds_no_commit_is_refused_too(bare: Path) -> None:
    first = claims(clone(bare, "a"))
    blob = git(first.remote.folder, "hash-object", "-w", "Dockerfile")
    assert first.remote.create({ref_of(PREFIX, MINE): blob}) == ""
    with pytest.raises(RefusedError, match="is no commit"):
        claims(clone(bare, "b")).get([MINE])


def test_many_at_once_make_one_claim(bare: Path) -> None:
    desks = [claims(clone(bare, f"desk-{number}")) for number in range(6)]
    found: list[dict[VersionTag, Claim]] = []

    def run(number: int) -> None:
        found.append(desks[number].create([claim(content=str(number))]))

    threads = [threading.Thread(target=run, args=(number,)) for number in range(len(desks))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == len(desks)
    assert all(one == found[0] and set(one) == {MINE} for one in found)


# As a user meets it: a project that says claim = true, a registry, a remote.

Workstation = tuple[Person, Reader]
PUBLISH = ("publish", "--lane", "main", "--tag", "v0.2.1", "--latest")


@pytest.fixture
def claiming(workstation: Workstation, tmp_path: Path) -> tuple[Person, Reader, Path]:
    """A person whose project claims its versions, and the bare repository where."""
    person, reader = workstation
    remote = tmp_path / "remote.git"
    git(tmp_path, "init", "--quiet", "--bare", str(remote))
    git(person.checkout, "remote", "set-url", "origin", remote.as_uri())
    with (person.checkout / "shiplane.toml").open("r+") as stream:
        before = stream.read()
        stream.seek(0)
        stream.write(f"claim = true\n{before}")
    git(person.checkout, "add", "--all")
    git(person.checkout, "commit", "--quiet", "--message", "claim versions")
    return person, reader, remote


def claimed(remote: Path) -> dict[str, str]:
    """The digest behind each claim, read by git alone."""
    refs = git(remote, "for-each-ref", "--format=%(refname)").split()
    return {ref.rpartition("/")[2]: json.loads(git(remote, "log", "-1", "--format=%B", ref))["digest"] for ref in refs}


def dies_after_its_claim(person: Person, remote: Path) -> dict[str, str]:
    """Publish up to the claim: the remote has it, the push is not yet answered, and the run is killed."""
    hook(remote, "post-receive", "sleep 3")
    child = person.begin(*PUBLISH)
    assert wait_until(lambda: bool(claimed(remote)))
    child.kill()
    child.communicate()
    (remote / "hooks/post-receive").unlink()
    return claimed(remote)


def test_a_release_claims_what_it_then_writes(claiming: tuple[Person, Reader, Path]) -> None:
    person, reader, remote = claiming
    done = succeeded(person.invoke(*PUBLISH))
    assert claimed(remote) == {"v0.2.1": reader.tags()["v0.2.1"]}
    assert "versions are claimed on file://" in done.err
    again = succeeded(person.invoke(*PUBLISH))
    assert ("done       claim" in again.err, again.built) == (False, False)


def test_a_run_that_was_killed_after_its_claim_is_taken_up_with_the_digest_that_it_claimed(
    claiming: tuple[Person, Reader, Path],
) -> None:
    person, reader, remote = claiming
    first = dies_after_its_claim(person, remote)
    assert (set(first), reader.tags()) == ({"v0.2.1"}, {})
    done = succeeded(person.invoke(*PUBLISH, "--json"))
    assert {tag: reader.tags()[tag] for tag in first} == first == claimed(remote)
    assert (done.document["lanes"][0]["built"], done.built) == (False, False)


def test_another_commit_finds_the_version_claimed_and_builds_nothing(claiming: tuple[Person, Reader, Path]) -> None:
    person, reader, remote = claiming
    first = dies_after_its_claim(person, remote)
    commit(person.checkout, "another")
    done = person.invoke(*PUBLISH)
    assert (done.code, done.built, reader.tags(), claimed(remote)) == (8, False, {}, first), str(done)
    assert first["v0.2.1"] in done.err
    assert "Release the next version" in done.err


def test_a_claim_of_a_dead_run_is_taken_away_with_the_command_that_was_told(
    claiming: tuple[Person, Reader, Path],
) -> None:
    person, reader, remote = claiming
    dies_after_its_claim(person, remote)
    commit(person.checkout, "another")
    refused = person.invoke(*PUBLISH)
    assert refused.code == 8, str(refused)
    (command,) = (line.partition("its claim: ")[2] for line in refused.err.splitlines() if "its claim: " in line)
    succeeded(person.run(command.split()))
    assert claimed(remote) == {}
    succeeded(person.invoke(*PUBLISH))
    assert claimed(remote) == {"v0.2.1": reader.tags()["v0.2.1"]}


def test_a_remote_that_is_away_stops_a_release_before_it_builds(claiming: tuple[Person, Reader, Path]) -> None:
    person, reader, remote = claiming
    remote.rename(remote.with_suffix(".away"))
    done = person.invoke(*PUBLISH)
    assert (done.code, done.built, reader.tags()) == (7, False, {}), str(done)


def test_no_permission_to_push_refs_stops_a_release_before_it_builds(claiming: tuple[Person, Reader, Path]) -> None:
    person, reader, _ = claiming
    with forbidding() as url:
        git(person.checkout, "remote", "set-url", "origin", url)
        done = person.invoke(*PUBLISH)
    assert (done.code, done.built, reader.tags()) == (4, False, {}), str(done)
    assert "contents: write" in done.err


def test_the_doctor_knows_whether_we_may_claim(claiming: tuple[Person, Reader, Path]) -> None:
    person, _, remote = claiming
    good = succeeded(person.invoke("check.access"))
    assert "access: claim" in good.out
    assert claimed(remote) == {}
    with forbidding() as url:
        git(person.checkout, "remote", "set-url", "origin", url)
        bad = person.invoke("check.access")
    assert (bad.code, "Claiming a version pushes a git ref" in bad.out) == (4, True), str(bad)


def test_no_such_remote_is_a_prerequisite(claiming: tuple[Person, Reader, Path]) -> None:
    person, reader, _ = claiming
    git(person.checkout, "remote", "remove", "origin")
    done = person.invoke(*PUBLISH)
    assert (done.code, reader.tags()) == (3, {}), str(done)
