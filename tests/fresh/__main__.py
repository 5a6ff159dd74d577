"""``python -m tests.fresh``: make bare roots, run the commands in them, report; 1 when one failed or left something."""

from __future__ import annotations

import argparse
import shlex
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests import fresh
from tests.fresh import inside, roots, traces
from tests.rig import packages
from tests.rig.model import RigError

WITHOUT_CRANE = {"jammy"}
"""Neither its archive has what the tests compare with, nor its keyring the key of Debian's, which does."""
DEFAULT = ("bookworm", "trixie", "noble")


@dataclass(frozen=True, kw_only=True)
class Trial:
    """A command in a root: what it ended with, and after how many seconds."""

    release: str
    command: str
    code: int
    seconds: float

    def __str__(self) -> str:
        return f"{self.release:<10} {self.command:<20} exit {self.code:>3} {self.seconds:>7.0f} s"


def main(arguments: Sequence[str]) -> int:
    """Try each command in each root."""
    options = _parser().parse_args(arguments)
    trials, leavings = [], []
    try:
        roots.require_root()
        with _folder() as folder:
            maker = roots.maker(folder / "maker")
            for release in options.release or DEFAULT:
                with _root(maker, release, folder) as root:
                    before, bare = traces.look(), traces.files(root)
                    trials += [_try(root, release, command) for command in options.command or commands(release)]
                    left = [*traces.since(before), *traces.processes(root), *traces.rigs(root)]
                    leavings += [f"{release}: {what}" for what in (*left, *sorted(traces.files(root) - bare))]
    except RigError as fault:
        print(f"dev.fresh: {fault}", file=sys.stderr)
        return 3
    print("", *trials, *(f"left behind: {what}" for what in leavings), sep="\n")
    return int(any(trial.code for trial in trials) or bool(leavings))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.fresh", description=fresh.__doc__)
    parser.add_argument("--release", action="append", choices=sorted(roots.RELEASES))
    parser.add_argument("--command", action="append", help="what `invoke` is to run, in one word")
    return parser


def commands(release: str) -> tuple[str, str]:
    """What README has a newcomer run on a machine of this release."""
    return ("rehearse", "dev.test --without-engine" if release in WITHOUT_CRANE else "dev.test")


@contextmanager
def _folder() -> Iterator[Path]:
    """A folder in the cache, not in /tmp: that may be memory, and a root with its toolbox takes 2 GB."""
    packages.cache().mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="fresh-", dir=packages.cache()))
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


@contextmanager
def _root(maker: roots.Maker, release: str, folder: Path) -> Iterator[Path]:
    """A bare root of a release, for as long as it is needed."""
    root, began = folder / release, time.monotonic()
    print(f"== {release}: making a bare root", flush=True)
    maker.make(release, root)
    roots.furnish(root)
    if list((root / roots.CERTIFICATES).iterdir()):
        inside.run(root, ["update-ca-certificates"])
    print(f"== {release}: made in {time.monotonic() - began:.0f} s", flush=True)
    try:
        yield root
    finally:
        if traces.rigs(root):  # of a run that was killed
            inside.run(root, [".ci/with-venv", "python", "-c", "from tests.rig import lifecycle; lifecycle.sweep()"])
        shutil.rmtree(root)


def _try(root: Path, release: str, command: str) -> Trial:
    print(f"== {release}: .ci/with-venv invoke {command}", flush=True)
    began = time.monotonic()
    code = inside.run(root, [".ci/with-venv", "invoke", *shlex.split(command)])
    return Trial(release=release, command=command, code=code, seconds=time.monotonic() - began)


if __name__ == "__main__":
    # Without this the roots would stay, and all that runs in them.
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    sys.exit(main(sys.argv[1:]))
