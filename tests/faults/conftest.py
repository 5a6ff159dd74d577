"""After every case here: no form of a secret in anything that it said, raised, logged, or gave to a child."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.harness import client_setup, gatehouse, scene
from tests.sinks import Sinks, forms, watched

SECRETS = (
    forms(client_setup.PASSWORD, client_setup.ROBOT.username)
    | forms(scene.USER.password, scene.USER.username)
    | forms(gatehouse.TOKEN)
    # The beginnings of the first tokens that a registry in memory gives out.
    | {f"opaque_{hashlib.sha256(f'token {number}'.encode()).hexdigest()[:5]}" for number in range(1, 100)}
)


@pytest.fixture(scope="session")
def sinks() -> Iterator[Sinks]:
    with watched() as sinks:
        yield sinks


@pytest.fixture(autouse=True)
def nothing_secret_comes_to_light(sinks: Sinks, capsys: pytest.CaptureFixture[str]) -> Iterator[None]:
    sinks.clear()
    yield
    printed = capsys.readouterr()
    sinks.seen += [("stdout", printed.out), ("stderr", printed.err)]
    assert not sinks.leaks(SECRETS)
    assert list(Path(tempfile.gettempdir()).glob(f"shiplane-*-{os.getpid()}-*")) == []
