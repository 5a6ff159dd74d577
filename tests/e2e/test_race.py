"""Two real processes at the same moment: the short form of ``python -m tests.race``."""

from __future__ import annotations

import pytest

from tests.race import COURSES, race, report, wrong
from tests.rig import Rig
from tests.thorough import THOROUGH

pytestmark = pytest.mark.e2e


def test_two_processes_at_once_break_nothing_that_can_be_held_and_nothing_in_silence(rig: Rig) -> None:
    courses = COURSES if THOROUGH else COURSES[1::5]
    runs = race(rig.plain, courses, seed=1)
    print(report(runs))
    assert [run.course for run in runs] == list(courses)
    assert wrong(runs) == []
    for run in runs:
        if run.course.claimed and run.course.name == "same version, another commit":
            assert 0 in run.codes
            assert {5, 8} & set(run.codes)
        if run.course.claimed and run.course.name == "same version, other bytes of the same commit":
            assert run.codes == (0, 0)
