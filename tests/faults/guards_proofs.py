"""The guards of what is held against each other: attestations, labels, ledger and configuration; documents and it."""

from __future__ import annotations

from tests.faults.edits import always, argument, never, no_round, returned, returns
from tests.faults.guard import Guard

_ATTESTATIONS = "tests/faults/verify/test_attestations.py::"
_DOCUMENTS = "tests/unit/doctor/test_documents.py::"
_AGREEMENT = "verify/attestations/agreement"

PROVEN = (
    Guard(
        "a provenance of another commit is a fault",
        _AGREEMENT,
        "AttestationChecker._commit",
        argument("Check", 2, "True"),
        (_ATTESTATIONS + "test_a_commit_of_the_same_repository_has_to_be_the_label_s",),
    ),
    Guard(
        "a statement about another image is a fault",
        _AGREEMENT,
        "_about",
        always(),
        (_ATTESTATIONS + "test_a_statement_about_another_image_is_named",),
    ),
    Guard(
        "an image lacks no proof that the configuration asks for",
        _AGREEMENT,
        "AttestationChecker._missing",
        no_round(0),
        (_ATTESTATIONS + "test_what_the_configuration_asks_for_has_to_be_there",),
    ),
    Guard(
        "a statement above the limits is not read",
        "verify/attestations/reader",
        "AttestationReader._reading",
        returned("Reading.READ", at=1),
        (_ATTESTATIONS + "test_what_is_too_large_is_not_read_and_that_is_told",),
    ),
    Guard(
        "a document's tag that a lane writes is no problem",
        "doctor/documents/image_tags",
        "_tag_problem",
        never(0),
        (_DOCUMENTS + "test_a_tag_that_a_lane_writes_or_that_stands_for_any_is_left_alone",),
    ),
    Guard(
        "a script that calls shiplane is no problem",
        "doctor/documents/typed_commands",
        "_calls_us",
        returns("False"),
        (_DOCUMENTS + "test_a_script_that_calls_shiplane_is_right_and_one_of_its_own_is_not",),
    ),
)
