"""A person's machine for real processes without an engine: a checkout, a ``docker`` that builds nothing, a login."""

from __future__ import annotations

import os
from pathlib import Path

from tests.faults.harness import fakedocker
from tests.rig.sample import checkout

TOKEN = "ghp_canary0123456789"


def workshop(home: Path, registry: str) -> tuple[Path, dict[str, str]]:
    """Set one up in a folder, where ``temporary`` is its place for temporary files.

    Args:
        home: An empty folder.
        registry: ``host:port`` of where it releases to, as the account ``robot``.

    Returns:
        The checkout, and the variables of a process in it.
    """
    fakedocker.install(home / "bin")
    (home / "temporary").mkdir()
    folder = checkout(home / "aionis", registry)
    (folder / "tasks.py").write_text("from shiplane import ns\n")
    return folder, {
        "PATH": f"{home / 'bin'}:{os.environ['PATH']}",
        "HOME": str(home),
        "PYTHONPATH": str(fakedocker.ROOT / "tasks"),
        "TMPDIR": str(home / "temporary"),
        "IMAGE_REPO": f"{registry}/cognary/aionis",
        "GHCR_USERNAME": "robot",
        "GHCR_TOKEN": TOKEN,
    }
