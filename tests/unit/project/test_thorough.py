"""Which tests the ordinary run leaves out."""

from __future__ import annotations

import pytest

from tests.e2e.conftest import LONGEST
from tests.rooms import ROOT
from tests.thorough import THOROUGH, ordinary

pytest_plugins = ["pytester"]
TESTS = """
import pytest

def test_always(): pass

@pytest.mark.share(3)
@pytest.mark.parametrize("number", range(7))
def test_of_many_cases(number): pass

@pytest.mark.thorough("what it alone finds")
@pytest.mark.parametrize("number", range(2))
def test_rarely(number): pass
"""


def test_it_has_a_share_of_a_long_table_and_none_of_what_is_rare(pytester: pytest.Pytester) -> None:
    kept, left = ordinary(pytester.getitems(TESTS))
    assert [item.name for item in kept] == ["test_always", *(f"test_of_many_cases[{number}]" for number in (0, 3, 6))]
    assert len(left) == 6


@pytest.mark.share(2)
@pytest.mark.parametrize("number", range(4))
def test_every_run_is_sorted_so(request: pytest.FixtureRequest, number: int) -> None:
    assert THOROUGH or number % 2 == 0, request.node.nodeid


def test_the_files_to_begin_with_are_there() -> None:
    assert [name for name in LONGEST if not (ROOT / f"tests/e2e/test_{name}.py").exists()] == []
