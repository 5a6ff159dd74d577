"""When each lane's image was built and exported for each platform, from the lines of one bake: for a report."""

from __future__ import annotations

from dataclasses import replace

from shiplane.cli.live.build_log_view import BuildLogView, BuildRow, BuildState
from shiplane.pages.run_report import BuildTime

_EXPORT = "export"
_ENDED = frozenset({BuildState.BUILT, BuildState.PUSHED, BuildState.FAILED})


class BuildTimes:
    """Reads the lines of one bake."""

    def __init__(self, view: BuildLogView) -> None:
        """Begin with nothing built; ``view`` is of this bake, and reads nothing else."""
        self._view = view
        self._times = [BuildTime(lane=row.lane, platform=row.platform, state="") for row in self._view.rows]

    @property
    def times(self) -> list[BuildTime]:
        """Lane by lane, as far as they have come."""
        return list(self._times)

    def read(self, line: str, now: float) -> None:
        """Take in one line of the log, so many seconds after the run began."""
        self._view.read(line, now)
        self._times = [_noted(time, row, now) for time, row in zip(self._times, self._view.rows, strict=True)]


def _noted(time: BuildTime, row: BuildRow, now: float) -> BuildTime:
    """What a row says now; what was noted before stays."""
    if row.state is BuildState.WAITING:
        return time
    began = now if time.began is None else time.began
    exports = row.stage == _EXPORT or row.state is BuildState.PUSHING
    exported = now if exports and time.exported is None else time.exported
    ended = now if row.state in _ENDED and time.ended is None else time.ended
    return replace(time, state=row.state.value, began=began, exported=exported, ended=ended)
