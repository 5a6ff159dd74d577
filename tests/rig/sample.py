"""The sample application as a project of its own: a git repository with one commit and a remote that nobody calls."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

SOURCE = Path(__file__).parents[1] / "sample"
REMOTE = "https://github.com/cognary/aionis.git"


def pair_for(registry: str) -> str:
    """The line of a project file that names GHCR's pair for a registry on this machine, which never gets it by itself.

    It goes before any table, and others may follow.
    """
    users, tokens = ("GHCR_USERNAME", "GITHUB_ACTOR"), ("GHCR_TOKEN", "GITHUB_TOKEN")
    return f'registries."{registry}" = {{ username-env = {list(users)}, password-env = {list(tokens)} }}\n'


def name_pair(folder: Path, registry: str) -> None:
    """Let the last commit of a checkout name GHCR's pair for a registry on this machine."""
    file = folder / "shiplane.toml"
    file.write_text(pair_for(registry) + file.read_text())
    git(folder, "commit", "--quiet", "--all", "--amend", "--no-edit")


def checkout(folder: Path, registry: str = "") -> Path:
    """Copy the sample into a new folder and commit it there, with GHCR's pair for a registry; gives the folder."""
    shutil.copytree(SOURCE, folder, ignore=shutil.ignore_patterns("dist"))
    if registry:
        file = folder / "shiplane.toml"
        file.write_text(pair_for(registry) + file.read_text())
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
