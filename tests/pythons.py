"""The unit tests under every Python that the package promises and this machine has: ``python -m tests.pythons``."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
_CLASSIFIER = re.compile(r'"Programming Language :: Python :: (3\.[0-9]+)"')


@dataclass(frozen=True)
class Ran:
    """How the tests ended under one version; no code where the machine lacks it."""

    version: str
    code: int | None
    last: str = ""

    def __str__(self) -> str:
        how = {None: "not here", 0: "passed"}.get(self.code, "failed")
        return f"{self.version}  {how}  {self.last}".rstrip()


def promised(project: str) -> list[str]:
    """The versions that pyproject.toml's classifiers name, in their order."""
    return _CLASSIFIER.findall(project)


def interpreter(version: str) -> Path | None:
    """An interpreter of this version: on PATH, or of pyenv or uv."""
    for candidate in _candidates(version):
        asked = subprocess.run(
            [candidate, "-c", "import ensurepip, sys, venv; print('%d.%d' % sys.version_info[:2])"],
            capture_output=True,
            text=True,
            check=False,
        )
        if asked.stdout.strip() == version:
            return candidate
    return None


def _candidates(version: str) -> Iterator[Path]:
    name = f"python{version}"
    if here := shutil.which(name):
        yield Path(here)
    home = Path.home()
    yield from sorted((home / ".pyenv/versions").glob(f"{version}.*/bin/{name}"))
    yield from sorted((home / ".local/share/uv/python").glob(f"*/bin/{name}"))


def run(version: str, cache: Path, words: list[str]) -> Ran:
    """The tests under one version, in an environment of its own that is kept."""
    python = interpreter(version)
    if python is None:
        return Ran(version, None)
    own = cache / version / "bin" / "python"
    if not own.exists():
        subprocess.run([python, "-m", "venv", cache / version], check=True)
    subprocess.run([own, "-m", "pip", "install", "--quiet", "--editable", f"{ROOT}[dev]"], check=True)
    done = subprocess.run(
        [own, "-m", "pytest", "-q", "-p", "no:cacheprovider", *words],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    if done.returncode:
        print(done.stdout, flush=True)
    return Ran(version, done.returncode, done.stdout.strip().rpartition("\n")[2])


def main(words: list[str]) -> int:
    """Every version in turn; 0 where none failed and at least one was here."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "shiplane-pythons"
    began, ended = time.monotonic(), []
    for version in promised((ROOT / "pyproject.toml").read_text()):
        ended.append(run(version, cache, words or ["tests/unit"]))
        print(ended[-1], f"[{time.monotonic() - began:.0f} s]", flush=True)
    codes = [ran.code for ran in ended if ran.code is not None]
    return 0 if codes and not any(codes) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
