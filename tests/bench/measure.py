"""Runs one command on the wire and measures it: time, processor, memory, requests, connections, bytes."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from pathlib import Path

from tests.bench.front import Line
from tests.bench.seed import Storage
from tests.bench.wire import Wire

LIMIT = 120.0
"""Seconds that a command may take; what takes longer counts as that long."""


STOPWATCH = Path(__file__).with_name("stopwatch.py")


class BenchError(Exception):
    """A command that is measured failed; the message has its last words."""


@dataclass(frozen=True, kw_only=True)
class Command:
    """What is measured: a script for `sh`.

    Attributes:
        script: Run by `sh -c`.
        folder: The working directory.
        env: Beside the wire's.
        restored: The repositories that it changes, which are made what they were after each run.
        before: Run before it, unmeasured.
        limit: Seconds after which it is ended.
    """

    script: str
    folder: Path
    env: Mapping[str, str] = field(default_factory=dict)
    restored: tuple[Storage, ...] = ()
    before: str = ""
    limit: float = LIMIT


@dataclass(frozen=True, kw_only=True)
class Sample:
    """One measurement.

    Attributes:
        seconds: By the wall.
        cpu: Seconds of processor, user and system, of the command and those that it waited for.
        memory: The largest of its processes, in MiB.
        requests: At the front, tokens and redirects included.
        ledger_requests: Of these the reads of ledgers.
        ledger_bytes: What the front answered to these, in bytes.
        connections: Those that were opened.
        sent: Bytes, TLS included.
        received: The same, to the command.
        ended: Whether it was ended, for it took too long.
    """

    seconds: float
    cpu: float = 0.0
    memory: float = 0.0
    requests: int = 0
    ledger_requests: int = 0
    ledger_bytes: int = 0
    connections: int = 0
    sent: int = 0
    received: int = 0
    ended: bool = False


def measure(wire: Wire, command: Command, round_trip: float) -> Sample:
    """Run it once at a round trip.

    Raises:
        BenchError: It failed.
    """
    if command.before:
        run(replace(command, script=command.before), {**wire.env, **command.env})
    pieces = {digest for storage in command.restored for digest in storage.pieces()}
    try:
        with wire.counting(round_trip) as traffic:
            sample = run(command, {**wire.env, **command.env})
    finally:
        for storage in command.restored:
            storage.restore()
    reads = ledger_reads(traffic.lines, pieces)
    return replace(
        sample,
        requests=len(traffic.lines),
        ledger_requests=len(reads),
        ledger_bytes=sum(line.size for line in reads),
        connections=traffic.counts.connections,
        sent=traffic.counts.sent,
        received=traffic.counts.received,
    )


def run(command: Command, env: Mapping[str, str]) -> Sample:
    """Run it without looking at the network.

    Raises:
        BenchError: It failed.
    """
    argv = [sys.executable, "-I", "-S", str(STOPWATCH), command.script]
    with tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(
            argv,
            cwd=command.folder,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            start_new_session=True,
        )
        try:
            told, _ = process.communicate(timeout=command.limit)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
            return Sample(seconds=command.limit, ended=True)
        seconds, cpu, memory, code = map(float, told.split())
        if code:
            errors.seek(0)
            words = errors.read().decode("utf-8", "replace")[-1500:]
            raise BenchError(f"{command.script}: ended with {code:.0f}:\n{words}")
    return Sample(seconds=seconds, cpu=cpu, memory=memory / 1024)


def ledger_reads(lines: Sequence[Line], pieces: AbstractSet[str]) -> list[Line]:
    """The requests that read ledgers: their tags, and these blobs, at the front and where it redirects to."""
    reads = (line for line in lines if line.method in {"GET", "HEAD"})
    return [line for line in reads if "/manifests/ledger-" in line.path or _digest(line.path) in pieces]


def _digest(path: str) -> str:
    """The digest in the path of a blob's request, or of the place that it is redirected to; '' if there is none."""
    found = re.search(r"/blobs/sha256(?::|/[0-9a-f]{2}/)([0-9a-f]{64})", path)
    return f"sha256:{found[1]}" if found else ""
