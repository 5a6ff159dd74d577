"""The guards of what ``init`` and ``workflow.write`` leave alone; see ``guards.py``."""

from __future__ import annotations

from tests.faults.edits import always, never, uncalled, without_operand
from tests.faults.guard import Guard

_INIT = "tests/unit/cli/test_init.py::"
_WRITE = "tests/unit/cli/test_workflow_commands.py::"
_PINS = "tests/unit/workflows/test_action_pins.py::"
_FOLDERS = "tests/unit/workflows/test_subfolder.py::"
_FILES = "tests/unit/init/test_files.py::"
_PAGES = "tests/unit/cli/test_page_files.py::"
_RENDER = "tests/unit/workflows/test_render.py::"

LEFT_ALONE = (
    Guard(
        "no device is replaced by a file that a user names",
        "core/system/atomic_file",
        "_replaceable",
        never(0),
        (
            "tests/unit/core/test_atomic_file.py::test_a_pipe_and_a_folder_stay_what_they_are[written]",
            "tests/unit/core/test_atomic_file.py::test_a_pipe_and_a_folder_stay_what_they_are[proven]",
        ),
    ),
    Guard(
        "what a command prints is not lost to a file that replaces the one it is printed into",
        "core/system/atomic_file",
        "_replaceable",
        never(1),
        ("tests/unit/core/test_atomic_file.py::test_a_file_that_the_output_goes_to_is_not_replaced_under_it",),
    ),
    Guard(
        "a report that cannot be written is an error before anything is done",
        "cli/clients/page_files",
        "page_file",
        uncalled("require_replaceable"),
        (_PAGES + "test_a_file_that_cannot_be_written_is_one_error_before_anything_else",),
    ),
    Guard(
        "no report in the checkout makes the next release refuse",
        "cli/clients/page_files",
        "page_file",
        uncalled("check_output_path"),
        (_PAGES + "test_a_file_that_cannot_be_written_is_one_error_before_anything_else",),
    ),
    Guard(
        "no page of a status stays as if it held when the status cannot be read",
        "cli/clients/page_files",
        "showing_failure",
        uncalled("_tell_unread"),
        (_PAGES + "test_a_status_that_could_not_be_read_is_on_its_page_and_not_the_one_before",),
    ),
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
        uncalled("_check_place"),
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
    Guard(
        "a workflow that somebody changed is not replaced unasked",
        "cli/tasks/workflow",
        "write",
        never(0),
        (_WRITE + "test_what_a_person_changed_is_kept_and_shown",),
    ),
    Guard(
        "another project's workflow is not replaced unasked",
        "workflows/changes",
        "WorkflowChange.cause",
        never(2),
        (_WRITE + "test_another_projects_workflow_is_told",),
    ),
    Guard(
        "another project's workflow is not removed",
        "workflows/changes",
        "changes",
        without_operand(1),
        (_FOLDERS + "test_a_projects_workflows_are_not_anothers_to_remove_or_replace",),
    ),
    Guard(
        "a pin that is no newer than ours does not stay",
        "workflows/action_pins",
        "keep_newer",
        always(kind="a if b else c"),
        (_PINS + "test_a_pin_that_is_not_newer_is_drift_and_ours_is_written",),
    ),
    Guard(
        "a folder that would mean something to YAML or a shell is in no workflow",
        "workflows/paths",
        "check_folder",
        never(0),
        (_FOLDERS + "test_a_folder_that_no_workflow_can_name_is_refused",),
    ),
    Guard(
        "an Enterprise server's token does not go to github.com",
        "git/github",
        "api_of",
        always(0),
        ("tests/faults/release/test_gates.py::test_the_api_is_that_of_the_server",),
    ),
    Guard(
        "no command of the project gets a credential of the release from a workflow",
        "workflows/step_variables",
        "check_own",
        never(0),
        (_RENDER + "test_a_setup_step_gets_no_credential_of_the_release",),
    ),
    Guard(
        "no build arg, which is public, comes from the variable of a build secret",
        "workflows/step_variables",
        "build_args_of",
        uncalled("check_public"),
        (_RENDER + "test_a_variable_that_no_workflow_could_give_is_refused",),
    ),
    Guard(
        "no variable of a project replaces one that the workflows set",
        "workflows/step_variables",
        "_check_free",
        never(0),
        (_RENDER + "test_a_variable_that_no_workflow_could_give_is_refused",),
    ),
    Guard(
        "no command of the project runs without the variables that it names",
        "release/checks/project_command",
        "CommandRunner.check_variables",
        never(0),
        (
            "tests/faults/release/test_prerequisites.py::test_a_command_does_not_run_without_the_variables_that_it_names",
        ),
    ),
    Guard(
        "only a dry run leaves out what a build is to be given",
        "cli/clients/prerequisites",
        "check_skip",
        never(0),
        ("tests/unit/cli/test_command_line.py::test_what_cannot_be_meant_ends_with_2_and_one_clear_line",),
    ),
)
