"""Pins of actions that Dependabot or Renovate brought up to date: no drift, no change by hand, and kept."""

from __future__ import annotations

import hashlib

import pytest

from shiplane.workflows.action_pins import ACTIONS, added_pins, keep_newer, without_pins
from shiplane.workflows.changes import Cause, changes
from shiplane.workflows.paths import SHARED
from shiplane.workflows.signature import is_as_written, signed, was_changed_by_hand
from tests.unit.workflows.test_render import CHANNELS, CHECKOUT, EDGE, MAIN, rendered

OTHER = "a" * 40


def bumped(pin: str, text: str = "", count: int = -1) -> str:
    """A workflow with another pin of actions/checkout."""
    return (text or rendered()[SHARED]).replace(CHECKOUT, f"actions/checkout@{pin}", count)


NEWER = ["v6.0.4", "v6.1.0", "v6.1", "v7", "tag=v7.0.0", "10.0.0", " v10.0.0"]


@pytest.mark.parametrize("comment", NEWER)
@pytest.mark.parametrize("count", [1, -1], ids=["one step", "all steps"])
def test_a_newer_pin_is_no_drift_and_not_by_hand(comment: str, count: int) -> None:
    text = bumped(f"{OTHER} # {comment}", count=count)
    assert text != rendered()[SHARED]
    assert not was_changed_by_hand(text)
    assert changes(rendered(), {**rendered(), SHARED: text}) == []


def test_a_newer_pin_stays_where_the_workflow_is_written_for_another_reason() -> None:
    pin = f"actions/checkout@{OTHER} # v7.2.0"
    before = {**rendered(CHANNELS), SHARED: bumped(f"{OTHER} # v7.2.0", count=1)}
    native = rendered({**CHANNELS, "workflows": {"native": True}})
    by_path = {change.path: change for change in changes(native, before)}
    after = by_path[SHARED].after or ""
    assert not by_path[SHARED].by_hand
    assert after.count(pin) == native[SHARED].count(CHECKOUT)
    assert CHECKOUT not in after
    assert after.replace(pin, CHECKOUT) == native[SHARED]
    assert not was_changed_by_hand(after)
    assert EDGE not in by_path
    assert [path for path, change in by_path.items() if "v7.2.0" in (change.after or "")] == [SHARED]


OLDER = {
    "older": f"{OTHER} # v6.0.2",
    "an older line": f"{OTHER} # v5",
    "the same version by another commit": f"{OTHER} # v6.0.3",
}


@pytest.mark.parametrize("pin", OLDER.values(), ids=OLDER)
def test_a_pin_that_is_not_newer_is_drift_and_ours_is_written(pin: str) -> None:
    found = changes(rendered(), {**rendered(), SHARED: bumped(pin)})
    expected = [(SHARED, rendered()[SHARED], Cause.PINNED)]
    assert [(change.path, change.after, change.cause) for change in found] == expected


def test_two_commits_of_one_newer_version_are_drift() -> None:
    text = bumped(f"{OTHER} # v7.0.0", bumped(f"{'b' * 40} # v7.0.0", count=1))
    (change,) = changes(rendered(), {**rendered(), SHARED: text})
    assert (change.after or "").count("b" * 40) == rendered()[SHARED].count(CHECKOUT)


BY_HAND = {
    "another action": (CHECKOUT, f"somebody/checkout@{OTHER} # v7.0.0"),
    "a branch": (CHECKOUT, "actions/checkout@main # v7.0.0"),
    "a version": (CHECKOUT, "actions/checkout@v7.0.0"),
    "no comment": (CHECKOUT, f"actions/checkout@{OTHER}"),
    "a comment that is no version": (CHECKOUT, f"actions/checkout@{OTHER} # main"),
    "a short commit": (CHECKOUT, f"actions/checkout@{'a' * 12} # v7.0.0"),
    "more than a pin": (CHECKOUT, f"actions/checkout@{OTHER} # v7.0.0\n        if: false"),
    "something else": ("timeout-minutes: 180", "timeout-minutes: 90"),
}


@pytest.mark.parametrize(("old", "new"), BY_HAND.values(), ids=BY_HAND)
def test_whatever_else_changes_is_by_hand(old: str, new: str) -> None:
    text = rendered()[SHARED].replace(old, new)
    (change,) = changes(rendered(), {**rendered(), SHARED: text})
    assert change.by_hand
    assert without_pins(change.after or "") == without_pins(rendered()[SHARED])


def test_a_change_by_hand_beside_a_newer_pin_is_one() -> None:
    text = bumped(f"{OTHER} # v7.0.0").replace("timeout-minutes: 180", "timeout-minutes: 90")
    (change,) = changes(rendered(), {**rendered(), SHARED: text})
    assert change.by_hand
    assert f"actions/checkout@{OTHER} # v7.0.0" in (change.after or "")


def test_a_workflow_of_version_0_1_whose_digest_has_the_pins_is_known() -> None:
    head, _, rest = rendered()[MAIN].partition("\n")
    body = rest.partition("\n")[2]
    digest = hashlib.sha256(body.encode()).hexdigest()
    old = f"{head}\n# sha256 of what follows: {digest}\n{body}"
    assert not was_changed_by_hand(old)
    assert was_changed_by_hand(old.replace("queue: max", "queue: min"))
    (change,) = changes(rendered(), {**rendered(), MAIN: old})
    assert (change.after, change.by_hand) == (rendered()[MAIN], False)


def test_a_workflow_without_our_first_lines_was_changed_by_hand() -> None:
    assert was_changed_by_hand("name: mine\n")
    assert was_changed_by_hand(rendered()[MAIN].partition("\n# sha256")[0])


def test_each_of_our_own_pins_is_one() -> None:
    for pin in ACTIONS.values():
        text, newer = f"uses: {pin}\n", f"uses: {pin}\n".replace("# v", "# v9")
        assert keep_newer(text, newer) == newer


def test_a_pin_that_is_wanted_older_is_written_where_nobody_brought_it_up_to_date() -> None:
    """As where a release of an action turned out to be bad, or an older shiplane writes the workflows."""
    newer = signed(bumped(f"{OTHER} # v7.0.0").split("\n", 2)[2], "invoke", "")
    assert is_as_written(newer)
    (change,) = changes(rendered(), {**rendered(), SHARED: newer})
    assert (change.after, change.cause, change.kept_pins) == (rendered()[SHARED], Cause.OUTDATED, ())


def test_newer_pins_of_our_own_are_no_drift_where_those_that_are_there_are_newer_still() -> None:
    ours = signed(bumped(f"{OTHER} # v6.9.0").split("\n", 2)[2], "invoke", "")
    there = {**rendered(), SHARED: bumped(f"{'b' * 40} # v7.0.0")}
    assert changes({**rendered(), SHARED: ours}, there) == []


def uses(*pins: str) -> str:
    return "".join(f"      - uses: {pin}\n" for pin in pins)


A5, A6, B6, A7 = (
    f"actions/setup-python@{sign * 40} # v{version}"
    for sign, version in (("a", "5.0.0"), ("a", "6.0.0"), ("b", "6.0.0"), ("a", "7.0.0"))
)
KEPT = {
    "each step has its own": ((A6, A5), (A6, A6), (A6, A6)),
    "an older one beside": ((A6, A5), (A5, A7), (A6, A7)),
    "none": ((A6, A5), (), (A6, A5)),
    "fewer steps, newer than all": ((A6, A5), (A7,), (A7, A7)),
    "fewer steps, newer than one": ((A6, A5), (A6,), (A6, A5)),
    "more steps": ((A5,), (A5, A6), (A6,)),
    "two commits of one version": ((A5, A5), (A6, B6), (A6, A6)),
    "another commit of the same version": ((A6,), (B6,), (A6,)),
}


@pytest.mark.parametrize(("own", "theirs", "kept"), KEPT.values(), ids=KEPT)
def test_which_pin_each_step_has(own: tuple[str, ...], theirs: tuple[str, ...], kept: tuple[str, ...]) -> None:
    assert keep_newer(uses(*own), uses(*theirs)) == uses(*kept)


def test_the_pins_that_were_kept_are_named_once() -> None:
    text = uses(A6, A6, A7)
    assert [pin.text for pin in added_pins(text, uses(A6))] == [A7]
    assert [pin.text for pin in added_pins(text, "")] == [A6, A7]
