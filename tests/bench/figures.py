"""What many samples say: medians with their spread, round trips, and ratios of runs that stood side by side."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from operator import attrgetter

from tests.bench.measure import Sample


@dataclass(frozen=True)
class Spread:
    """The median of some values, the smallest and the largest."""

    median: float
    least: float
    most: float

    @classmethod
    def of(cls, values: Iterable[float]) -> Spread:
        """Of at least one value."""
        ordered = sorted(values)
        return cls(statistics.median(ordered), ordered[0], ordered[-1])


@dataclass(frozen=True, kw_only=True)
class Figures:
    """One command's figures.

    Attributes:
        samples: By round trip in seconds; those at one place of two commands are of the same round.
    """

    samples: Mapping[float, Sequence[Sample]]

    @property
    def farthest(self) -> float:
        """The longest round trip that was measured."""
        return max(self.samples)

    def spread(self, value: Callable[[Sample], float], round_trip: float | None = None) -> Spread:
        """Of a value, at a round trip; default: the longest."""
        return Spread.of(map(value, self.samples[self.farthest if round_trip is None else round_trip]))

    def medians(self) -> dict[str, float]:
        """The median of each value at the longest round trip."""
        return {one.name: self.spread(attrgetter(one.name)).median for one in fields(Sample)}

    @property
    def rounds(self) -> float | None:
        """By how many round trips the median grows with the round trip; None with one round trip alone."""
        near, far = min(self.samples), self.farthest
        if near == far:
            return None
        grown = self.spread(_seconds, far).median - self.spread(_seconds, near).median
        return grown / (far - near)


def _seconds(sample: Sample) -> float:
    return sample.seconds


def ratio(ours: Figures, theirs: Figures, round_trip: float | None = None) -> Spread:
    """Our time in that of a peer, by the pairs of each round; at a round trip, default: the longest."""
    place = ours.farthest if round_trip is None else round_trip
    pairs = zip(ours.samples[place], theirs.samples[place], strict=True)
    return Spread.of(mine.seconds / other.seconds for mine, other in pairs)
