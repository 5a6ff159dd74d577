"""Child processes: argument lists only, no standard input of ours, an environment without secrets, a time limit."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from shiplane.core.errors import PrerequisiteError
from shiplane.core.redact import forms_of, quoted
from shiplane.core.system.output import WHOLE, CapturedOutput, StreamedOutput

# What no child needs that does not log in: ours, GitHub's, and the runtime tokens of an Actions job. NPM_TOKEN,
# NODE_AUTH_TOKEN and their like are not here: they are the build's, which cannot fetch its private packages without.
SECRET_VARIABLES = frozenset(
    {
        "GHCR_TOKEN",
        "GITHUB_TOKEN",
        "GH_TOKEN",
        "GITHUB_ENTERPRISE_TOKEN",
        "GH_ENTERPRISE_TOKEN",
        "ACTIONS_RUNTIME_TOKEN",
        "ACTIONS_ID_TOKEN_REQUEST_TOKEN",
        "ACTIONS_ID_TOKEN_REQUEST_URL",
        "DOCKER_AUTH_CONFIG",
    }
)
# No child starts without these. A secret in them is one that happens to be a word of a path.
_NEEDED = frozenset({"PATH", "HOME"})
_GRACE = 5.0
_LOOK = 0.25
_TOO_MUCH = f"answered with more than {WHOLE >> 20} MiB"
_PR_SET_DUMPABLE = 4
Listener = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class ProcessResult:
    """How a child ended: its exit code and what it wrote."""

    argv: tuple[str, ...]
    code: int
    stdout: str
    stderr: str

    @property
    def command(self) -> str:
        """The command as it can be pasted into a shell."""
        return shlex.join(self.argv)


def without_secrets(env: Mapping[str, str], also: Iterable[str] = ()) -> dict[str, str]:
    """The environment for a child that does not log in.

    Gone are the variables that are known to hold a secret, and every other one in which such a secret turns up in any
    usual spelling: ``NODE_AUTH_TOKEN``, say, where it was set to ``GITHUB_TOKEN``, or a URL with the token in it.

    Args:
        env: Everything.
        also: Further variables that hold secrets: a configured registry's.
    """
    hidden = SECRET_VARIABLES | set(also)
    tokens = {env[name] for name in hidden if env.get(name) and name != "ACTIONS_ID_TOKEN_REQUEST_URL"}
    forms = [form for token in tokens for form in forms_of(token)]
    return {
        name: value
        for name, value in env.items()
        if name not in hidden and (name in _NEEDED or not any(form in value for form in forms))
    }


def refuse_dumps() -> None:
    """Keep other processes of this user from reading our memory and ``/proc/<pid>/environ``, where Linux can do that.

    A child's own environment is cleaned in any case, but it could read ours: the parent's. This stops a child that is
    not root (``prctl(2)``, PR_SET_DUMPABLE; ``proc(5)``); root is stopped by nothing here. The safe arrangement is to
    run gates in a job that has no token at all.
    """
    if sys.platform != "linux":
        return
    import ctypes

    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


def run(
    argv: Sequence[str],
    *,
    env: Mapping[str, str],
    cwd: Path | None = None,
    given: str = "",
    timeout: float = 60.0,
    listen: Listener = lambda _line: None,
    joined: bool = False,
    stop: threading.Event | None = None,
    exact: bool = False,
) -> ProcessResult:
    """Run a child to its end.

    Args:
        argv: The command; never a shell's.
        env: The child's whole environment.
        cwd: Where it runs.
        given: What it reads from standard input.
        timeout: Seconds; after them it and its children are ended.
        listen: Called with each line of its standard error as it comes.
        joined: Its standard output goes the same way, so that the lines keep their order; then ``stdout`` is empty.
        stop: Ends it when it is set: by a thread that is interrupted while another one waits here.
        exact: ``stdout`` and ``given`` are those very bytes (surrogateescape), line ends included.

    Returns:
        What it wrote: all of its answer, of its standard error the last MiB.

    Raises:
        PrerequisiteError: The command does not exist, did not end in time, was stopped, or answered without end.
    """
    story, answer = StreamedOutput(listen), CapturedOutput()
    try:
        child = _start(argv, env, cwd, story.writing if joined else answer.writing, story.writing)
    finally:
        story.start()
        answer.start()
    try:
        _give(child, given.encode("utf-8", "surrogateescape" if exact else "replace"))
        why_not = _awaited(child, answer, timeout, stop)
    finally:
        _end(child)
        # Bounded: a grandchild that outlives the group could hold the pipe open for ever.
        story.wait_ended(_GRACE)
    if why_not:
        raise PrerequisiteError(f"{shlex.join(argv)} {why_not}")
    return ProcessResult(
        argv=tuple(argv), code=child.returncode, stdout=answer.exact if exact else answer.text, stderr=story.text
    )


def _give(child: subprocess.Popen[bytes], given: bytes) -> None:
    """Write to its standard input and close it, in a thread: a pipe takes 64 KiB, and more only as it is read."""
    stream = child.stdin
    assert stream is not None  # noqa: S101 -- it was asked for

    def write() -> None:
        with suppress(OSError), stream:  # it may end without reading
            stream.write(given)

    threading.Thread(target=write, daemon=True).start()


def _awaited(
    child: subprocess.Popen[bytes], answer: CapturedOutput, timeout: float, stop: threading.Event | None
) -> str:
    """Wait for a child's end and that of its answer, with a look four times a second; gives why not, or nothing.

    A child may be killed while its own children live on and hold its pipes open, as buildx does when docker is killed:
    they have some seconds more, then they are ended, too.
    """
    until, dead_since = time.monotonic() + timeout, float("inf")
    while not (answer.wait_ended(0) and child.poll() is not None):
        now = time.monotonic()
        if now >= until or answer.too_much or (stop is not None and stop.is_set()):
            break
        dead_since = float("inf") if child.poll() is None else min(dead_since, now)
        if now - dead_since >= _GRACE:
            _signal(child, signal.SIGKILL)
        left = min(until - now, _LOOK)
        with suppress(subprocess.TimeoutExpired):
            child.wait(left if answer.wait_ended(left) else 0.0)
    else:
        return _TOO_MUCH if answer.too_much else ""
    if answer.too_much:
        return _TOO_MUCH
    return "was stopped" if stop is not None and stop.is_set() else f"did not end within {timeout:g} s"


def _start(
    argv: Sequence[str], env: Mapping[str, str], cwd: Path | None, stdout: int, stderr: int
) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(
            list(argv),
            stdin=subprocess.PIPE,
            stdout=stdout,
            stderr=stderr,
            env=dict(env),
            cwd=cwd,
            # A group of its own, so that a time limit or an interrupt ends its children too.
            start_new_session=True,
        )
    except FileNotFoundError as error:
        raise PrerequisiteError(
            f"{argv[0]} is not installed", remedy=f"Install {argv[0]} and put it on PATH."
        ) from error
    except (OSError, ValueError) as error:  # a NUL or half a surrogate can stand in no argument
        why = getattr(error, "strerror", None) or error
        raise PrerequisiteError(f"{quoted(argv[0])} cannot be started: {why}") from error


def _end(child: subprocess.Popen[bytes]) -> None:
    """End what still runs of it: politely, then not."""
    if child.poll() is None:
        _signal(child, signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            child.wait(timeout=_GRACE)
        _signal(child, signal.SIGKILL)
        child.wait()


def _signal(child: subprocess.Popen[bytes], number: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, number)
