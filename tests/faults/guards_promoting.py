"""The guards of what is carried from one repository to another with all that refers to it."""

from __future__ import annotations

from tests.faults.edits import always, call, never, no_round, returned, uncalled, without_operand
from tests.faults.guard import Guard

_PROMOTE = "tests/faults/promote/test_promote.py::"
_ROUTES = "tests/unit/promote/test_routes.py::"
_REFERRERS = "tests/faults/registry/test_referrers.py::"
_LATE = (
    _REFERRERS
    + "test_an_entry_that_another_tool_overwrites_once_it_was_read_back_is_added_again_with_all_that_was_seen"
)

CARRIED = (
    Guard(
        "what was seen in a list is not lost with another tool's write of it",
        "registry/referrers/attaching",
        "Attacher._extend_list",
        uncalled("update"),
        (_LATE,),
    ),
    Guard(
        "an old tag of signatures keeps what it had",
        "registry/referrers/cosign_tags",
        "with_layers_of",
        always(0),
        (_REFERRERS + "test_signatures_under_the_old_tag_are_merged_layer_by_layer",),
    ),
    Guard(
        "an old tag with something else is not replaced",
        "registry/referrers/cosign_tags",
        "with_layers_of",
        never(1),
        (_REFERRERS + "test_an_old_tag_with_something_else_is_not_replaced",),
    ),
    Guard(
        "what was added to a list is read again, and added again where it is gone",
        "registry/referrers/attaching",
        "Attacher._extend_list",
        returned("False", at=1),
        (_LATE,),
    ),
    Guard(
        "a list that is a tag is missing only if the tag list agrees",
        "registry/referrers/reading",
        "resolve_listed",
        never(),
        (_REFERRERS + "test_a_tag_that_the_registry_names_and_does_not_serve_yet_is_waited_for",),
    ),
    Guard(
        "an entry is left out of a list only if its manifest stays away",
        "registry/referrers/reading",
        "find_listed",
        call("poll", "(1,)"),
        (_REFERRERS + "test_one_that_is_missing_for_a_moment_is_not_left_out",),
    ),
    Guard(
        "a list that cannot be read is no empty list",
        "registry/referrers/reading",
        "_listed_by_registry",
        always(1),
        (_REFERRERS + "test_a_list_that_cannot_be_read_is_no_empty_list",),
    ),
    Guard(
        "what refers to something else is not attached",
        "registry/referrers/copying",
        "_Subject.add_to",
        without_operand(1),
        (_REFERRERS + "test_a_listed_manifest_that_is_gone_or_has_another_subject_is_left_out_and_told",),
    ),
    Guard(
        "what refers to a platform's image is found",
        "registry/referrers/copying",
        "find_attached",
        call("manifests_of", "[{1}]"),
        (_REFERRERS + "test_what_is_attached_to_a_platform_an_attestation_or_a_signature_comes_along",),
    ),
    Guard(
        "a version of the target with another digest is refused",
        "promote/decision",
        "PromotionRules.decide",
        never(),
        (_PROMOTE + "test_a_version_that_is_there_with_another_digest_is_refused_before_anything_is_sent",),
    ),
    Guard(
        "a version that is claimed for another digest is not promoted",
        "promote/decision",
        "PromotionRules.require_claimed",
        never(),
        (_PROMOTE + "test_one_that_is_claimed_meanwhile_is_lost_as_well",),
    ),
    Guard(
        "what does not verify in the source is not promoted",
        "promote/source_image",
        "find_source",
        call("_require_good", "{0}.report"),
        (_PROMOTE + "test_what_does_not_verify_where_it_is_goes_nowhere",),
    ),
    Guard(
        "what is marked as bad in the source is not promoted",
        "promote/source_image",
        "find_source",
        uncalled("_require_unmarked"),
        (_PROMOTE + "test_a_version_that_is_marked_as_bad_where_it_is_goes_nowhere",),
    ),
    Guard(
        "a required signature verifies in the target before its version is tagged",
        "promote/stage",
        "PromotionStager.check_signatures",
        always(),
        (_PROMOTE + "test_a_required_signature_has_to_verify_at_both_ends_before_anything_is_tagged",),
    ),
    Guard(
        "a required signature verifies in each repository of the target",
        "promote/promote",
        "Promoter.promote",
        uncalled("check_signatures"),
        (_PROMOTE + "test_a_required_signature_has_to_verify_in_each_repository_of_the_target",),
    ),
    Guard(
        "what is copied is what was verified",
        "promote/source_image",
        "find_source",
        never(),
        (_PROMOTE + "test_a_source_tag_that_moves_while_it_is_verified_is_told",),
    ),
    Guard(
        "configured ways are the only ones",
        "promote/routes",
        "RouteChoice.choose",
        never(kind="a if b else c"),
        (_ROUTES + "test_where_ways_are_configured_there_are_no_others",),
    ),
    Guard(
        "a version is promoted to no repository with another lane's tags of the same names",
        "promote/routes",
        "RouteChoice._check_rivals",
        no_round(),
        (_ROUTES + "test_lanes_with_tags_of_the_same_names_never_meet",),
    ),
)
