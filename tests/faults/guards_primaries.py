"""The guards of releases and rollbacks of lanes with different primary repositories."""

from __future__ import annotations

from tests.faults.edits import no_round, returns, unfiltered
from tests.faults.guard import Guard

_PRIMARIES = "tests/faults/release/test_primaries.py::"
_CHANNEL = "tests/faults/release/test_channel_primaries.py::"
_ROLLBACK = "tests/faults/rollback/test_primaries.py::"

APART = (
    Guard(
        "permission to push is checked for every primary repository before anything is built",
        "release/access",
        "check_repositories",
        no_round(0),
        (_PRIMARIES + "test_an_account_that_may_not_push_to_one_of_them_ends_the_run_before_the_build",),
    ),
    Guard(
        "permission to push is checked where the ledgers of all lanes are",
        "release/access",
        "check_repositories",
        no_round(1),
        (_PRIMARIES + "test_an_account_that_may_not_push_to_the_one_ledger_repository_ends_the_run_before_the_build",),
    ),
    Guard(
        "one tag in several repositories is claimed for each",
        "release/claiming",
        "_version_tag",
        returns("VersionTag('one', 'any')"),
        (_PRIMARIES + "test_one_tag_in_several_repositories_is_claimed_for_each",),
    ),
    Guard(
        "only a repository that was presumed new has to be new",
        "release/release_survey",
        "ReleaseSurveyor.check_new",
        unfiltered(0),
        (_PRIMARIES + "test_a_repository_that_is_new_among_others_is_looked_at_alone_once_it_is_there",),
    ),
    Guard(
        "an error of a rollback in several repositories says in which a tag has moved",
        "rollback/lane_repositories",
        "LaneRepositories.where",
        returns("''"),
        (
            _ROLLBACK + "test_every_target_is_verified_before_any_tag_moves_and_each_step_names_its_repository",
            _ROLLBACK + "test_one_that_goes_away_between_the_moves_is_told_and_the_same_command_finishes_it",
        ),
    ),
    Guard(
        "only a repository that was presumed new has to be new for a channel",
        "release/channel/publish",
        "ChannelPublisher.publish",
        unfiltered(0),
        (_CHANNEL + "test_a_repository_that_is_new_among_others_is_looked_at_alone_once_it_is_there",),
    ),
)
