"""The guards of a release, and for each the named tests that fail without it.

A guard is one place in the product that keeps one promise: an ``if``, a call, a constant, named by the function or
constant that holds it. It is taken out of the syntax tree (see ``edits.py``) in a copy of the project, so that other
words for anything leave it where it is. ``test_guards.py`` does that to each, one after the other, and asks that every
named test fails by an assertion of its own; so nobody can lose a guard unnoticed, and nobody can lose the test of one
either. To see the whole table: ``python -m tests.faults.guards``.
"""

from __future__ import annotations

from tests.faults.edits import (
    always,
    argument,
    both,
    call,
    exchanged,
    first,
    handled,
    like,
    literal,
    never,
    no_round,
    returned,
    returns,
    then,
    unassigned,
    uncalled,
    unfiltered,
    unhandled,
    value,
    without_argument,
    without_operand,
)
from tests.faults.guard import Guard
from tests.faults.guards_announcing import FOLLOWED_BY
from tests.faults.guards_channels import FOLLOWING
from tests.faults.guards_checks import ASKED_OF_IMAGES
from tests.faults.guards_primaries import APART
from tests.faults.guards_promoting import CARRIED
from tests.faults.guards_proofs import PROVEN
from tests.faults.guards_records import RECORDS
from tests.faults.guards_secrets import KEPT_APART
from tests.faults.guards_setup import LEFT_ALONE
from tests.faults.guards_signing import SIGNED
from tests.faults.guards_values import PUT_INTO_IMAGES

_ANSWERS = "tests/faults/registry/test_client_answers.py::"
_COPY = "tests/faults/registry/test_image_copy.py::"
_SEVERAL = "tests/faults/release/test_floating_tags.py::"
_COLLISIONS = "tests/unit/config/test_name_collisions.py::"
_DECISION = "tests/unit/release/test_decision.py::"
_PROMISES = "tests/faults/promises/test_promises.py::"
_PUBLISH = "tests/faults/release/test_publish.py::"
_REDACT = "tests/unit/core/test_redact.py::"
_SIGNALS = "tests/faults/cli/test_signals.py::"
_REDIRECTS = "tests/faults/registry/test_client_redirects.py::"
_SOCKETS = "tests/faults/registry/test_client_sockets.py::"
_PROCESS = "tests/faults/core/test_process.py::"
_PROXIES = "tests/faults/registry/test_client_proxies.py::"
_TRUST = "tests/faults/registry/test_client_trust.py::"
_SLOTS = "tests/faults/registry/test_client_slots.py::"
_READ_ONCE = "tests/faults/registry/test_read_once.py::"
_ROUNDS = "tests/faults/cli/test_rounds.py::"
_WAITS = "tests/faults/registry/test_client_waits.py::"
_GIT = "tests/unit/git/test_checkout.py::"
_MIRRORS = "tests/faults/release/test_mirrors.py::"
_NAMING = "tests/faults/registry/test_tag_writer.py::"
_TOGETHER = "tests/faults/registry/test_several_tags.py::"
_STALE = "tests/faults/promises/test_matrix_stale.py::"
_ORDER = "tests/faults/release/test_order.py::"
_FOLLOWED = (
    "(lambda answer: answer if answer.status not in _REDIRECTS else self.session.send_with_retries("
    "Request(method='GET', url=follow({1}.url, answer.headers.get('location', ''))), limit=MANIFEST_LIMIT))({it})"
)

NAMES = (
    Guard(
        "the version tag is read again right before it is written",
        "registry/tag_writer",
        "TagWriter.create",
        never(0),
        (_PUBLISH + "test_a_version_written_by_another_before_the_last_look_is_refused",),
    ),
    Guard(
        "tags are written together only where the project says that the registry takes it",
        "registry/tag_writer",
        "TagWriter.create_all",
        always(kind="a if b else c"),
        (_TOGETHER + "test_it_is_never_tried_where_nobody_says_so_nor_for_one_tag_or_none",),
    ),
    Guard(
        "tags are written together only where none of them is there",
        "registry/tag_writer",
        "TagWriter._create_together",
        never(),
        (_TOGETHER + "test_where_one_is_taken_nothing_is_written_together",),
    ),
    Guard(
        "a tag that the registry did not acknowledge is written alone",
        "registry/tag_writer",
        "TagWriter._write_together",
        unfiltered(0),
        (
            _TOGETHER + "test_a_registry_that_answers_201_and_makes_no_tag_is_noticed_and_each_is_written_alone",
            _TOGETHER + "test_what_is_not_acknowledged_is_written_alone",
        ),
    ),
    Guard(
        "a tag that the registry acknowledged is read back, and else written alone",
        "registry/tag_writer",
        "TagWriter._is_there",
        returned("True"),
        (_TOGETHER + "test_a_claim_that_nothing_stands_behind_is_noticed_by_reading",),
    ),
    Guard(
        "every name is read back after it was written",
        "registry/tag_writer",
        "TagWriter._write",
        always(1),
        (_NAMING + "test_a_yes_alone_is_no_name",),
    ),
    Guard(
        "a floating tag is looked at once more before the run calls itself done",
        "release/write_tags",
        "LaneTagger._confirm_all",
        call("_confirm_floating_tags", "self._side_by_side(())"),
        (_PUBLISH + "test_a_floating_tag_moved_by_another_at_the_very_end_is_no_success",),
    ),
    Guard(
        "a PUT without a certain answer is not repeated blindly by the client",
        "registry/client",
        "RegistryClient.put_manifest",
        without_argument("send", "retry"),
        (_ANSWERS + "test_a_put_is_sent_once_and_its_loss_is_told",),
    ),
    Guard(
        "a PUT is repeated only where the name shows that the first one was lost",
        "registry/tag_writer",
        "_check_written",
        without_operand(0, at=2),
        (_PROMISES + "test_a_lost_put_is_not_repeated_while_the_name_cannot_be_read",),
    ),
    Guard(
        "a name that another publisher wrote at the same time is a lost race",
        "registry/tag_writer",
        "_check_written",
        never(0),
        (_PROMISES + "test_a_name_that_another_wrote_at_the_same_time_is_a_lost_race",),
    ),
    Guard(
        "a floating tag moves only from where the survey saw it",
        "registry/tag_writer",
        "TagWriter.check_position",
        never(),
        (_PUBLISH + "test_a_floating_tag_moved_by_another_is_left_where_it_is",),
    ),
    Guard(
        "a version is looked at once more before a floating tag moves to it",
        "release/write_tags",
        "LaneTagger._confirm_before_moving",
        never(),
        (_PUBLISH + "test_a_version_overwritten_by_another_is_not_what_the_floating_tag_moves_to",),
    ),
    Guard(
        "a version is looked at once more before the run calls itself done",
        "release/write_tags",
        "LaneTagger._confirm_all",
        call("_confirm_version_tags", "self._side_by_side(())"),
        (_PUBLISH + "test_a_version_overwritten_by_another_at_the_very_end_is_no_success",),
    ),
    Guard(
        "all lanes' version tags are written before any floating tag",
        "release/write_tags",
        "LaneTagger.tag",
        exchanged("_create_version_tags", "_move_floating_tags"),
        (_PUBLISH + "test_every_version_is_named_before_any_floating_tag_moves",),
    ),
)

DECISIONS = (
    Guard(
        "narrow floating tags move before wide ones, over all lanes",
        "release/write_tags",
        "in_moving_order",
        call("sorted", "{0}"),
        (_SEVERAL + "test_narrow_ranges_move_before_wide_ones_over_all_lanes_and_each_ledger_is_written_once",),
    ),
    Guard(
        "a floating tag outside its range is not moved away from",
        "release/planning/decision",
        "_forward",
        without_operand(1),
        (_DECISION + "test_a_floating_tag_outside_its_range_is_not_moved_away_from",),
    ),
    Guard(
        "a pre-release moves only the floating tags that list its kind",
        "config/floating_tag",
        "FloatingTag.takes",
        without_operand(1, at=0),
        (
            _SEVERAL + "test_each_floating_tag_is_where_its_range_says",
            _SEVERAL + "test_of_two_without_a_range_the_one_that_is_configured_first_moves_last",
        ),
    ),
    Guard(
        "a snapshot moves no tag that lists the letters of its commit",
        "config/names/version_schemes",
        "_kind",
        without_operand(1, at=0),
        ("tests/unit/config/test_floating_tag.py::test_a_snapshot_moves_no_tag_whatever_its_commit_begins_with",),
    ),
    Guard(
        "a floating tag that a lane gets later is not set below what is published in its range",
        "release/planning/decision",
        "_obstacle",
        never(3),
        (_SEVERAL + "test_a_tag_that_the_lane_gets_later_is_not_set_below_what_is_published_in_its_range",),
    ),
    Guard(
        "a version of another commit is refused",
        "release/planning/decision",
        "_version_tag_action",
        always(2),
        (_DECISION + "test_a_version_of_another_commit_is_refused_and_the_next_one_proposed",),
    ),
    Guard(
        "another spelling of a published version is refused",
        "release/planning/decision",
        "_version_tag_action",
        never(0),
        (_DECISION + "test_another_spelling_of_a_version_that_is_published_is_refused",),
    ),
    Guard(
        "an alias with other content is refused before anything is built",
        "release/planning/decision",
        "_missing_aliases",
        never(0),
        ("tests/faults/release/test_aliases.py::test_an_alias_with_other_content_is_refused_before_anything_is_built",),
    ),
    Guard(
        "a floating tag moves forward only",
        "release/planning/decision",
        "_forward",
        never(1),
        (_PUBLISH + "test_an_older_version_is_published_and_leaves_the_floating_tag",),
    ),
    Guard(
        "a floating tag is not moved to less than where it was recorded",
        "release/planning/decision",
        "_decide_move",
        uncalled("_check_recorded_position"),
        (
            _DECISION + "test_a_floating_tag_that_is_recorded_higher_is_not_moved_to_less_and_both_are_named",
            _STALE + "test_what_has_been_found_once",
        ),
    ),
    Guard(
        "a release reads again what contradicts its ledger",
        "verify/surveyor",
        "Surveyor.survey_settled",
        always(0),
        (_STALE + "test_one_read_of_seconds_ago_is_waited_out",),
    ),
    Guard(
        "a version that was marked meanwhile does not float",
        "release/write_tags",
        "LaneTagger._check_position",
        never(1),
        (_STALE + "test_what_has_been_found_once",),
    ),
    Guard(
        "a first floating tag is not set to less than what is published",
        "release/planning/decision",
        "_obstacle",
        never(3),
        (_DECISION + "test_each_situation_has_one_answer",),
    ),
    Guard(
        "a pre-release never floats",
        "release/planning/decision",
        "_obstacle",
        never(1),
        (_PUBLISH + "test_a_pre_release_never_moves_the_floating_tag",),
    ),
    Guard(
        "a snapshot never floats",
        "config/version",
        "Version.is_prerelease",
        returned("{it} and not self.is_snapshot"),
        (_PROMISES + "test_a_snapshot_never_moves_the_floating_tag",),
    ),
    Guard(
        "a floating tag that nobody can place is not moved away from",
        "release/planning/decision",
        "_forward",
        then("return FloatingTagAction.MOVE, 'from somewhere'", at=0),
        (_PUBLISH + "test_a_floating_tag_of_unknown_origin_is_refused_before_anything_is_built",),
    ),
    Guard(
        "a snapshot is published on purpose only",
        "release/planning/planner",
        "check_versions",
        never(0),
        ("tests/unit/config/test_settings.py::test_a_snapshot_is_published_only_on_purpose",),
    ),
)

ANSWERS = (
    Guard(
        "only a registry's own 404 of that manifest means absent",
        "registry/http/error_response",
        "is_not_found",
        both(without_operand(2), without_operand(1)),
        (_ANSWERS + "test_anything_else_is_unknown",),
    ),
    Guard(
        "a 403 does not mean absent",
        "registry/client",
        "RegistryClient.get_manifest",
        call("Refused", "Absent()"),
        (_ANSWERS + "test_a_refusal_of_the_registry_or_of_its_token_service_is_refused",),
    ),
    Guard(
        "no answer does not mean absent, a 404 of the token service included",
        "registry/client",
        "RegistryClient.get_manifest",
        call("Unknown", "Absent()", at=1),
        (_ANSWERS + "test_a_404_of_the_token_service_is_not_absent",),
    ),
    Guard(
        "the bytes behind a digest hash to it",
        "registry/client",
        "_parse_manifest_response",
        never(0),
        (_PROMISES + "test_other_bytes_under_a_digest_are_a_finding",),
    ),
    Guard(
        "the digest that a registry names is that of its bytes",
        "registry/client",
        "_parse_manifest_response",
        never(2),
        (_PROMISES + "test_a_header_that_names_another_digest_is_a_finding",),
    ),
    Guard(
        "a blob's bytes hash to its digest",
        "registry/client",
        "RegistryClient.blob",
        never(3),
        ("tests/faults/registry/test_client_reads.py::test_a_config_with_other_bytes_is_a_finding",),
    ),
    Guard(
        "a copied blob's last piece is sent only once all of them hash to its digest",
        "registry/blob_source",
        "BlobSource._verified",
        never(1),
        (_COPY + "test_other_bytes_never_arrive_complete",),
    ),
    Guard(
        "a version is the same in every repository",
        "release/mirrors/mirror_lane",
        "MirrorLane.require_same_version",
        never(0),
        (_MIRRORS + "test_other_content_under_a_version_tag_there_is_refused_before_anything_is_named",),
    ),
    Guard(
        "a floating tag is lowered in no repository",
        "release/mirrors/mirror_lane",
        "MirrorLane.move",
        never(4),
        (_MIRRORS + "test_a_floating_tag_that_is_higher_there_stays",),
    ),
    Guard(
        "a floating tag of a further repository is moved from a place that is known only",
        "release/mirrors/mirror_lane",
        "MirrorLane.move",
        then("return FloatingTagAction.MOVE, ''", 3),
        (_MIRRORS + "test_one_at_an_unknown_place_there_is_refused_before_anything_is_named",),
    ),
    Guard(
        "a version that was marked meanwhile floats in no repository",
        "release/mirrors/tagging",
        "_move",
        always(0),
        (_MIRRORS + "test_a_version_that_was_marked_meanwhile_floats_nowhere",),
    ),
    Guard(
        "a further repository has the primary's digests",
        "verify/mirrors/mirror_check",
        "_same",
        argument("Check", 2, "True"),
        (
            "tests/faults/verify/test_mirrors.py::test_a_tag_that_is_missing_or_elsewhere_there_is_named_by_verify_and_status",
        ),
    ),
    Guard(
        "a rollback moves nothing anywhere before its target is whole in every repository",
        "rollback/mirrors",
        "MirrorRollback.check",
        no_round(2),
        ("tests/faults/rollback/test_mirrors.py::test_a_target_that_is_not_whole_there_moves_nothing_anywhere",),
    ),
    Guard(
        "a copied child has the size that its index says",
        "registry/image_copy",
        "_child",
        without_operand(1),
        (_COPY + "test_a_child_of_another_size_than_its_index_says_is_refused",),
    ),
    Guard(
        "the platforms are the very set",
        "verify/image_check",
        "_check_platforms",
        argument("Check", 2, "True"),
        (_PUBLISH + "test_a_staged_image_that_lacks_a_platform_gets_no_name_in_any_lane",),
    ),
    Guard(
        "each child manifest is there",
        "verify/image_check",
        "ImageChecker._check_child",
        argument("_PlatformImage", 3, "()", at=1),
        ("tests/faults/verify/test_verify.py::test_a_damaged_version_is_found_and_the_fault_is_named",),
    ),
    Guard(
        "each config is for the platform that the index says",
        "verify/image_check",
        "_child_platform",
        argument("Check", 2, "True"),
        (_PUBLISH + "test_a_version_whose_config_lies_about_its_platform_is_not_adopted",),
    ),
    Guard(
        "a JSON key given twice is refused",
        "core/strict_json",
        "_unique",
        never(),
        ("tests/unit/core/test_strict_json.py::test_anything_else_is_refused",),
    ),
    Guard(
        "a field that only some readers would know is refused",
        "registry/oci/manifest",
        "_exactly_spelled",
        never(),
        ("tests/unit/registry/test_manifest.py::test_a_field_that_only_some_readers_would_know_is_refused",),
    ),
)

BOUNDS = (
    Guard(
        "a manifest or a page of tags has at most four mebibytes",
        "registry/http/session",
        "MANIFEST_LIMIT",
        value("1 << 40"),
        (_PROMISES + "test_nothing_is_read_beyond_four_mebibytes",),
    ),
    Guard(
        "a body is read to its limit and no further",
        "registry/http/transport",
        "_read_body",
        never(0),
        (_SOCKETS + "test_a_body_over_the_limit_is_refused_without_reading_it",),
    ),
    Guard(
        "the body of an error is cut",
        "registry/http/exchange",
        "ERROR_LIMIT",
        value("1 << 40"),
        (_PROMISES + "test_of_an_error_64_kibibytes_are_read",),
    ),
    Guard(
        "a peer that drips bytes is cut off",
        "registry/http/transport",
        "HttpTransport.send",
        uncalled("start"),
        (_SOCKETS + "test_an_answer_that_is_not_complete_in_time_is_none",),
    ),
    Guard(
        "a proxy that drips its answer, or a handshake that drips, is cut off",
        "registry/http/connections",
        "_socket_to",
        uncalled("_watch"),
        (_PROXIES + "test_a_proxy_that_never_finishes_its_answer_is_cut_off",),
    ),
    Guard(
        "of what a build or a gate writes only the last MiB is kept",
        "core/system/output",
        "StreamedOutput._read",
        no_round(1),
        (_PROCESS + "test_of_what_people_read_the_last_is_kept",),
    ),
    Guard(
        "an answer without end is not read without end",
        "core/system/process",
        "_wait",
        without_operand(1, at=1),
        (_PROCESS + "test_an_answer_without_end_ends_the_child",),
    ),
    Guard(
        "all addresses of a host share one time limit",
        "registry/http/connections",
        "_connect",
        call("min", "0.2"),
        (_PROXIES + "test_all_addresses_of_a_host_share_one_time_limit",),
    ),
    Guard(
        "an informational answer is not taken for the final one",
        "registry/http/connections",
        "_FIRST_FINAL",
        value("101"),
        (_SOCKETS + "test_informational_answers_are_passed_over",),
    ),
    Guard(
        "what a certificate or a proxy's login is wrong with is not asked again",
        "registry/http/retry",
        "RetryPolicy.send",
        unhandled("MisconfiguredError"),
        (_TRUST + "test_a_certificate_is_no_outage_it_is_not_asked_again_and_the_remedy_reaches_the_user",),
    ),
    Guard(
        "tries that come to nothing count as waits of the run",
        "registry/http/retry",
        "RetryPolicy.send",
        uncalled("count_lost"),
        (_WAITS + "test_tries_that_come_to_nothing_are_part_of_the_run_s_budget",),
    ),
    Guard(
        "no wait is longer than a minute, whatever Retry-After says",
        "registry/http/retry_budget",
        "RetryBudget.wait",
        argument("min", 0, "1e8", at=1),
        (_WAITS + "test_a_registry_is_given_the_time_it_asks_for_within_reason",),
    ),
    Guard(
        "all waits of a run are bounded together",
        "registry/http/retry_budget",
        "RetryBudget.wait",
        never(),
        (_WAITS + "test_all_waits_of_a_run_together_are_bounded",),
    ),
    Guard(
        "what is listed and not readable yet is asked for again, whatever was read before",
        "registry/lookup",
        "wait_until_readable",
        call("resolve", "require_certain(Absent(), {0}.repository, {1})"),
        (_READ_ONCE + "test_what_may_have_changed_is_read_anew",),
    ),
    Guard(
        "a tag that does not read as it was recorded is asked for again, whatever was read before",
        "registry/lookup",
        "resolve_consistent",
        call("resolve", "require_certain(Absent(), {0}.repository, {1})"),
        (_READ_ONCE + "test_what_may_have_changed_is_read_anew",),
    ),
    Guard(
        "threads that wait for a token that is refused do not ask for it one after the other",
        "registry/http/session",
        "Session._authorization",
        never(at=2),
        (_ROUNDS + "test_threads_that_wait_for_a_token_are_denied_together",),
    ),
    Guard(
        "no more requests are under way at once than there are slots",
        "registry/http/slots",
        "Slots._admit",
        without_operand(1),
        (_SLOTS + "test_sixteen_requests_are_under_way_at_once",),
    ),
    Guard(
        "a rate limit bounds how many requests are under way at once",
        "registry/http/retry",
        "RetryPolicy._exchange",
        uncalled("halve"),
        (_SLOTS + "test_a_rate_limit_halves_them_once_for_all_that_meet_it",),
    ),
    Guard(
        "a list of tags that leads back to itself is left",
        "registry/tag_list",
        "_TagList.read",
        without_operand(0, at=0),
        (_PROMISES + "test_a_page_that_leads_back_to_the_first_is_not_asked_for_twice",),
    ),
    Guard(
        "a list of tags has at most a thousand pages",
        "registry/tag_list",
        "_TagList.read",
        without_operand(1, at=0),
        (_PROMISES + "test_a_list_that_goes_on_for_ever_is_left_after_a_thousand_pages",),
    ),
    Guard(
        "a list of tags goes on at the same place only",
        "registry/http/links",
        "next_page",
        never(1),
        ("tests/faults/registry/test_client_paging.py::test_a_list_that_cannot_be_whole_is_no_list",),
    ),
)

SECRETS = (
    Guard(
        "a redirect is followed by nobody but us",
        "registry/http/transport",
        "HttpTransport._exchange",
        both(argument("request", "redirect", "True"), argument("request", "retries", "3")),
        (_SOCKETS + "test_the_transport_itself_follows_no_redirect",),
    ),
    Guard(
        "nothing but a blob is read through a redirect",
        "registry/client",
        "RegistryClient.get_manifest",
        call("send", _FOLLOWED),
        (_REDIRECTS + "test_nothing_else_is_followed_anywhere",),
    ),
    Guard(
        "a blob is not looked for on inner networks, or without TLS",
        "registry/client",
        "RegistryClient._fetch_blob",
        never(1),
        (_REDIRECTS + "test_a_blob_is_not_looked_for_in_places_where_no_registry_keeps_one",),
    ),
    Guard(
        "a redirected blob gets no credential",
        "registry/client",
        "RegistryClient._fetch_blob",
        like("send_with_retries", "send"),
        ("tests/faults/registry/test_client_reads.py::test_no_credential_goes_where_a_redirect_leads",),
    ),
    Guard(
        "at most five redirects are followed",
        "registry/client",
        "RegistryClient._fetch_blob",
        never(0),
        (_PROMISES + "test_the_sixth_redirect_is_not_followed",),
    ),
    Guard(
        "a credential goes to its own registry only",
        "registry/http/session",
        "Session._basic",
        never(),
        ("tests/faults/registry/test_client_tokens.py::test_a_credential_is_never_sent_to_another_registry",),
    ),
    Guard(
        "a credential goes to no token service that is not the registry's",
        "registry/http/session",
        "Session._fetch_token",
        never(0),
        ("tests/faults/registry/test_client_tokens.py::test_nothing_at_all_is_sent_to_a_place_that_is_not_trusted",),
    ),
    Guard(
        "every spelling of a secret is hidden",
        "core/redact",
        "Redactor.__call__",
        call("sorted", "{it}[:1]"),
        (_REDACT + "test_no_spelling_of_a_secret_is_left",),
    ),
    Guard(
        "a registry's words are passed through the redactor",
        "registry/http/session",
        "Session.error_text",
        call("redact", "{0}"),
        (_ANSWERS + "test_a_secret_that_is_echoed_is_not_repeated",),
    ),
    Guard(
        "a token is known to the redactor from its first moment",
        "registry/http/session",
        "Session._fetch_token",
        uncalled("add"),
        (_PROMISES + "test_a_token_that_the_registry_echoes_is_hidden",),
    ),
    Guard(
        "foreign text holds no terminal escape",
        "core/text",
        "_printable",
        call("_ESCAPE_SEQUENCE.sub", "{1}"),
        (_REDACT + "test_foreign_text_becomes_one_harmless_line",),
    ),
    Guard(
        "foreign text holds no control character",
        "core/text",
        "_printable",
        always(0, kind="a if b else c"),
        (_REDACT + "test_foreign_text_becomes_one_harmless_line",),
    ),
    Guard(
        "foreign text holds no workflow command",
        "core/text",
        "one_line",
        call("_COMMAND.sub", "{1}"),
        (_REDACT + "test_foreign_text_becomes_one_harmless_line",),
    ),
    Guard(
        "a line of a diff holds no workflow command",
        "core/text",
        "spaced_line",
        call("inert", "{0}"),
        ("tests/unit/core/test_file_change.py::test_a_line_that_stays_is_no_workflow_command",),
    ),
    Guard(
        "children that do not log in get no secret",
        "core/system/process",
        "without_secrets",
        unfiltered(3),
        ("tests/faults/core/test_environment.py::test_what_could_fetch_a_token_is_gone",),
    ),
    Guard(
        "children that do not log in get no secret under another name",
        "core/system/process",
        "without_secrets",
        without_operand(1, at=1),
        ("tests/faults/core/test_environment.py::test_a_copy_under_another_name_is_gone_too",),
    ),
)

SOURCES = (
    Guard(
        "no lane can write or be triggered by another's name",
        "config/names/collisions",
        "apart",
        no_round(2),
        ("tests/unit/config/test_lane.py::test_a_lane_that_overlaps_a_built_in_one_is_refused",),
    ),
    Guard(
        "what stands around a version in a tag cannot hold anything but a tag",
        "config/names/version_tag",
        "TAG",
        value("Text()"),
        ("tests/unit/config/test_lane.py::test_a_lane_with_an_impossible_field_is_refused",),
    ),
    Guard(
        "a version whose ending marks another lane's tags is none of the lane",
        "config/lane",
        "Lane.version_of",
        never(kind="a if b else c"),
        (_COLLISIONS + "test_an_ending_that_marks_another_lanes_tags_is_reserved_for_it",),
    ),
    Guard(
        "two lanes with tags of one name are in no common repository",
        "config/settings",
        "Resolver.images",
        no_round(1),
        (_COLLISIONS + "test_lanes_in_repositories_of_their_own_may_share_tags",),
    ),
    Guard(
        "a lane reads no name of the other",
        "config/names/version_tag",
        "TagTemplate.read",
        without_operand(1),
        ("tests/unit/config/test_lane.py::test_it_names_no_version_of_either_lane",),
    ),
    Guard(
        "a dirty tree is not published",
        "release/source_check",
        "require_committed",
        never(2),
        (_PROMISES + "test_a_dirty_tree_is_refused_whatever_else_holds",),
    ),
    Guard(
        "a checkout that is not whole is not published",
        "release/source_check",
        "require_committed",
        never(1),
        (_PROMISES + "test_a_tree_that_is_not_whole_is_refused_with_the_command_that_completes_it",),
    ),
    Guard(
        "no other commit is published than the one that was planned",
        "release/source_check",
        "require_committed",
        never(0),
        (_PROMISES + "test_another_head_than_was_planned_is_refused",),
    ),
    Guard(
        "what is built is looked at again after the build command",
        "release/lane_images",
        "LaneImages._stage",
        never(0),
        (_ORDER + "test_what_the_build_command_changed_is_not_built",),
    ),
    Guard(
        "what git is told to overlook is a change",
        "git/worktree",
        "_Comparison._is_as_committed",
        without_operand(1),
        (_GIT + "test_a_difference_is_seen_whatever_git_is_told_to_overlook[an edit that leaves size and time]",),
    ),
    Guard(
        "what only this machine ignores is a change",
        "git/worktree",
        "_Comparison.untracked",
        literal("--exclude-per-directory=.gitignore", "--exclude-standard"),
        (_GIT + "test_a_difference_is_seen_whatever_git_is_told_to_overlook[a file that this clone ignores]",),
    ),
    Guard(
        "a git that fails is a failure",
        "git/plumbing",
        "Plumbing.output",
        never(),
        (_GIT + "test_a_git_that_fails_is_a_failure_in_its_own_words[a damaged index]",),
    ),
    Guard(
        "no variable leads git to another repository",
        "git/plumbing",
        "git_environment",
        unfiltered(),
        (_GIT + "test_no_variable_leads_to_another_repository[GIT_INDEX_FILE]",),
    ),
    Guard(
        "a version whose git tag stands elsewhere is not published",
        "release/source_check",
        "_check_tag",
        never(1),
        (_PROMISES + "test_a_git_tag_at_another_commit_is_refused_whatever_else_holds",),
    ),
    Guard(
        "a version that the version file does not have is not published",
        "release/source_check",
        "check_version_file",
        never(),
        (_PROMISES + "test_a_version_that_its_file_does_not_have_is_refused_whatever_else_holds",),
    ),
    Guard(
        "what a pattern of the project file's schema refuses is refused by its reader",
        "core/schema/values",
        "Text.fits",
        returns("True"),
        ("tests/unit/config/test_schema.py::test_both_refuse",),
    ),
    Guard(
        "a Dockerfile and a context are inside of the project",
        "config/keys/texts",
        "inside",
        never(2),
        (_PROMISES + "test_a_path_out_of_the_project_is_refused",),
    ),
    Guard(
        "a Dockerfile and a context are nowhere by an absolute path",
        "config/keys/texts",
        "inside",
        never(1),
        (_PROMISES + "test_a_path_out_of_the_project_is_refused",),
    ),
    Guard(
        "a builder of several nodes, which tags what it joins, never joins",
        "release/staging/staging",
        "stager_for",
        never(),
        (_PROMISES + "test_what_several_nodes_build_is_joined_by_us",),
    ),
)

SIGNALS = (
    Guard(
        "SIGTERM, SIGHUP and SIGQUIT clean up: the private login goes away",
        "cli/signals",
        "_ACTS",
        call("fromkeys", "{{}}"),
        (_SIGNALS + "test_a_polite_signal_takes_the_private_login_away",),
    ),
    Guard(
        "a signal that was ignored from the start stays ignored",
        "cli/signals",
        "_is_heeded",
        returns("True"),
        (_SIGNALS + "test_a_signal_that_was_ignored_from_the_start_stays_ignored",),
    ),
    Guard(
        "a signal that interrupts no system call is not left waiting for an answer",
        "cli/signals",
        "heeding_signals",
        call("setitimer", "signal.setitimer(signal.ITIMER_REAL, 0)", at=0),
        (_SIGNALS + "test_a_signal_that_interrupts_no_system_call_ends_a_run_whose_registry_is_silent",),
    ),
    Guard(
        "the last words do not wait for a registry that is silent",
        "cli/clients/registry",
        "RegistryClients.impatient",
        unassigned("until"),
        (_SIGNALS + "test_a_signal_that_interrupts_no_system_call_ends_a_run_whose_registry_is_silent",),
    ),
    Guard(
        "a second signal during the last words ends in words, too",
        "cli/exits",
        "_public_now",
        handled("KeyboardInterrupt", as_="Exception"),
        (_SIGNALS + "test_a_second_signal_ends_the_last_words_as_well",),
    ),
    Guard(
        "an interrupt does not wait for reads side by side",
        "core/system/parallel",
        "map_parallel",
        argument("_run_threads", "grace", "30.0"),
        (_SIGNALS + "test_reads_side_by_side_keep_no_interrupt_waiting",),
    ),
    Guard(
        "what outlives a child and holds its output is ended",
        "core/system/process",
        "_wait",
        never(1),
        (_SIGNALS + "test_what_outlives_a_child_and_holds_its_output_is_ended",),
    ),
)

ORDER = (
    Guard(
        "who may and what there is to do is asked before the prerequisites",
        "release/publish",
        "Publisher.publish",
        both(call("require", "self.conditions.require()"), first("require")),
        (
            _ORDER + "test_a_wrong_token_is_told_before_the_build_command",
            _ORDER + "test_a_version_of_another_commit_is_told_before_the_build_command",
            _ORDER + "test_a_release_with_nothing_left_to_do_runs_no_build_command_and_asks_no_gate",
        ),
    ),
    Guard(
        "what was seen before the prerequisites is looked at again after them",
        "release/publish",
        "Publisher.publish",
        never(1),
        (
            _ORDER + "test_a_version_that_another_commit_took_meanwhile_is_not_built",
            _ORDER + "test_a_permission_that_was_taken_away_meanwhile_is_told_before_anything_is_built",
        ),
    ),
    Guard(
        "no more is written than the prerequisites were asked for",
        "release/release_survey",
        "ReleaseSurveyor.survey_again",
        never(),
        (_ORDER + "test_a_version_that_went_away_meanwhile_is_not_built_without_its_build_command",),
    ),
    Guard(
        "a floating tag moves only where the gates are green",
        "release/prerequisites",
        "Prerequisites.require",
        always(),
        (_ORDER + "test_a_red_gate_keeps_a_floating_tag_from_moving",),
    ),
)

GUARDS = (
    *(*NAMES, *DECISIONS, *ORDER, *ANSWERS, *BOUNDS, *SECRETS, *SOURCES, *SIGNALS),
    *(*RECORDS, *KEPT_APART, *PUT_INTO_IMAGES, *FOLLOWING, *LEFT_ALONE, *APART, *FOLLOWED_BY),
    *(*SIGNED, *PROVEN, *CARRIED, *ASKED_OF_IMAGES),
)


if __name__ == "__main__":
    for guard in GUARDS:
        print(f"{guard.what} ({guard.module}: {guard.symbol})")
        print("\n".join(f"    {test}" for test in guard.tests))
