"""``python -m tests.mutation``: break the parts that decide, one small thing at a time, and see what nobody notices."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from queue import SimpleQueue

from tests.mutation.mutants import Key, Mutant, mutants
from tests.mutation.workspace import ROOT, Workspace, workspace

WANTED = 90.0
_EXAMPLES = "40"  # of each generated test; the ordinary run has more


@dataclass(frozen=True)
class Target:
    """A part of the product whose every small change some test must notice.

    Attributes:
        module: Below ``tasks/shiplane``.
        tests: What is run for each mutant, the quickest to notice first.
        within: Functions and classes to keep to; none for the whole module.
        same: Changes that can make no difference.
    """

    module: str
    tests: tuple[str, ...]
    within: tuple[str, ...] = ()
    same: tuple[Key, ...] = ()


_CLIENT = (
    "tests/faults/registry/test_client_answers.py",
    "tests/faults/promises/test_promises.py",
    "tests/faults/registry/test_client_reads.py",
)
_READING, _WRITING = "tests/faults/ledger/test_reading.py", "tests/faults/ledger/test_writing.py"
_CONTENTION = "tests/faults/ledger/test_contention.py"
# Every order of two writers costs seconds, and tells nothing that the others do not.
_LEDGER = (
    _READING,
    _WRITING,
    _CONTENTION,
    "tests/faults/release/test_publish.py::test_a_ledger_that_is_listed_but_not_shown_is_not_begun_a_second_time",
    f"--deselect={_CONTENTION}::test_two_writers_lose_no_entry_however_their_steps_fall",
)
TARGETS = (
    Target(
        "registry/client",
        (*_CLIENT, "tests/faults/registry/test_client_hostile.py"),
        ("_parse_manifest_response", "_lookup_result"),
    ),
    Target("config/version", ("tests/unit/config/test_version.py",)),
    Target(
        "config/names/version_schemes",
        ("tests/unit/config/test_version.py",),
        # What stands in for the number of a word: words rank above all numbers, and differ by themselves.
        same=(Key("_identifier_rank", "0 -> 1"), Key("_identifier_rank", "0 -> -1")),
    ),
    Target(
        "release/planning/decision",
        (
            "tests/unit/release/test_decision.py",
            "tests/faults/promises/test_promises.py",
            "tests/faults/release/test_publish.py",
        ),
        same=(
            # Of two tags with one version one is the version's own: they have the same digest, which is asked before.
            Key("_forward", "Gt -> GtE"),
            # Only asked whether there is a reason.
            Key("_obstacle", "return '' -> return None"),
        ),
    ),
    Target("release/planning/planner", ("tests/unit/config/test_settings.py", "tests/unit/cli/test_command_line.py")),
    Target(
        "registry/tag_writer",
        (
            "tests/faults/promises/test_promises.py",
            "tests/faults/registry/test_tag_writer.py",
            "tests/faults/release/test_publish.py",
        ),
        # A name is not sent again after a certain answer, nor after the last look: a confirmation says both.
        same=(Key("_WRITTEN", "True -> False"), Key("TagWriter.confirm", "True -> False", 1)),
    ),
    Target(
        "registry/lookup",
        (
            "tests/faults/registry/test_tag_writer.py",
            *_CLIENT,
            "tests/faults/release/test_publish.py",
            "tests/faults/verify/test_verify.py",
        ),
        # The waits double: the last look within four seconds is the last within five.
        same=(Key("read_back", "4.0 -> 5.0"),),
    ),
    Target(
        "core/redact",
        ("tests/unit/core/test_redact.py",),
        same=(
            # What is no longer than the beginning that is looked for has been hidden as a whole before.
            Key("Redactor.add", "Gt -> GtE"),
            # No token stands behind so many signs: any bound near it is as good.
            Key("_MOST_VALUES", "8 -> 9"),
        ),
    ),
    Target("ledger/ledger", ("tests/unit/ledger/test_ledger.py", _READING, _WRITING)),
    Target(
        "ledger/artifact",
        ("tests/unit/ledger/test_ledger.py", _READING, _WRITING),
        same=(
            # How long a piece is: any size near it is as good.
            *(Key("PIECE", kind) for kind in ("256 -> 257", "256 -> 255", "1024 -> 1025", "1024 -> 1023")),
        ),
    ),
    Target("ledger/checkpoint", ("tests/unit/ledger/test_checkpoint.py", "tests/faults/ledger/test_segments.py")),
    Target("ledger/store", _LEDGER),
    Target(
        "ledger/recorder",
        _LEDGER,
        # All of a run's ledgers have its one patience; and each was written once.
        same=(Key("_append_and_settle", "0 -> -1"), Key("_append_and_settle", "True -> False")),
    ),
    Target(
        "rollback/target",
        ("tests/unit/rollback/test_target.py", "tests/faults/rollback/test_rollback.py"),
        # Who fell is somewhere.
        same=(Key("departure", "And without operand 1"),),
    ),
    Target("git/claim_record", ("tests/unit/git/test_claim.py", "tests/faults/release/test_claim.py")),
    # Who may make one of the claims may make each.
    Target("release/claiming", ("tests/faults/release/test_claim.py",), same=(Key("ReleaseClaims.survey", "0 -> -1"),)),
    Target(
        "release/write_tags",
        ("tests/faults/release/test_publish.py", _WRITING, "tests/faults/release/test_plan.py"),
    ),
    Target("registry/blob_upload", ("tests/faults/registry/test_client_upload.py", _WRITING)),
)


@dataclass(frozen=True)
class Trial:
    """One mutant and whether anybody noticed."""

    target: Target
    mutant: Mutant
    killed: bool


def trials(targets: Sequence[Target], workers: int) -> Iterator[Trial]:
    """Try every mutant, some at once, each in a workspace of its own worker."""
    jobs = [(target, mutant) for target in targets for mutant in mutants(source_of(target), target.within)]
    free: SimpleQueue[Workspace] = SimpleQueue()
    made = [workspace() for _ in range(workers)]
    for one in made:
        free.put(one.__enter__())
    try:
        with ThreadPoolExecutor(workers) as pool:
            yield from pool.map(lambda job: _tried(free, *job), jobs)
    finally:
        for one in made:
            one.__exit__(None, None, None)


def _tried(free: SimpleQueue[Workspace], target: Target, mutant: Mutant) -> Trial:
    place = free.get()
    try:
        with place.edited(f"tasks/shiplane/{target.module}.py", mutant.source):
            killed = mutant.key in target.same or place.run(target.tests, seconds=90).killed
    finally:
        free.put(place)
    return Trial(target, mutant, killed)


def source_of(target: Target) -> str:
    """The module's text."""
    return (ROOT / "tasks" / "shiplane" / f"{target.module}.py").read_text("utf-8")


def report(found: Sequence[Trial], seconds: float) -> float:
    """Print each module's figures and survivors; gives the percentage of mutants that were noticed."""
    for module in dict.fromkeys(trial.target.module for trial in found):
        own = [trial for trial in found if trial.target.module == module]
        killed = sum(trial.killed for trial in own)
        print(f"{module}: {killed} of {len(own)} noticed ({100 * killed / len(own):.1f} %)")
        for mutant in (trial.mutant for trial in own if not trial.killed):
            print(f"    survived, line {mutant.line}: {mutant.reads} | {mutant.what} | {tuple(mutant.key)}")
    share = 100 * sum(trial.killed for trial in found) / max(len(found), 1)
    print(f"all: {share:.1f} % of {len(found)} noticed, {WANTED:g} % wanted [{seconds:.0f} s]")
    return share


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", action="append", default=[], help="A part of a module's name; repeatable.")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 2)
    given = parser.parse_args(arguments)
    os.environ["SHIPLANE_EXAMPLES"] = _EXAMPLES
    chosen = [target for target in TARGETS if not given.only or any(part in target.module for part in given.only)]
    if not chosen:
        parser.error(f"no module has that in its name; there are {', '.join(target.module for target in TARGETS)}")
    began = time.monotonic()
    found = []
    for trial in trials(chosen, given.workers):
        found.append(trial)
        print(f"\r{len(found)} tried, {sum(not t.killed for t in found)} survived", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    return 0 if report(found, time.monotonic() - began) >= WANTED else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
