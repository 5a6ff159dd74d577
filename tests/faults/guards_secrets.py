"""The guards that keep a secret where it belongs; see ``guards.py``."""

from __future__ import annotations

from tests.faults.edits import always, argument, call, never, returns, uncalled, without_operand
from tests.faults.guard import Guard

_API = "tests/unit/cli/test_api.py::"
_BAKE = "tests/unit/docker/test_bake.py::"
_CREDENTIALS = "tests/unit/registry/test_credentials.py::"
_ENVIRONMENT = "tests/faults/core/test_environment.py::"
_HOSTILE = "tests/faults/cli/test_hostile_input.py::"
_LIVE = "tests/unit/cli/test_live_view.py::"
_OWNERS = "tests/unit/registry/test_credential_variables.py::"
_SETTINGS = "tests/unit/config/test_settings.py::"
_SCRATCH = "tests/unit/core/test_temp_folder.py::"
_TERMINAL = "tests/faults/cli/test_terminal.py::"

KEPT_APART = (
    Guard(
        "no secret is in a report",
        "pages/run_report",
        "Report.without_secrets",
        returns("self"),
        (
            "tests/unit/pages/test_report_page.py::test_no_secret_is_in_a_page_in_any_spelling",
            "tests/unit/cli/test_page_files.py::test_a_run_that_fails_is_reported_with_its_reason_and_the_next_command",
        ),
    ),
    Guard(
        "nothing from outside becomes a part of a page",
        "pages/elements",
        "_escaped",
        always(kind="a if b else c"),
        (
            "tests/unit/pages/test_report_page.py::test_nothing_from_outside_becomes_markup",
            "tests/unit/pages/test_status_page.py::test_nothing_from_outside_becomes_markup",
        ),
    ),
    Guard(
        "no temporary folder is within the project",
        "core/system/temp_folder",
        "_create",
        never(),
        (_SCRATCH + "test_a_place_within_the_project_or_unusable_is_passed_over",),
    ),
    Guard(
        "what another run uses is not swept",
        "core/system/temp_folder",
        "_remove_unlocked",
        uncalled("flock"),
        (_SCRATCH + "test_what_is_in_use_is_swept_by_nobody_whatever_process_ids_mean_there",),
    ),
    Guard(
        "a project file names no variable for a registry which it does not belong to",
        "config/keys/registries",
        "check_names",
        never(),
        (_OWNERS + "test_a_project_file_that_names_anothers_variable_is_refused_by_key",),
    ),
    Guard(
        "a registry on this machine does not get ghcr.io's pair by itself",
        "registry/credential_variables",
        "default_variables",
        never(),
        (_CREDENTIALS + "test_what_only_the_project_file_names_is_for_commands_that_write",),
    ),
    Guard(
        "a command that reads tries without credentials first",
        "cli/clients/registry",
        "RegistryClients._reader",
        argument("client", 1, "self.credential(repository)"),
        (_HOSTILE + "test_no_command_that_reads_sends_what_only_the_project_file_names",),
    ),
    Guard(
        "nothing can read our environment before the first child is started",
        "cli/exits",
        "run_to_its_end",
        uncalled("refuse_dumps"),
        (_ENVIRONMENT + "test_what_git_runs_finds_no_secret_in_its_environment_nor_in_its_parents",),
    ),
    Guard(
        "nothing can read a program's environment before the first child is started for it",
        "cli/embedded",
        "carry_out_embedded",
        uncalled("refuse_dumps"),
        (_ENVIRONMENT + "test_what_git_runs_finds_no_secret_in_its_environment_nor_in_its_parents",),
    ),
    Guard(
        "an error that a program gets contains no secret",
        "cli/embedded",
        "_shown",
        call("redact", "{0}"),
        (_API + "test_an_error_has_no_mark_of_ours_and_no_secret",),
    ),
    Guard(
        "a line that is drawn contains no secret",
        "cli/views/console",
        "Console.harmless",
        call("redact", "{0}", 0),
        (_LIVE + "test_a_secret_that_a_terminal_cannot_show_is_hidden",),
    ),
    Guard(
        "a line that is drawn contains no secret that had a sequence within",
        "cli/views/console",
        "Console.harmless",
        call("redact", "{0}", 1),
        (_LIVE + "test_a_secret_with_a_sequence_within_is_hidden",),
    ),
    Guard(
        "a line that is drawn cannot act as anything but text",
        "cli/views/console",
        "Console.harmless",
        call("one_line", "{0}"),
        (_TERMINAL + "test_the_last_line_of_a_command_is_shown_harmless_and_without_secrets",),
    ),
    Guard(
        "a context is literal and a folder of the project",
        "docker/bake",
        "_target",
        call("_local_context", "{0}"),
        (_BAKE + "test_a_path_is_a_path_and_nothing_else",),
    ),
    Guard(
        "a Dockerfile's path is literal",
        "docker/bake",
        "_target",
        call("literal", "{0}", at=0),
        (_BAKE + "test_a_path_is_a_path_and_nothing_else",),
    ),
    Guard(
        "an Enterprise server's repository has no default image on public GHCR",
        "config/settings",
        "Resolver._derived_image",
        without_operand(1, at=0),
        (_SETTINGS + "test_a_job_of_an_enterprise_server_has_no_default_image_on_public_ghcr",),
    ),
    Guard(
        "no build context with temporary files of ours is sent",
        "docker/buildx",
        "Buildx._check_context",
        never(),
        (_SCRATCH + "test_no_context_with_files_of_ours_is_sent_whoever_put_them_there",),
    ),
    Guard(
        "a build arg, which is public, comes from no variable that holds a secret",
        "config/build_settings",
        "check_public",
        never(),
        (_BAKE + "test_a_build_arg_does_not_come_from_a_variable_that_holds_a_secret",),
    ),
    Guard(
        "no password in an address that was typed gets into a report",
        "pages/run_report",
        "_without_logins",
        returns("text"),
        ("tests/unit/pages/test_report_page.py::test_no_password_that_was_typed_in_an_address_is_in_a_report",),
    ),
)
