from __future__ import annotations

import pytest

from shiplane.core.errors import (
    AccessError,
    ConfigurationError,
    PrerequisiteError,
    ShiplaneError,
    UnreachableError,
    VerificationError,
)
from shiplane.core.finding import Finding, done, exit_code_of, failed, skipped, summary

GOOD = [done("a", "fine"), skipped("b", "not needed"), done("c", "little room", warning="Make some.")]


@pytest.mark.parametrize(
    ("errors", "code"),
    [
        ([], 0),
        ([UnreachableError("x")], 7),
        ([UnreachableError("x"), AccessError("x")], 4),
        ([AccessError("x"), PrerequisiteError("x")], 3),
        ([UnreachableError("x"), PrerequisiteError("x"), ConfigurationError("x"), AccessError("x")], 2),
        ([VerificationError("x")], 6),
        ([VerificationError("x"), UnreachableError("x")], 7),
    ],
)
def test_the_exit_code_is_that_of_what_is_mended_first(errors: list[ShiplaneError], code: int) -> None:
    assert exit_code_of([*GOOD, *(failed("d", error) for error in errors)]) == code


def test_a_failure_keeps_the_words_and_the_remedy() -> None:
    found = failed("tools: buildx", PrerequisiteError("docker has no buildx", remedy="Install it."))
    assert (found.reason, found.remedy, found.exit_code, found.is_warning) == (
        "docker has no buildx",
        "Install it.",
        3,
        False,
    )


def test_the_summary_counts_each_state() -> None:
    assert summary([*GOOD, failed("d", AccessError("x"))]) == "1 done, 1 skipped, 1 warning, 1 failed"


def test_a_row_is_json() -> None:
    row = done("c", "little room", warning="Make some.").to_json()
    assert row == {
        "name": "c",
        "state": "done",
        "reason": "little room",
        "remedy": "Make some.",
        "exit_code": 0,
        "seconds": 0.0,
        "warning": True,
    }


def test_a_skipped_row_with_a_remedy_is_no_warning() -> None:
    assert not Finding(name="a", state=skipped("a", "x").state, reason="x", remedy="y").is_warning
