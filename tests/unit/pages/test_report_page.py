"""The report of a run: what happened, what is public, what was checked; after a failure, too, and without secrets."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest

from shiplane.core.next_command import command
from shiplane.core.progress import Step, TimedOutcome
from shiplane.core.redact import Redactor
from shiplane.pages.report_page import report_page
from shiplane.pages.run_report import Report
from shiplane.pages.timings import duration
from tests.faults.harness.images import COMMIT
from tests.faults.harness.scene import AIONIS, Scene, a_plan
from tests.faults.release.test_smoke import Bench
from tests.faults.rollback import test_floating_tags, test_mirrors
from tests.unit.cli.test_result_schema import released as released_document
from tests.unit.pages.reading import read
from tests.unit.pages.reports import EVIL, RAN, failed, released, rolled_back

SECRET = "s3cr3t-t0ken-0123456789"


def heading(page: str) -> str:
    (title,) = re.findall("<h1>(.*?)</h1>", page)
    return str(title)


def parts(page: str) -> list[str]:
    return re.findall("<h2>(.*?)</h2>", page)


def test_a_release_shows_its_tags_what_was_checked_and_where_the_time_went() -> None:
    page = report_page(released())
    text = read(page)
    assert heading(page) == "v0.2.1, standalone-v0.2.1 published"
    assert parts(page) == ["What is public now", "What was checked", "What followed", "Builds", "Every step"]
    (main, _) = released().data["lanes"]
    for told in (main["digest"], *main["platforms"].values(), COMMIT[:12], "2026-11-30 00:41 UTC", "1 min 4 s"):
        assert told in text
    assert "Gate g green 200" in text
    assert "other skipped left out by name" in text
    assert "latest moved latest did not exist before" in text
    assert "does not exist" not in text.partition("Every step")[0]
    assert "Announcement chat failed CHAT is not set" in text


def test_the_same_result_gives_the_same_page() -> None:
    report = released()
    assert report_page(report) == report_page(report)


def test_a_second_run_says_that_nothing_was_new() -> None:
    scene = Scene()
    scene.publish()
    again = replace(RAN, data=released_document([lane.to_json() for lane in scene.publish()]))
    page = report_page(again)
    assert heading(page) == "v0.2.1, standalone-v0.2.1 were published already"
    assert "already published" in read(page)


def test_smoke_runs_checks_and_signatures_are_listed_by_lane() -> None:
    lane = Bench().publish()[0]
    check = {"check": "scan", "command": "scan it", "good": False, "result": "exit 1", "seconds": 2.0}
    signed = {"tool": "cosign", "signer": "key a", "digests": ["a", "b"]}
    told = {**lane.to_json(), "checks": {"checks": [check], "skipped": ["sbom"]}, "signature": signed}
    held: dict[str, Any] = {"build": {"command": "npm run build", "state": "done", "reason": ""}, "gates": []}
    text = read(report_page(replace(RAN, data={"lanes": [told], "prerequisites": held})))
    assert "Build command done npm run build" in text
    assert "Smoke run of main, linux/amd64 done" in text
    assert "Check scan of main failed exit 1 scan it, 2.0 s" in text
    assert "Check sbom of main skipped" in text
    assert "Signature of main verified cosign: 2 digests, by key a" in text


def test_aliases_mirrors_and_tags_that_stay_are_listed() -> None:
    (lane, _) = released().data["lanes"]
    stays = {**lane["floating_tags"][0], "moved": False, "reason": "not requested", "digest": None}
    mirror = {"image": "hub/a:v0.2.1", "floating_tags": [stays]}
    told = {**lane, "aliases": ["0.2.1"], "mirrors": [mirror], "ledger": None}
    text = read(report_page(replace(RAN, data={"lanes": [told]})))
    assert "0.2.1 the same image" in text
    assert "hub/a:v0.2.1 the same image" in text
    assert "latest not moved not requested does not exist" in text
    assert "ledger" not in text


def test_bars_are_where_their_steps_were_and_the_last_one_can_be_seen() -> None:
    page = report_page(replace(released(), steps=[TimedOutcome(Step("a", "b").done(), 16.05, 32.1)]))
    assert '<i class="done" style="left:min(50.00%,100% - 3px);width:25.00%"></i>' in page


def test_a_build_that_failed_or_never_ended_is_told_as_such_and_one_that_never_began_is_not() -> None:
    text = read(report_page(released()))
    assert "main linux/amd64 pushed 30 s" in text
    assert "main linux/arm64 failed 39 s" in text
    assert "standalone linux/amd64 running not ended" in text
    assert "standalone linux/arm64" not in text


def test_outcomes_that_are_not_plain_success_are_named() -> None:
    text = read(report_page(released()))
    assert "claim v0.2.1 skipped none is configured" in text
    assert "tag v0.2.1 tried again HTTP 502" in text
    assert "done unchanged or skipped tried again" in text


def test_a_failed_run_says_first_what_failed_what_is_public_and_what_to_do() -> None:
    page = report_page(failed())
    text = read(page)
    assert heading(page) == "Release failed"
    assert parts(page)[:3] == ["What failed", "What is public now", "What to do next"]
    assert "| cannot open /data" in text
    assert "Then shiplane check.config" in text
    assert f"{AIONIS}:v0.2.1 does not exist {AIONIS}:latest sha256:{'a' * 64}" in text
    assert "Every published tag had passed verification" in text
    assert "Fix the error above, then: shiplane release" in text


def test_a_command_before_the_next_one_is_left_as_it_is_typed() -> None:
    text = read(report_page(failed(closing=["next: shiplane auth.show, fix the error above, then: shiplane release"])))
    assert "What to do next shiplane auth.show, fix the error above, then: shiplane release" in text


def test_a_run_that_failed_early_says_that_nothing_was_published() -> None:
    closing = ["public: nothing was published and no tag was moved", f"next: {command('status')}"]
    report = Report(command="shiplane publish", task="publish", exit_code=2, what="no lane given", closing=closing)
    text = read(report_page(report))
    assert "Publish failed" in text
    assert "Nothing was published and no tag was moved" in text
    assert "What to do next invoke status" in text
    assert "Every step" not in text
    assert "It took" not in text


def test_a_release_that_did_not_do_all_that_was_asked_shows_both() -> None:
    page = report_page(released(exit_code=5, what="latest does not move", remedy="", closing=["next: shiplane status"]))
    assert heading(page) == "v0.2.1, standalone-v0.2.1 published"
    assert parts(page)[:4] == ["What failed", "What to do next", "What is public now", "What was checked"]
    assert "Not all of it was done." in read(page)


def test_a_failure_without_words_of_its_own_shows_the_result() -> None:
    assert "2 checks failed" in read(report_page(Report(command="x", exit_code=6, text="2 checks failed")))
    assert "a check failed" in read(report_page(Report(command="x", exit_code=6)))


def test_a_tag_that_could_not_be_read_is_told_with_the_reason() -> None:
    text = read(
        report_page(failed(closing=["public: r/a:v1 could not be read (HTTP 503)", "public: could not be read"]))
    )
    assert "r/a:v1 could not be read (HTTP 503)" in text
    assert "Could not be read" in text


def test_a_rollback_shows_where_tags_went_and_what_was_marked() -> None:
    page = report_page(replace(RAN, task="rollback", data=rolled_back(), text=f"next: {command('status')}"))
    text = read(page)
    assert heading(page) == "Rolled back main to v0.2.1"
    assert "moved back 0.2.2 → 0.2.1" in text
    assert "v0.2.2 marked as bad crashes on start" in text
    assert "deploy/app.yml - image: v0.2.2 + image: v0.2.1" in text
    assert "Gate health not green 503" in text
    assert "next: shiplane status" in text


def test_what_a_rollback_passed_over_left_and_would_do_is_told() -> None:
    (partly,) = test_floating_tags.roll(test_floating_tags.scene_of(*test_floating_tags.FIRST_OF_2))
    mirrored = test_mirrors.roll_back(test_mirrors.released()).to_json(AIONIS)
    rest = {"deployments": None, "gates": None}
    lanes = [
        {**partly.to_json(AIONIS), **rest},
        {**mirrored, **rest, "passed_over": {"0.2.0": "damaged"}, "marked": None},
        {**rolled_back(dry_run=True, reason="", deployments=None, gates=None)},
    ]
    page = report_page(replace(RAN, task="rollback", data={"image": str(AIONIS), "lanes": lanes}))
    text = read(page)
    assert heading(page).startswith("Would roll back ")
    assert "What would be public" in text
    assert "stays at" in text
    assert "0.2.0 passed over damaged" in text
    assert "v0.2.2 would be marked as bad no reason given" in text
    assert "would move 0.2.2 → 0.2.1" in text


def test_a_tag_that_was_at_no_version_or_did_not_move_is_told_so() -> None:
    lane = rolled_back()
    (tag,) = lane["floating_tags"]
    lost = {**tag, "before": {"version": None, "digest": None}, "moved": False}
    text = read(report_page(replace(RAN, data={**lane, "floating_tags": [lost]})))
    assert "unchanged no version of this lane → 0.2.1" in text


@pytest.mark.parametrize(
    ("data", "title"),
    [
        ({"dry_run": True, "loaded": ["localhost/a"], "lanes": []}, "Dry run: nothing was pushed"),
        ({"channel": "edge", "builds": []}, "Channel edge published"),
        ({}, "Release done"),
    ],
)
def test_other_results_have_their_title_and_what_the_command_printed(data: dict[str, Any], title: str) -> None:
    page = report_page(replace(RAN, data=data, text="localhost/a"))
    assert heading(page) == title
    assert "As the command printed it localhost/a" in read(page)


def test_a_dry_run_shows_the_image_of_its_plan() -> None:
    data = {**a_plan().to_json(), "dry_run": True, "loaded": ["localhost/a"]}
    text = read(report_page(replace(RAN, data=data, text="localhost/a")))
    assert f"Image {AIONIS} Commit" in text
    assert "dry run Dry run: nothing was pushed No registry was written to." in text


def test_the_checks_of_a_channel_are_those_of_its_builds() -> None:
    (lane, _) = released().data["lanes"]
    data = {"channel": "edge", "builds": [{**lane, "checks": {"checks": [], "skipped": ["sbom"]}}]}
    assert "Check sbom of main skipped" in read(report_page(replace(RAN, data=data)))


def test_nothing_from_outside_becomes_markup() -> None:
    (lane, _) = released().data["lanes"]
    evil = {**lane, "lane": EVIL, "tag": EVIL, "reference": EVIL, "platforms": {EVIL: EVIL}, "aliases": [EVIL]}
    steps = [TimedOutcome(Step(EVIL, EVIL).failed(EVIL), 1.0)]
    data = {
        **released().data,
        "image": EVIL,
        "commit": EVIL,
        "lanes": [evil],
        "announcements": [{"name": EVIL, "ok": True, "detail": EVIL}],
    }
    told = {"command": EVIL, "what": f"{EVIL}\n{EVIL}", "remedy": EVIL, "closing": [f"public: {EVIL}", f"next: {EVIL}"]}
    page = report_page(released(exit_code=6, data=data, steps=steps, **told))
    read(page)
    assert "<script" not in page
    assert "&lt;script&gt;" in page


def test_no_secret_is_in_a_page_in_any_spelling() -> None:
    steps = [TimedOutcome(Step(SECRET, SECRET).failed(SECRET), 1.0)]
    report = failed(
        command=SECRET, text=SECRET, what=SECRET, remedy=f"<{SECRET}>", data={"image": f"{SECRET}&"}, steps=steps
    )
    page = report_page(report.without_secrets(Redactor([SECRET])))
    assert "***" in page
    assert "s3cr3t" not in page


def test_a_secret_of_digits_that_is_in_a_number_too_costs_nobody_the_report() -> None:
    (lane, _) = released().data["lanes"]
    pin = "107066"
    report = replace(RAN, data={"lanes": [{**lane, "size": int(f"{pin}7"), "aliases": [f"a{pin}"]}]})
    page = report_page(report.without_secrets(Redactor([pin])))
    assert "1.1 MB" in read(page)
    assert pin not in page


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("shiplane plan --image https://u:p4ss@w0rd@r.example/a", "shiplane plan --image https://***@r.example/a"),
        ("plan --image=u:p4ssword@r.example/a", "plan --image=***@r.example/a"),
        ("plan --reason https://p4ssword@r.example", "plan --reason https://***@r.example"),
        ("verify --tag x --image r:80/a@sha256:b", "verify --tag x --image r:80/a@sha256:b"),
        ("plan --reason 'asked by a@b.example: now'", "plan --reason 'asked by a@b.example: now'"),
    ],
)
def test_no_password_that_was_typed_in_an_address_is_in_a_report(typed: str, shown: str) -> None:
    report = failed(command=typed, closing=[f"next: {typed}"]).without_secrets(Redactor())
    assert report.command.startswith(shown)
    assert list(report.closing) == [f"next: {report.command}"]
    assert "p4ss" not in report_page(report)


@pytest.mark.parametrize(("seconds", "text"), [(0.04, "0.0 s"), (9.94, "9.9 s"), (27.4, "27 s"), (125.0, "2 min 5 s")])
def test_times_are_as_people_read_them(seconds: float, text: str) -> None:
    assert duration(seconds) == text
