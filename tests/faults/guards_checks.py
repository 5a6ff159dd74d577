"""The guards of the checks of staged images, and of what is asked after a rollback; see ``guards.py``."""

from __future__ import annotations

from tests.faults.edits import argument, call, never, on_error, uncalled, without_operand
from tests.faults.guard import Guard

_CHECKS = "tests/faults/release/test_checks.py::"

ASKED_OF_IMAGES = (
    Guard(
        "an image that does not pass its checks is not tagged",
        "release/checks/check_run",
        "check_images",
        never(),
        (
            _CHECKS + "test_a_check_that_fails_leaves_no_name_and_shows_its_output_without_secrets",
            _CHECKS + "test_a_channels_image_is_checked_before_its_tag_moves",
        ),
    ),
    Guard(
        "an image that another run claimed is run and checked as well",
        "release/lane_images",
        "LaneImages.prepare",
        argument("run", "built", "[]", 1),
        (
            _CHECKS + "test_an_image_that_another_run_claimed_is_checked_too",
            "tests/faults/release/test_smoke.py::test_an_image_that_another_run_claimed_in_between_is_run_too",
        ),
    ),
    Guard(
        "what a check leaves running ends with it",
        "core/system/process",
        "_end",
        never(1),
        (_CHECKS + "test_what_a_check_leaves_running_ends_with_it",),
    ),
    Guard(
        "no check runs while docker is logged in",
        "release/checks/check_run",
        "CheckRunner._run",
        uncalled("before"),
        (_CHECKS + "test_the_builders_login_has_ended_before_a_check_runs",),
    ),
    Guard(
        "a check's output hides secrets, also those that a control sequence divides",
        "release/checks/project_command",
        "CommandRunner.safe",
        call("redact", "{0}", 0),
        (_CHECKS + "test_a_check_that_fails_leaves_no_name_and_shows_its_output_without_secrets",),
    ),
    Guard(
        "no layout is begun for which there is no room",
        "registry/image_layout",
        "ImageLayout.write",
        never(),
        (_CHECKS + "test_a_layout_for_which_there_is_no_room_ends_the_release",),
    ),
    Guard(
        "the report of an earlier run is no report",
        "release/checks/report_file",
        "digest_of_report",
        never(0),
        (_CHECKS + "test_the_report_of_an_earlier_run_is_none",),
    ),
    Guard(
        "a check whose program is missing ends the release before a build",
        "release/checks/image_tests",
        "ImageTests.require",
        uncalled("require"),
        (_CHECKS + "test_what_could_not_be_run_is_told_before_anything_is_built",),
    ),
    Guard(
        "the ledger shows evidence only of the digest that it is about",
        "ledger/ledger",
        "Ledger.evidence",
        without_operand(1),
        ("tests/unit/ledger/test_evidence.py::test_evidence_is_of_the_digest_that_was_published",),
    ),
    Guard(
        "a ledger's evidence is read strictly",
        "ledger/evidence",
        "parse_evidence",
        never(),
        ("tests/unit/ledger/test_evidence.py::test_evidence_of_another_form_is_refused",),
    ),
    Guard(
        "a command ends at its limit",
        "cli/signals",
        "_look",
        never(),
        ("tests/faults/cli/test_signals.py::test_a_command_ends_at_its_limit_like_a_terminated_one",),
    ),
    Guard(
        "a request is sent no more often than the project allows",
        "registry/http/retry_budget",
        "RetryBudget.wait",
        without_operand(0, 0),
        ("tests/faults/registry/test_client_waits.py::test_a_project_may_be_more_patient_or_less",),
    ),
    Guard(
        "a record of the gates that cannot be written does not end a rollback that is done",
        "rollback/after/gates",
        "GatesAfterRollback._record",
        on_error("ShiplaneError", "raise"),
        ("tests/faults/rollback/test_gates_after.py::test_a_record_that_cannot_be_written_is_told_and_is_no_error",),
    ),
)
