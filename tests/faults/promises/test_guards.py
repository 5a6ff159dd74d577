"""Without any one guard, the tests that are named for it fail.

The ordinary run takes a third of them, and ``invoke dev.thorough`` every one.
"""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterator

import pytest

from tests.faults.edits import Edit, argument, call, exchanged, never, value
from tests.faults.guard import Guard
from tests.faults.guards import GUARDS
from tests.mutation.workspace import ROOT, Workspace, workspace
from tests.thorough import THOROUGH

# Those of which a part is said in words of the source: an argument's name, or what another program reads.
_WORDED = {
    "a rollback moves the floating tag only from where it was seen",
    "a broken ledger stops a release",
    "a command that reads tries without credentials first",
    "what only this machine ignores is a change",
    "no message has the URL of a webhook",
    "no password in an address that was typed gets into a report",
    "old entries of a ledger are not taken for what others have just recorded",
}


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


@pytest.mark.parametrize("guard", GUARDS, ids=lambda guard: guard.what)
def test_a_rewording_breaks_no_guard(guard: Guard) -> None:
    source = _reworded(guard.path)
    if guard.what in _WORDED:
        with pytest.raises(AssertionError, match=r"knows nothing|it has 0"):
            guard.without(source)
    else:
        assert guard.without(source) != source


@functools.cache
def _reworded(path: str) -> str:
    """A module with another name for each local and each argument, and another text for each of its texts."""
    tree = ast.parse((ROOT / path).read_text("utf-8"))
    for function in [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.Lambda)]:
        named = {node.arg for node in ast.walk(function) if isinstance(node, ast.arg)} - {"self", "cls"}
        named |= {node.id for node in ast.walk(function) if isinstance(node, ast.Name) and not _is_read(node)}
        for node in ast.walk(function):
            if isinstance(node, ast.Name) and node.id in named:
                node.id = f"other_{node.id}"
            elif isinstance(node, ast.arg) and node.arg in named:
                node.arg = f"other_{node.arg}"
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                node.value = "other words"
    return ast.unparse(tree)


def _is_read(name: ast.Name) -> bool:
    return isinstance(name.ctx, ast.Load)


@pytest.mark.parametrize(
    ("symbol", "edit", "said"),
    [
        ("Place.looked", never(), "there is no looked"),
        ("Other", never(), "there is no Other"),
        ("Place.look", never(), "it has 2 of: if; meant is None\n  0: if tag:\n  1: if other:"),
        ("Place.look", never(2), "it has 2 of: if; meant is 2"),
        ("Place.look", call("ask", "answer"), "it has 0 of: call of ask()"),
        ("Place.look", argument("read", "deep", "True"), "it calls self.read(tag) without deep"),
        ("Place.look", call("read", "self.find({0})"), "it knows nothing called self.find"),
        ("Place.look", call("read", "find({0})"), "it knows nothing called find"),
        ("Place.look", exchanged("read", "find"), "no block of it calls read() and find()"),
        ("LIMIT", value("4 * 2"), "the edit changes nothing"),
    ],
)
def test_a_guard_that_is_not_there_says_what_is(symbol: str, edit: Edit, said: str) -> None:
    source = """
LIMIT = 4 * 2

class Place:
    def look(self, tag, other):
        if tag:
            self.read(tag)
        if other:
            return LIMIT
"""
    with pytest.raises(AssertionError) as refused:
        Guard("kept", "a/place", symbol, edit, ()).without(source)
    assert str(refused.value).startswith(f"kept: tasks/shiplane/a/place.py, {symbol}: {said}")


def test_every_guard_has_a_test_and_a_name_of_its_own() -> None:
    assert all(guard.tests for guard in GUARDS)
    assert len({guard.what for guard in GUARDS}) == len(GUARDS)
    assert {guard.what for guard in GUARDS} >= _WORDED
