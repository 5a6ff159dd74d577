from __future__ import annotations

import uuid
from pathlib import Path

import pytest

from tests.e2e.person import Person, Reader, runbook
from tests.rig import Rig
from tests.rig.fixtures import rig, sample

__all__ = ["desk", "guarded_desk", "rig", "sample"]


@pytest.fixture
def desk(rig: Rig, sample: Path) -> tuple[Person, Reader]:
    """A person who publishes to a repository of the test's own in the open registry, and one who looks at it."""
    image = f"{rig.plain}/cognary/aionis-{uuid.uuid4().hex[:8]}"
    variables = {"IMAGE_REPO": image, "PLATFORMS": "linux/amd64,linux/arm64"}
    return Person(rig, sample, variables), Reader(rig, image)


@pytest.fixture
def guarded_desk(rig: Rig, sample: Path) -> tuple[Person, Reader]:
    """The same in the registry that asks for credentials as GHCR does."""
    image = f"{rig.guarded}/cognary/aionis-{uuid.uuid4().hex[:8]}"
    return Person(rig, sample, runbook(rig, image)), Reader(rig, image, account="pull")
