"""Runs tests in forks of a process that has imported the slow things already: a trial costs a third of a second.

Started by :mod:`tests.mutation.workspace` inside a copy of the project; a line of JSON in (``tests``, ``seconds``), a
line of JSON out. A fork has a session of its own, so that a mutant that never ends is ended with all that it started.
"""

from __future__ import annotations

import gc
import json
import os
import select
import signal
import sys
import tempfile
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

import hypothesis
import pytest
import urllib3  # noqa: F401 -- slow to import, the same in every trial
from hypothesis import Phase

# No shrinking: that an example fails is all that is asked.
hypothesis.settings.register_profile(
    "trial", database=None, derandomize=True, phases=[Phase.explicit, Phase.generate], deadline=None
)
_NOTHING, _TIMEOUT = -2, -1
_FLAGS = ["-x", "-q", "-p", "no:cacheprovider", "--hypothesis-profile=trial", "--no-header"]
_FLAGS += ["-W", "ignore::pytest.PytestAssertRewriteWarning"]  # the plugins are imported: that is the point


class _Failures:
    """The first words of each failure: the test, the stage, the exception and what it says."""

    def __init__(self) -> None:
        self.found: list[dict[str, str]] = []

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item, call: pytest.CallInfo[None]) -> Any:  # noqa: ANN401
        report = (yield).get_result()
        if report.failed and call.excinfo:
            kind = call.excinfo.typename
            self.found.append(
                {"test": item.nodeid, "when": report.when, "kind": kind, "what": str(call.excinfo.value)[:300]}
            )


def _trial(tests: list[str], scratch: str, writing: int) -> None:
    """In the fork: run the tests, report the result, exit.

    Their temporary files have a place of their own: pytest's usual one is swept after every run, of everything that
    others have left there, which may take longer than a trial is given.
    """
    os.setsid()
    quiet = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(quiet, descriptor)
    failures = _Failures()
    code = int(pytest.main([*_FLAGS, f"--basetemp={scratch}/trial", *tests], plugins=[failures]))
    os.write(writing, json.dumps({"code": code, "failures": failures.found}).encode() + b"\n")


def _answer(work: Callable[[int], None], seconds: float) -> dict[str, Any]:
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            work(writing)
        except BaseException as error:  # noqa: BLE001 -- the fork ends here; what went wrong is the answer
            told = {"test": "", "when": "start", "kind": type(error).__name__, "what": str(error)[:300]}
            os.write(writing, json.dumps({"code": _NOTHING, "failures": [told]}).encode() + b"\n")
        finally:
            os._exit(0)
    os.close(writing)
    ready, _, _ = select.select([reading], [], [], seconds)
    with os.fdopen(reading, "rb") as stream:
        said = stream.readline() if ready else json.dumps({"code": _TIMEOUT, "failures": []}).encode()
    with suppress(ProcessLookupError):
        os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    found: dict[str, Any] = json.loads(said or json.dumps({"code": _NOTHING, "failures": []}))
    return found


def main() -> None:
    gc.freeze()  # a fork need not look through what is imported here, and copy its pages
    with tempfile.TemporaryDirectory(prefix="trials-", ignore_cleanup_errors=True) as scratch:
        for line in sys.stdin:
            job = json.loads(line)
            answer = _answer(partial(_trial, job["tests"], scratch), job["seconds"])
            print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
