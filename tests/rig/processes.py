"""Processes that outlive the one that started them, each known by a pid file."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from tests.rig.model import RigError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

HOME = Path(__file__).resolve().parents[2]
"""Where `tests` is importable from: our own helper processes are started there."""

GRACE = 8.0


def call(
    command: Sequence[str],
    env: Mapping[str, str] | None = None,
    timeout: float = 600,
    folder: Path | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end and give back what it said; never prompts.

    Raises:
        RigError: it failed; the message ends with its last words.
    """
    done = subprocess.run(
        command,
        env=env,
        timeout=timeout,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        words = (done.stderr or done.stdout).strip()[-1500:]
        raise RigError(f"{' '.join(command)}: exit {done.returncode}: {words}")
    return done


def output(command: Sequence[str], env: Mapping[str, str] | None = None) -> str:
    """What a command says on both channels, whatever it comes to."""
    done = subprocess.run(
        command,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return done.stdout


# For programs in Go: they collect garbage at four times what they hold, not at twice. Their heaps are small, and with
# the default a registry spent a third of its time on it.
CALM_GO = {"GOGC": "400"}


def spawn(folder: Path, name: str, command: Sequence[str], env: Mapping[str, str] | None = None) -> int:
    """Start a process of its own session, its output in `logs/NAME.log`, its pid in `pids/NAME`."""
    for part in ("pids", "logs"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    path = folder / "logs" / f"{name}.log"
    path.unlink(missing_ok=True)  # what an earlier run said about its ports must not be taken for ours
    with path.open("ab") as log:
        process = subprocess.Popen(
            command, env=env, cwd=HOME, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
        )
    (folder / "pids" / name).write_text(f"{process.pid} {birth(process.pid)}", encoding="utf-8")
    # A child that ends while we live would stay a zombie, and look alive, unless somebody waits for it.
    _children[process.pid] = process
    return process.pid


_children: dict[int, subprocess.Popen[bytes]] = {}


def helper(folder: Path, name: str, module: str, *arguments: str) -> int:
    """Start one of this package's modules as a process."""
    return spawn(folder, name, [sys.executable, "-m", f"tests.rig.{module}", *arguments], python_env())


def python_env() -> dict[str, str]:
    """An environment in which a Python child finds `tests`, wherever this one was started."""
    return {**os.environ, "PYTHONPATH": str(HOME), "PYTHONDONTWRITEBYTECODE": "1"}


def birth(pid: int) -> str:
    """When a process began, in the kernel's ticks: with the pid it names a process for good; '' when gone.

    Pids are used again; a pid file left by a rig that died must not make us kill a stranger.
    """
    if not Path("/proc/self").exists():  # macOS: only hosted rigs run there
        return (
            subprocess.run(["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False)
            .stdout.strip()
            .replace(" ", "_")
        )
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return ""
    return "" if fields[0] in "ZX" else fields[19]


def recorded(pid_file: Path) -> int | None:
    """The pid in a pid file if that very process still runs, else None."""
    try:
        pid, began = pid_file.read_text(encoding="utf-8").split()
    except (FileNotFoundError, ValueError):
        return None
    return int(pid) if birth(int(pid)) == began else None


def running(folder: Path) -> dict[str, int]:
    """The processes of a folder that still run, by name."""
    files = sorted((folder / "pids").glob("*"))
    found = {file.name: recorded(file) for file in files}
    return {name: pid for name, pid in found.items() if pid is not None}


def descendants(pid: int) -> list[int]:
    """The children of a process, and theirs, parents first."""
    try:
        text = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="utf-8")
    except OSError:
        return []
    return [found for child in map(int, text.split()) for found in (child, *descendants(child))]


def end(pids: Iterable[int], grace: float = GRACE) -> None:
    """End processes: ask first, then, after a grace, do not ask."""
    pids = list(pids)
    began = {pid: birth(pid) for pid in pids}
    for number in (signal.SIGTERM, signal.SIGKILL):
        for pid in pids:
            _signal(pid, began[pid], number)
        if wait(lambda: not any(_alive(pid, began[pid]) for pid in pids), grace, step=0.02):
            return


def _alive(pid: int, began: str) -> bool:
    if child := _children.get(pid):
        child.poll()
    return bool(began) and birth(pid) == began


def _signal(pid: int, began: str, number: signal.Signals) -> None:
    if _alive(pid, began):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)


def wait(ready: Callable[[], bool], seconds: float, step: float = 0.05) -> bool:
    """Ask until the answer is yes; False when the time is over."""
    deadline = time.monotonic() + seconds
    while not ready():
        if time.monotonic() > deadline:
            return False
        time.sleep(step)
    return True


def wait_or_explain(folder: Path, name: str, ready: Callable[[], bool], seconds: float = 30) -> None:
    """Wait for a process to become ready.

    Raises:
        RigError: it ended, or was not ready in time; the message holds the end of its log.
    """

    def over() -> bool:
        return ready() or name not in running(folder)

    if not (wait(over, seconds) and ready()):
        log = (folder / "logs" / f"{name}.log").read_text(encoding="utf-8", errors="replace")
        raise RigError(f"{name} did not start:\n{log[-2000:]}")
