"""``python -m tests.race``: race, report; 1 when a run went wrong."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from itertools import cycle, islice

from tests import race as races
from tests import rig as rigs
from tests.counts import at_least_one


def main(arguments: Sequence[str]) -> int:
    """Run against the rig, which is started where there is none."""
    parser = argparse.ArgumentParser(prog="python -m tests.race", description=races.__doc__)
    parser.add_argument("--runs", type=at_least_one, default=200)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    with rigs.at_hand() as rig:
        runs = races.race(rig.plain, islice(cycle(races.COURSES), options.runs), options.seed)
    print(races.report(runs))
    for run in races.wrong(runs):
        print(f"wrong: {run.course}: exits {run.codes}", *run.broken, *run.story, sep="\n  ")
    return 1 if races.wrong(runs) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
