"""The guards of signing: nothing is tagged unsigned, and the key is where it belongs."""

from __future__ import annotations

from tests.faults.edits import argument, call, never, no_round, returned, without_argument
from tests.faults.guard import Guard

_CHECKED = "tests/unit/signing/test_signature.py::"
_FILE = "tests/unit/config/test_sign.py::"
_RELEASE = "tests/faults/release/test_signing.py::"
_REHEARSAL = "tests/unit/cli/test_rehearsal.py::"
_TOOL = "tests/unit/signing/test_tool.py::"
_VERIFY = "tests/faults/verify/test_signatures.py::"

SIGNED = (
    Guard(
        "no version tag is written before every image is signed",
        "release/publish",
        "Publisher.publish",
        call("sign_lanes", "(lambda lanes: ((yield from ()), lanes)[1])({1})"),
        (_RELEASE + "test_each_platform_and_the_whole_is_signed_in_every_repository_before_any_version_tag",),
    ),
    Guard(
        "whether signing can work is looked at before anything else",
        "release/publish",
        "Publisher.publish",
        never(0),
        (_RELEASE + "test_a_tool_that_cannot_sign_is_found_out_before_anything_is_asked",),
    ),
    Guard(
        "what was published before this run is not signed by it",
        "signing/sign",
        "ReleaseSigning.sign",
        never(1),
        (_RELEASE + "test_a_version_that_was_published_without_a_signature_is_refused_until_it_has_one",),
    ),
    Guard(
        "every signature is verified after the last was attached",
        "signing/sign",
        "ReleaseSigning._verify",
        never(),
        (
            _RELEASE + "test_a_signature_that_is_lost_behind_our_back_is_a_fault_and_no_tag_is_written",
            _RELEASE + "test_one_that_became_another_is_a_fault_that_says_what_the_tool_said",
        ),
    ),
    Guard(
        "what verifies already is not signed again",
        "signing/sign",
        "ReleaseSigning.sign",
        never(0),
        (_RELEASE + "test_what_an_ended_run_has_signed_and_not_tagged_is_not_signed_again",),
    ),
    Guard(
        "a registry that shows signatures late is waited for",
        "signing/sign",
        "ReleaseSigning._verified",
        no_round(),
        (_RELEASE + "test_a_registry_that_shows_signatures_late_is_waited_for",),
    ),
    Guard(
        "each platform is signed by itself",
        "signing/signature",
        "digests_to_sign",
        no_round(0, "comprehension"),
        (
            _RELEASE + "test_the_whole_is_signed_after_its_platforms",
            _CHECKED + "test_each_platform_comes_before_the_whole_repository_by_repository",
        ),
    ),
    Guard(
        "a signature that is missing or wrong is a fault where each image has to be signed",
        "signing/check",
        "SignatureChecker._check",
        argument("Check", 2, "True"),
        (
            _CHECKED + "test_what_is_not_signed_is_named_and_a_fault_where_that_is_required",
            _VERIFY + "test_what_a_further_repository_lacks_is_named",
        ),
    ),
    Guard(
        "the child that verifies gets neither key nor password",
        "signing/tool",
        "SigningTool.verify",
        argument("_ask", 1, "{{**self._logged_in, **self._key_variables}}"),
        (_TOOL + "test_the_key_and_its_password_reach_the_signing_child_alone",),
    ),
    Guard(
        "no other child gets the key or its password",
        "cli/clients/environment",
        "private_variables",
        never(kind="a if b else c"),
        ("tests/unit/cli/test_child_environment.py::test_no_child_has_the_key_that_signs",),
    ),
    Guard(
        "a public key that belongs to another private key is refused",
        "signing/tool",
        "SigningTool._check_pair",
        never(),
        (_TOOL + "test_a_public_key_of_another_one_is_refused",),
    ),
    Guard(
        "what is signed with a key is entered into no public log unasked",
        "config/keys/sign",
        "SigningSettings.uses_log",
        returned("True"),
        (_FILE + "test_a_key_is_nobodys_business_and_a_keyless_signature_is_everybodys",),
    ),
    Guard(
        "a rehearsal gives the key and its password to nobody",
        "cli/rehearsals/rehearsal",
        "Rehearsal.adapt",
        never(kind="a if b else c"),
        (_REHEARSAL + "test_a_rehearsal_gives_the_key_that_signs_to_nobody",),
    ),
    Guard(
        "a rehearsal signs nothing",
        "config/project_file",
        "ProjectFile.for_rehearsal",
        without_argument("replace", "sign", 2),
        (_FILE + "test_a_rehearsal_signs_nothing",),
    ),
    Guard(
        "a rehearsal fills no cache that others build from",
        "config/project_file",
        "ProjectFile.for_rehearsal",
        without_argument("replace", "cache", 1),
        (_REHEARSAL + "test_a_rehearsal_leaves_what_others_share_alone_and_asks_no_gate_about_its_commits",),
    ),
    *(
        Guard(
            what,
            "config/project_file",
            "ProjectFile.for_rehearsal",
            without_argument("replace", name, 2),
            (_REHEARSAL + "test_a_rehearsal_leaves_what_others_share_alone_and_asks_no_gate_about_its_commits",),
        )
        for what, name in (
            ("a rehearsal writes into no ledger of real releases", "ledger"),
            ("no gate is asked about a commit of a rehearsal", "rollback"),
        )
    ),
)
