"""A copy of the project in which the product can be edited and its tests run, for guards and for mutants."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
PASSED, FAILED, TIMEOUT = 0, 1, -1
# How a test says no by itself: an assertion, or an exception that was wanted and did not come.
ASSERTIONS = {"AssertionError", "Failed", "ExceptionGroup", "FlakyFailure"}


@dataclass(frozen=True)
class Verdict:
    """How a trial ended: pytest's exit code (or ``TIMEOUT``), and the failures that were reported."""

    code: int
    failures: Sequence[Mapping[str, str]]

    @property
    def killed(self) -> bool:
        """Whether the tests tell the edited product from the real one."""
        return self.code != PASSED

    @property
    def asserted(self) -> bool:
        """Whether a test itself said no, in its own words."""
        return self.code == FAILED and any(
            failure["when"] == "call" and failure["kind"] in ASSERTIONS for failure in self.failures
        )

    def __str__(self) -> str:
        told = [f"{failure['test']}: {failure['kind']}: {failure['what']}" for failure in self.failures]
        return f"pytest ended with {self.code}\n" + "\n".join(told)


class Workspace:
    """One copy, with one worker that runs tests in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in ("tasks", "tests"):
            shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("sample.tar", ".hypothesis"))
        for name in ("pyproject.toml", "tasks.py", "README.md", "LICENSE", "CHANGELOG.md"):
            shutil.copy(ROOT / name, folder)
        self._worker = self._start()

    def _start(self) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "tests.mutation.worker"],
            cwd=self.folder,
            env={**os.environ, "PYTHONPATH": str(self.folder), "PYTHONWARNINGS": "ignore::DeprecationWarning"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            encoding="utf-8",
        )

    def close(self) -> None:
        """End the worker; the folder is the caller's."""
        with self._worker as worker:
            assert worker.stdin is not None
            worker.stdin.close()

    @contextmanager
    def edited(self, path: str, source: str) -> Iterator[None]:
        """Have another text in a file of the product for as long as the block lasts."""
        file = self.folder / path
        before = file.read_text("utf-8")
        # Bytecode is told from its source by size and whole seconds: too coarse for edits that follow each other.
        cached = Path(importlib.util.cache_from_source(str(file)))
        try:
            file.write_text(source, "utf-8")
            cached.unlink(missing_ok=True)
            yield
        finally:
            file.write_text(before, "utf-8")
            cached.unlink(missing_ok=True)

    def run(self, tests: Sequence[str], seconds: float = 60.0) -> Verdict:
        """Run tests as they are named on pytest's command line, up to the first that fails."""
        assert self._worker.stdin is not None
        assert self._worker.stdout is not None
        self._worker.stdin.write(json.dumps({"tests": list(tests), "seconds": seconds}) + "\n")
        self._worker.stdin.flush()
        answer: dict[str, Any] = json.loads(self._worker.stdout.readline())
        return Verdict(answer["code"], answer["failures"])


@contextmanager
def workspace() -> Iterator[Workspace]:
    """A copy that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        made = Workspace(Path(folder))
        try:
            yield made
        finally:
            made.close()
