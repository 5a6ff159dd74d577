"""The guards that keep a secret where it belongs; see ``guards.py``."""

from __future__ import annotations

from tests.faults.guard import Guard, switched_off

_CREDENTIALS = "tests/unit/test_clients_credentials.py::"
_HOSTILE = "tests/faults/test_hostile_input.py::"
_OWNERS = "tests/unit/test_model_owners.py::"
_SCRATCH = "tests/unit/test_clients_scratch.py::"

KEPT_APART = (
    Guard(
        "no temporary folder is within the project",
        "clients/scratch",
        *switched_off("is_within(place, project)"),
        (_SCRATCH + "test_a_place_within_the_project_or_unusable_is_passed_over",),
    ),
    Guard(
        "what another run uses is not swept",
        "clients/scratch",
        "        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)\n        shutil.rmtree",
        "        shutil.rmtree",
        (_SCRATCH + "test_what_is_in_use_is_swept_by_nobody_whatever_process_ids_mean_there",),
    ),
    Guard(
        "a project file names no variable for a registry which it does not belong to",
        "model/owners",
        "                if owner := foreign_owner(variable, registry, env):",
        "                if (owner := foreign_owner(variable, registry, env)) and False:",
        (_OWNERS + "test_a_project_file_that_names_anothers_variable_is_refused_by_key",),
    ),
    Guard(
        "a registry on this machine does not get ghcr.io's pair by itself",
        "model/owners",
        *switched_off("registry != GHCR_HOST"),
        (_CREDENTIALS + "test_what_only_the_project_file_names_is_for_commands_that_write",),
    ),
    Guard(
        "a command that reads comes as a stranger first",
        "commands/run",
        "registry = self.registry(None, patience)",
        "registry = self.registry(self.credential(repository), patience)",
        (_HOSTILE + "test_no_command_that_reads_sends_what_only_the_project_file_names",),
    ),
    Guard(
        "no build context with temporary files of ours is sent",
        "clients/buildx",
        *switched_off("any(is_within(path, self.root / build.context) for path in ours)"),
        (_SCRATCH + "test_no_context_with_files_of_ours_is_sent_whoever_put_them_there",),
    ),
)
