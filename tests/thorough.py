"""Whether the long form of the long suites is wanted: ``SHIPLANE_THOROUGH=1``, as ``invoke dev.thorough`` sets it."""

from __future__ import annotations

import os
from collections.abc import Iterable
from itertools import product
from typing import Any

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
