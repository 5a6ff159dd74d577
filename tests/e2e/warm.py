"""An interpreter that has imported invoke and shiplane, and becomes one command after the other by forking.

The ordinary run starts some two thousand commands. Nearly all of the time of most of them is Python's own start and
imports; a fork of a process that has them does the same as ``python -m invoke`` without that.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import pkgutil
import runpy
import selectors
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from threading import Lock
from typing import Any

ROOT = Path(__file__).parents[2]
LIMIT = 300.0
_LONGEST = 1 << 20
# What the interpreter itself reads when it starts, so that a fork of one that has started would not heed it.
_READ_AT_START = ("PYTHON", "LANG", "LC_", "LD_", "MALLOC_")


def understands(argv: list[str], env: Mapping[str, str]) -> bool:
    """Whether a fork does the same as this command: invoke under this Python, in an environment that starts alike."""
    return argv[:3] == [sys.executable, "-m", "invoke"] and _at_start(env) == _at_start(_environ())


def run(argv: list[str], cwd: Path, env: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """Run the command to its end, without standard input.

    Raises:
        subprocess.TimeoutExpired: It took longer than ``LIMIT``; it was killed.
    """
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err, open(os.devnull, "rb") as nothing:  # noqa: PTH123
        ours, theirs = socket.socketpair()
        with ours, theirs:
            request = json.dumps({"argv": argv[3:], "cwd": str(cwd), "env": dict(env)}).encode()
            _interpreter().ask(request, [nothing.fileno(), out.fileno(), err.fileno(), theirs.fileno()])
            theirs.close()
            code = _result(ours, argv)
        out.seek(0)
        err.seek(0)
        return subprocess.CompletedProcess(argv, code, out.read().decode(), err.read().decode())


def _result(answers: socket.socket, argv: list[str]) -> int:
    """How the command ended: the process id comes first, the exit code later."""
    answers.settimeout(LIMIT)
    process = int(answers.recv(32))
    try:
        return int(answers.recv(32))
    except TimeoutError:
        os.kill(process, signal.SIGKILL)
        raise subprocess.TimeoutExpired(argv, LIMIT) from None


class _Interpreter:
    """The process that forks, from the side of the tests."""

    def __init__(self) -> None:
        self._requests, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._requests.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _LONGEST)
        argv = [sys.executable, "-m", "tests.e2e.warm", str(theirs.fileno())]
        self._process = subprocess.Popen(
            argv,
            cwd=ROOT,
            env=_environ(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            pass_fds=[theirs.fileno()],
        )
        theirs.close()
        self._lock = Lock()

    def ask(self, request: bytes, descriptors: list[int]) -> None:
        with self._lock:
            socket.send_fds(self._requests, [request], descriptors)


@cache
def _interpreter() -> _Interpreter:
    """One for all tests of this process; it ends when this process does, since nothing can ask it any more."""
    return _Interpreter()


def _environ() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT / "tasks")}


def _at_start(env: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in env.items() if name.startswith(_READ_AT_START)}


def _serve(requests: socket.socket) -> list[str]:
    """Fork for each request; returns in the child alone, with its arguments, in its folder and environment."""
    with selectors.DefaultSelector() as waiting:
        waiting.register(requests, selectors.EVENT_READ)
        while True:
            for key, _ in waiting.select():
                if key.data:
                    waiting.unregister(key.fd)
                    _ended(key.fd, *key.data)
                    continue
                message, descriptors, _, _ = socket.recv_fds(requests, _LONGEST, 4)
                if not message:
                    sys.exit()
                process = os.fork()
                if not process:
                    requests.close()
                    return _become(json.loads(message), descriptors)
                for descriptor in descriptors[:3]:
                    os.close(descriptor)
                answers = socket.socket(fileno=descriptors[3])
                answers.sendall(str(process).encode())
                waiting.register(os.pidfd_open(process), selectors.EVENT_READ, (process, answers))


def _ended(pidfd: int, process: int, answers: socket.socket) -> None:
    os.close(pidfd)
    _, status = os.waitpid(process, 0)
    with answers:
        answers.sendall(str(os.waitstatus_to_exitcode(status)).encode())


def _become(request: dict[str, Any], descriptors: list[int]) -> list[str]:
    """Take the folder, environment and standard streams of a request; gives its arguments."""
    for number, descriptor in enumerate(descriptors[:3]):
        os.dup2(descriptor, number)
    for descriptor in descriptors:
        os.close(descriptor)
    os.environ.clear()
    os.environ.update(request["env"])
    os.chdir(request["cwd"])
    arguments: list[str] = request["argv"]
    return arguments


def _import_everything() -> None:
    import invoke.main  # noqa: F401
    import urllib3  # noqa: F401

    import shiplane

    for module in pkgutil.walk_packages(shiplane.__path__, "shiplane."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)


def _main() -> None:
    requests = socket.socket(fileno=int(sys.argv[1]))
    _import_everything()
    # What is imported is never garbage: a fork need not look through it, and copy its pages, again and again.
    gc.freeze()
    sys.argv[1:] = _serve(requests)
    sys.path[0] = str(Path.cwd())
    runpy.run_module("invoke", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    _main()
