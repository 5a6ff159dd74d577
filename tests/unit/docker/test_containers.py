"""Whose container it is: what dead runs left is removed, what another run uses is not."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import datetime, timedelta, timezone

import pytest

from shiplane.core.system.host import process_space
from shiplane.docker.containers import _is_dead, _last_line

HERE = process_space()


@pytest.fixture(scope="module")
def gone() -> int:
    """The id of a process that has ended."""
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    return child.pid


def ago(hours: float) -> str:
    moment = datetime.now(timezone.utc) - timedelta(hours=hours)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.123456789Z")


def test_a_container_of_a_dead_run_is_nobodys(gone: int) -> None:
    assert _is_dead(f"{HERE}:{gone}", ago(0))


@pytest.mark.parametrize("hours", [0, 48])
def test_a_container_of_a_living_run_is_left_alone(hours: float) -> None:
    assert not _is_dead(f"{HERE}:{os.getpid()}", ago(hours))


@pytest.mark.parametrize(
    ("owner", "created", "dead"),
    [
        ("elsewhere:1", ago(1), False),
        ("elsewhere:1", ago(25), True),
        (f"{HERE}:x", ago(1), False),
        ("", ago(25), True),
        ("elsewhere:1", "", False),
        ("elsewhere:1", "yesterday", False),
    ],
    ids=["young", "old", "its process is unreadable", "nobody's", "of no time", "of no readable time"],
)
def test_of_another_machines_container_only_its_age_is_known(owner: str, created: str, *, dead: bool) -> None:
    assert _is_dead(owner, created) is dead


@pytest.mark.skipif(sys.platform != "linux", reason="namespaces are Linux's")
def test_a_process_id_of_another_namespace_says_nothing(gone: int) -> None:
    program = "from shiplane.core.system.host import process_space; print(process_space())"
    argv = ["unshare", "--pid", "--fork", sys.executable, "-c", program]
    inside = subprocess.run(argv, capture_output=True, encoding="utf-8", check=False)
    if inside.returncode != 0:
        pytest.skip("needs the right to make a namespace")
    elsewhere = inside.stdout.strip()
    assert elsewhere != HERE
    assert elsewhere.startswith(HERE.rpartition("-")[0])  # the same machine
    assert not _is_dead(f"{elsewhere}:{gone}", ago(0))


def test_of_a_commands_output_the_last_line_is_kept_and_made_harmless() -> None:
    assert _last_line(b"one\n\x1b[31mtwo\x00\n\n") == "two"
    assert _last_line(b"") == ""
