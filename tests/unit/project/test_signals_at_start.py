"""Tests that were started in the background of a script can interrupt their children all the same."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import HEEDED

ROOT = Path(__file__).parents[3]
DISPOSITIONS = f"import signal; print([signal.getsignal(n) is signal.SIG_IGN for n in {[int(n) for n in HEEDED]}])"


@pytest.mark.parametrize("ignored", HEEDED, ids=lambda number: number.name)
def test_a_signal_that_the_tests_were_started_without_reaches_their_children(ignored: signal.Signals) -> None:
    tests = f"import subprocess, sys, tests.conftest; subprocess.run([sys.executable, '-c', {DISPOSITIONS!r}])"
    shell = (
        f"import os, signal, sys; signal.signal({int(ignored)}, signal.SIG_IGN); os.execv(sys.executable, sys.argv[1:])"
    )
    done = subprocess.run(
        [sys.executable, "-c", shell, sys.executable, "-c", tests], cwd=ROOT, check=True, capture_output=True, text=True
    )
    assert done.stdout.strip() == str([False] * len(HEEDED))
