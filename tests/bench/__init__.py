"""Figures, not tests: each bench is a function of a running rig and a number of rounds, and gives lines to read."""

from __future__ import annotations

from collections.abc import Callable

from tests.bench import build
from tests.rig import Rig

Bench = Callable[[Rig, int], list[str]]
BENCHES: dict[str, Bench] = {"build": build.bench}
