"""The short form of the soak: twenty releases in a row and two rollbacks, of which many a request goes wrong."""

from __future__ import annotations

import pytest

from tests.faults.harness.soak import soak
from tests.rig import Rig

pytestmark = pytest.mark.e2e


@pytest.mark.share(2)
@pytest.mark.parametrize("seed", [1, 2])
def test_twenty_releases_in_a_row_break_no_invariant_and_leave_nothing_behind(rig: Rig, seed: int) -> None:
    made, early, late = soak(rig.plain, 20, share=0.15, seed=seed, every=7)
    assert made.broken == []
    assert (made.tries >= 22, len(made.bad), len(made.moves)) == (True, 2, 22)
    assert len(made.chaos.met) >= 4, "so many kinds of faults, or nothing was tried"
    assert not late.outgrew(early), (early, late)
