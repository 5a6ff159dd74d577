"""Prerequisites: real children, and a server on this machine that speaks GitHub's shapes and serves health URLs."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from shiplane.core.errors import ConfigurationError, PrerequisiteError
from shiplane.core.progress import StepState
from shiplane.core.redact import forms_of
from shiplane.core.system.process import without_secrets
from tests.faults.harness.gatehouse import COMMIT, NAME, TOKEN, Api, api, ask, check, outcomes, prerequisites

__all__ = ["api"]


def test_a_build_that_passes_is_quiet(tmp_path: Path) -> None:
    found = outcomes(prerequisites(tmp_path, build="sh -c 'echo loud'"))
    assert [(outcome.step.name, outcome.state) for outcome in found] == [
        ("build command", StepState.DONE),
        ("gates", StepState.SKIPPED),
    ]
    assert "loud" not in found[0].reason


def test_a_build_that_fails_shows_all_that_it_said(tmp_path: Path) -> None:
    with pytest.raises(PrerequisiteError) as caught:
        outcomes(prerequisites(tmp_path, build="sh -c 'seq 1 300; echo at last >&2; exit 3'"))
    assert caught.value.exit_code == 3
    assert "ended with 3" in caught.value.what
    assert all(f"\n  | {number}\n" in caught.value.what for number in (1, 150, 300))
    assert "  | at last" in caught.value.what


def test_a_build_that_hangs_is_ended_with_its_children(tmp_path: Path) -> None:
    with pytest.raises(PrerequisiteError, match=r"did not end within 0\.3 s"):
        outcomes(prerequisites(tmp_path, **{"build": "sh -c 'sleep 60 & wait'", "build-timeout-seconds": 0.3}))


def test_a_build_command_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(PrerequisiteError, match="no-such-tool is not installed"):
        outcomes(prerequisites(tmp_path, build="no-such-tool"))


@pytest.mark.parametrize(
    ("package", "argv"),
    [
        ('{"scripts": {"build": "sh build.sh"}}', "npm run build"),
        ('{"scripts": {}}', "none"),
        ("{}", "none"),
        (None, "none"),
    ],
)
def test_npm_run_build_is_the_default_where_there_is_such_a_script(
    tmp_path: Path, package: str | None, argv: str
) -> None:
    if package is not None:
        (tmp_path / "package.json").write_text(package)
    assert outcomes(prerequisites(tmp_path, None, None, "build"))[0].step.subject == argv


@pytest.mark.parametrize("package", ["not json", "[]", '{"scripts": 1}', "\xff"])
def test_a_package_file_that_cannot_be_read_is_not_taken_for_one_without_a_build(tmp_path: Path, package: str) -> None:
    (tmp_path / "package.json").write_bytes(package.encode("latin-1"))
    with pytest.raises(ConfigurationError, match=r"package\.json cannot be read"):
        outcomes(prerequisites(tmp_path))


def test_what_a_failing_build_says_keeps_its_order_and_cannot_act(tmp_path: Path) -> None:
    script = r"echo one; echo two >&2; printf '::error::three\\n\\033]0;title\\007four\\r::set-env\\n'; exit 1"
    with pytest.raises(PrerequisiteError) as caught:
        outcomes(prerequisites(tmp_path, build=f'sh -c "{script}"'))
    lines = [line for line in caught.value.what.splitlines() if line.startswith("  | ")]
    assert lines[:2] == ["  | one", "  | two"]
    assert all(line.isprintable() and not line[4:].startswith("::") for line in lines)


def test_a_build_that_hangs_shows_what_it_said_until_then(tmp_path: Path) -> None:
    document = {"build": "sh -c 'echo so far; sleep 60'", "build-timeout-seconds": 0.5}
    with pytest.raises(PrerequisiteError, match="so far"):
        outcomes(prerequisites(tmp_path, **document))


def test_what_is_skipped_by_name_is_not_run(tmp_path: Path) -> None:
    gates = [{"name": "first", "command": "false"}, {"name": "second", "command": "true"}]
    found = outcomes(prerequisites(tmp_path, None, None, "build", "first", build="false", gates=gates))
    assert {(o.step.subject, o.state) for o in found} == {
        ("false", StepState.SKIPPED),
        ("first", StepState.SKIPPED),
        ("second", StepState.DONE),
    }


def test_every_gate_that_is_not_green_is_named(tmp_path: Path) -> None:
    gates = [{"name": name, "command": command} for name, command in (("a", "false"), ("b", "true"), ("c", "false"))]
    with pytest.raises(PrerequisiteError) as caught:
        outcomes(prerequisites(tmp_path, gates=gates))
    assert [line.split(":")[0].strip() for line in caught.value.what.splitlines() if "ended" in line] == ["a", "c"]


def test_a_command_does_not_run_without_the_variables_that_it_names(tmp_path: Path) -> None:
    build = {"build": "sh -c 'test $SITE = here'", "build-env": ["SITE", "EDITION"]}
    gates = [{"name": "core", "command": "touch ran", "env": ["GATE"]}]
    with pytest.raises(PrerequisiteError, match=r"^the command needs SITE, EDITION, which are not set"):
        outcomes(prerequisites(tmp_path, None, {"PATH": "/usr/bin:/bin", "EDITION": ""}, **build))
    env = {"PATH": "/usr/bin:/bin", "SITE": "here"}
    (built, _) = outcomes(prerequisites(tmp_path, None, env, "variables", **build))
    assert built.state is StepState.DONE
    env["EDITION"] = "x"
    with pytest.raises(PrerequisiteError, match="core: the command needs GATE, which is not set"):
        outcomes(prerequisites(tmp_path, None, env, **build, gates=gates))
    assert not (tmp_path / "ran").exists()
    found = outcomes(prerequisites(tmp_path, None, {**env, "GATE": "token"}, **build, gates=gates))
    assert [outcome.state for outcome in found] == [StepState.DONE, StepState.DONE]
    assert (tmp_path / "ran").exists()


def test_no_child_sees_a_credential_in_any_spelling(tmp_path: Path) -> None:
    names = (
        "GHCR_TOKEN",
        "GITHUB_TOKEN",
        "GH_TOKEN",
        "ACTIONS_RUNTIME_TOKEN",
        "ACTIONS_ID_TOKEN_REQUEST_TOKEN",
        "REG_P",
    )
    env = without_secrets({**dict.fromkeys(names, TOKEN), "PATH": "/usr/bin:/bin", "KEPT": "1"}, also=["REG_P"])
    with pytest.raises(PrerequisiteError) as caught:
        outcomes(prerequisites(tmp_path, None, env, build="sh -c 'env; exit 1'"))
    assert "KEPT=1" in caught.value.what
    assert not [form for form in forms_of(TOKEN) if form in caught.value.what]


@pytest.mark.skipif(sys.platform != "linux", reason="a property of Linux")
def test_the_process_asks_not_to_be_read(tmp_path: Path) -> None:
    import ctypes

    pr_get_dumpable, pr_set_dumpable = 3, 4
    outcomes(prerequisites(tmp_path))
    try:
        assert ctypes.CDLL(None).prctl(pr_get_dumpable, 0, 0, 0, 0) == 0
    finally:
        ctypes.CDLL(None).prctl(pr_set_dumpable, 1, 0, 0, 0)


def test_a_health_url_that_recovers_is_waited_for(api: Api, tmp_path: Path) -> None:
    api.put("/health", (500, {}), (500, {}), (200, {"status": "ok"}))
    found = ask(api, tmp_path, http=f"{api.address}/health", field="status", value="ok")
    assert (found.good, len(api.asked)) == (True, 3)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ((500, {}), "HTTP 500"),
        ((404, {}), "HTTP 404"),
        ((302, b"", {"Location": "/elsewhere"}), "HTTP 302"),
        ((200, {"other": 1}), "no 'status'"),
        ((200, b"<html>"), "no 'status'"),
        ((200, {"status": "degraded"}), "status is degraded"),
    ],
)
def test_a_health_url_that_is_not_well_is_not_green(
    api: Api, tmp_path: Path, answer: tuple[int, Any], words: str
) -> None:
    api.put("/health", answer)
    found = ask(api, tmp_path, http=f"{api.address}/health", field="status", value="ok")
    assert not found.good
    assert words in found.detail


def test_a_health_url_that_nobody_answers_is_not_green(api: Api, tmp_path: Path) -> None:
    found = ask(api, tmp_path, http="http://127.0.0.1:1/health")
    assert not found.good


@pytest.mark.parametrize(
    ("run", "good", "words"),
    [
        (check(), True, "success 1.0 h ago"),
        (check("failure"), False, "failure"),
        (check("", "in_progress"), False, "in_progress"),
        (check(head_sha="d" * 40), False, "no check or workflow"),
        (check(completed_at="2020-01-01T00:00:00Z"), False, "at most 168 h"),
        (check(name="another"), False, "no check or workflow"),
    ],
)
def test_a_github_check_is_decided(
    api: Api,
    tmp_path: Path,
    run: dict[str, str],
    good: bool,  # noqa: FBT001 -- a table's column
    words: str,
) -> None:
    api.checks(run)
    found = ask(api, tmp_path, github=NAME, **{"max-age-hours": 168})
    assert (found.good, found.commit) == (good, COMMIT)
    assert words in found.detail
    assert {authorization for _, authorization in api.asked} == {f"Bearer {TOKEN}"}


def test_a_check_on_the_second_page_is_found(api: Api, tmp_path: Path) -> None:
    path = f"/repos/cognary/aionis/commits/{COMMIT}/check-runs"
    following = f'<{api.address}{path}?page=2>; rel="next", <{api.address}{path}?page=9>; rel="last"'
    api.put(path, (200, {"check_runs": [check(name="another")]}, {"Link": following}))
    api.checks(check(), path=f"{path}?page=2")
    assert ask(api, tmp_path, github=NAME).good


def test_a_list_that_goes_on_at_another_host_is_not_followed(api: Api, tmp_path: Path) -> None:
    path = f"/repos/cognary/aionis/commits/{COMMIT}/check-runs"
    api.put(path, (200, {"check_runs": []}, {"Link": '<http://127.0.0.1:2/x>; rel="next"'}))
    found = ask(api, tmp_path, github=NAME)
    assert not found.good
    assert "another host" in found.detail


def test_a_workflow_is_found_by_its_name(api: Api, tmp_path: Path) -> None:
    api.checks()
    times = {"run_started_at": "2027-01-01T00:00:00Z", "updated_at": "2027-01-01T00:00:00Z"}
    run = {"name": NAME, "head_sha": COMMIT, "status": "completed", "conclusion": "success", **times}
    api.put("/repos/cognary/aionis/actions/runs", (200, {"workflow_runs": [run]}))
    assert ask(api, tmp_path, github=NAME).good
    assert any(f"head_sha={COMMIT}" in path for path, _ in api.asked)


def test_a_pending_check_is_waited_for_as_long_as_the_gate_says(api: Api, tmp_path: Path) -> None:
    path = f"/repos/cognary/aionis/commits/{COMMIT}/check-runs"
    pending = (200, {"check_runs": [check("", "queued")]})
    api.checks()
    api.put(path, pending, pending, (200, {"check_runs": [check()]}))
    assert ask(api, tmp_path, github=NAME, **{"timeout-seconds": 60}).good


def test_a_rate_limit_is_waited_for_and_is_no_denial(api: Api, tmp_path: Path) -> None:
    api.checks()
    path = f"/repos/cognary/aionis/commits/{COMMIT}/check-runs"
    limited = (403, {"message": "You have exceeded a secondary rate limit"}, {"Retry-After": "30"})
    api.put(path, limited, (200, {"check_runs": [check()]}))
    assert ask(api, tmp_path, github=NAME).good


@pytest.mark.parametrize("status", [401, 403, 404])
def test_a_refusal_of_github_says_which_token_is_wanted(api: Api, tmp_path: Path, status: int) -> None:
    api.put(f"/repos/cognary/aionis/commits/{COMMIT}/check-runs", (status, {"message": "Bad credentials"}))
    found = ask(api, tmp_path, github=NAME)
    assert not found.good
    assert f"HTTP {status}" in found.detail
