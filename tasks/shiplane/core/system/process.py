"""Child processes: argument lists only, no inherited standard input, no secrets in the environment, a time limit."""

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
from shiplane.core.redact import forms_of
from shiplane.core.system.output import WHOLE, CapturedOutput, StreamedOutput
from shiplane.core.text import quoted

# Withheld from children that do not log in: our tokens, GitHub's, and the runtime tokens of an Actions job. NPM_TOKEN,
# NODE_AUTH_TOKEN and the like stay: builds need them to fetch private packages.
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
# Kept even if a secret occurs in them: it is then part of a path.
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
        """The command line, quoted for a shell."""
        return shlex.join(self.argv)


def without_secrets(env: Mapping[str, str], also: Iterable[str] = ()) -> dict[str, str]:
    """The environment for a child that does not log in.

    Drops variables known to hold a secret, and all others in which such a secret occurs in any encoding:
    ``NODE_AUTH_TOKEN`` set to ``GITHUB_TOKEN``, or a URL with the token.

    Args:
        env: The full environment.
        also: Further variables that hold secrets, such as a configured registry's.
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
    """Keep children from reading our memory and ``/proc/<pid>/environ`` (Linux only).

    This stops children that are not root (``prctl(2)``, PR_SET_DUMPABLE; ``proc(5)``). To be safe from root, run gates
    in a job without any token.
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
    alone: bool = False,
) -> ProcessResult:
    """Run a child process to its end.

    Args:
        argv: The command; no shell is involved.
        env: The complete environment.
        cwd: The working directory.
        given: Its standard input.
        timeout: Seconds until it and its children are killed.
        listen: Called with each line of standard error as it arrives.
        joined: Treat standard output like standard error, keeping the order of lines; ``stdout`` is then empty.
        stop: Kills it when set.
        exact: Keep ``stdout`` and ``given`` byte for byte (surrogateescape), line ends included.
        alone: Kill what it leaves running in its process group, however it ends.

    Returns:
        Its standard output, and the last MiB of its standard error.

    Raises:
        PrerequisiteError: The command does not exist, timed out, was stopped, or wrote too much.
    """
    stderr, stdout = StreamedOutput(listen), CapturedOutput()
    try:
        child = _start(argv, env, cwd, stderr.writing if joined else stdout.writing, stderr.writing)
    finally:
        stderr.start()
        stdout.start()
    try:
        _write_stdin(child, given.encode("utf-8", "surrogateescape" if exact else "replace"))
        failure = _wait(child, stdout, timeout, stop)
    finally:
        _end(child, everything=alone)
        # Bounded: a grandchild that outlives the group could hold the pipe open forever.
        stderr.wait_ended(_GRACE)
    if failure:
        raise PrerequisiteError(f"{shlex.join(argv)} {failure}")
    return ProcessResult(
        argv=tuple(argv), code=child.returncode, stdout=stdout.exact if exact else stdout.text, stderr=stderr.text
    )


def _write_stdin(child: subprocess.Popen[bytes], given: bytes) -> None:
    """Write its standard input in a thread: a pipe blocks after 64 KiB until the child reads."""
    stream = child.stdin
    assert stream is not None  # noqa: S101 -- opened as a pipe

    def write() -> None:
        with suppress(OSError), stream:  # it may end without reading
            stream.write(given)

    threading.Thread(target=write, daemon=True).start()


def _wait(child: subprocess.Popen[bytes], stdout: CapturedOutput, timeout: float, stop: threading.Event | None) -> str:
    """Wait for the child and its output to end, polling four times a second; returns why it failed, or nothing.

    A killed child's own children may hold its pipes open, as buildx does when docker is killed: they are killed after a
    grace period.
    """
    deadline, dead_since = time.monotonic() + timeout, float("inf")
    while not (stdout.wait_ended(0) and child.poll() is not None):
        now = time.monotonic()
        if now >= deadline or stdout.too_much or (stop is not None and stop.is_set()):
            break
        dead_since = float("inf") if child.poll() is None else min(dead_since, now)
        if now - dead_since >= _GRACE:
            _signal(child, signal.SIGKILL)
        interval = min(deadline - now, _LOOK)
        with suppress(subprocess.TimeoutExpired):
            child.wait(interval if stdout.wait_ended(interval) else 0.0)
    else:
        return _TOO_MUCH if stdout.too_much else ""
    if stdout.too_much:
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


def _end(child: subprocess.Popen[bytes], *, everything: bool) -> None:
    """Terminate the process group, then kill it; of one that ended by itself only if ``everything`` has to end."""
    if child.poll() is None:
        _signal(child, signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            child.wait(timeout=_GRACE)
        _signal(child, signal.SIGKILL)
        child.wait()
    elif everything:
        _signal(child, signal.SIGKILL)


def _signal(child: subprocess.Popen[bytes], number: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, number)
