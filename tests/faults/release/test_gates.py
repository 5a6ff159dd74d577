"""Gates that do not answer as they should: late, twice, elsewhere, in the wrong order, or never."""

from __future__ import annotations

import signal
import time
from pathlib import Path
from typing import Any

import pytest

from shiplane.core.errors import AccessError, PrerequisiteError, UsageError
from shiplane.core.redact import Redactor
from shiplane.git.github import GitHub, api_of
from shiplane.registry.http.retry_budget import RetryBudget, SystemClock
from shiplane.registry.http.transport import HttpTransport
from tests.faults.harness.clock import EPOCH, VirtualClock
from tests.faults.harness.gatehouse import COMMIT, NAME, TOKEN, Api, api, ask, check, outcomes, prerequisites

__all__ = ["api"]

SOON = "2027-01-15T07:59:00Z"  # a minute before EPOCH
PENDING = check("", "in_progress")


def clock_of(known: Api) -> VirtualClock:
    assert isinstance(known.clock, VirtualClock)
    return known.clock


def test_a_health_url_that_hangs_costs_its_time_limit_and_no_more(api: Api, tmp_path: Path) -> None:
    api.clock, api.slow = SystemClock(), 3.0
    begun = time.monotonic()
    found = ask(api, tmp_path, http=f"{api.address}/health", **{"timeout-seconds": 0.4})
    assert (found.good, "time limit" in found.detail) == (False, True)
    assert time.monotonic() - begun < 1.5


def test_a_command_that_hangs_costs_its_time_limit(tmp_path: Path) -> None:
    gates = [{"name": "slow", "command": "sh -c 'echo begun; sleep 60'", "timeout-seconds": 0.4}]
    begun = time.monotonic()
    with pytest.raises(PrerequisiteError, match=r"(?s)did not end within 0\.4 s.*begun"):
        outcomes(prerequisites(tmp_path, gates=gates))
    assert time.monotonic() - begun < 5


def test_gates_are_asked_side_by_side_and_answer_in_order(tmp_path: Path) -> None:
    gates = [{"name": str(number), "command": f"sleep {0.8 - number / 10}"} for number in range(6)]
    begun = time.monotonic()
    found = outcomes(prerequisites(tmp_path, gates=gates))
    assert time.monotonic() - begun < 2.5
    assert [outcome.step.subject for outcome in found if outcome.step.name == "gate"] == list("012345")


def test_an_interrupt_does_not_wait_for_the_gates_and_leaves_none_running(tmp_path: Path) -> None:
    gates = [{"name": name, "command": f"sh -c 'echo $$ > {name}; sleep 60'"} for name in ("a", "b")]

    def interrupt(_number: int, _frame: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, interrupt)
    begun = time.monotonic()
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.5)
        with pytest.raises(KeyboardInterrupt):
            outcomes(prerequisites(tmp_path, gates=gates))
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert time.monotonic() - begun < 5
    assert not [name for name in ("a", "b") if Path(f"/proc/{(tmp_path / name).read_text().strip()}").exists()]


def test_a_status_that_is_expected_is_not_taken_for_an_outage(api: Api, tmp_path: Path) -> None:
    api.put("/maintenance", (503, {}))
    assert ask(api, tmp_path, http=f"{api.address}/maintenance", status=503).good
    assert len(api.asked) == 1


def test_a_redirect_is_not_followed_and_says_so(api: Api, tmp_path: Path) -> None:
    api.put("/health", (302, b"", {"Location": f"{api.address}/login"}))
    found = ask(api, tmp_path, http=f"{api.address}/health")
    assert (found.good, "redirects are not followed" in found.detail) == (False, True)
    assert [path for path, _ in api.asked] == ["/health"]


def test_a_health_url_never_gets_the_token(api: Api, tmp_path: Path) -> None:
    api.put("/health", (200, {}))
    assert ask(api, tmp_path, http=f"{api.address}/health").good
    assert api.asked == [("/health", "")]


@pytest.mark.parametrize("value", [{"value": True}, {"value": "true"}, {}])
def test_a_truth_value_can_be_written_as_one(api: Api, tmp_path: Path, value: dict[str, object]) -> None:
    api.put("/health", (200, {"core": {"ready": True}}))
    assert ask(api, tmp_path, http=f"{api.address}/health", field="core.ready", **value).good


@pytest.mark.parametrize(
    ("first", "timeout", "good", "asked"),
    [
        ([PENDING], 0, False, 1),
        ([PENDING], 60, True, 3),
        ([], 60, True, 3),  # GitHub lists a check some seconds after the push that starts it
        ([], 0, False, 1),
        ([check("failure")], 60, False, 1),
    ],
)
def test_what_may_still_come_is_waited_for_as_long_as_the_gate_says(
    api: Api,
    tmp_path: Path,
    first: list[dict[str, str]],
    timeout: int,
    good: bool,  # noqa: FBT001 -- a table's column
    asked: int,
) -> None:
    api.checks()
    api.put(api.path, (200, {"check_runs": first}), (200, {"check_runs": first}), (200, {"check_runs": [check()]}))
    assert ask(api, tmp_path, github=NAME, **{"timeout-seconds": timeout}).good is good
    assert len([path for path, _ in api.asked if "check-runs" in path]) == asked


def test_a_check_that_stays_pending_ends_with_the_gates_time(api: Api, tmp_path: Path) -> None:
    api.checks(PENDING)
    found = ask(api, tmp_path, github=NAME, **{"timeout-seconds": 25})
    assert (found.good, found.detail) == (False, "pending: the check run is in_progress")
    assert sum(clock_of(api).sleeps) == 25
    assert "timeout-seconds" in found.remedy


def test_a_green_job_does_not_speak_for_the_workflow_of_its_name(api: Api, tmp_path: Path) -> None:
    api.checks(check())
    run = {"name": NAME, "head_sha": COMMIT, "status": "in_progress", "conclusion": None, "run_started_at": SOON}
    api.put("/repos/cognary/aionis/actions/runs", (200, {"workflow_runs": [run]}))
    assert ask(api, tmp_path, github=NAME).detail == "pending: the workflow is in_progress"


RESET = {"x-ratelimit-remaining": "0"}


@pytest.mark.parametrize(
    ("status", "words", "headers", "waited"),
    [
        (429, "slow down", {"retry-after": "7"}, 7),
        (403, "API rate limit exceeded", {**RESET, "x-ratelimit-reset": str(int(EPOCH) + 20)}, 20),
        (403, "no words at all", {**RESET, "x-ratelimit-reset": str(int(EPOCH) + 20)}, 20),
        (403, "You have exceeded a secondary rate limit", {"retry-after": "12"}, 12),
        (429, "both", {**RESET, "x-ratelimit-reset": str(int(EPOCH) + 90), "retry-after": "5"}, 5),
    ],
)
def test_a_rate_limit_is_waited_out_for_as_long_as_it_says(
    api: Api, tmp_path: Path, status: int, words: str, headers: dict[str, str], waited: float
) -> None:
    api.checks()
    api.put(api.path, (status, {"message": words}, headers), (200, {"check_runs": [check()]}))
    assert ask(api, tmp_path, github=NAME).good
    assert clock_of(api).sleeps == [waited]


def test_a_rate_limit_beyond_our_patience_ends_at_once_with_the_time(api: Api, tmp_path: Path) -> None:
    headers = {**RESET, "x-ratelimit-reset": str(int(EPOCH) + 3000)}
    api.put(api.path, (403, {"message": "API rate limit exceeded"}, headers))
    found = ask(api, tmp_path, github=NAME)
    assert (found.good, clock_of(api).sleeps, len(api.asked)) == (False, [], 1)
    assert "asks to wait 3000 s" in found.detail


def test_a_rate_limit_without_a_word_is_bounded(api: Api, tmp_path: Path) -> None:
    api.put(api.path, (429, {"message": "slow down"}))
    found = ask(api, tmp_path, github=NAME)
    assert (found.good, len(api.asked)) == (False, 5)
    assert "after 5 tries" in found.detail


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (401, "wrong or has expired"),
        (403, "checks: read, actions: read"),
        (404, "lacks access"),
        (422, "Push the commit"),
        (301, "was renamed: set GITHUB_REPOSITORY"),
    ],
)
def test_each_refusal_of_github_has_its_own_remedy(api: Api, tmp_path: Path, status: int, words: str) -> None:
    api.put(api.path, (status, {"message": "no"}))
    found = ask(api, tmp_path, github=NAME)
    assert not found.good
    assert words in found.remedy
    assert f"HTTP {status}" in found.detail


@pytest.mark.parametrize("body", [b"<html>", b"[]", {"check_runs": None}, {"check_runs": [1]}, {"other": []}, b""])
def test_an_answer_that_is_no_list_is_never_an_empty_list(api: Api, tmp_path: Path, body: Any) -> None:  # noqa: ANN401
    api.checks()
    api.put(api.path, (200, body))
    found = ask(api, tmp_path, github=NAME)
    assert (found.good, "has no list of check_runs" in found.detail) == (False, True)


def test_pages_without_an_end_are_not_followed_for_ever(api: Api, tmp_path: Path) -> None:
    api.put(api.path, (200, {"check_runs": [check()]}, {"Link": f'<{api.address}{api.path}>; rel="next"'}))
    found = ask(api, tmp_path, github=NAME)
    assert (found.good, len(api.asked)) == (False, 20)


def test_a_red_one_on_the_second_page_is_seen(api: Api, tmp_path: Path) -> None:
    api.put(api.path, (200, {"check_runs": [check()]}, {"Link": f'<{api.address}{api.path}?page=2>; rel="next"'}))
    api.checks(check("failure", started_at=SOON, completed_at=SOON), path=f"{api.path}?page=2")
    assert not ask(api, tmp_path, github=NAME).good


def test_an_enterprise_server_has_its_api_below_a_path(api: Api, tmp_path: Path) -> None:
    api.prefix = "/api/v3"
    api.checks(check())
    assert ask(api, tmp_path, github=NAME).good
    assert all(path.startswith("/api/v3/repos/cognary/aionis/") for path, _ in api.asked)


@pytest.mark.parametrize(
    ("env", "url"),
    [
        ({}, "https://api.github.com"),
        ({"GITHUB_API_URL": ""}, "https://api.github.com"),
        ({"GITHUB_SERVER_URL": "https://github.com"}, "https://api.github.com"),
        ({"GITHUB_SERVER_URL": "https://ghe.example/"}, "https://ghe.example/api/v3"),
        ({"GITHUB_SERVER_URL": "https://ghe.example:8443"}, "https://ghe.example:8443/api/v3"),
        ({"GITHUB_SERVER_URL": "https://octocorp.ghe.com"}, "https://api.octocorp.ghe.com"),
        ({"GITHUB_SERVER_URL": "https://ghe.example", "GITHUB_API_URL": "https://a.example"}, "https://a.example"),
    ],
)
def test_the_api_is_that_of_the_server(env: dict[str, str], url: str) -> None:
    assert api_of(env) == url
    assert client(api=url).api == url


def test_evidence_says_what_was_asked_about_which_commit_and_when(api: Api, tmp_path: Path) -> None:
    api.checks(check(completed_at=SOON))
    found = ask(api, tmp_path, github=NAME).to_json()
    assert found["what"] == NAME
    assert (found["kind"], found["good"], found["commit"], found["when"]) == ("github", True, COMMIT, SOON)


def client(**fields: str) -> GitHub:
    retry_budget = RetryBudget(clock=VirtualClock())
    known = {"slug": "cognary/aionis", "api": "https://ghe.example/api/v3", **fields}
    return GitHub(transport=HttpTransport({}, user_agent="test"), retry_budget=retry_budget, redact=Redactor(), **known)


@pytest.mark.parametrize(
    "address",
    [
        "http://api.github.com",
        "http://127.0.0.1.example.org",
        "https://user:secret@ghe.example",
        "ftp://ghe.example",
        "https://",
        "ghe.example",
        "https://[",
        "https://ghe.example?x=1",
    ],
)
def test_the_token_goes_to_no_address_that_could_leak_it(address: str) -> None:
    with pytest.raises(UsageError) as caught:
        client(api=address, token=TOKEN)
    assert "secret" not in caught.value.what


@pytest.mark.parametrize("slug", ["aionis", "a/b/c", "../x", "a/..", "a b/c", "a/b\n", ""])
def test_a_repository_that_is_none_is_refused(slug: str) -> None:
    with pytest.raises(UsageError):
        client(slug=slug)


@pytest.mark.parametrize("token", ["ghp_x\r\nHost: elsewhere", "ghp x", "ghp_\u00e9"])
def test_a_token_that_would_be_more_than_a_header_is_refused_unseen(token: str) -> None:
    with pytest.raises(AccessError) as caught:
        client(token=token)
    assert token not in str(caught.value)


def test_the_client_does_not_show_its_token() -> None:
    assert TOKEN not in repr(client(token=TOKEN))
