"""An interrupt or SIGTERM ends at once whatever is under way, and leaves nothing behind: real processes, no rig."""

from __future__ import annotations

import ctypes
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from shiplane.cli import exits
from shiplane.cli.answer import Answer
from shiplane.cli.run import Run
from shiplane.cli.signals import TerminatedError
from shiplane.core.next_command import Caller
from shiplane.core.system.parallel import map_parallel
from shiplane.core.system.process import run
from tests.faults.harness.access import Access, Account
from tests.faults.harness.memory import MemoryRegistry
from tests.faults.harness.relay import HangUpError, Passing, relay
from tests.faults.harness.server import serve
from tests.faults.harness.workshop import TOKEN, workshop
from tests.rig.sample import git

PUBLISH = ("publish", "--lane", "main", "--tag", "v0.2.1", "--latest")
SIGNALS = [(signal.SIGTERM, 143), (signal.SIGINT, 130), (signal.SIGHUP, 129), (signal.SIGQUIT, 131)]
PROMPT = 7.5


@pytest.fixture
def building(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """A release whose build is at work, with a login of its own in the temporary folder."""
    with serve(MemoryRegistry(access=Access(accounts={"robot": Account(TOKEN)}))) as served:
        folder, variables = workshop(tmp_path, served.address)
        argv, variables["FAKE_BUILD"] = [sys.executable, "-m", "invoke", *PUBLISH], "60"
        with subprocess.Popen(
            argv, cwd=folder, env=variables, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, encoding="utf-8"
        ) as child:
            assert child.stderr is not None
            lines: list[str] = []
            while not lines or ("building, process" not in lines[-1] and lines[-1]):
                lines.append(child.stderr.readline())
            assert lines[-1], "".join(lines)
            yield child


@pytest.mark.parametrize(("number", "code"), SIGNALS)
def test_a_polite_signal_takes_the_private_login_away(
    building: subprocess.Popen[str], tmp_path: Path, number: signal.Signals, code: int
) -> None:
    assert len(list((tmp_path / "temporary").glob("shiplane-login-*/config.json"))) == 1
    building.send_signal(number)
    assert building.stderr is not None
    said = building.stderr.read()
    assert building.wait(10) == code, said
    assert list((tmp_path / "temporary").iterdir()) == []
    assert "next: invoke publish" in said


def test_a_command_ends_at_its_limit_like_a_terminated_one(tmp_path: Path) -> None:
    with serve(MemoryRegistry(access=Access(accounts={"robot": Account(TOKEN)}))) as served:
        folder, variables = workshop(tmp_path, served.address)
        with (folder / "shiplane.toml").open("a") as file:
            file.write("\n[limits]\nrun-seconds = 8\n")
        git(folder, "commit", "--quiet", "--all", "--message", "limits")
        argv, variables["FAKE_BUILD"] = [sys.executable, "-m", "invoke", *PUBLISH], "20"
        done = subprocess.run(argv, cwd=folder, env=variables, capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 143, done.stderr
    assert "building, process" in done.stderr
    assert "ended after 8 s, the limit of run-seconds in [limits]" in done.stderr
    assert "next: invoke publish" in done.stderr
    assert list((tmp_path / "temporary").iterdir()) == []


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGQUIT])
def test_a_signal_that_was_ignored_from_the_start_stays_ignored(tmp_path: Path, number: signal.Signals) -> None:
    """``nohup`` ignores the first of them, and a shell the second in what it runs in the background."""
    ignored = signal.signal(number, signal.SIG_IGN)
    with serve(MemoryRegistry(access=Access(scheme="none"))) as served:
        folder, variables = workshop(tmp_path, served.address)
        argv, variables["FAKE_BUILD"] = [sys.executable, "-m", "invoke", *PUBLISH], "2"
        try:
            child = subprocess.Popen(argv, cwd=folder, env=variables, stderr=subprocess.PIPE, encoding="utf-8")
        finally:
            signal.signal(number, ignored)
        with child:
            assert child.stderr is not None
            while "building, process" not in (line := child.stderr.readline()):
                assert line
            child.send_signal(number)
            said = child.stderr.read()
            assert child.wait(30) == 0, said
        assert set(served.memory.tags("cognary/aionis")) >= {"v0.2.1", "latest"}


@dataclass
class Silence:
    """A door at which from some request on no answer comes."""

    after: int
    reached: queue.Queue[str] = field(default_factory=queue.Queue)
    over: threading.Event = field(default_factory=threading.Event)

    def __call__(self, passing: Passing) -> None:
        self.after -= 1
        if self.after < 0:
            self.reached.put(passing.path)
            self.over.wait(60)
            raise HangUpError


@contextmanager
def unanswered(home: Path) -> Iterator[tuple[subprocess.Popen[str], Silence]]:
    """A release that waits for the answers to its first requests."""
    accounts = {"robot": Account(TOKEN)}
    with serve(MemoryRegistry(access=Access(accounts=accounts))) as served, relay(served.address) as door:
        door.meet = silence = Silence(after=0)
        folder, variables = workshop(home, door.address)
        argv = [sys.executable, "-m", "invoke", *PUBLISH]
        with subprocess.Popen(
            argv, cwd=folder, env=variables, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, encoding="utf-8"
        ) as child:
            try:
                silence.reached.get(timeout=30)
                with suppress(queue.Empty):  # those that are asked beside it
                    while True:
                        silence.reached.get(timeout=1)
                yield child, silence
            finally:
                silence.over.set()


def ended(child: subprocess.Popen[str], code: int, within: float) -> str:
    """What it said until it ended; it has so many seconds."""
    try:
        _, said = child.communicate(timeout=within)
    except subprocess.TimeoutExpired:
        child.kill()
        raise AssertionError(f"it did not end within {within} s") from None
    assert child.returncode == code, said
    assert "Traceback" not in said
    assert said.splitlines()[-1].startswith("next: ")
    return said


@pytest.mark.parametrize(("number", "code"), SIGNALS)
def test_a_signal_that_interrupts_no_system_call_ends_a_run_whose_registry_is_silent(
    tmp_path: Path, number: signal.Signals, code: int
) -> None:
    with unanswered(tmp_path) as (child, _):
        threads = {int(thread.name) for thread in Path(f"/proc/{child.pid}/task").iterdir()}
        other = min(threads - {child.pid})
        time.sleep(0.1)  # until it is in its wait
        # Given to another thread it does what one does between the interpreter's last look and the call: nothing yet.
        assert ctypes.CDLL(None).tgkill(child.pid, other, number) == 0
        said = ended(child, code, PROMPT)
    assert said.count("could not be read") == 2, said


@pytest.mark.parametrize(("number", "code"), SIGNALS)
def test_a_second_signal_ends_the_last_words_as_well(tmp_path: Path, number: signal.Signals, code: int) -> None:
    with unanswered(tmp_path) as (child, silence):
        child.send_signal(number)
        silence.reached.get(timeout=5)
        child.send_signal(number)
        said = ended(child, code, 2)
    assert said.count("could not be read") == 1, said


def test_a_second_signal_before_the_last_words_ends_the_run_with_its_code(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def signalled(*_: object) -> list[str]:
        raise TerminatedError(signal.SIGHUP)

    def task(_: Run) -> Answer:
        raise KeyboardInterrupt

    monkeypatch.setattr(exits, "_closing", signalled)
    assert exits.run_to_its_end(task, caller=Caller(), as_json=False) == 129
    assert "another signal came" in capsys.readouterr().err


class Interrupt(BaseException):
    """What a signal's handler raises."""


def _raise(_number: int, _frame: object) -> None:
    raise Interrupt


@pytest.fixture
def soon() -> Iterator[None]:
    """A signal in a moment."""
    before = signal.signal(signal.SIGUSR1, _raise)
    timer = threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGUSR1))
    timer.start()
    yield
    timer.cancel()
    signal.signal(signal.SIGUSR1, before)


def test_reads_side_by_side_keep_no_interrupt_waiting(soon: None) -> None:
    over, began = threading.Event(), time.monotonic()
    try:
        with pytest.raises(Interrupt):
            map_parallel(lambda _question: over.wait(6), range(3))
        assert time.monotonic() - began < 3
    finally:
        over.set()


def test_reads_side_by_side_answer_in_order_and_raise_the_first_fault() -> None:
    def slow_first(question: int) -> int:
        time.sleep(0.05 / (question + 1))
        if question % 4 == 3:
            raise ValueError(str(question))
        return question * 2

    assert map_parallel(slow_first, [0, 1, 2], workers=2) == [0, 2, 4]
    with pytest.raises(ValueError, match=r"^3$"):
        map_parallel(slow_first, range(10), workers=3)


def test_after_an_interrupt_no_further_question_is_taken(soon: None) -> None:
    asked: list[int] = []

    def slowly(question: int) -> None:
        asked.append(question)
        time.sleep(0.1)

    with pytest.raises(Interrupt):
        map_parallel(slowly, range(100), workers=2)
    seen = len(asked)
    time.sleep(0.3)
    assert len(asked) <= seen + 2


ORPHANS = "import subprocess, sys; subprocess.Popen(['sleep', '14']); print('said', flush=True); sys.exit(7)"


def test_what_outlives_a_child_and_holds_its_output_is_ended() -> None:
    began = time.monotonic()
    done = run([sys.executable, "-c", ORPHANS], env={"PATH": os.environ["PATH"]}, timeout=50)
    assert (done.code, done.stdout) == (7, "said\n")
    assert time.monotonic() - began < 10
