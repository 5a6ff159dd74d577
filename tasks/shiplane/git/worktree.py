"""Whether the files of a checkout are those of its commit. Compared here, byte by byte, and not by git.

``git status`` answers what the user wants to know: settings, ``.gitmodules``, index flags and caches all may hide a
change from it. A build reads bytes. So the commit's tree is listed, each file is hashed as it lies there, and only
where a hash differs is git asked to write what a checkout would: line endings and filters that the commit itself asks
for are no change. What lies there beside is a change, unless a committed ``.gitignore`` says that the project makes it.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import Path
from typing import BinaryIO

from shiplane.config.settings import Lacking
from shiplane.core.errors import PrerequisiteError
from shiplane.core.system.temp_folder import temp_folder
from shiplane.core.text import one_line
from shiplane.git.plumbing import Plumbing

_LINK, _MODULE, _PROGRAM = "120000", "160000", "100755"
_PIECE, _SHA1 = 1024 * 1024, 40
# Git LFS docs/spec.md: a pointer is smaller than 1024 bytes, and its first line is this one.
_LFS_POINTER, _LFS_LIMIT = b"version https://git-lfs.github.com/spec/v1\n", 1024
# git-crypt, doc/: what an encrypted file begins with.
_ENCRYPTED = b"\0GITCRYPT\0"
_NO_LFS = {"filter.lfs.process": "", "filter.lfs.smudge": "", "filter.lfs.clean": "", "filter.lfs.required": "false"}
_MODULES = "git submodule update --init --recursive"


@dataclass(frozen=True, kw_only=True)
class Differences:
    """What differs between a commit and its checkout.

    Attributes:
        changes: Paths, from the top of the repository: other content, other mode, missing, or untracked.
        lacking: What was never checked out whole.
    """

    changes: tuple[str, ...] = ()
    lacking: tuple[Lacking, ...] = ()

    def __add__(self, other: Differences) -> Differences:
        return Differences(changes=self.changes + other.changes, lacking=self.lacking + other.lacking)


@dataclass(frozen=True)
class TreeEntry:
    """One entry of a commit's tree (git-ls-tree(1))."""

    mode: str
    digest: str
    path: str


def differences(git: Plumbing, commit: str, within: str = "") -> Differences:
    """Compare a checkout with a commit, its submodules with what the commit says of them.

    Args:
        git: Runs at the top of the repository.
        commit: The full hash.
        within: The path of this repository within the outermost one, with a slash.

    Raises:
        PrerequisiteError: git fails, or a file cannot be read.
    """
    entries = list(_entries(git, commit))
    with temp_folder("index", git.env, project=git.folder) as folder:
        comparison = _Comparison(git, commit, entries, folder)
        changed = {*comparison.staged(), *comparison.untracked(), *comparison.changed()}
        lacking = comparison.lacking()
        own_differences = Differences(
            changes=tuple(printable_path(within + path) for path in sorted(changed)),
            lacking=tuple(
                replace(one, paths=tuple(printable_path(within + path) for path in one.paths)) for one in lacking
            ),
        )
    modules = (_module(git, entry, within) for entry in entries if entry.mode == _MODULE)
    return sum(modules, start=own_differences)


def _entries(git: Plumbing, commit: str) -> Iterator[TreeEntry]:
    for record in git.records("ls-tree", "-r", "-z", "--full-tree", commit):
        facts, _, path = record.partition("\t")
        mode, _, digest = facts.split(" ")
        yield TreeEntry(mode, digest, path)


@dataclass
class _Comparison:
    """One repository's files against its commit; ``folder`` is for an index and files of our own."""

    git: Plumbing
    commit: str
    entries: Sequence[TreeEntry]
    folder: Path
    _differing: list[TreeEntry] = field(init=False)
    _missing: list[str] = field(init=False)
    _stand_ins: dict[str, str] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self.index_git = replace(self.git, extra_env={"GIT_INDEX_FILE": str(self.folder / "index")}, settings=_NO_LFS)
        self.index_git.output("read-tree", self.commit)
        folders = _Folders(self.git.folder)
        modes = [(entry, folders.mode(entry.path)) for entry in self.entries if entry.mode != _MODULE]
        self._missing = [entry.path for entry, mode in modes if mode is None]
        self._differing = [
            entry for entry, mode in modes if mode is not None and not self._is_as_committed(entry, mode)
        ]

    def staged(self) -> list[str]:
        """What is to become part of the next commit: somebody is in the middle of something."""
        flags = ("--cached", "-z", "--name-only", "--no-renames", "--no-ext-diff", "--ignore-submodules=none")
        return self.git.records("diff-index", *flags, self.commit, "--")

    def untracked(self) -> list[str]:
        """Files that the commit does not have, and no ``.gitignore`` of the project names.

        Those of this machine (``.git/info/exclude``, ``core.excludesFile``) say nothing about the project; nor does a
        ``.gitignore`` that is in no commit, as tools write into their caches, with ``*`` in it. It hides itself: git
        lists it among what is ignored, but not where its folder is ignored as a whole.
        """
        flags = ("--others", "-z", "--exclude-per-directory=.gitignore")
        hidden = self.index_git.records("ls-files", *flags, "--ignored", "--directory")
        uncommitted = [path for path in hidden if path.rpartition("/")[2] == ".gitignore"]
        return [*self.index_git.records("ls-files", *flags), *uncommitted]

    def changed(self) -> list[str]:
        """Tracked files that are not as a checkout would write them."""
        gone = [] if self._is_sparse() else self._missing
        if not self._differing or self._has_local_attributes():
            return [*gone, *(entry.path for entry in self._differing)]
        paths, written = "".join(f"{entry.path}\0" for entry in self._differing), f"{self.folder}/written/"
        self.index_git.output("checkout-index", "-z", "--stdin", f"--prefix={written}", given=paths)
        return [*gone, *(entry.path for entry in self._differing if not self._is_as_written(entry, written))]

    def lacking(self) -> list[Lacking]:
        """What stands for content that was never fetched, decrypted or checked out."""
        missing = []
        pointers = [path for path, kind in self._stand_ins.items() if kind == "lfs"]
        locked = [path for path, kind in self._stand_ins.items() if kind == "git-crypt"]
        if pointers := self._filtered(pointers):
            missing.append(
                Lacking("Git LFS pointers stand where the content should be", tuple(pointers), "git lfs pull")
            )
        if locked := self._filtered(locked):
            missing.append(Lacking("files are still encrypted", tuple(locked), "git-crypt unlock"))
        if self._missing and self._is_sparse():
            remedy = "git sparse-checkout disable"
            missing.append(Lacking("the checkout is a sparse one and has no", tuple(self._missing), remedy))
        return missing

    def _is_as_committed(self, entry: TreeEntry, mode: int) -> bool:
        path = self._path(entry)
        if entry.mode == _LINK:
            target = os.fsencode(Path(path).readlink()) if stat.S_ISLNK(mode) else b""
            return _blob_hash(entry, len(target), [target]) == entry.digest
        return _same_mode(mode, entry) and self._content(path, entry) == entry.digest

    def _content(self, path: str, entry: TreeEntry) -> str:
        """Git's hash of a file as it lies there; what only stands for content is noted on the way."""
        with _opened(path) as stream:
            size = os.fstat(stream.fileno()).st_size
            # A byte more than it is said to have: one that grows meanwhile has another hash.
            head = stream.read(min(size, _PIECE) + 1)
            if size < _LFS_LIMIT and head.startswith(_LFS_POINTER):
                self._stand_ins[entry.path] = "lfs"
            elif head.startswith(_ENCRYPTED):
                self._stand_ins[entry.path] = "git-crypt"
            return _blob_hash(entry, size, [head] if size <= _PIECE else chain([head], _pieces(stream)))

    def _is_as_written(self, entry: TreeEntry, folder: str) -> bool:
        """Whether a file is what a checkout writes, or the content that an LFS pointer stands for."""
        path, written = self._path(entry), folder + entry.path
        if entry.mode == _LINK or not _same_mode(os.lstat(path).st_mode, entry):
            return False
        with _opened(written) as stream:
            pointer = stream.read(_LFS_LIMIT)
        if pointer.startswith(_LFS_POINTER):
            return f"\noid sha256:{_sha256(path)}\n".encode() in pointer
        return _sha256(path) == _sha256(written)

    def _path(self, entry: TreeEntry) -> str:
        return f"{self.git.folder}/{entry.path}"

    def _filtered(self, paths: Sequence[str]) -> list[str]:
        """Those of these paths that a filter makes of something else, by the project's attributes."""
        if not paths or self._has_local_attributes():
            return list(paths)
        fields = self.index_git.output(
            "check-attr", "-z", "--stdin", "filter", given="".join(f"{path}\0" for path in paths)
        )
        triples = fields.split("\0")
        filters = zip(triples[::3], triples[2::3], strict=False)
        return [path for path, value in filters if value.startswith(("lfs", "git-crypt"))]

    def _is_sparse(self) -> bool:
        """Whether the checkout leaves files out. The last value is the one that our own command line gives."""
        values = self.git.run("config", "--get-all", "--type=bool", "core.sparseCheckout").stdout.split()
        return values[-2:-1] == ["true"]

    def _has_local_attributes(self) -> bool:
        """Whether this machine has attributes of its own, which git cannot be told to leave out (gitattributes(5))."""
        path = self.git.output("rev-parse", "--git-path", "info/attributes").rstrip("\n")
        try:
            lines = (self.git.folder / path).read_text("utf-8", "replace").splitlines()
        except FileNotFoundError:
            return False
        return any(line.strip() and not line.lstrip().startswith("#") for line in lines)


@dataclass
class _Folders:
    """Which paths are there, through folders alone: a link in the place of a folder leads to other files."""

    top: Path
    _real: dict[str, bool] = field(default_factory=lambda: {"": True})

    def mode(self, path: str) -> int | None:
        """Type and permissions of what is at this path (inode(7)); None where nothing is."""
        if not self._is_real(path.rpartition("/")[0]):
            return None
        try:
            return os.lstat(f"{self.top}/{path}").st_mode
        except (FileNotFoundError, NotADirectoryError):
            return None

    def _is_real(self, folder: str) -> bool:
        if folder not in self._real:
            path = self.top / folder
            above = self._is_real(folder.rpartition("/")[0])
            self._real[folder] = above and path.is_dir() and not path.is_symlink()
        return self._real[folder]


def _module(git: Plumbing, entry: TreeEntry, within: str) -> Differences:
    """A submodule: checked out, at the commit that is recorded, and as that commit has it."""
    module = replace(git, folder=git.folder / entry.path)
    if not (module.folder / ".git").exists():
        return _incomplete("a submodule is not checked out", within + entry.path)
    commit = module.output("rev-parse", "--verify", "HEAD^{commit}").strip()
    if Path(module.output("rev-parse", "--show-toplevel").rstrip("\n")).resolve() != module.folder.resolve():
        raise PrerequisiteError(
            f"the submodule {printable_path(within + entry.path)} is no repository", remedy=_MODULES
        )
    if commit != entry.digest:
        reason = f"a submodule is at {commit[:12]} instead of {entry.digest[:12]}"
        return _incomplete(reason, within + entry.path)
    return differences(module, commit, f"{within}{entry.path}/")


def _incomplete(reason: str, path: str) -> Differences:
    return Differences(lacking=(Lacking(reason, (printable_path(path),), _MODULES),))


def _same_mode(mode: int, entry: TreeEntry) -> bool:
    """Whether a file is an ordinary one that its owner may run, or may not: what git records (git-ls-tree(1))."""
    return stat.S_ISREG(mode) and bool(mode & stat.S_IXUSR) == (entry.mode == _PROGRAM)


def _blob_hash(entry: TreeEntry, size: int, pieces: Iterable[bytes]) -> str:
    """The hash of a blob with this content, of the kind that the repository has (gitformat-hash-function)."""
    digest = hashlib.new("sha1" if len(entry.digest) == _SHA1 else "sha256", b"blob %d\0" % size, usedforsecurity=False)
    for piece in pieces:
        digest.update(piece)
    return digest.hexdigest()


def _sha256(path: str) -> str:
    digest = hashlib.sha256()
    with _opened(path) as stream:
        for piece in _pieces(stream):
            digest.update(piece)
    return digest.hexdigest()


def _pieces(stream: BinaryIO) -> Iterator[bytes]:
    while piece := stream.read(_PIECE):
        yield piece


@contextmanager
def _opened(path: str) -> Iterator[BinaryIO]:
    """A file for reading.

    Raises:
        PrerequisiteError: It cannot be read.
    """
    try:
        with open(path, "rb", buffering=0) as stream:  # noqa: PTH123 -- called for every file of a repository
            yield stream
    except OSError as error:
        raise PrerequisiteError(f"{printable_path(path)} cannot be read: {error.strerror or error}") from error


def printable_path(path: str) -> str:
    """A path for people: one line, its bytes that are no UTF-8 as escapes."""
    return one_line(os.fsencode(path).decode("utf-8", "backslashreplace"))
