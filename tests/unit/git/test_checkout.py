"""What git says of a checkout, with real git: whatever it is told to overlook, and however it is told to write."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from shiplane.config.settings import Checkout
from shiplane.core.errors import ConfigurationError, PrerequisiteError
from shiplane.core.system.process import ProcessResult
from shiplane.git.plumbing import Plumbing
from shiplane.git.repository import Git
from tests.gitnoise import NOISE, configured

IDENTITY = {f"GIT_{role}_{part}": "a" for role in ("AUTHOR", "COMMITTER") for part in ("NAME", "EMAIL")}
AT = {"GIT_COMMITTER_DATE": "1772280000 +0200"}
POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:{oid}\nsize 6\n"
HELLO = "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03"  # of "hello\n"


def git(folder: Path, *arguments: str, **more: str) -> str:
    env = {"PATH": os.environ["PATH"], "HOME": str(folder.parent), "GIT_ALLOW_PROTOCOL": "file", **IDENTITY, **AT}
    done = subprocess.run(
        ["git", *arguments], cwd=folder, env={**env, **more}, check=True, capture_output=True, encoding="utf-8"
    )
    return done.stdout.strip()


def repository(folder: Path, **files: str) -> Path:
    folder.mkdir(parents=True)
    git(folder, "init", "--quiet", "--initial-branch=main")
    for name, text in {"Dockerfile": "FROM scratch\nCOPY . /\n", "app.txt": "hello\n", **files}.items():
        (folder / name).write_text(text)
    return committed(folder)


def committed(folder: Path) -> Path:
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "one")
    return folder


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return repository(tmp_path / "project")


def asked(folder: Path, **env: str) -> Git:
    return Git(folder=folder, env={"PATH": os.environ["PATH"], "HOME": str(folder.parent), **env})


def compared(folder: Path, **env: str) -> Checkout:
    found = asked(folder, **env).compare_worktree()
    assert found is not None
    return found


def test_a_checkout_as_it_was_committed_has_no_differences(project: Path) -> None:
    (project / "run.sh").write_text("#!/bin/sh\n")
    (project / "run.sh").chmod(0o755)
    (project / "link").symlink_to("app.txt")
    (project / "empty").touch()
    (project / "sub folder/ümläut").mkdir(parents=True)
    (project / "sub folder/ümläut/a\tb").write_bytes(b"\0\xff")
    (project / os.fsdecode(b"not-utf8-\xff")).write_text("x")
    committed(project)
    found = compared(project)
    assert (found.changes, found.lacking) == ((), ())
    assert found.commit == git(project, "rev-parse", "HEAD")
    assert found == asked(project / "sub folder").compare_worktree()


def edit(project: Path) -> None:
    (project / "app.txt").write_text("HELLO\n")


def quietly(project: Path) -> None:
    """As large and as old as before."""
    before = (project / "app.txt").stat()
    edit(project)
    os.utime(project / "app.txt", ns=(before.st_atime_ns, before.st_mtime_ns))


def mark(*words: str) -> Callable[[Path], None]:
    def change(project: Path) -> None:
        git(project, *words)
        edit(project)

    return change


def setting(change: Callable[[Path], object], **settings: str) -> Callable[[Path], None]:
    def both(project: Path) -> None:
        for name, value in settings.items():
            git(project, "config", name.replace("__", "."), value)
        change(project)

    return both


def in_crlf(project: Path) -> None:
    (project / "app.txt").write_bytes(b"hello\r\n")


def then(*steps: Callable[[Path], object]) -> Callable[[Path], None]:
    def each(project: Path) -> None:
        for step in steps:
            step(project)

    return each


def gone(project: Path) -> None:
    (project / "app.txt").unlink()


def new(project: Path) -> None:
    (project / "new.txt").touch()


def by_git(*words: str) -> Callable[[Path], None]:
    def run(project: Path) -> None:
        git(project, *words)

    return run


def attributed(place: str, text: str, change: Callable[[Path], None] = in_crlf) -> Callable[[Path], None]:
    def both(project: Path) -> None:
        (project / place).parent.mkdir(parents=True, exist_ok=True)
        (project / place).write_text(text)
        if not place.startswith(".git/"):
            committed(project)
        change(project)

    return both


def ignored(place: str) -> Callable[[Path], None]:
    def change(project: Path) -> None:
        (project / place).parent.mkdir(parents=True, exist_ok=True)
        (project / place).write_text("app.txt\nnew.txt\n")
        git(project, "config", "core.excludesFile", "../excludes")
        (project / "new.txt").touch()

    return change


def linked_folder(project: Path) -> None:
    (project / "real").mkdir()
    (project / "real/file").write_text("x")
    (project / ".gitignore").write_text("real\nother\n")
    git(project, "add", "--force", "real/file", ".gitignore")
    git(project, "commit", "--quiet", "--message", "two")
    (project / "real").rename(project / "other")
    (project / "real").symlink_to("other")


def replaced(project: Path) -> None:
    """The commit stands for another one, on this machine."""
    edit(project)
    git(project, "stash", "--quiet")
    first = git(project, "rev-parse", "HEAD")
    edit(project)
    git(project, "commit", "--quiet", "--all", "--message", "two")
    second = git(project, "rev-parse", "HEAD")
    git(project, "reset", "--quiet", "--hard", first)
    git(project, "replace", first, second)
    git(project, "reset", "--quiet", "--hard", first)


def split(project: Path) -> None:
    git(project, "update-index", "--split-index", "--untracked-cache")
    edit(project)


CHANGES: dict[str, tuple[Callable[[Path], object], str]] = {
    "an edit": (edit, "app.txt"),
    "an edit that leaves size and time": (quietly, "app.txt"),
    "times that are not trusted": (setting(quietly, core__trustctime="false", core__checkStat="minimal"), "app.txt"),
    "a staged edit": (then(edit, by_git("add", "app.txt")), "app.txt"),
    "a staged edit that was taken back": (
        then(edit, by_git("add", "app.txt"), lambda p: (p / "app.txt").write_text("hello\n")),
        "app.txt",
    ),
    "a deletion": (gone, "app.txt"),
    "a removal": (by_git("rm", "--quiet", "app.txt"), "app.txt"),
    "another mode": (lambda project: (project / "app.txt").chmod(0o755), "app.txt"),
    "another mode, unseen": (setting(lambda p: (p / "app.txt").chmod(0o755), core__fileMode="false"), "app.txt"),
    "a link": (then(gone, lambda p: (p / "app.txt").symlink_to("Dockerfile")), "app.txt"),
    "a pipe": (then(gone, lambda p: os.mkfifo(p / "app.txt")), "app.txt"),
    "a folder": (then(gone, lambda p: (p / "app.txt").mkdir()), "app.txt"),
    "a folder behind a link": (linked_folder, "real/file"),
    "an untracked file": (new, "new.txt"),
    "an untracked file, unseen": (
        setting(new, status__showUntrackedFiles="no"),
        "new.txt",
    ),
    "an intended file": (then(new, by_git("add", "-N", "new.txt")), "new.txt"),
    "a file that this clone ignores": (ignored(".git/info/exclude"), "new.txt"),
    "a file that this user ignores": (ignored("../excludes"), "new.txt"),
    "assume-unchanged": (mark("update-index", "--assume-unchanged", "app.txt"), "app.txt"),
    "skip-worktree": (mark("update-index", "--skip-worktree", "app.txt"), "app.txt"),
    "core.ignoreStat": (
        setting(then(by_git("reset", "--quiet", "--hard"), edit), core__ignoreStat="true"),
        "app.txt",
    ),
    "a monitor that saw nothing": (
        setting(then(by_git("update-index", "--fsmonitor"), by_git("status"), edit), core__fsmonitor="/bin/true"),
        "app.txt",
    ),
    "caches": (split, "app.txt"),
    "line ends that a setting translates": (setting(in_crlf, core__autocrlf="true"), "app.txt"),
    "line ends that this clone translates": (attributed(".git/info/attributes", "*.txt text eol=crlf\n"), "app.txt"),
    "line ends that no checkout writes": (attributed(".gitattributes", "* text=auto\n"), "app.txt"),
    "a filter that cleans": (
        setting(attributed(".gitattributes", "*.txt filter=x\n", edit), filter__x__clean="echo hello"),
        "app.txt",
    ),
    "a replaced commit": (replaced, "app.txt"),
}


@pytest.mark.parametrize(("change", "path"), CHANGES.values(), ids=CHANGES.keys())
def test_a_difference_is_seen_whatever_git_is_told_to_overlook(
    project: Path, change: Callable[[Path], object], path: str
) -> None:
    change(project)
    found = compared(project)
    assert path in found.changes
    assert found.lacking == ()


def test_what_the_project_itself_ignores_is_what_it_makes(project: Path) -> None:
    (project / ".gitignore").write_text("dist/\n*.log\n!kept.log\n")
    committed(project)
    (project / "dist/deep").mkdir(parents=True)
    (project / "dist/deep/app.js").touch()
    (project / "a.log").touch()
    assert compared(project).changes == ()
    (project / "kept.log").touch()
    assert compared(project).changes == ("kept.log",)


@pytest.mark.parametrize("hidden", ["*\n", ".gitignore\nextra\n", "/*\n!kept\n"])
@pytest.mark.parametrize("where", ["", "cache/", "api/deep/"])
@pytest.mark.parametrize("staged", [False, True])
def test_a_gitignore_that_is_in_no_commit_hides_nothing_not_even_itself(
    project: Path, where: str, hidden: str, *, staged: bool
) -> None:
    folder = project / where
    folder.mkdir(parents=True, exist_ok=True)
    (folder / ".gitignore").write_text(hidden)
    (folder / "extra").touch()
    if staged:
        git(project, "add", "--force", f"{where}.gitignore")
    assert f"{where}.gitignore" in compared(project).changes


def test_a_gitignore_within_what_the_project_ignores_is_no_change(project: Path) -> None:
    (project / ".gitignore").write_text(".venv/\nnode_modules\n")
    committed(project)
    for folder in (".venv", "node_modules/package", "api/.venv"):
        (project / folder).mkdir(parents=True)
        (project / folder / ".gitignore").write_text("*\n")
        (project / folder / "extra").touch()
    assert compared(project).changes == ()


@pytest.mark.parametrize("attributes", ["*.txt text eol=crlf\n", "*.txt text working-tree-encoding=UTF-16LE\n"])
def test_what_the_commit_itself_has_translated_is_no_difference(project: Path, attributes: str) -> None:
    (project / ".gitattributes").write_text(attributes)
    (project / "app.txt").write_bytes(b"" if "UTF-16" in attributes else b"hello\n")
    committed(project)
    (project / "app.txt").unlink()
    git(project, "checkout", "--quiet", "--", "app.txt")
    assert (compared(project).changes, compared(project, **configured(core__autocrlf="input")).changes) == ((), ())


def test_a_filter_of_the_project_is_asked_what_it_would_write(project: Path) -> None:
    (project / ".gitattributes").write_text("*.txt filter=rot\n")
    for kind in ("clean", "smudge"):
        git(project, "config", f"filter.rot.{kind}", "tr a-z n-za-m")
    committed(project)
    git(project, "rm", "--quiet", "--cached", "app.txt")
    git(project, "add", "app.txt")
    git(project, "commit", "--quiet", "--amend", "--message", "one")
    assert git(project, "cat-file", "blob", "HEAD:app.txt") == "uryyb"
    assert compared(project).changes == ()
    edit(project)
    assert compared(project).changes == ("app.txt",)


def test_a_filter_that_cannot_be_started_is_a_failure_where_it_is_needed(project: Path) -> None:
    (project / ".gitattributes").write_text("*.txt filter=x\n")
    committed(project)
    git(project, "config", "filter.x.process", "nothing-there")
    git(project, "config", "filter.x.required", "true")
    assert compared(project).changes == ()
    edit(project)
    with pytest.raises(PrerequisiteError, match="nothing-there"):
        compared(project)


@pytest.mark.parametrize("local", ["", "*.bin -filter\n"])
def test_pointers_of_git_lfs_are_no_content(project: Path, local: str) -> None:
    (project / "a.bin").write_text(POINTER.format(oid=HELLO))
    (project / "fixture.txt").write_text(POINTER.format(oid=HELLO))
    committed(project)
    (project / ".git/info/attributes").write_text(local)
    assert [one.paths for one in compared(project).lacking] == ([("a.bin", "fixture.txt")] if local else [])
    (project / ".gitattributes").write_text("*.bin filter=lfs diff=lfs merge=lfs -text\n")
    git(project, "add", ".gitattributes")
    git(project, "commit", "--quiet", "--message", "two")
    found = compared(project)
    (lacking,) = found.lacking
    assert (lacking.remedy, "a.bin" in lacking.paths, found.changes) == ("git lfs pull", True, ())


def test_the_content_that_a_pointer_stands_for_is_known_by_its_hash(project: Path) -> None:
    (project / ".gitattributes").write_text("*.bin filter=lfs -text\n")
    (project / "a.bin").write_text(POINTER.format(oid=HELLO))
    committed(project)
    # git-lfs is not here, and is not needed: nothing is fetched, and no filter is run.
    git(project, "config", "filter.lfs.process", "nothing-there")
    git(project, "config", "filter.lfs.required", "true")
    (project / "a.bin").write_text("hello\n")
    found = compared(project)
    assert (found.changes, found.lacking) == ((), ())
    (project / "a.bin").write_text("hellx\n")
    assert compared(project).changes == ("a.bin",)


def test_what_is_still_encrypted_is_no_content(project: Path) -> None:
    (project / ".gitattributes").write_text("secret.* filter=git-crypt diff=git-crypt\n")
    (project / "secret.key").write_bytes(b"\0GITCRYPT\0abc")
    committed(project)
    (lacking,) = compared(project).lacking
    assert (lacking.paths, lacking.remedy) == (("secret.key",), "git-crypt unlock")


def test_a_sparse_checkout_lacks_files(project: Path) -> None:
    (project / "big").mkdir()
    (project / "big/file").touch()
    committed(project)
    git(project, "sparse-checkout", "init", "--cone", "--sparse-index")
    assert not (project / "big").exists()
    found = compared(project)
    assert [(one.paths, one.remedy) for one in found.lacking] == [(("big/file",), "git sparse-checkout disable")]
    git(project, "sparse-checkout", "disable")
    assert (compared(project).lacking, compared(project).changes) == ((), ())


@pytest.fixture
def modules(tmp_path: Path, project: Path) -> Path:
    """A project with a submodule that has one itself."""
    inner, outer = repository(tmp_path / "inner"), repository(tmp_path / "outer")
    git(outer, "submodule", "--quiet", "add", str(inner), "lib/inner")
    committed(outer)
    git(project, "submodule", "--quiet", "add", str(outer), "vendor/outer")
    git(project, "submodule", "--quiet", "update", "--init", "--recursive")
    return committed(project)


HIDING: dict[str, Callable[[Path], object]] = {
    "nothing": then(),
    "diff.ignoreSubmodules": by_git("config", "diff.ignoreSubmodules", "all"),
    "its own setting": by_git("config", "submodule.vendor/outer.ignore", "all"),
    ".gitmodules": then(
        by_git("config", "-f", ".gitmodules", "submodule.vendor/outer.ignore", "all"),
        committed,
    ),
}


@pytest.mark.parametrize("hide", HIDING.values(), ids=HIDING.keys())
def test_a_submodule_is_seen_whatever_hides_it(modules: Path, hide: Callable[[Path], object]) -> None:
    hide(modules)
    found = compared(modules)
    assert (found.changes, found.lacking) == ((), ())
    (modules / "vendor/outer/lib/inner/app.txt").write_text("HELLO\n")
    (modules / "vendor/outer/new.txt").touch()
    assert compared(modules).changes == ("vendor/outer/new.txt", "vendor/outer/lib/inner/app.txt")
    git(modules / "vendor/outer", "commit", "--quiet", "--allow-empty", "--message", "two")
    (lacking,) = compared(modules).lacking
    assert lacking.paths == ("vendor/outer",)
    assert lacking.what.startswith("a submodule is at ")


def test_a_submodule_that_is_not_checked_out_is_lacking(modules: Path) -> None:
    git(modules / "vendor/outer", "submodule", "--quiet", "deinit", "--all")
    (lacking,) = compared(modules).lacking
    assert (lacking.paths, lacking.remedy) == (("vendor/outer/lib/inner",), "git submodule update --init --recursive")
    git(modules, "submodule", "--quiet", "deinit", "--all", "--force")
    assert [one.paths for one in compared(modules).lacking] == [("vendor/outer",)]


def test_a_submodule_whose_git_folder_is_gone_is_a_failure(modules: Path) -> None:
    (modules / ".git/modules/vendor/outer").rename(modules / ".git/modules/elsewhere")
    with pytest.raises(PrerequisiteError, match="not a git repository"):
        compared(modules)


def test_a_folder_that_only_looks_like_a_submodule_is_a_failure(modules: Path) -> None:
    (modules / "vendor/outer/.git").unlink()
    (modules / "vendor/outer/.git").mkdir()
    with pytest.raises(PrerequisiteError, match="is no repository"):
        compared(modules)


FAILURES: dict[str, tuple[Callable[[Path], object], str]] = {
    "a damaged index": (lambda p: (p / ".git/index").write_bytes(b"DIRC garbage"), "index"),
    "a setting that is none": (lambda p: (p / ".git/config").write_text("[core\n"), "bad config line 1"),
    "a format of the future": (
        lambda p: git(p, "config", "core.repositoryFormatVersion", "99"),
        "Expected git repo version",
    ),
    "a commit that is not there": (
        lambda p: (p / ".git/refs/heads/main").write_text("1" * 40 + "\n"),
        "rev-list failed.*bad object HEAD",
    ),
    "a work tree elsewhere": (lambda p: git(p, "config", "core.worktree", "../.."), "takes .* for the work tree of"),
}


@pytest.mark.parametrize(("harm", "words"), FAILURES.values(), ids=FAILURES.keys())
def test_a_git_that_fails_is_a_failure_in_its_own_words(
    project: Path, harm: Callable[[Path], object], words: str
) -> None:
    harm(project)
    with pytest.raises(PrerequisiteError, match=words) as caught:
        compared(project)
    assert caught.value.exit_code == 3


def test_a_git_file_that_leads_nowhere_is_a_failure(project: Path) -> None:
    (project / "inner").mkdir()
    (project / "inner/.git").write_text("gitdir: ../nowhere\n")
    with pytest.raises(PrerequisiteError, match="not a git repository"):
        asked(project / "inner").checkout()
    (project / "inner/.git").unlink()
    (project / "inner/.git").mkdir()
    with pytest.raises(PrerequisiteError, match=r"takes .* for the work tree of"):
        asked(project / "inner").checkout()


def test_a_file_that_cannot_be_read_is_a_failure(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = open

    def refusing(path: object, *rest: object, **named: object) -> object:
        if str(path).endswith("app.txt"):
            raise PermissionError(13, "Permission denied")
        return opened(path, *rest, **named)  # type: ignore[call-overload] # as it was called

    monkeypatch.setattr("builtins.open", refusing)
    with pytest.raises(PrerequisiteError, match=r"app\.txt cannot be read: Permission denied"):
        compared(project)


def test_no_repository_and_no_commit_are_no_failure(tmp_path: Path) -> None:
    assert asked(tmp_path).compare_worktree() is None
    git(tmp_path, "init", "--quiet")
    assert asked(tmp_path).compare_worktree() is None


@pytest.mark.parametrize("name", [*NOISE, ""])
def test_no_setting_changes_what_is_read(project: Path, name: str) -> None:
    (project / "ümläut").touch()
    committed(project)
    for tag in ("docker-v0.1.0", "standalone-v0.1.0"):
        git(project, "tag", "--annotate", "--message", "x", tag)
    git(project, "remote", "add", "origin", "https://github.com/acme/app.git")
    chosen = {name: NOISE[name]} if name else NOISE
    found = asked(project, **configured(**chosen))
    assert found.compare_worktree() == Checkout(
        commit=git(project, "rev-parse", "HEAD"),
        committed_at="2026-02-28T12:00:00Z",
        tags=("docker-v0.1.0", "standalone-v0.1.0"),
        remote="https://github.com/acme/app.git",
    )
    assert found.tags() == ["docker-v0.1.0", "standalone-v0.1.0"]
    assert found.commit_of_tag("docker-v0.1.0") == git(project, "rev-parse", "HEAD")
    assert found.commit_of_tag("docker-v0.2.0") is None


def test_a_signature_is_no_part_of_an_answer(project: Path) -> None:
    """A signed commit, and a program that shows signatures: the lines come before whatever format was asked for."""
    raw = git(project, "cat-file", "commit", "HEAD").replace(
        "\n\n", "\ngpgsig -----BEGIN PGP SIGNATURE-----\n \n x\n -----END PGP SIGNATURE-----\n\n", 1
    )
    (project.parent / "raw").write_text(raw + "\n")
    signed = git(project, "hash-object", "-t", "commit", "-w", str(project.parent / "raw"))
    git(project, "reset", "--quiet", "--hard", signed)
    found = asked(project, **configured(log__showSignature="true", gpg__program="/bin/echo")).checkout()
    assert found is not None
    assert (found.commit, found.committed_at) == (signed, "2026-02-28T12:00:00Z")


ELSEWHERE = {
    "GIT_DIR": "{other}/.git",
    "GIT_WORK_TREE": "{other}",
    "GIT_INDEX_FILE": "{other}/.git/index",
    "GIT_COMMON_DIR": "{other}/.git",
    "GIT_OBJECT_DIRECTORY": "{other}/.git/objects",
    "GIT_NAMESPACE": "other",
    "GIT_CONFIG": "{other}/.git/config",
    "GIT_EXTERNAL_DIFF": "false",
    "GIT_LITERAL_PATHSPECS": "1",
    "GIT_PREFIX": "x/",
    "GIT_GRAFT_FILE": "{other}/x",
}


@pytest.mark.parametrize("name", [*ELSEWHERE, "all of them"])
def test_no_variable_leads_to_another_repository(tmp_path: Path, project: Path, name: str) -> None:
    other = repository(tmp_path / "other", **{"other.txt": "x"})
    git(other, "remote", "add", "origin", "https://github.com/acme/other.git")
    git(other, "tag", "docker-v9.9.9")
    chosen = {name: ELSEWHERE[name]} if name in ELSEWHERE else ELSEWHERE
    variables = {key: value.format(other=other) for key, value in chosen.items()}
    found = compared(project, **variables)
    assert found == compared(project)
    assert (found.commit, found.changes, found.tags, found.remote) == (git(project, "rev-parse", "HEAD"), (), (), "")
    made = asked(project, **variables, **IDENTITY).create_tag("docker-v0.1.0", "x")
    assert (git(project, "rev-parse", "docker-v0.1.0"), git(other, "tag")) == (made, "docker-v9.9.9")


def test_what_is_asked_leaves_the_repository_as_it_was(modules: Path) -> None:
    git(modules, "config", "core.splitIndex", "true")
    (modules / "app.txt").touch()

    def files() -> dict[str, bytes]:
        return {str(path): path.read_bytes() for path in modules.rglob("*") if path.is_file()}

    before = files()
    compared(modules)
    asked(modules).leaves_tree_clean(modules / "x")
    assert files() == before


@pytest.mark.parametrize(
    ("path", "overlooked"),
    [
        ("dist/plan.json", True),
        ("plan.json", False),
        ("kept.log", False),
        ("a.log", True),
        ("local.json", False),
        ("mine.json", False),
        (".git/plan.json", True),
        ("../plan.json", True),
        ("away/plan.json", True),
        ("app.txt", False),
        ("tracked.log", False),
    ],
)
def test_a_file_of_ours_is_written_where_it_is_no_change(project: Path, path: str, overlooked: bool) -> None:  # noqa: FBT001
    (project / ".gitignore").write_text("dist/\n*.log\n!kept.log\n")
    (project / "tracked.log").touch()
    git(project, "add", "--force", "tracked.log")
    (project / ".git/info/exclude").write_text("local.json\n")
    (project.parent / "excludes").write_text("mine.json\n")
    git(project, "config", "core.excludesFile", str(project.parent / "excludes"))
    (project / "away").symlink_to(project.parent)
    committed(project)
    assert asked(project).leaves_tree_clean(project / path) is overlooked


def test_where_there_is_no_repository_no_file_is_a_change(tmp_path: Path) -> None:
    assert asked(tmp_path).leaves_tree_clean(tmp_path / "page.html") is True


def test_a_tag_of_a_tag_is_one_of_its_commit(project: Path) -> None:
    git(project, "tag", "--annotate", "--message", "x", "docker-v0.1.0")
    git(project, "tag", "--annotate", "--message", "y", "reviewed", "docker-v0.1.0")
    git(project, "commit", "--allow-empty", "--message", "next")
    git(project, "tag", "docker-v0.2.0")
    git(project, "checkout", "--quiet", "--detach", "docker-v0.1.0")
    checkout = asked(project).checkout()
    assert checkout
    assert checkout.tags == ("docker-v0.1.0", "reviewed")


def test_a_tag_that_stands_at_no_commit_is_a_failure(project: Path) -> None:
    git(project, "tag", "docker-v0.1.0", git(project, "rev-parse", "HEAD:app.txt"))
    with pytest.raises(PrerequisiteError, match="rev-parse failed"):
        asked(project).commit_of_tag("docker-v0.1.0")


def test_a_repository_with_sha256_is_compared_by_that(tmp_path: Path) -> None:
    (tmp_path / "project").mkdir()
    git(tmp_path / "project", "init", "--quiet", "--object-format=sha256")
    (tmp_path / "project/app.txt").write_text("hello\n")
    committed(tmp_path / "project")
    assert compared(tmp_path / "project").changes == ()
    edit(tmp_path / "project")
    assert compared(tmp_path / "project").changes == ("app.txt",)


def test_a_worktree_is_compared_with_its_own_commit(project: Path) -> None:
    git(project, "worktree", "add", "--quiet", "--detach", "../second")
    second = project.parent / "second"
    edit(project)
    assert compared(second).changes == ()
    edit(second)
    assert compared(second).changes == ("app.txt",)


def test_what_the_project_ignores_and_has_is_listed(project: Path) -> None:
    (project / ".gitignore").write_text("dist/\n*.log\n")
    (project / ".git/info/exclude").write_text("mine\n")
    committed(project)
    (project / "api/dist/deep").mkdir(parents=True)
    (project / "api/dist/deep/a.js").touch()
    for name in ("a\nb.log", "mine", "api/seen.txt"):
        (project / name).touch()
    assert asked(project).ignored_paths() == ("a b.log", "api/dist/")
    assert asked(project / "api").ignored_paths() == ("dist/",)


def test_a_file_is_read_as_the_commit_has_it_and_not_as_it_lies_there(tmp_path: Path) -> None:
    project = repository(tmp_path / "project", VERSION="\ufeff0.2.1\n", **{"latin-1": "\n"})
    (project / "sub").mkdir()
    (project / "sub" / "deep.txt").write_text("deep")
    (project / "link").symlink_to("VERSION")
    (project / "latin-1").write_bytes(b"\xe9\n")
    (project / "large").write_text("x" * (1024 * 1024 + 1))
    commit = git(committed(project), "rev-parse", "HEAD")
    (project / "VERSION").write_text("0.2.2\n")
    here, below = asked(project), asked(project / "sub")
    assert here.committed_file(commit, "./VERSION") == below.committed_file(commit, "../VERSION") == "0.2.1\n"
    assert here.committed_file(commit, "sub/deep.txt") == below.committed_file(commit, "deep.txt") == "deep"
    assert [here.committed_file(commit, path) for path in ("missing", "../VERSION", "sub/*.txt")] == [None] * 3
    for path in ("link", "sub", "large"):
        with pytest.raises(ConfigurationError, match=f"{path} is not a file of at most 1048576 bytes in commit"):
            here.committed_file(commit, path)
    with pytest.raises(ConfigurationError, match="latin-1 is not UTF-8"):
        here.committed_file(commit, "latin-1")


def test_tracked_files_are_those_of_the_folder_whatever_they_are_called(project: Path) -> None:
    (project / "docs").mkdir()
    for name in ("docs/a b.md", "docs/ü\n.md", "untracked.md"):
        (project / name).write_text("x\n")
    (project / "docs/link.md").symlink_to("a b.md")
    git(project, "add", "docs")
    assert asked(project).tracked_files() == ("Dockerfile", "app.txt", "docs/a b.md", "docs/ü\n.md")
    assert asked(project / "docs").tracked_files() == ("a b.md", "ü\n.md")


def test_a_checkout_takes_four_commands_and_asks_nothing_twice(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    commands = list[tuple[str, ...]]()
    run = Plumbing.run

    def counted(plumbing: Plumbing, *words: str, given: str = "") -> ProcessResult:
        commands.append(words)
        return run(plumbing, *words, given=given)

    monkeypatch.setattr(Plumbing, "run", counted)
    asked(project).checkout()
    assert [words[0] for words in commands] == ["rev-list", "rev-parse", "show-ref", "config"]
    commands.clear()
    compared(project)
    assert len(commands) == len(set(commands)) == 10
