"""Unit tests see no network, no docker, no push and nothing of the machine's own environment."""

from __future__ import annotations

import os
import pty
import re
import shlex
import subprocess
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from pytest_socket import disable_socket, enable_socket

_PREFIXES = ("GITHUB_", "INVOKE_", "DOCKER_", "BUILDX_", "BUILDKIT_", "GHCR_", "GIT_", "ACTIONS_", "RUNNER_")
_NAMES = ("IMAGE_REPO", "TAG", "PLATFORMS", "PUBLISH_LATEST", "CI")
_COLOURS = ("NO_COLOR", "FORCE_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "COLORTERM", "PY_COLORS")
_NEVER = {"docker", "podman", "buildctl"}
Command: TypeAlias = str | bytes | os.PathLike[str] | Sequence[str | bytes | os.PathLike[str]]
_SHELLS = {"sh", "bash", "dash", "zsh", "env"}


class ForbiddenCommandError(AssertionError):
    """A unit test tried to start something that reaches out of the test."""


@pytest.fixture(autouse=True)
def no_network() -> Iterator[None]:
    disable_socket(allow_unix_socket=True)
    yield
    enable_socket()


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in tuple(os.environ):
        if name.startswith(_PREFIXES) or name in (*_NAMES, *_COLOURS):
            monkeypatch.delenv(name)


@pytest.fixture(autouse=True)
def no_foreign_commands(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    start: Callable[..., None] = subprocess.Popen.__init__
    judged = threading.local()

    def guarded(self: subprocess.Popen[Any], args: Command, *rest: Any, **named: Any) -> None:  # noqa: ANN401
        refuse(_words(args), named.get("cwd"), tmp_path)
        judged.now = True
        try:
            start(self, args, *rest, **named)
        finally:
            judged.now = False

    monkeypatch.setattr(subprocess.Popen, "__init__", guarded)
    # From Python 3.13 on, Popen itself may start a child by posix_spawn, and has been judged by then.
    monkeypatch.setattr(os, "posix_spawn", _unless(judged, os.posix_spawn, _forbidden("posix_spawn")))
    for module, name in (
        (os, "system"),
        (os, "popen"),
        (os, "execv"),
        (os, "execve"),
        (os, "execvp"),
        (os, "execvpe"),
        (os, "posix_spawnp"),
        (pty, "fork"),
    ):
        monkeypatch.setattr(module, name, _forbidden(name))


def refuse(words: Sequence[str], cwd: object, allowed: Path) -> None:
    """Raise for what a unit test must not start: docker at all, a push, git outside of its own folder."""
    line = shlex.join(words)
    if Path(words[0]).name in _SHELLS:
        words = [word for word in re.split(r"[\s;&|()'\"`]+", " ".join(words)) if word]
        programs = {Path(word).name for word in words}
    else:
        programs = {Path(words[0]).name}
    if programs & _NEVER:
        raise ForbiddenCommandError(f"a unit test would run: {line}")
    if "git" not in programs:
        return
    if "push" in words:
        raise ForbiddenCommandError(f"a unit test would push: {line}")
    place = Path(words[words.index("-C") + 1] if "-C" in words else str(cwd or Path.cwd())).resolve()
    if not place.is_relative_to(allowed.resolve()):
        raise ForbiddenCommandError(f"a unit test would use git in {place}: {line}")


def _words(args: Command) -> list[str]:
    if isinstance(args, (str, bytes, os.PathLike)):
        return ["sh", "-c", os.fsdecode(args)]
    return [os.fsdecode(word) for word in args]


def _unless(judged: threading.local, spawn: Callable[..., int], refused: Callable[..., int]) -> Callable[..., int]:
    def call(*args: Any, **named: Any) -> int:  # noqa: ANN401 -- handed on as they are
        return (spawn if getattr(judged, "now", False) else refused)(*args, **named)

    return call


def _forbidden(name: str) -> Callable[..., int]:
    def call(*args: object, **_: object) -> int:
        raise ForbiddenCommandError(f"a unit test would call {name}{args!r}")

    return call
