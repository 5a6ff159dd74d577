"""The rig as pytest sees it: one for the whole session, or the one that `invoke dev.rig` left running."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import rig as rigs
from tests.rig import sample as samples
from tests.rig import signing_tools


@pytest.fixture(scope="session")
def rig() -> Iterator[rigs.Rig]:
    """A running rig. Where there can be none the run ends, with the exit code of a missing prerequisite."""
    if os.environ.get("SHIPLANE_RIG"):
        yield rigs.load(Path(os.environ["SHIPLANE_RIG"]))
        return
    try:
        started = rigs.start()
    except rigs.RigUnavailableError as error:
        pytest.exit(f"no Docker engine: {error}", returncode=3)
    try:
        yield started
    finally:
        rigs.stop(started.folder)


@pytest.fixture
def sample(rig: rigs.Rig, tmp_path: Path) -> Path:
    """The sample application in a git repository of its own; its file names GHCR's pair for the guarded registry."""
    return samples.checkout(tmp_path / "aionis", rig.guarded)


@pytest.fixture(scope="session")
def signing_path(rig: rigs.Rig) -> str:
    """The PATH of a rig's clients with cosign and notation on it; where one cannot be had, the test is skipped."""
    try:
        folders = [str(signing_tools.directory(name)) for name in signing_tools.TOOLS]
    except rigs.RigUnavailableError as fault:
        pytest.skip(str(fault))
    return ":".join([*dict.fromkeys(folders), rig.environ()["PATH"]])
