"""Without any one guard, the tests that are named for it fail.

The ordinary run takes a third of them, and ``invoke dev.thorough`` every one.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.faults.guard import Guard
from tests.faults.guards import GUARDS
from tests.mutation.workspace import ROOT, Workspace, workspace
from tests.thorough import THOROUGH


@pytest.fixture(scope="module")
def copy() -> Iterator[Workspace]:
    with workspace() as made:
        yield made


@pytest.mark.parametrize("guard", GUARDS if THOROUGH else GUARDS[::3], ids=lambda guard: guard.what)
def test_without_a_guard_the_tests_named_for_it_fail(copy: Workspace, guard: Guard) -> None:
    with copy.edited(guard.path, guard.without((ROOT / guard.path).read_text("utf-8"))):
        for test in guard.tests:
            verdict = copy.run([test])
            assert verdict.asserted, f"{test}\n{verdict}"


@pytest.mark.parametrize("guard", GUARDS, ids=lambda guard: guard.what)
def test_a_guard_stands_where_it_is_said_to_stand(guard: Guard) -> None:
    source = (ROOT / guard.path).read_text("utf-8")
    assert guard.without(source) != source


def test_every_guard_has_a_test_and_a_name_of_its_own() -> None:
    assert all(guard.tests for guard in GUARDS)
    assert len({guard.what for guard in GUARDS}) == len(GUARDS)
