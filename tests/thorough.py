"""Whether the long form of the long suites is wanted: ``SHIPLANE_THOROUGH=1``, as ``invoke dev.thorough`` sets it.

The ordinary run has every test that finds something no other does, and of long tables a share, which is the same in
every run. What it leaves out is marked:

- ``@pytest.mark.share(3)``: of the cases of this test every third, beginning with the first;
- ``@pytest.mark.thorough("what it alone finds; where the rest of it is tested")``: none.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import product
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pytest

THOROUGH = bool(os.environ.get("SHIPLANE_THOROUGH"))


def crossed(*axes: Iterable[Any], one_in: int = 4) -> list[tuple[Any, ...]]:
    """Each value of each axis with each of the others; in the ordinary run one in so many of these combinations.

    Which ones is the same in every run, and spread along the diagonals: each value has its share of all the others.
    """
    combinations = product(*(list(enumerate(axis)) for axis in axes))
    return [
        tuple(value for _, value in places)
        for places in combinations
        if THOROUGH or sum(place for place, _ in places) % one_in == 0
    ]


def ordinary(items: Sequence[pytest.Item]) -> tuple[list[pytest.Item], list[pytest.Item]]:
    """What the ordinary run has of these tests, and what only the thorough one has, each in its order."""
    cases: defaultdict[str, int] = defaultdict(int)
    kept: list[pytest.Item] = []
    left: list[pytest.Item] = []
    for item in items:
        test = item.nodeid.partition("[")[0]
        share = item.get_closest_marker("share")
        rare = item.get_closest_marker("thorough") or (share and cases[test] % share.args[0])
        cases[test] += 1
        (left if rare else kept).append(item)
    return kept, left
