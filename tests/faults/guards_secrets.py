"""The guards that keep a secret where it belongs; see ``guards.py``."""

from __future__ import annotations

from tests.faults.guard import Guard, switched_off

_SCRATCH = "tests/unit/test_clients_scratch.py::"

KEPT_APART = (
    Guard(
        "no temporary folder is within the project",
        "clients/scratch",
        *switched_off("is_within(place, project)"),
        (_SCRATCH + "test_a_place_within_the_project_or_unusable_is_passed_over",),
    ),
    Guard(
        "no build context with temporary files of ours is sent",
        "clients/buildx",
        *switched_off("any(is_within(path, self.root / build.context) for path in ours)"),
        (_SCRATCH + "test_no_context_with_files_of_ours_is_sent_whoever_put_them_there",),
    ),
)
