"""The sample application as a project of its own: a git repository with one commit and a remote that nobody calls."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

SOURCE = Path(__file__).parents[1] / "sample"
REMOTE = "https://github.com/cognary/aionis.git"


def checkout(folder: Path) -> Path:
    """Copy the sample into a new folder and commit it there; gives the folder."""
    shutil.copytree(SOURCE, folder, ignore=shutil.ignore_patterns("dist"))
    for arguments in (
        ("init", "--quiet", "--initial-branch", "main"),
        ("config", "user.name", "Sample"),
        ("config", "user.email", "sample@localhost"),
        ("config", "commit.gpgsign", "false"),
        ("remote", "add", "origin", REMOTE),
        ("add", "--all"),
        ("commit", "--quiet", "--message", "the sample"),
    ):
        git(folder, *arguments)
    return folder


def git(folder: Path, *arguments: str) -> str:
    """Run git there; gives what it printed."""
    done = subprocess.run(
        ["git", *arguments], cwd=folder, check=True, capture_output=True, encoding="utf-8", stdin=subprocess.DEVNULL
    )
    return done.stdout.strip()


def commit(folder: Path, message: str) -> str:
    """Another commit with nothing in it; gives its hash."""
    git(folder, "commit", "--quiet", "--allow-empty", "--message", message)
    return git(folder, "rev-parse", "HEAD")
