"""The guards of what a release writes down and relies on: ledger, rollback, claim, saved plan, staged parts, files."""

from __future__ import annotations

from tests.faults.edits import (
    always,
    argument,
    attribute,
    call,
    never,
    no_round,
    on_error,
    returned,
    returns,
    uncalled,
    unfiltered,
    value,
    without_argument,
    without_operand,
)
from tests.faults.guard import Guard

_CLAIM = "tests/faults/release/test_claim.py::"
_CONTENTION = "tests/faults/ledger/test_contention.py::"
_DECISION = "tests/unit/release/test_decision.py::"
_ADOPTING = "tests/faults/adopt/test_adopt.py::"
_DEPLOYMENT = "tests/unit/deployments/test_deployment.py::"
_DESCENT = "tests/unit/rollback/test_target.py::"
_SEVERAL = "tests/faults/verify/test_several_tags.py::"
_FINDINGS = "tests/unit/deployments/test_findings.py::"
_FILES = "tests/unit/deployments/test_files.py::"
_PLAN = "tests/faults/release/test_plan.py::"
_PUBLISH = "tests/faults/release/test_publish.py::"
_READING = "tests/faults/ledger/test_reading.py::"
_ROLLBACK = "tests/faults/rollback/test_rollback.py::"
_TAGS = "tests/unit/rollback/test_lane_targets.py::"
_FLOATING = "tests/faults/rollback/test_floating_tags.py::"
_LATE = "tests/faults/rollback/test_stale_reads.py::"
_SEGMENTS = "tests/faults/ledger/test_segments.py::"
_CHECKPOINT = "tests/unit/ledger/test_checkpoint.py::"
_SMOKE = "tests/faults/release/test_smoke.py::"
_STALE = "tests/faults/promises/test_matrix_stale.py::"
_STAGED = "tests/unit/release/test_staged.py::"
_WRITING = "tests/faults/ledger/test_writing.py::"
_BY_VERSION_ALONE = "(lambda both: (tuple(sorted(both[0], key=lambda one: one.version, reverse=True)), both[1]))({it})"

LEDGER = (
    Guard(
        "each line of a ledger names the one before",
        "ledger/ledger",
        "_parse_line",
        never(1),
        (
            "tests/unit/ledger/test_ledger.py::test_a_line_that_was_tampered_with_breaks_the_chain_and_is_named",
            _READING + "test_a_broken_chain_stops_a_release_before_anything_is_built_and_stays_as_it_is",
        ),
    ),
    Guard(
        "each checkpoint of a ledger says what the lines before it say",
        "ledger/checkpoint",
        "parse_whole",
        never(),
        (
            _SEGMENTS + "test_a_checkpoint_that_says_something_else_is_told",
            _SEGMENTS + "test_a_ledger_without_its_first_segments_is_told",
        ),
    ),
    Guard(
        "a version that is not the highest is looked for in the whole ledger",
        "ledger/checkpoint",
        "Checkpoint._is_below",
        returns("True"),
        (
            _CHECKPOINT + "test_any_other_needs_the_whole_ledger",
            _SEGMENTS + "test_a_version_that_is_not_the_highest_is_looked_for_in_the_whole_ledger",
        ),
    ),
    Guard(
        "a checkpoint that carries too little is not relied on",
        "ledger/checkpoint",
        "_is_short",
        returns("True"),
        (
            _CHECKPOINT + "test_any_other_needs_the_whole_ledger",
            _SEGMENTS + "test_long_reasons_do_not_make_each_entry_a_segment",
        ),
    ),
    Guard(
        "a checkpoint before which a version cannot be read carries nothing",
        "ledger/checkpoint",
        "Checkpoint.complete",
        always(3, kind="a if b else c"),
        (_CHECKPOINT + "test_any_other_needs_the_whole_ledger",),
    ),
    Guard(
        "old entries of a ledger are not taken for what others have just recorded",
        "ledger/concurrent",
        "since_start",
        returns("later"),
        (_SEGMENTS + "test_what_others_recorded_across_segments_is_told_from_what_a_checkpoint_left_out",),
    ),
    Guard(
        "a ledger is not written with more layers than are read",
        "ledger/artifact",
        "ledger_manifest",
        never(),
        (_SEGMENTS + "test_a_ledger_with_as_many_pieces_as_are_read_is_not_written_with_more",),
    ),
    Guard(
        "a later state of a ledger is connected by the hash of its line",
        "ledger/ledger",
        "Ledger.followed_by",
        never(),
        (_CHECKPOINT + "test_a_part_of_a_ledger_is_compared_by_count_and_hash",),
    ),
    Guard(
        "a ledger continues the one that it says it replaced",
        "ledger/store",
        "LedgerStore.verify_chain",
        never(2),
        (_READING + "test_a_ledger_that_was_written_anew_is_told_from_one_that_was_added_to",),
    ),
    Guard(
        "a first ledger is begun only where the list of tags has none either",
        "ledger/store",
        "LedgerStore._answer",
        never(),
        (_PUBLISH + "test_a_ledger_that_is_listed_but_not_shown_is_not_begun_a_second_time",),
    ),
    Guard(
        "a ledger that reads as it was before is not written over",
        "ledger/store",
        "LedgerStore.read_newer",
        always(),
        (_STALE + "test_what_has_been_found_once",),
    ),
    Guard(
        "a ledger is looked at again right before it is written",
        "ledger/store",
        "LedgerStore._write",
        never(0),
        (_CONTENTION + "test_no_ledger_is_written_over_one_that_was_not_read",),
    ),
    Guard(
        "a writer stays until its entries have come to stay",
        "ledger/recorder",
        "record",
        no_round(5, kind="comprehension"),
        (_CONTENTION + "test_an_entry_that_another_writer_overwrote_is_added_again",),
    ),
    Guard(
        "a writer waits for everybody who had looked before it wrote",
        "ledger/recorder",
        "_append_and_settle",
        call("max", "0.0", at=1),
        (_CONTENTION + "test_a_slow_writer_is_waited_for_twice_as_long_as_the_write_took",),
    ),
    Guard(
        "nobody is waited for longer than one exchange may take",
        "ledger/recorder",
        "_append_and_settle",
        call("min", "{1}", at=0),
        (_CONTENTION + "test_a_writer_that_is_very_slow_is_waited_for_at_most_half_a_minute_and_it_is_said",),
    ),
    Guard(
        "a ledger without a certain answer is read before it is sent again",
        "ledger/store",
        "LedgerStore._write",
        always(1),
        (_WRITING + "test_a_ledger_whose_put_is_answered_and_lost_is_not_called_written",),
    ),
    Guard(
        "a broken ledger stops a release",
        "ledger/store",
        "LedgerStore._snapshot",
        on_error("VerificationError", "return LedgerSnapshot(raw=answer.raw)"),
        (
            _READING + "test_a_broken_chain_stops_a_release_before_anything_is_built_and_stays_as_it_is",
            _READING + "test_what_is_no_whole_ledger_is_left_alone_until_somebody_begins_it_anew",
        ),
    ),
    Guard(
        "nothing is written over a broken ledger",
        "ledger/store",
        "LedgerStore.append",
        call("read_newer", "LedgerSnapshot(raw=_present(resolve(self.registry, self.tag)))"),
        (_CONTENTION + "test_a_ledger_that_was_broken_meanwhile_is_not_written_over",),
    ),
    Guard(
        "a whole ledger is not begun anew",
        "rollback/marks",
        "Marker.restart",
        without_operand(1),
        (_READING + "test_a_whole_ledger_is_not_begun_anew",),
    ),
    Guard(
        "a ledger is begun anew only over the one that was looked at",
        "ledger/store",
        "LedgerStore.restart",
        without_operand(0),
        (_READING + "test_a_ledger_that_was_mended_meanwhile_is_not_begun_anew",),
    ),
    Guard(
        "uploads go to the registry itself",
        "registry/http/urls",
        "same_origin",
        always(kind="a if b else c"),
        (_WRITING + "test_uploads_go_to_the_registry_itself_and_nowhere_else",),
    ),
    Guard(
        "what is not surely recorded is said",
        "ledger/recorder",
        "record",
        call("_incomplete_error", "{1}", at=0),
        (_WRITING + "test_what_a_run_could_not_record_is_recorded_by_the_next_one_and_said_meanwhile",),
    ),
    Guard(
        "a version that was recorded with another digest is refused",
        "release/planning/decision",
        "_check_recorded_version",
        always(0),
        (_DECISION + "test_a_version_that_was_recorded_as_something_else_is_never_written_again",),
    ),
)

ROLLBACK = (
    Guard(
        "a version that is marked as bad never floats",
        "release/planning/decision",
        "_mark",
        returns("''"),
        (_ROLLBACK + "test_a_marked_version_published_again_does_not_take_the_floating_tag_back",),
    ),
    Guard(
        "a version that is marked as bad is refused as a target",
        "rollback/target",
        "_check_target",
        never(2),
        (_DESCENT + "test_where_it_must_not_go",),
    ),
    Guard(
        "a version that is marked as bad is chosen by nobody",
        "rollback/target",
        "_sort_candidates",
        unfiltered(0),
        (_ROLLBACK + "test_the_next_release_moves_on_and_a_second_rollback_skips_what_is_marked",),
    ),
    Guard(
        "a pre-release is no target",
        "rollback/target",
        "_check_target",
        never(1),
        (_DESCENT + "test_where_it_must_not_go",),
    ),
    Guard(
        "nothing out of a floating tag's range is chosen, and no pre-release that it does not move to",
        "rollback/target",
        "choose_candidates",
        without_operand(1),
        (_DESCENT + "test_the_way_down", _TAGS + "test_which_floating_tags_go_where"),
    ),
    Guard(
        "the same rollback once more is refused",
        "rollback/target",
        "choose_candidates",
        argument("_check_recent_rollback", "again", "True", at=1),
        (_ROLLBACK + "test_the_same_rollback_by_two_people_goes_down_once",),
    ),
    Guard(
        "a rollback further down than somebody went a moment ago is refused",
        "rollback/target",
        "choose_candidates",
        argument("_check_recent_rollback", "again", "True", at=0),
        (_ROLLBACK + "test_two_people_who_name_different_versions_are_told_of_each_other",),
    ),
    Guard(
        "what the floating tag has been at goes before what was only published",
        "rollback/target",
        "_sort_candidates",
        returned(_BY_VERSION_ALONE),
        (_ROLLBACK + "test_a_version_that_the_floating_tag_never_was_at_is_not_where_it_goes",),
    ),
    Guard(
        "a rollback reads again what contradicts its ledger",
        "rollback/lane_reader",
        "LaneReader._read_consistent",
        always(),
        (_LATE + "test_late_reads_of_the_floating_tag_never_end_well_at_the_bad_version",),
    ),
    Guard(
        "a mark is not added to a ledger that lacks what the registry shows",
        "rollback/marks",
        "Marker._is_consistent",
        returns("True"),
        (_STALE + "test_what_has_been_found_once",),
    ),
    Guard(
        "there is something to mark or unmark until a ledger says twice that there is not",
        "rollback/marks",
        "Marker._survey",
        without_operand(0, at=0),
        (_STALE + "test_what_has_been_found_once",),
    ),
    Guard(
        "a target is verified before the floating tag moves to it",
        "rollback/candidate_check",
        "CandidateChecker.check",
        no_round(kind="comprehension"),
        (_ROLLBACK + "test_a_target_whose_config_lies_is_refused_and_nothing_moves",),
    ),
    Guard(
        "each layer of a target is there before the floating tag moves to it",
        "rollback/candidate_check",
        "CandidateChecker.check",
        without_argument("ImageChecker", "deep"),
        (_ROLLBACK + "test_a_target_that_has_lost_any_part_is_passed_over_and_refused_by_name",),
    ),
    Guard(
        "each layer of a version is there before a release takes it up",
        "release/image_inspection",
        "ImageInspector.inspect",
        argument("ImageChecker", "deep", "False"),
        (_PUBLISH + "test_a_published_version_that_has_lost_a_part_is_not_adopted",),
    ),
    Guard(
        "each layer of a version is there before deployment files name it",
        "deployments/pin_target",
        "resolve_target",
        without_argument("ImageChecker", "deep"),
        ("tests/faults/deployments/test_repoint.py::test_a_target_that_is_not_whole_re_points_nothing",),
    ),
    Guard(
        "a target has the digest that was recorded when it was published",
        "rollback/candidate_check",
        "CandidateChecker.check",
        never(1),
        (_ROLLBACK + "test_a_target_whose_tag_was_written_over_is_not_taken",),
    ),
    Guard(
        "a rollback moves the floating tag only from where it was seen",
        "rollback/choice",
        "RollbackChoice.positions",
        argument("TagPositions", "expected", "self.survey.past(floating)"),
        (_ROLLBACK + "test_a_tag_that_somebody_else_moves_meanwhile_is_left_to_them",),
    ),
    Guard(
        "a late read of the target is no proof that a lost PUT arrived",
        "registry/tag_writer",
        "TagWriter._write",
        without_operand(1, at=2),
        (_LATE + "test_a_put_that_is_lost_is_not_taken_for_done_because_the_target_reads_as_there",),
    ),
    Guard(
        "a rollback looks at the floating tag once more before it calls itself done",
        "rollback/rollback",
        "Rollback.go_to",
        argument("run_flows", 0, "()"),
        (_LATE + "test_a_tag_that_was_moved_away_after_it_was_read_back_is_no_success",),
    ),
    Guard(
        "a rollback that could not be recorded says so",
        "rollback/recording",
        "record_rollbacks",
        never(0),
        (_ROLLBACK + "test_a_broken_ledger_keeps_nobody_from_leaving_a_bad_version_but_is_said",),
    ),
    Guard(
        "a floating tag at another version than the bad one is left alone",
        "rollback/lane_targets",
        "_moves",
        returns("True"),
        (_TAGS + "test_which_floating_tags_go_where",),
    ),
    Guard(
        "a tag that is at the version where others go up from is not taken down",
        "rollback/lane_targets",
        "_moves",
        returned("True", at=0),
        (_TAGS + "test_which_floating_tags_go_where",),
    ),
    Guard(
        "a tag between a named version and the bad one is left alone",
        "rollback/lane_targets",
        "_moves",
        returned("True", at=3),
        (_TAGS + "test_which_floating_tags_go_where",),
    ),
    Guard(
        "a lane that somebody rolled back a moment ago stops the other lanes of a rollback",
        "rollback/chooser",
        "RollbackChooser.choose",
        never(1),
        (_FLOATING + "test_a_lane_that_cannot_go_back_stops_all_before_anything_moves",),
    ),
    Guard(
        "tags that were moved before another one could not be are named",
        "rollback/rollback",
        "_cut_off",
        always(),
        (_FLOATING + "test_a_lane_that_cannot_be_moved_says_what_the_other_ones_are_at",),
    ),
    Guard(
        "a dry run of a rollback writes nothing",
        "rollback/rollback",
        "Rollback._move",
        never(),
        (_ROLLBACK + "test_a_dry_run_writes_nothing_and_says_what_would_happen",),
    ),
)

BEFORE_NAMES = (
    Guard(
        "a version that is listed but not shown is not built again",
        "verify/surveyor",
        "Surveyor._version",
        never(),
        (_PUBLISH + "test_a_version_that_is_listed_but_not_shown_yet_is_not_built_again",),
    ),
    Guard(
        "a package is taken for new only where we are proved to be allowed to push",
        "verify/surveyor",
        "Surveyor._survey",
        without_operand(0, at=0),
        (_PUBLISH + "test_without_the_proof_what_cannot_be_read_is_refused",),
    ),
    Guard(
        "a package that was taken for new is looked at again before it is named",
        "release/publish",
        "Publisher.publish",
        uncalled("check_new"),
        (_PUBLISH + "test_a_package_that_was_taken_for_new_and_is_not_gets_no_name",),
    ),
    Guard(
        "images are tried before any of them is named",
        "release/checks/image_tests",
        "ImageTests.run",
        argument("smoke_lanes", 0, "None"),
        (
            _SMOKE + "test_each_platform_of_each_lane_is_run_before_any_name_is_written",
            _SMOKE + "test_an_image_that_does_not_run_gets_no_name_in_any_lane",
        ),
    ),
    Guard(
        "an image that does not run gets no name",
        "release/smoke_run",
        "SmokeRunner.smoke",
        never(),
        (
            _SMOKE + "test_an_image_that_does_not_run_gets_no_name_in_any_lane",
            _SMOKE + "test_one_lane_that_fails_keeps_both_unnamed",
        ),
    ),
    Guard(
        "a saved plan is carried out only in the state that it was made for",
        "release/release_survey",
        "ReleaseSurveyor._survey_lane",
        never(0),
        (
            _PLAN + "test_each_tag_that_somebody_else_wrote_is_named_and_nothing_is_built",
            _PLAN + "test_a_later_release_in_between_makes_the_plan_too_old",
        ),
    ),
    Guard(
        "a saved plan that was edited is refused",
        "release/planning/saved_plan",
        "_checked_digest",
        never(),
        ("tests/unit/release/test_saved_plan.py::test_whatever_is_no_plan_of_ours_is_refused_in_one_line",),
    ),
    Guard(
        "a digest is claimed before it is named",
        "release/lane_images",
        "LaneImages._claim",
        always(),
        (
            _CLAIM + "test_every_version_is_claimed_for_the_digest_that_it_gets",
            _CLAIM + "test_a_version_claimed_for_another_commit_meanwhile_ends_the_run_before_it_names_anything",
        ),
    ),
    Guard(
        "what is claimed for another commit is nobody else's",
        "release/claiming",
        "ReleaseClaims._require_same_commit",
        never(),
        (
            _CLAIM + "test_a_version_claimed_for_another_commit_ends_the_run_before_it_builds",
            _CLAIM + "test_a_version_claimed_for_another_commit_meanwhile_ends_the_run_before_it_names_anything",
        ),
    ),
    Guard(
        "where another run of this commit has claimed first, its digest is named",
        "release/lane_images",
        "LaneImages._claim",
        no_round(1, kind="comprehension"),
        (_CLAIM + "test_a_claim_that_came_meanwhile_is_taken_over_and_examined",),
    ),
    Guard(
        "an image that another run has claimed is examined like our own",
        "verify/image_check",
        "_check_platforms",
        argument("Check", 2, "True"),
        (_CLAIM + "test_a_claimed_image_that_cannot_be_published_ends_the_run",),
    ),
    Guard(
        "a staged part is of the plan's image, lane, version and commit",
        "release/staging/staged",
        "_check_identity",
        never(),
        (_STAGED + "test_parts_that_are_not_the_plans_are_refused_by_name",),
    ),
    Guard(
        "staged parts are for the plan's platforms and no others",
        "release/staging/staged",
        "_check_platforms",
        no_round(3, kind="comprehension"),
        (_STAGED + "test_parts_that_are_not_the_plans_are_refused_by_name",),
    ),
    Guard(
        "of a staged part nothing is believed that the registry does not say",
        "release/staging/join",
        "IndexJoiner._inspect",
        uncalled("require"),
        ("tests/faults/release/test_join.py::test_a_part_whose_config_lies_about_its_platform_is_not_believed",),
    ),
)

FILES = (
    Guard(
        "re-pointing a lane leaves the other lane's places",
        "deployments/tag_replacement",
        "places_of_lane",
        without_operand(0),
        (_DEPLOYMENT + "test_re_pointing_the_other_lane_leaves_this_one",),
    ),
    Guard(
        "a name that ends like the image's is another image",
        "deployments/references",
        "references",
        without_operand(0),
        (_DEPLOYMENT + "test_another_image_is_never_touched",),
    ),
    Guard(
        "a name that begins like the image's is another image",
        "deployments/references",
        "_GOES_ON",
        value("''"),
        (_DEPLOYMENT + "test_another_image_is_never_touched",),
    ),
    Guard(
        "a value that means more than what stands there is not re-pointed",
        "deployments/yaml_positions",
        "_Reader._text",
        always(0),
        (_DEPLOYMENT + "test_what_cannot_be_placed_is_named_and_left_alone",),
    ),
    Guard(
        "a value that a list shares by an alias is not re-pointed",
        "deployments/yaml_positions",
        "_Reader.read",
        never(2),
        (_DEPLOYMENT + "test_what_cannot_be_placed_is_named_and_left_alone",),
    ),
    Guard(
        "deployment files that are not all written are put back",
        "deployments/files",
        "_replace",
        no_round(kind="comprehension"),
        (_FILES + "test_what_was_replaced_before_a_failure_is_put_back_or_named",),
    ),
    Guard(
        "a deployment file that was changed meanwhile is not overwritten",
        "deployments/files",
        "_check",
        never(0),
        (_FILES + "test_a_file_that_changed_meanwhile_is_not_overwritten",),
    ),
    Guard(
        "each new file is complete before the first old one is replaced",
        "deployments/files",
        "replace_all",
        call("_beside", "(lambda new: (_replace([({0}, new)], [{1}]), new)[1])({it})"),
        (_FILES + "test_a_full_disk_keeps_every_file_as_it_is",),
    ),
    Guard(
        "a version that is named, or pulled, is asked for down to the last layer",
        "verify/verify",
        "Verifier._version_checker",
        argument("VersionChecker", "blobs", "False"),
        ("tests/faults/verify/test_verify.py::test_a_lost_layer_is_found_wherever_one_is_asked_for",),
    ),
    Guard(
        "files are not re-pointed to what does not verify",
        "deployments/pin_target",
        "resolve_target",
        uncalled("require"),
        ("tests/faults/deployments/test_repoint.py::test_a_target_that_is_not_whole_re_points_nothing",),
    ),
    Guard(
        "files are not re-pointed to a version that is marked as bad",
        "deployments/repoint",
        "Repointer.repoint",
        never(0),
        ("tests/faults/deployments/test_repoint.py::test_a_marked_version_is_refused_before_anything_is_asked",),
    ),
    Guard(
        "nobody can end an output of a workflow early",
        "cli/views/actions",
        "_assignment",
        call("token_hex", "'0000'"),
        ("tests/unit/cli/test_actions.py::test_nobody_can_end_an_output_early",),
    ),
)

ADOPTION = (
    Guard(
        "a version that was adopted is not published anew under our own tag",
        "release/planning/decision",
        "_check_recorded_version",
        call("with_adopted_tags", "{0}"),
        (_ADOPTING + "test_an_adopted_version_is_never_published_again_under_our_own_tag",),
    ),
    Guard(
        "no lane adopts what another one could read",
        "ledger/foreign_tags",
        "sort_tags",
        call("_other_owner", "''"),
        ("tests/unit/ledger/test_foreign_tags.py::test_every_other_tag_is_left_out_with_the_reason",),
    ),
    Guard(
        "only a tag that can be read as the version is believed to be its adopted name",
        "ledger/foreign_tags",
        "with_adopted_tags",
        without_operand(1),
        (
            "tests/unit/ledger/test_foreign_tags.py::test_an_entry_that_gives_no_other_tag_to_that_version_changes_nothing",
        ),
    ),
    Guard(
        "what is not whole is not adopted",
        "adopt/adopt",
        "Adopter._check_version",
        never(2),
        (_ADOPTING + "test_what_is_not_whole_or_says_that_it_is_something_else_is_left_out_with_the_reason",),
    ),
    Guard(
        "what was recorded and is something else now is not adopted",
        "adopt/adopt",
        "Adopter._check_version",
        always(kind="a if b else c"),
        (_ADOPTING + "test_a_tag_that_was_written_over_after_it_was_adopted_is_told_and_stays_as_it_was_recorded",),
    ),
    Guard(
        "a version that two runs give two images under two tags ends as lost",
        "ledger/concurrent",
        "ConcurrentEntries._contradicting",
        attribute("version", "tag"),
        (
            _ADOPTING + "test_a_version_that_is_published_under_our_tag_meanwhile_ends_the_adoption_as_lost",
            _ADOPTING + "test_a_release_that_an_adoption_overtook_ends_as_lost",
        ),
    ),
    Guard(
        "an adoption does not stand for what a release has done and records",
        "ledger/concurrent",
        "ConcurrentEntries._recorded_by_others",
        unfiltered(),
        (_ADOPTING + "test_an_adoption_may_come_between_any_two_steps_of_a_release",),
    ),
    Guard(
        "the place of a floating tag is adopted only where no move says it",
        "ledger/concurrent",
        "ConcurrentEntries._recorded_by_others",
        never(),
        (_ADOPTING + "test_a_rollback_may_come_between_any_two_steps_of_an_adoption",),
    ),
    Guard(
        "a version label that says something else is a fault, whoever made the image",
        "verify/image_check",
        "_check_labels",
        argument("Check", 2, "True", at=1),
        ("tests/faults/verify/test_verify.py::test_a_version_label_that_says_something_else_stays_a_fault",),
    ),
    Guard(
        "what we have built must have its labels",
        "verify/image_check",
        "_check_labels",
        argument("Check", "good", "True", at=0),
        (_PUBLISH + "test_what_we_have_built_ourselves_must_have_its_label",),
    ),
)

SEVERAL_TAGS = (
    Guard(
        "a floating tag at a version out of its range is a fault",
        "verify/floating_check",
        "_check",
        never(2),
        (_SEVERAL + "test_a_floating_tag_out_of_its_range_or_its_recorded_place_is_named",),
    ),
    Guard(
        "every recorded floating tag is looked for, listed or not",
        "verify/floating_tags",
        "existing_floating_tags",
        no_round(kind="comprehension"),
        (_SEVERAL + "test_a_recorded_floating_tag_that_is_gone_is_missed_and_so_is_one_at_no_version",),
    ),
    Guard(
        "a floating tag at a version out of its range has drifted",
        "verify/lane_status",
        "LaneStatus._floating_drift",
        never(2),
        (_SEVERAL + "test_each_floating_tag_drifts_by_itself",),
    ),
    Guard(
        "of versions with one image a floating tag is told to be at the one in its range",
        "verify/floating_tags",
        "FloatingTagState.placed",
        call("filter", "iter({1})"),
        (_SEVERAL + "test_of_two_versions_with_one_image_a_floating_tag_is_at_the_one_in_its_range",),
    ),
    Guard(
        "an audit reads nothing twice",
        "verify/audit/audit",
        "Auditor._status",
        call("of", "{0}"),
        (_SEVERAL + "test_an_audit_reads_nothing_twice",),
    ),
    Guard(
        "a floating tag with a range is known as its lane's in a deployment file",
        "deployments/finder",
        "Finder.lane_of_tag",
        call("floating_tag", "None"),
        (_FINDINGS + "test_each_floating_tag_of_a_lane_is_known_as_its_own_with_what_moves_it",),
    ),
    Guard(
        "a floating tag at a version out of its range is not called good by the doctor",
        "doctor/floating_tags",
        "_place",
        call("spans", "True"),
        ("tests/faults/doctor/test_release.py::test_a_floating_tag_out_of_its_range_is_not_called_good",),
    ),
    Guard(
        "a floating tag at a version out of its range is not adopted",
        "adopt/result",
        "is_adoptable",
        without_operand(2),
        (_ADOPTING + "test_every_floating_tag_of_the_lane_is_recorded_where_it_is_in_its_range",),
    ),
    Guard(
        "what a version is pulled by are its own floating tags",
        "verify/tag_readers",
        "_existing_tags",
        unfiltered(),
        (_SEVERAL + "test_what_is_pulled_is_the_version_and_the_floating_tags_in_whose_range_it_is",),
    ),
)

RECORDS = (*LEDGER, *ROLLBACK, *ADOPTION, *BEFORE_NAMES, *FILES, *SEVERAL_TAGS)
