"""``python -m tests.faults.stateful``, or ``invoke dev.model``: so many histories, each from its own seed."""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from tests.counts import at_least_one
from tests.faults import stateful
from tests.faults.stateful.rules import story


@contextmanager
def reported() -> Iterator[list[AssertionError]]:
    """Print what goes wrong, and go on."""
    failed: list[AssertionError] = []
    try:
        yield failed
    except AssertionError as error:
        failed.append(error)
        print(error)


def main(arguments: Sequence[str]) -> int:
    """Run so many histories; 1 if one did not end as it should."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults.stateful", description=stateful.__doc__)
    parser.add_argument("--runs", type=at_least_one, default=2000)
    parser.add_argument("--steps", type=at_least_one, default=50)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    ends: Counter[int] = Counter()
    wrong = 0
    for seed in range(options.seed, options.seed + options.runs):
        with reported() as failed:
            ends += story(seed, options.steps).ends
        wrong += len(failed)
    told = ", ".join(f"exit {code}: {count}" for code, count in sorted(ends.items()) if code >= 0)
    print(f"{options.runs} runs of {options.steps} steps; releases by {told}, crashed: {ends[-1]}; {wrong} runs wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
