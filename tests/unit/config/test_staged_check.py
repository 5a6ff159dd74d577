"""Checks of staged images as values: what is planned, and what is told of them."""

from __future__ import annotations

from shiplane.config.checks.staged_check import StagedCheck, planned_checks

SCAN = StagedCheck(name="scan", command="scan {layout}")
SIZE = StagedCheck(name="size", command="sh size.sh")


def test_a_check_is_planned_once_with_its_lanes() -> None:
    other = StagedCheck(name="size", command="sh size.sh 5")
    assert planned_checks({"main": (SCAN, SIZE), "alpine": (SCAN, other)}) == [
        (SCAN, ("main", "alpine")),
        (SIZE, ("main",)),
        (other, ("alpine",)),
    ]


def test_the_layout_is_asked_for_by_the_command_or_by_the_key() -> None:
    asked = [check.needs_layout for check in (SCAN, SIZE, StagedCheck(name="a", command="b", layout=True))]
    assert asked == [True, False, True]


def test_a_check_says_what_it_is() -> None:
    check = StagedCheck(name="a", command="scan {layout}", layout=True, report="r", env=("K",), timeout=5)
    assert str(check) == "scan {layout} (passes within 5 s, given K, with the image's OCI layout, writes r)"
    assert str(SIZE) == "sh size.sh (passes within 900 s)"
