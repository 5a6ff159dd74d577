"""The list of changes that can make no difference names changes that there are, so that it hides no others."""

from __future__ import annotations

import pytest

from tests.mutation.__main__ import TARGETS, Target, source_of
from tests.mutation.mutants import Key, keys


@pytest.mark.parametrize("target", [target for target in TARGETS if target.same], ids=lambda target: target.module)
def test_a_change_that_makes_no_difference_is_one_of_the_module(target: Target) -> None:
    there = keys(source_of(target), target.within)
    assert set(target.same) <= set(there)
    assert len(set(there)) == len(there)


def test_a_change_has_the_same_name_whatever_its_words_are() -> None:
    before = keys("class A:\n    def b(self, c):\n        return c > 1 and self.d(c, 'yes')\n")
    after = keys("class A:\n    def b(self, size):\n        return size > 1 and self.e(size, 'no')\n")
    assert before == after
    assert {Key("A.b", "And without operand 1"), Key("A.b", "Gt -> GtE")} <= set(before)
