"""The guards of what a lane's settings put into its image; see ``guards.py``."""

from __future__ import annotations

from tests.faults.edits import never
from tests.faults.guard import Guard

_PLACEHOLDERS = "tests/unit/config/test_placeholders.py::"

PUT_INTO_IMAGES = (
    Guard(
        "a misspelt placeholder does not become a value",
        "config/placeholders",
        "check_placeholders",
        never(),
        (_PLACEHOLDERS + "test_another_name_is_refused_with_the_known_ones_and_its_plain_form",),
    ),
)
