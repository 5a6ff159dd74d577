"""The guards of channels: what follows a branch goes forward along it, and nowhere else; see ``guards.py``."""

from __future__ import annotations

from tests.faults.edits import always, call, never, returns, uncalled, value
from tests.faults.guard import Guard

_ANCESTRY = "tests/unit/git/test_ancestry.py::"
_CHANNEL = "tests/faults/release/test_channel.py::"
_CONFIG = "tests/unit/config/test_channel.py::"

FOLLOWING = (
    Guard(
        "a shallow clone's no is none",
        "git/ancestry",
        "History._unknown",
        never(0),
        (
            _ANCESTRY + "test_a_shallow_clone_believes_a_yes_and_no_no",
            _ANCESTRY + "test_one_shallow_fetch_makes_a_whole_clone_unable_to_tell",
        ),
    ),
    Guard(
        "a no counts only where every commit behind could be read",
        "git/ancestry",
        "History._unknown",
        always(2),
        (_ANCESTRY + "test_a_missing_commit_in_between_is_no_answer_until_it_is_fetched",),
    ),
    Guard(
        "a graft of this machine is no history",
        "git/ancestry",
        "_REAL_HISTORY",
        value("{}"),
        (_ANCESTRY + "test_a_history_that_was_rewritten_on_this_machine_alone_is_not_followed[graft]",),
    ),
    Guard(
        "what an image says of its commit is no argument of git's",
        "git/ancestry",
        "History.is_ancestor",
        never(0),
        (_ANCESTRY + "test_what_is_no_full_hash_is_no_commit",),
    ),
    Guard(
        "a channel does not move where the history cannot tell",
        "release/channel/forward",
        "ForwardOnly._check_from",
        never(1),
        (_CHANNEL + "test_what_cannot_be_told_is_neither_yes_nor_no[True]",),
    ),
    Guard(
        "no reset takes a channel back along its branch",
        "release/channel/forward",
        "ForwardOnly._check_from",
        never(2),
        (_CHANNEL + "test_a_reset_takes_no_channel_back_along_its_branch",),
    ),
    Guard(
        "a channel leaves a commit that is not in the history only where the user says so",
        "release/channel/forward",
        "ForwardOnly._leave",
        always(),
        (_CHANNEL + "test_a_branch_that_was_force_pushed_is_explained_and_left_only_on_demand",),
    ),
    Guard(
        "a channel does not leave an image that names no commit",
        "release/channel/forward",
        "ForwardOnly.check",
        never(0),
        (_CHANNEL + "test_an_image_that_names_no_commit_is_left_only_on_demand",),
    ),
    Guard(
        "a channel is where it was recorded as well as where the registry shows it",
        "verify/audit/channel",
        "ChannelTag.commits",
        returns("(self.commit,) if self.commit else ()"),
        (
            _CHANNEL + "test_the_record_counts_where_the_registry_shows_an_older_image",
            _CHANNEL + "test_a_tag_that_is_gone_is_still_where_it_was_recorded",
        ),
    ),
    Guard(
        "a kept build that was overwritten is not adopted",
        "release/channel/survey",
        "ChannelSurveyor._kept",
        never(1),
        (_CHANNEL + "test_a_kept_tag_that_was_overwritten_is_refused",),
    ),
    Guard(
        "a commit that was published is not built a second time for its tag",
        "release/channel/survey",
        "ChannelSurveyor._recorded",
        returns("None"),
        (
            _CHANNEL + "test_a_kept_tag_that_is_gone_is_written_again_from_its_image_and_never_built_again",
            _CHANNEL + "test_a_recorded_build_that_exists_no_more_is_not_built_a_second_time",
        ),
    ),
    Guard(
        "a channel's tag is looked at again right before it moves",
        "release/channel/tagging",
        "ChannelTagging._move",
        call("survey_again", "{0}"),
        (_CHANNEL + "test_a_tag_that_an_older_commit_moved_meanwhile_goes_on_to_the_newer_one",),
    ),
    Guard(
        "a newer commit that was overwritten gets the tag back",
        "release/channel/tagging",
        "ChannelTagging._move",
        uncalled("_give_back"),
        (_CHANNEL + "test_a_lane_that_was_overwritten_gets_its_tag_back_though_the_next_one_is_refused",),
    ),
    Guard(
        "a newer commit that was recorded only after it was overwritten gets the tag back",
        "release/channel/publish",
        "ChannelPublisher.publish",
        uncalled("give_back_recorded"),
        (_CHANNEL + "test_a_newer_commit_that_was_not_recorded_yet_gets_its_tag_back_once_it_is",),
    ),
    Guard(
        "a kept build is looked at once more before the channel moves to it",
        "release/channel/tagging",
        "ChannelTagging.tag",
        uncalled("confirm", at=0),
        (_CHANNEL + "test_a_kept_build_that_another_overwrote_is_not_moved_to",),
    ),
    Guard(
        "a channel's tag is looked at once more before the run calls itself done",
        "release/channel/tagging",
        "ChannelTagging.tag",
        uncalled("confirm", at=1),
        (_CHANNEL + "test_a_channels_tag_that_another_moved_at_the_very_end_is_no_success",),
    ),
    Guard(
        "a channel is surveyed again after what took time",
        "release/channel/publish",
        "ChannelPublisher.publish",
        never(0),
        (_CHANNEL + "test_what_the_conditions_took_their_time_for_is_surveyed_again",),
    ),
    Guard(
        "a repository that was presumed new is looked at before a channel is written",
        "release/channel/publish",
        "ChannelPublisher.publish",
        never(1),
        (_CHANNEL + "test_a_repository_that_was_not_new_after_all_is_not_written_to",),
    ),
    Guard(
        "a run of another branch publishes no channel",
        "release/channel/branch",
        "check_branch",
        never(0),
        (_CHANNEL + "test_any_other_commit_is_refused",),
    ),
    Guard(
        "a commit that is not of the branch is not published",
        "release/channel/branch",
        "_check_contained",
        never(0),
        (_CHANNEL + "test_any_other_commit_is_refused",),
    ),
    Guard(
        "a commit of which that cannot be told is not published",
        "release/channel/branch",
        "_check_contained",
        never(1),
        (_CHANNEL + "test_whether_a_commit_is_of_the_branch_may_not_be_told",),
    ),
    Guard(
        "a channel's tag is no lane's version, floating tag or ledger",
        "config/channel_names",
        "check_template",
        never(0),
        (
            _CONFIG + "test_a_tag_that_is_something_else_already_is_refused",
            _CONFIG + "test_a_floating_tag_with_a_range_is_one_too",
        ),
    ),
    Guard(
        "a channel's tag is no other channel's",
        "config/channel_names",
        "check_template",
        never(1),
        (
            _CONFIG + "test_two_channels_have_different_tags",
            _CONFIG + "test_a_channels_tag_is_no_build_of_another_one",
        ),
    ),
    Guard(
        "the lanes of a channel do not share its tag",
        "config/channel",
        "_check_lanes",
        never(1),
        (_CONFIG + "test_several_lanes_need_tags_of_their_own",),
    ),
)
