"""Two real processes at the same moment: the short form of ``python -m tests.race``."""

from __future__ import annotations

import pytest

from tests.race import PAIRS, race, report, wrong
from tests.rig import Rig

pytestmark = pytest.mark.e2e


def test_two_processes_release_at_once(rig: Rig) -> None:
    runs = race(rig.plain, 2 * len(PAIRS), seed=1)
    print(report(runs))
    assert {(run.pair, run.claimed) for run in runs} == {(pair, claimed) for pair in PAIRS for claimed in (True, False)}
    assert wrong(runs) == []
    for run in runs:
        if run.claimed and run.pair == "other bytes, other commit":
            assert 0 in run.codes
            assert {5, 8} & set(run.codes)
        if run.claimed and run.pair == "other bytes, same commit":
            assert run.codes == (0, 0)
