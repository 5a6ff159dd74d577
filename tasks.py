"""This repository's own tasks: the library's, and ``dev.*`` for working on it."""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import IO, TYPE_CHECKING

ROOT = Path(__file__).parent
# Work from a bare checkout, and prefer the checkout to an installed copy.
sys.path[:0] = [str(ROOT / "tasks"), str(ROOT)]

from invoke import Collection, Context, Exit, task

import shiplane
from shiplane.cli.answer import Answer
from shiplane.cli.task_decorator import shiplane_task
from shiplane.core.errors import PrerequisiteError

if TYPE_CHECKING:
    from shiplane.cli.run import Run

# Invoke would let a positional swallow --help, and give out short flags that move when a parameter is added.
_task = partial(task, positional=[], auto_shortflags=False)
_NO_ENGINE = "no Docker engine was found, and none can be started"
_START_DOCKER = "Install and start Docker with buildx"
_LONG = ("e2e", "tests")
# Whole files are dealt out as a process comes free: the fixtures of a file are costly. More processes than two cores
# can run, since much of a test's time is spent waiting: for a registry to settle, or for a signal to be heeded.
_SHARED = ["--dist", "loadfile", "--no-loadscope-reorder", "-n"]
_CHECKS = {
    "format": ["ruff", "format", "--check", "."],
    "lint": ["ruff", "check", "."],
    "types": ["mypy"],
    "tests": ["pytest", "tests/unit", "tests/faults", *_SHARED, "2"],
    "e2e": ["pytest", "tests/e2e"],
}


@contextmanager
def _an_engine() -> Iterator[str | None]:
    """The machine's Docker engine if there is one, else the rig's for the duration.

    Gives the platforms that it has a base image for, if not all.
    """
    from tests import rig as rigs

    if rigs.engine_present(os.environ):
        yield None
        return
    print("no Docker engine found: starting one for this run", file=sys.stderr)
    try:
        rig = rigs.start()
    except rigs.RigError as fault:
        raise PrerequisiteError(f"{_NO_ENGINE}: {fault}", remedy=f"{_START_DOCKER}, then try again.") from fault
    before = dict(os.environ)
    os.environ.update(rig.env)
    try:
        yield rigs.only_platform()
    finally:
        rigs.stop(rig.folder)
        os.environ.clear()
        os.environ.update(before)


def _require_engine() -> None:
    """Prepare the engine that the e2e tests need, before anything is run.

    Raises:
        Exit: No engine can be started.
    """
    from tests import rig as rigs

    try:
        rigs.prepare()
    except rigs.RigError as fault:
        remedy = f"{_START_DOCKER}, or run the other checks alone: invoke dev.test --without-engine"
        raise Exit(f"{_NO_ENGINE}: {fault}\n  {remedy}", code=3) from fault


@shiplane_task(
    flags={
        "platforms": "Target platforms, e.g. linux/amd64,linux/arm64.",
        "builder": "buildx builder to use.",
        "faults": "Release while the registry misbehaves; show what is printed, and how it is repaired.",
    }
)
def rehearse(run: "Run", *, platforms: str | None = None, builder: str | None = None, faults: bool = False) -> Answer:
    """Rehearse a release of the sample on this machine.

    Both lanes, on a real engine and a real registry, which are started if there are none.
    """
    from tests.rig.sample import checkout

    from shiplane.cli.flows.rehearsal import rehearse_project
    from shiplane.core.system.temp_folder import temp_folder

    with temp_folder("sample", os.environ, project=ROOT) as folder, _an_engine() as only:
        part = run.within(env=dict(os.environ))  # the engine that was just started is in the environment only now
        if only and not platforms:
            run.console.tell(f"the only base image here is for {only}: the sample is released for that platform only")
        return rehearse_project(part, checkout(folder / "aionis"), platforms or only, builder, faults=faults)


@_task(
    iterable=["only"],
    help={
        "only": f"Run only this check (repeatable): {', '.join(_CHECKS)}.",
        "select": "Arguments for pytest, e.g. tests/unit.",
        "without_engine": "Leave out the tests that need a Docker engine (e2e).",
    },
)
def test(
    _: Context,
    only: list[str] | None = None,
    select: str = "",
    without_engine: bool = False,  # noqa: FBT001, FBT002
) -> None:
    """Run all checks: format, lint, types, and every test.

    The longest checks run in parallel: the first shows its output live, the others when they end.
    """
    import shlex

    if unknown := set(only or ()) - set(_CHECKS):
        raise Exit(f"no such check: {', '.join(unknown)}; known: {', '.join(_CHECKS)}", code=2)
    if select:
        raise Exit(code=_run(["pytest", *shlex.split(select)]))
    wanted = {name: words for name, words in _CHECKS.items() if not only or name in only}
    left_out = wanted.pop("e2e", None) if without_engine else None
    if not wanted:
        raise Exit("nothing is left to run without an engine", code=2)
    if "e2e" in wanted:
        _require_engine()
    codes = {name: _run(words) for name, words in wanted.items() if name not in _LONG}
    codes |= _side_by_side([(name, _words(name)) for name in _LONG if name in wanted])
    failed = [name for name, code in codes.items() if code]
    lines = [f"failed: {', '.join(failed)}"] if failed else []
    if left_out:
        lines.append(f"not run, no Docker engine: {' '.join(left_out)}")
    if failed:
        raise Exit("\n".join(lines), code=1)
    print(*lines, sep="\n", end="\n" if lines else "", flush=True)


def _words(name: str) -> list[str]:
    """What runs a check; three processes share the e2e tests where each starts an engine of its own."""
    from tests import rig as rigs

    shared = name == "e2e" and not rigs.engine_present(os.environ)
    return [*_CHECKS[name], *([*_SHARED, "3"] if shared else [])]


def _side_by_side(runs: list[tuple[str, list[str]]]) -> dict[str, int]:
    """Run checks in parallel; gives the exit code of each."""
    codes: dict[str, int] = {}
    with ExitStack() as stack:
        outputs = [stack.enter_context(tempfile.TemporaryFile("w+")) if number else None for number in range(len(runs))]
        started = [_start(words, output) for (_, words), output in zip(runs, outputs, strict=True)]
        for (name, _), running, output in zip(runs, started, outputs, strict=True):
            codes[name] = running.wait()
            if output:
                output.seek(0)
                print(output.read(), flush=True)
    return codes


def _start(words: list[str], output: IO[str] | None = None) -> subprocess.Popen[str]:
    """Start a check; its output goes to a file, or is shown as it comes."""
    print(f"== {' '.join(words)}", file=output or sys.stdout, flush=True)
    argv = [sys.executable, "-m", *words]
    return subprocess.Popen(argv, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=output, stderr=output, text=True)


def _run(words: list[str]) -> int:
    """Run a check to its end; gives its exit code."""
    with _start(words) as running:
        return running.wait()


@_task(
    help={"down": "Stop the rig and leave nothing running.", "folder": "Folder of the rig."},
)
def rig(_: Context, down: bool = False, folder: str = "/tmp/shiplane-rig") -> None:  # noqa: FBT001, FBT002, S108
    """Start an engine and registries for manual use.

    Prints the exports for the environment: ``eval "$(invoke dev.rig)"``.
    """
    from tests import rig as rigs
    from tests.rig.__main__ import exports

    if down:
        rigs.stop(Path(folder))
        return
    try:
        print(exports(rigs.start(Path(folder))))
    except rigs.RigError as fault:
        raise Exit(f"{_NO_ENGINE}: {fault}\n  {_START_DOCKER}.", code=3) from fault


@_task(
    iterable=["release", "command"],
    help={
        "release": "Code name, e.g. bookworm or noble (repeatable); default: Debian 12 and 13, and Ubuntu 24.04.",
        "command": "Arguments of invoke, as one word (repeatable); default: rehearse, then dev.test.",
    },
)
def fresh(_: Context, release: list[str] | None = None, command: list[str] | None = None) -> None:
    """Run the README's first commands in bare roots of Debian and Ubuntu, and check what they leave behind.

    Needs root. Takes half a minute for each root, plus the commands: `dev.test` a quarter of an hour.
    """
    words = [("--release", name) for name in release or ()] + [("--command", words) for words in command or ()]
    _module("tests.fresh", *(word for pair in words for word in pair))


@_task(
    help={"runs": "Number of runs, alternating with and without ledger and claim.", "seed": "Seed of the timing."},
)
def race(_: Context, runs: str = "200", seed: str = "0") -> None:
    """Race two processes that release, roll back or mark against a real registry."""
    _module("tests.race", "--runs", runs, "--seed", seed)


@_task(
    help={
        "runs": "Number of random histories.",
        "steps": "Steps of each.",
        "seed": "Seed of the first; they count up.",
    },
)
def model(_: Context, runs: str = "2000", steps: str = "50", seed: str = "0") -> None:
    """Run long random histories of a repository and check every step."""
    _module("tests.faults.stateful", "--runs", runs, "--steps", steps, "--seed", seed)


@_task(iterable=["only"], help={"only": "Part of a module's name (repeatable)."})
def mutate(_: Context, only: list[str] | None = None) -> None:
    """Mutate the deciding code and list the mutations that no test notices."""
    _module("tests.mutation", *(word for name in only or () for word in ("--only", name)))


@_task(
    help={"releases": "Number of releases.", "seed": "Seed of the faults."},
)
def soak(_: Context, releases: str = "1000", seed: str = "1") -> None:
    """Release many versions in a row against a real registry with occasional faults."""
    _module("tests.faults.harness.soak", "--releases", releases, "--seed", seed)


@_task()
def schema(_: Context) -> None:
    """Regenerate the package's JSON Schemas from the types that read and write the documents."""
    import json

    from shiplane.cli.documents import result_schema
    from shiplane.config.running.project_schema import project_schema
    from shiplane.release.planning.plan_document import plan_schema

    for name, make in {"project": project_schema, "plan": plan_schema, "result": result_schema}.items():
        path = ROOT / "tasks" / "shiplane" / "schema" / f"{name}.schema.json"
        path.write_text(f"{json.dumps(make(), indent=2)}\n", "utf-8")


@_task()
def coverage(_: Context) -> None:
    """Measure branch coverage of the deciding code; fail below 100 %."""
    tests = ("-q", "tests/unit", "tests/faults", "--deselect=tests/faults/promises/test_guards.py")
    _module("coverage", "run", "-m", "pytest", *tests)
    _module("coverage", "report")


@_task(help={"examples": "Number of examples of each generated test."})
def thorough(_: Context, examples: int = 10_000) -> None:
    """Run the long forms: every fault and signal at every request, ten thousand examples of each generated test."""
    os.environ.update(SHIPLANE_THOROUGH="1", SHIPLANE_EXAMPLES=str(examples))
    _module("pytest", "-q", "tests/unit", "tests/faults", "tests/e2e")


@_task(help={"select": "Arguments for pytest; default: tests/unit."})
def pythons(_: Context, select: str = "") -> None:
    """Run the unit tests under each installed Python from 3.10 to 3.14, and list the missing ones."""
    import shlex

    _module("tests.pythons", *shlex.split(select))


@_task
def rooms(_: Context) -> None:
    """Draw the picture of the rooms for CONTRIBUTING.md from the imports."""
    _module("tests.rooms")


@_task
def docs(_: Context) -> None:
    """Write the pages that are made from the code: commands, keys, messages, registries."""
    _module("tests.pages")


@_task
def picture(_: Context) -> None:
    """Draw the front page's picture: a real release and a real rollback, on a terminal of our own."""
    _module("tests.picture")


def _module(*words: str) -> None:
    """Run a module of this checkout; what ends this process ends it too, and waits until it has cleared up."""
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path[:2])}
    with subprocess.Popen([sys.executable, "-m", *words], cwd=ROOT, env=env, stdin=subprocess.DEVNULL) as running:
        try:
            code = running.wait()
        except BaseException:
            running.terminate()
            raise
    if code:
        raise Exit(code=code)


@_task(
    iterable=["only"],
    help={
        "only": "Measure only this row (repeatable), e.g. verify.",
        "rounds": "Number of rounds, in each of which every command runs once; medians are shown.",
        "against": "Folder of another checkout, or a revision, that is measured beside this one.",
        "growth": "Measure instead how costs grow with 10,000 versions, 20 lanes, 10,000 entries.",
        "json": "Print every sample as JSON.",
        "svg": "Draw the ratios into this file.",
    },
)
def bench(
    _: Context,
    only: list[str] | None = None,
    rounds: str = "7",
    against: str = "",
    growth: bool = False,  # noqa: FBT001, FBT002
    json: bool = False,  # noqa: FBT001, FBT002
    svg: str = "",
) -> None:
    """Measure shiplane beside the commands that do the same by hand, behind a network of 50 ms.

    Requests and connections are counted; times depend on the machine and its load. Nothing is asserted. Needs root on
    Debian or Ubuntu.
    """
    words = [("--only", name) for name in only or ()] + [("--rounds", rounds)]
    flags = [flag for flag, given in (("--growth", growth), ("--json", json)) if given]
    words += [(flag, value) for flag, value in (("--against", against), ("--svg", svg)) if value]
    _module("tests.bench", *(word for pair in words for word in pair), *flags)


dev = Collection(
    *("dev", test, rig, fresh, bench, race, model, mutate, soak, schema, coverage, thorough, pythons),
    *(rooms, docs, picture),
)
dev.__doc__ = "Development of shiplane itself."
ns = Collection.from_module(shiplane)
ns.add_task(rehearse)
ns.add_collection(dev)
