"""The project's own files: what a glob may lead to, and that a set of changes is written as a whole or not at all."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

import pytest

from shiplane.config.keys.deployments import Deployments, Pattern
from shiplane.core.errors import LostRaceError, PrerequisiteError
from shiplane.deployments import files
from shiplane.deployments.files import LIMIT, collect, replace_all
from shiplane.deployments.tag_replacement import FileChange


def matching(root: Path, *globs: str) -> list[str]:
    return [file.path for file in collect(root, [Deployments(glob) for glob in globs]).files]


def put(root: Path, *paths: str, content: bytes = b"x\n") -> None:
    for path in paths:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(content)


@pytest.mark.parametrize(
    ("glob", "paths"),
    [
        ("a.yml", ["a.yml"]),
        ("*.yml", [".env.yml", "a.yml"]),
        ("deploy/*.yml", ["deploy/b.yml"]),
        ("deploy/**/*.yml", ["deploy/b.yml", "deploy/x/c.yml", "deploy/x/y/d.yml"]),
        ("**/*.yml", [".env.yml", "a.yml", "deploy/b.yml", "deploy/x/c.yml", "deploy/x/y/d.yml"]),
        ("**/x/**/d.yml", ["deploy/x/y/d.yml"]),
        ("deploy/x/**", ["deploy/x/c.yml", "deploy/x/y/d.yml"]),
        ("deploy/[bc].y?l", ["deploy/b.yml"]),
        ("deploy", []),
        ("A.yml", []),
    ],
)
def test_a_glob_means_what_it_means_in_a_shell(tmp_path: Path, glob: str, paths: list[str]) -> None:
    put(tmp_path, "a.yml", ".env.yml", "deploy/b.yml", "deploy/x/c.yml", "deploy/x/y/d.yml", "deploy/e.yaml")
    put(tmp_path, ".git/config.yml", "node_modules/x/a.yml", "deploy/node_modules/a.yml", ".venv/a.yml")
    assert matching(tmp_path, glob) == paths


def test_a_file_that_several_globs_mean_is_read_once_with_every_pattern(tmp_path: Path) -> None:
    put(tmp_path, "a.tf")
    one, two = Pattern("x={tag}"), Pattern("y={tag}")
    got = collect(tmp_path, [Deployments("*.tf", one), Deployments("a.*", two), Deployments("a.tf", one)])
    assert [(file.path, file.patterns) for file in got.files] == [("a.tf", (one, two))]


def test_what_is_not_read_is_said_with_its_reason(tmp_path: Path) -> None:
    root = tmp_path / "project"
    put(root, "binary.yml", content=b"a\0b")
    put(root, "large.yml", content=b"x" * (LIMIT + 1))
    put(root, "just.yml", content=b"x" * LIMIT)
    put(tmp_path, "outside.yml")
    (root / "escape.yml").symlink_to("../outside.yml")
    (root / "dangling.yml").symlink_to("nowhere.yml")
    (root / "loop.yml").symlink_to("loop.yml")
    (root / "folder.yml").mkdir()
    (root / "linked").symlink_to(tmp_path)
    os.mkfifo(root / "pipe.yml")
    got = collect(root, [Deployments("**/*.yml"), Deployments("none/*.yml")])
    assert [file.path for file in got.files] == ["just.yml"]
    assert got.unmatched == ("none/*.yml",)
    reasons = dict(line.split(": ", 1) for line in got.skipped)
    assert reasons.keys() == {"binary.yml", "large.yml", "escape.yml", "nowhere.yml", "loop.yml", "pipe.yml"}
    assert reasons["binary.yml"] == "is binary"
    assert reasons["escape.yml"] == "leads out of the project"
    assert reasons["pipe.yml"] == "is not a regular file"


def test_a_link_within_the_project_is_the_file_that_it_leads_to(tmp_path: Path) -> None:
    put(tmp_path, "real/a.yml")
    (tmp_path / "b.yml").symlink_to("real/a.yml")
    assert matching(tmp_path, "b.yml", "real/*") == ["real/a.yml"]
    replace_all(tmp_path, [FileChange(path="real/a.yml", before=b"x\n", after=b"y\n")])
    assert (tmp_path / "b.yml").is_symlink()
    assert (tmp_path / "b.yml").read_bytes() == b"y\n"


def changes(*paths: str) -> list[FileChange]:
    return [FileChange(path=path, before=b"x\n", after=b"y\n") for path in paths]


def contents(root: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(root.iterdir()) if path.is_file()}


def test_a_file_keeps_its_mode_and_nothing_is_left_beside_it(tmp_path: Path) -> None:
    put(tmp_path, "a.sh")
    (tmp_path / "a.sh").chmod(0o750)
    replace_all(tmp_path, changes("a.sh"))
    assert contents(tmp_path) == {"a.sh": b"y\n"}
    assert stat.S_IMODE((tmp_path / "a.sh").stat().st_mode) == 0o750


def test_a_read_only_file_keeps_every_file_as_it_is(tmp_path: Path) -> None:
    put(tmp_path, "a", "b")
    (tmp_path / "b").chmod(0o444)
    with pytest.raises(PrerequisiteError, match="b cannot be written: it is read-only"):
        replace_all(tmp_path, changes("a", "b"))
    assert contents(tmp_path) == {"a": b"x\n", "b": b"x\n"}


def test_a_file_that_changed_meanwhile_is_not_overwritten(tmp_path: Path) -> None:
    put(tmp_path, "a")
    put(tmp_path, "b", content=b"somebody's\n")
    with pytest.raises(LostRaceError, match="b was changed by another process"):
        replace_all(tmp_path, changes("a", "b"))
    assert contents(tmp_path) == {"a": b"x\n", "b": b"somebody's\n"}


def test_a_file_that_is_gone_keeps_every_file_as_it_is(tmp_path: Path) -> None:
    put(tmp_path, "a")
    with pytest.raises(PrerequisiteError, match="b cannot be written: No such file"):
        replace_all(tmp_path, changes("a", "b"))
    assert contents(tmp_path) == {"a": b"x\n"}


def test_a_full_disk_keeps_every_file_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path, "a", "b")
    sync, calls = os.fsync, iter([None, OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))])

    def full(handle: int) -> None:
        fault = next(calls)
        if fault:
            raise fault
        sync(handle)

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(PrerequisiteError, match="b cannot be written: No space left on device"):
        replace_all(tmp_path, changes("a", "b"))
    assert contents(tmp_path) == {"a": b"x\n", "b": b"x\n"}


@pytest.mark.parametrize("restorable", [True, False])
def test_what_was_replaced_before_a_failure_is_put_back_or_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, restorable: bool
) -> None:
    put(tmp_path, "a", "b")
    replace = Path.replace

    def failing(self: Path, target: Path) -> Path:
        if target.name == "b":
            if not restorable:
                monkeypatch.setattr(files, "_restored", lambda *_: False)
            raise OSError(errno.EROFS, os.strerror(errno.EROFS))
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", failing)
    with pytest.raises(PrerequisiteError) as caught:
        replace_all(tmp_path, changes("a", "b"))
    assert ("No file was changed" in caught.value.remedy) == restorable
    assert ("not restored: a." in caught.value.remedy) == (not restorable)
    assert contents(tmp_path) == {"a": b"x\n" if restorable else b"y\n", "b": b"x\n"}
