"""Both lanes released as one, against the two commands that a runbook gives: wall time and steps that were executed.

Cold: whatever the builder has kept is pruned before each. The sample's two Dockerfiles share their first stages, which
the second of two commands finds in the cache that the first left: what one bake can win is waiting, not work.
"""

from __future__ import annotations

import re
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.rig import Rig
from tests.rig.sample import checkout

ROOT = Path(__file__).parents[2]
PLATFORMS = "linux/amd64,linux/arm64"
FILES = {"v0.2.1": "Dockerfile", "standalone-v0.2.1": "Dockerfile.standalone"}


@dataclass(frozen=True)
class Figure:
    """One measurement: seconds by the wall, and steps of Dockerfiles that ran (CACHED ones did not)."""

    seconds: float
    steps: int


def bench(rig: Rig, rounds: int) -> list[str]:
    """Measure both ways, in turn."""
    ways: dict[str, Callable[[Rig, Path, str], str]] = {"two commands": originals, "invoke release": release}
    found: dict[str, list[Figure]] = {name: [] for name in ways}
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        project = checkout(Path(folder) / "aionis")
        (project / "tasks.py").write_text("from shiplane import ns\n")
        for _ in range(rounds):
            for name, way in ways.items():
                found[name].append(measure(rig, project, way))
    return [line(name, figures) for name, figures in found.items()]


def measure(rig: Rig, project: Path, way: Callable[[Rig, Path, str], str]) -> Figure:
    """One way, once, into a repository of its own."""
    run(rig, project, ["docker", "buildx", "prune", "--all", "--force", "--builder", rig.builder])
    image = f"{rig.plain}/bench/{uuid.uuid4().hex[:8]}"
    started = time.perf_counter()
    story = way(rig, project, image)
    return Figure(time.perf_counter() - started, executed(story))


def originals(rig: Rig, project: Path, image: str) -> str:
    """One lane after the other, as people do it by hand."""
    common = ["docker", "buildx", "build", "--builder", rig.builder, "--progress", "plain", "--platform", PLATFORMS]
    built = [
        run(rig, project, [*common, "--file", file, "--tag", f"{image}:{tag}", "--push", "."])
        for tag, file in FILES.items()
    ]
    return "".join(built)


def release(rig: Rig, project: Path, image: str) -> str:
    """Both lanes by shiplane, everything included: its start, the build command, the checks, the names."""
    argv = [sys.executable, "-m", "invoke", "release", "--version", "0.2.1", "--builder", rig.builder]
    return run(rig, project, [*argv, "--image", image, "--platforms", PLATFORMS])


def run(rig: Rig, project: Path, argv: list[str]) -> str:
    """Run a command in the project; gives what it wrote to standard error."""
    env = rig.environ(PYTHONPATH=str(ROOT / "tasks"))
    done = subprocess.run(argv, cwd=project, env=env, capture_output=True, encoding="utf-8", check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(argv)} ended with {done.returncode}:\n{done.stderr[-2000:]}")
    return done.stderr


def executed(story: str) -> int:
    """How many steps of Dockerfiles ran, over all builds in a story of ``--progress plain``."""
    total = 0
    for build in re.split(r"#0 building with", story):
        steps = set(re.findall(r"#(\d+) \[[^\]]* \d+/\d+\] (?:RUN|COPY|WORKDIR)", build))
        total += len(steps - set(re.findall(r"#(\d+) CACHED", build)))
    return total


def line(name: str, figures: list[Figure]) -> str:
    """A way's medians, and each of its rounds."""
    seconds = statistics.median(figure.seconds for figure in figures)
    steps = statistics.median(figure.steps for figure in figures)
    rounds = ", ".join(f"{figure.seconds:.2f}" for figure in figures)
    return f"{name:<16} {seconds:6.2f} s  {steps:3.0f} steps executed  (rounds: {rounds} s)"
