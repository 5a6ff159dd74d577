"""The guards of what follows the tags, on GitHub and in announcements; see ``guards.py``."""

from __future__ import annotations

from tests.faults.edits import always, argument, call, never, on_error, returns, uncalled
from tests.faults.guard import Guard

_GITHUB = "tests/faults/release/test_github_release.py::"
_ANNOUNCE = "tests/faults/release/test_announcements.py::"
_BODY = "tests/unit/release/test_release_body.py::"

FOLLOWED_BY = (
    Guard(
        "no release on GitHub for a git tag that it does not have: it would make one",
        "release/announcing/github_release",
        "GitHubReleaser._publish",
        uncalled("_require_tag"),
        (_GITHUB + "test_a_git_tag_that_is_deleted_while_the_release_runs_is_not_made_either",),
    ),
    Guard(
        "no release on GitHub for a git tag at another commit",
        "release/announcing/github_release",
        "GitHubReleaser._require_tag",
        never(2),
        (_GITHUB + "test_a_git_tag_at_another_commit_is_refused[False]",),
    ),
    Guard(
        "the right to make a release on GitHub is asked for before anything is built",
        "release/announcing/github_release",
        "GitHubReleaser.check",
        uncalled("check_write_access"),
        (
            _GITHUB
            + "test_a_token_that_may_not_is_told_before_anything_is_built[changes0-permissions: contents: write]",
        ),
    ),
    Guard(
        "a release on GitHub that is there is completed, and none is made beside it",
        "release/announcing/github_release",
        "GitHubReleaser._find",
        returns("None"),
        (_GITHUB + "test_a_draft_is_made_for_somebody_to_publish_and_found_again",),
    ),
    Guard(
        "the part of a release on GitHub that another run overwrote is written again",
        "release/announcing/github_release",
        "GitHubReleaser._complete",
        always(2),
        (_GITHUB + "test_a_part_that_another_run_overwrites_is_written_again",),
    ),
    Guard(
        "GitHub's latest release never goes backwards",
        "release/announcing/latest_release",
        "reason_against",
        never(1),
        (_GITHUB + "test_a_newer_release_that_is_not_the_latest_by_somebodys_choice_still_counts",),
    ),
    Guard(
        "a change of a text moves GitHub's latest release nowhere",
        "release/announcing/github_release",
        "GitHubReleaser._write",
        always(0, kind="a if b else c"),
        (_GITHUB + "test_a_release_that_is_completed_does_not_become_the_latest",),
    ),
    Guard(
        "GitHub's latest release goes on where a newer one was made at the same time",
        "release/announcing/github_release",
        "GitHubReleaser._make",
        never(0),
        (_GITHUB + "test_a_newer_release_made_at_the_same_time_becomes_the_latest_again",),
    ),
    Guard(
        "what somebody wrote between two opening markers is not ours",
        "release/announcing/release_body",
        "_place",
        call("rfind", "0"),
        (_BODY + "test_a_part_takes_the_place_of_its_former_one_or_is_added[two opening markers]",),
    ),
    Guard(
        "an announcement that fails keeps no other from being made",
        "release/announcing/announcements",
        "Announcer.announce",
        on_error("ShiplaneError", "break"),
        (_ANNOUNCE + "test_one_that_fails_keeps_no_other_from_being_made",),
    ),
    Guard(
        "no message has the URL of a webhook",
        "release/announcing/announcements",
        "Announcer._post",
        argument("Request", "url", "url"),
        (_ANNOUNCE + "test_what_a_webhook_answers_decides[answers3-False-5-after 5 tries]",),
    ),
    Guard(
        "urllib3 logs no path of a webhook",
        "registry/http/connections",
        "_WithoutPath.filter",
        never(0),
        (_ANNOUNCE + "test_a_webhook_is_posted_the_result_as_json_and_no_credential",),
    ),
    Guard(
        "a webhook is posted to over TLS, or on this machine",
        "release/announcing/announcements",
        "Announcer._url",
        never(2),
        (_ANNOUNCE + "test_a_variable_without_a_url_that_can_be_posted_to_is_told_without_what_it_holds[http]",),
    ),
    Guard(
        "a redirect is no success of a webhook",
        "release/announcing/announcements",
        "Announcer._post",
        never(0),
        (_ANNOUNCE + "test_what_a_webhook_answers_decides[answers6-False-1-redirects are not followed]",),
    ),
    Guard(
        "no child of ours has the URL of a webhook",
        "cli/clients/environment",
        "private_variables",
        call("webhook_variables", "()"),
        ("tests/unit/cli/test_child_environment.py::test_no_child_has_the_url_of_a_webhook",),
    ),
)
