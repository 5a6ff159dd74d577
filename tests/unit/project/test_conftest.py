"""The guards of this folder, tried: a guard that lets things through is worse than none."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from pytest_socket import SocketBlockedError

from tests.unit.conftest import ForbiddenCommandError, refuse


@pytest.mark.filterwarnings("ignore:A test tried to use socket")
def test_a_socket_to_the_network_cannot_be_made() -> None:
    with pytest.raises(SocketBlockedError):
        socket.socket(socket.AF_INET)


@pytest.mark.parametrize(
    "command",
    [
        ["docker", "version"],
        ["/usr/bin/docker", "push", "x"],
        ["sh", "-c", "cd / && docker ps"],
        ["env", "A=b", "docker", "ps"],
        ["git", "push", "origin", "main"],
        ["git", "-C", "/", "status"],
        ["sh", "-c", "git push"],
    ],
    ids=" ".join,
)
def test_it_is_refused(command: list[str], tmp_path: Path) -> None:
    with pytest.raises(ForbiddenCommandError):
        refuse(command, None, tmp_path)


def test_a_refused_command_is_not_started(tmp_path: Path) -> None:
    with pytest.raises(ForbiddenCommandError):
        subprocess.run(["docker", "--version"], check=False)
    with pytest.raises(ForbiddenCommandError):
        subprocess.run("true; docker --version", shell=True, check=False)
    with pytest.raises(ForbiddenCommandError):
        os.system("true")
    with pytest.raises(ForbiddenCommandError):
        os.posix_spawn("/bin/true", ["true"], {})


def test_what_the_interpreter_starts_by_posix_spawn_for_a_judged_command_is_started() -> None:
    # What sends Popen through posix_spawn: an absolute path and, below Python 3.13, descriptors left open.
    assert subprocess.run([sys.executable, "-c", ""], check=False, close_fds=False).returncode == 0


def test_git_is_not_started_in_the_project() -> None:
    with pytest.raises(ForbiddenCommandError):
        subprocess.run(["git", "status"], check=False)


def test_git_is_started_in_the_tests_own_folder(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "--quiet"], cwd=tmp_path, check=True)
    subprocess.run(["git", "-C", str(tmp_path), "status", "--short"], check=True)


def test_python_is_started(tmp_path: Path) -> None:
    assert subprocess.run([sys.executable, "-c", ""], cwd=tmp_path, check=False).returncode == 0


def test_the_machines_own_settings_are_gone() -> None:
    left = [name for name in os.environ if name.startswith(("GITHUB_", "INVOKE_", "DOCKER_", "GHCR_"))]
    assert not left
    assert not {"IMAGE_REPO", "TAG", "PLATFORMS", "PUBLISH_LATEST", "NO_COLOR", "FORCE_COLOR"} & set(os.environ)
