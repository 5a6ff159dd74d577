"""The guards of what ``init`` leaves alone; see ``guards.py``."""

from __future__ import annotations

from tests.faults.edits import always, never
from tests.faults.guard import Guard

_INIT = "tests/unit/cli/test_init.py::"
_FILES = "tests/unit/init/test_files.py::"

LEFT_ALONE = (
    Guard(
        "init writes nothing that nobody agreed to",
        "cli/tasks/adopt",
        "init",
        never(0),
        (_INIT + "test_without_a_terminal_it_shows_and_writes_nothing",),
    ),
    Guard(
        "init keeps a configuration that is there",
        "cli/setup/project",
        "read_setup",
        always(0),
        (_INIT + "test_what_is_configured_is_kept",),
    ),
    Guard(
        "no file is written through a link",
        "workflows/files",
        "apply",
        never(0),
        (_INIT + "test_a_link_is_not_followed",),
    ),
    Guard(
        "no name of a project's own tasks is taken",
        "init/tasks_file",
        "with_our_tasks",
        never(2),
        (_FILES + "test_what_cannot_be_added_safely_is_not",),
    ),
    Guard(
        "an npm script is only replaced where that changes nothing else",
        "init/npm_scripts",
        "with_new_scripts",
        always(kind="a if b else c"),
        (_FILES + "test_a_script_that_is_there_twice_is_left_to_the_reader",),
    ),
)
