"""Whether a commit descends from another one, with real git: a no counts only where the whole history was read."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from shiplane.git.ancestry import Descent, History
from tests.gitnoise import NOISE, configured
from tests.unit.git.test_checkout import git

YES, NO, UNKNOWN = Descent.YES, Descent.NO, Descent.UNKNOWN
DEEPEN = "git fetch --unshallow origin"


@pytest.fixture
def upstream(tmp_path: Path) -> Path:
    """main with five commits, and side, which leaves it after the second."""
    folder = tmp_path / "upstream"
    folder.mkdir()
    git(folder, "init", "--quiet", "--initial-branch=main")
    git(folder, "config", "uploadpack.allowFilter", "true")
    git(folder, "config", "uploadpack.allowAnySHA1InWant", "true")
    for number in range(1, 6):
        commit(folder, f"{number}")
    git(folder, "checkout", "--quiet", "-b", "side", "main~3")
    commit(folder, "side")
    git(folder, "checkout", "--quiet", "main")
    return folder


def commit(folder: Path, message: str) -> str:
    git(folder, "commit", "--quiet", "--allow-empty", "--message", message)
    return at(folder, "HEAD")


def at(folder: Path, name: str) -> str:
    return git(folder, "rev-parse", name)


def cloned(upstream: Path, *arguments: str) -> Path:
    folder = upstream.parent / "clone"
    git(upstream.parent, "clone", "--quiet", *arguments, upstream.as_uri(), "clone")
    return folder


def history(folder: Path, **env: str) -> History:
    return History(folder=folder, env={"PATH": os.environ["PATH"], "HOME": str(folder.parent), **env})


def descent(folder: Path, old: str, new: str) -> Descent:
    return history(folder).is_ancestor(old, new).descent


def test_in_a_whole_clone_both_answers_are_certain(upstream: Path) -> None:
    first, last, side = at(upstream, "main~4"), at(upstream, "main"), at(upstream, "side")
    clone = cloned(upstream)
    assert descent(clone, first, last) is YES
    assert descent(clone, last, last) is YES
    assert descent(clone, last, first) is NO
    assert descent(clone, side, last) is NO
    assert history(clone).is_ancestor(last, first).reason == ""


def test_a_commit_that_a_force_push_took_away_is_in_no_history(upstream: Path) -> None:
    gone = at(upstream, "main")
    git(upstream, "reset", "--quiet", "--hard", "main~2")
    last = commit(upstream, "another")
    clone = cloned(upstream, "--single-branch")
    assert descent(clone, gone, last) is NO


def test_a_shallow_clone_believes_a_yes_and_no_no(upstream: Path) -> None:
    first, before, last = at(upstream, "main~4"), at(upstream, "main~1"), at(upstream, "main")
    clone = cloned(upstream, "--depth", "2")
    assert descent(clone, before, last) is YES
    answer = history(clone).is_ancestor(first, last)
    assert (answer.descent, answer.remedy) == (UNKNOWN, DEEPEN)
    git(clone, *answer.remedy.split()[1:], "--quiet")
    assert descent(clone, first, last) is YES
    assert descent(clone, last, first) is NO


def test_a_gap_between_two_commits_that_are_both_there_is_no_answer(upstream: Path) -> None:
    first, last = at(upstream, "main~4"), at(upstream, "main")
    clone = cloned(upstream, "--depth", "2")
    git(clone, "fetch", "--quiet", "--depth", "1", "origin", first)
    assert descent(clone, first, last) is UNKNOWN


def test_one_shallow_fetch_makes_a_whole_clone_unable_to_tell(upstream: Path) -> None:
    first, last = at(upstream, "main~4"), at(upstream, "main")
    clone = cloned(upstream)
    git(clone, "fetch", "--quiet", "--depth", "1", "origin", "main")
    answer = history(clone).is_ancestor(first, last)
    assert (answer.descent, answer.remedy) == (UNKNOWN, DEEPEN)


def test_a_missing_commit_in_between_is_no_answer_until_it_is_fetched(upstream: Path) -> None:
    first, last = at(upstream, "main~4"), at(upstream, "main")
    clone = cloned(upstream)
    unpack(clone)
    loose(clone, at(upstream, "main~2")).unlink()
    answer = history(clone).is_ancestor(first, last)
    assert (answer.descent, answer.remedy) == (UNKNOWN, "git fetch --refetch origin")
    assert "incomplete" in answer.reason
    git(clone, *answer.remedy.split()[1:], "--quiet")
    assert descent(clone, first, last) is YES


def test_a_shallow_file_that_was_taken_away_makes_no_clone_whole(upstream: Path) -> None:
    first, last = at(upstream, "main~4"), at(upstream, "main")
    clone = cloned(upstream, "--depth", "2")
    (clone / ".git/shallow").unlink()
    assert descent(clone, first, last) is UNKNOWN


@pytest.mark.parametrize("kept", ["blob:none", "tree:0"])
def test_a_partial_clone_has_every_commit_and_dials_for_none(upstream: Path, kept: str) -> None:
    first, last = at(upstream, "main~4"), at(upstream, "main")
    clone = cloned(upstream, f"--filter={kept}", "--no-checkout")
    shutil.move(upstream, upstream.parent / "away")
    assert descent(clone, first, last) is YES
    assert descent(clone, last, first) is NO
    assert descent(clone, "1" * 40, last) is NO


def graft(clone: Path, new: str, parent: str) -> None:
    (clone / ".git/info/grafts").write_text(f"{new} {parent}\n")


def replace(clone: Path, new: str, parent: str) -> None:
    git(clone, "replace", "--graft", new, parent)


@pytest.mark.parametrize("rewrite", [graft, replace])
def test_a_history_that_was_rewritten_on_this_machine_alone_is_not_followed(
    upstream: Path, rewrite: Callable[[Path, str, str], None]
) -> None:
    middle, last, side = at(upstream, "main~2"), at(upstream, "main"), at(upstream, "side")
    clone = cloned(upstream)
    rewrite(clone, last, side)
    assert descent(clone, middle, last) is YES
    assert descent(clone, side, last) is NO


@pytest.mark.parametrize("text", ["", "HEAD", "--all", "1234567", "A" * 40, "1" * 41, "main^{commit}"])
def test_what_is_no_full_hash_is_no_commit(upstream: Path, text: str) -> None:
    last = at(upstream, "main")
    assert descent(upstream, text, last) is UNKNOWN
    assert descent(upstream, last, text) is UNKNOWN


def test_a_newer_commit_that_is_not_here_is_asked_for(upstream: Path) -> None:
    clone, last = cloned(upstream), at(upstream, "main")
    answer = history(clone).is_ancestor(last, commit(upstream, "six"))
    assert (answer.descent, answer.remedy) == (UNKNOWN, "git fetch origin")


def test_no_setting_and_no_variable_changes_an_answer(upstream: Path) -> None:
    first, last, side = at(upstream, "main~4"), at(upstream, "main"), at(upstream, "side")
    clone = cloned(upstream)
    noisy = history(clone, **configured(**NOISE), GIT_DIR="/nowhere", GIT_SHALLOW_FILE="/nowhere")
    assert noisy.is_ancestor(first, last).descent is YES
    assert noisy.is_ancestor(side, last).descent is NO


def test_a_branch_ends_where_the_remote_had_it_last(upstream: Path) -> None:
    clone, last = cloned(upstream), at(upstream, "main")
    git(clone, "switch", "--quiet", "--create", "local")
    commit(clone, "not pushed")
    git(clone, "branch", "--force", "main", "HEAD")
    assert history(clone).branch_end("main") == ("refs/remotes/origin/main", last)
    assert history(clone).branch_end("local") == ("refs/heads/local", at(clone, "HEAD"))
    assert history(clone).branch_end("gone") is None


def unpack(clone: Path) -> None:
    """Every object as a file of its own."""
    folder = clone / ".git/objects/pack"
    packs = [path.rename(clone.parent / path.name) for path in folder.glob("*.pack")]
    shutil.rmtree(folder)
    for pack in packs:
        with pack.open("rb") as stream:
            subprocess.run(["git", "unpack-objects", "-q"], cwd=clone, stdin=stream, check=True)


def loose(clone: Path, digest: str) -> Path:
    return clone / ".git/objects" / digest[:2] / digest[2:]
