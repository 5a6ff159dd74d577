"""The builds of shiplane that are measured: this checkout, and beside it another one or an earlier revision."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.bench.measure import BenchError

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Build:
    """A checkout of shiplane; `name` is what the report calls it, and part of its repositories' names."""

    name: str
    root: Path

    @property
    def tasks(self) -> Path:
        """The folder that a Python has to look for the package in."""
        return self.root / "tasks"


@contextmanager
def builds(against: str = "") -> Iterator[list[Build]]:
    """This checkout, and what it is compared with: a checkout's folder, or a revision, which is checked out aside.

    Raises:
        BenchError: There is no such folder and no such revision.
    """
    ours = Build("shiplane", ROOT)
    if not against:
        yield [ours]
    elif (Path(against) / "tasks/shiplane").is_dir():
        yield [ours, Build("before", Path(against).resolve())]
    else:
        with _worktree(against) as folder:
            yield [ours, Build("before", folder)]


@contextmanager
def _worktree(revision: str) -> Iterator[Path]:
    commit = _git("rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
    if not commit:
        raise BenchError(f"{revision} is neither the folder of a checkout nor a revision of this repository")
    with tempfile.TemporaryDirectory(prefix="slb-before-") as base:
        folder = Path(base) / "checkout"
        _git("worktree", "add", "--detach", str(folder), commit, check=True)
        try:
            yield folder
        finally:
            _git("worktree", "remove", "--force", str(folder), check=True)


def described(build: Build) -> str:
    """What a build is: the version and the commit of its checkout, and whether it was changed since."""
    commit = _git("describe", "--always", "--dirty", folder=build.root)
    return f"{build.name}: {commit or 'no git checkout'} in {build.root}"


def _git(*words: str, folder: Path = ROOT, check: bool = False) -> str:
    done = subprocess.run(
        ["git", *words], cwd=folder, check=check, capture_output=True, encoding="utf-8", stdin=subprocess.DEVNULL
    )
    return done.stdout.strip()
