from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e import person as persons
from tests.e2e.held import scene
from tests.e2e.person import Person, Reader, runbook
from tests.e2e.workflow_project import python, wheel
from tests.rig import Rig
from tests.rig.fixtures import rig, sample, signing_path
from tests.sinks import forms

__all__ = ["guarded_workstation", "python", "rig", "sample", "scene", "signing_path", "wheel", "workstation"]


# The files that take longest: one that is begun last is waited for by the other processes.
LONGEST = (
    "workflows",
    "rollback",
    "smoke",
    "mirrors",
    "workflow_inputs",
    "verify",
    "build_settings",
    "channel",
    "shapes",
)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the longest files."""
    order = {f"test_{name}": place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: order.get(item.path.stem, len(order)))


@pytest.fixture(autouse=True)
def nothing_secret_comes_to_light(rig: Rig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """After every test here: no password of the rig in any output of a command, nor in a file that it left.

    The one exception is the private login of a run that was killed: 0600, and swept by the next run.
    """
    said: list[persons.Done] = []
    temporary = tmp_path / "left"
    temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    run = Person.run

    def recorded(self: Person, argv: list[str], below: str = "", **more: str) -> persons.Done:
        said.append(run(self, argv, below, **more))
        return said[-1]

    monkeypatch.setattr(Person, "run", recorded)
    yield
    hidden = {form for who in rig.accounts.values() for form in forms(who.password, who.username)}
    assert not [form for form in hidden for done in said if form in done.out + done.err]
    for path in (path for path in temporary.rglob("*") if path.is_file()):
        content = path.read_bytes()
        assert path.stat().st_mode & 0o077 == 0 or not any(form.encode() in content for form in hidden), path


@pytest.fixture
def workstation(rig: Rig, sample: Path) -> tuple[Person, Reader]:
    """A person who publishes to a repository of the test's own in the open registry, and one who looks at it."""
    image = f"{rig.plain}/cognary/aionis-{uuid.uuid4().hex[:8]}"
    variables = {"IMAGE_REPO": image, "PLATFORMS": "linux/amd64,linux/arm64"}
    return Person(rig, sample, variables), Reader(rig, image)


@pytest.fixture
def guarded_workstation(rig: Rig, sample: Path) -> tuple[Person, Reader]:
    """The same in the registry that asks for credentials as GHCR does."""
    image = f"{rig.guarded}/cognary/aionis-{uuid.uuid4().hex[:8]}"
    return Person(rig, sample, runbook(rig, image)), Reader(rig, image, account="pull")
