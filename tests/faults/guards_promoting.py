"""The guards of what is carried from one repository to another with all that refers to it."""

from __future__ import annotations

from tests.faults.edits import always, call, never, returned, uncalled, without_operand
from tests.faults.guard import Guard

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
)
