"""A step of GitHub Actions: its outputs, summary, annotation and masks, and a log that nobody else commands."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from shiplane.cli.views.actions import Actions, outputs
from shiplane.cli.views.console import Console
from shiplane.core.credential import Credential
from shiplane.core.progress import Flow, Step, TimedOutcome
from shiplane.core.redact import Redactor
from shiplane.pages.run_report import Report

SECRET = "ghp_s3cr3t_s3cr3t_s3cr3t"
DIGEST = "sha256:" + "a" * 64
_ASSIGNMENT = re.compile(r"([a-z]+)<<(\S+)\n(.*?)\n\2\n", re.DOTALL)


class JobStep:
    """A step of a job: its files and its log."""

    def __init__(self, folder: Path) -> None:
        self.files = {"GITHUB_OUTPUT": folder / "output", "GITHUB_STEP_SUMMARY": folder / "summary"}
        self.err = io.StringIO()
        self.told: list[str] = []
        env = {"GITHUB_ACTIONS": "true", "GITHUB_ENV": str(folder / "env")}
        self.actions = Actions({**env, **{name: str(path) for name, path in self.files.items()}}, self.err)

    def report(self, *secrets: str, **fields: Any) -> None:  # noqa: ANN401
        report = Report(**{"command": "invoke publish", "exit_code": 0, "kind": "refused", **fields})
        self.actions.report(report, redact=Redactor(secrets), tell=self.told.append)

    @property
    def written(self) -> dict[str, str]:
        text = self.files["GITHUB_OUTPUT"].read_text()
        assert _ASSIGNMENT.sub("", text) == ""
        return {name: value for name, _, value in _ASSIGNMENT.findall(text)}

    @property
    def summary(self) -> str:
        return self.files["GITHUB_STEP_SUMMARY"].read_text()

    @property
    def log(self) -> list[str]:
        return self.err.getvalue().splitlines()


@pytest.fixture
def step(tmp_path: Path) -> JobStep:
    return JobStep(tmp_path)


def lane(name: str = "main", *, digest: str | None = DIGEST) -> dict[str, Any]:
    floating = {"tag": f"{name}-latest", "digest": digest, "moved": False, "reason": "asked"}
    known = {"lane": name, "version": "0.2.1", "tag": f"{name}-v0.2.1", "digest": DIGEST, "size": 1, "built": True}
    return {**known, "reference": f"ghcr.io/a/b@{DIGEST}", "platforms": {}, "floating_tags": [floating]}


def data(*lanes: Mapping[str, Any]) -> dict[str, Any]:
    return {"image": "ghcr.io/a/b", "commit": "c" * 40, "lanes": list(lanes)}


def test_a_lane_has_its_outputs_and_all_of_it_as_json(step: JobStep, tmp_path: Path) -> None:
    step.report(data=data(lane()))
    written = step.written
    assert json.loads(written.pop("result")) == {"ok": True, "exit": 0, **data(lane())}
    expected = {
        "image": "ghcr.io/a/b",
        "tag": "main-v0.2.1",
        "digest": DIGEST,
        "version": "0.2.1",
        "floating": "main-latest",
    }
    assert json.loads(written.pop("lanes")) == {"main": expected}
    assert written == expected
    assert step.log == []
    assert not (tmp_path / "env").exists()


@pytest.mark.parametrize("digest", [None, "sha256:" + "b" * 64])
def test_a_floating_tag_that_is_elsewhere_is_no_output(step: JobStep, digest: str | None) -> None:
    step.report(data=data(lane(digest=digest)))
    assert step.written["floating"] == ""


def test_several_floating_tags_are_one_per_line_and_only_those_that_are_here(step: JobStep) -> None:
    tags = [{"tag": tag, "digest": digest} for tag, digest in (("v0.2", DIGEST), ("v0", "other"), ("latest", DIGEST))]
    step.report(data=data({**lane(), "floating_tags": tags}))
    assert step.written["floating"] == "v0.2\nlatest"


def test_a_lane_without_floating_tags_has_an_empty_output(step: JobStep) -> None:
    step.report(data=data({**lane(), "floating_tags": []}))
    assert step.written["floating"] == ""


def test_several_lanes_have_theirs_by_name_alone(step: JobStep) -> None:
    step.report(data=data(lane("main"), lane("standalone")))
    assert set(step.written) == {"lanes", "result"}
    assert json.loads(step.written["lanes"])["standalone"]["tag"] == "standalone-v0.2.1"


def test_lanes_of_several_repositories_have_each_its_own(step: JobStep) -> None:
    step.report(data=data(lane("main"), {**lane("hub"), "reference": f"127.0.0.1:5000/a/hub@{DIGEST}"}))
    images = {name: values["image"] for name, values in json.loads(step.written["lanes"]).items()}
    assert images == {"main": "ghcr.io/a/b", "hub": "127.0.0.1:5000/a/hub"}


def test_a_failure_has_its_result_and_one_annotation(step: JobStep) -> None:
    step.report(exit_code=5, what="v1, v2: 100%\n::error::x", remedy="Take another.", closing=["next: invoke verify"])
    assert json.loads(step.written["result"])["error"]["remedy"] == "Take another."
    assert step.log == [
        "::error title=shiplane%3A refused (exit 5)::v1, v2: 100%25%0A: :error::x%0ATake another.%0Anext: invoke verify"
    ]


def test_nobody_can_end_an_output_early(step: JobStep) -> None:
    hostile = lane()
    hostile["tag"] = "v1\nEOF\nshiplane-0000\ndigest<<x\nsha256:evil\nx\n"
    step.report(data=data(hostile))
    assert step.written["tag"] == hostile["tag"]
    assert step.written["digest"] == DIGEST
    marks = re.findall("<<(shiplane-[0-9a-f]{32})\n", step.files["GITHUB_OUTPUT"].read_text())
    assert len(set(marks)) == len(marks) == 7


def test_no_secret_is_in_an_output_or_in_the_summary_in_any_spelling(step: JobStep) -> None:
    told = [TimedOutcome(Step("name", SECRET).done(SECRET), 0.0)]
    step.report(
        SECRET, exit_code=4, what=SECRET, remedy=SECRET, closing=[f"next: {SECRET}"], data={"x": SECRET}, steps=told
    )
    everything = step.summary + step.files["GITHUB_OUTPUT"].read_text() + step.err.getvalue()
    assert "***" in everything
    assert "s3cr3t" not in everything


@pytest.mark.parametrize("place", ["/nowhere/at/all", "/proc/version"])
def test_what_cannot_be_written_costs_nobody_a_release(tmp_path: Path, place: str) -> None:
    told: list[str] = []
    env = {"GITHUB_OUTPUT": str(tmp_path), "GITHUB_STEP_SUMMARY": place}
    report = Report(command="x", exit_code=0, data=data(lane()))
    Actions(env, io.StringIO()).report(report, redact=Redactor(), tell=told.append)
    assert len(told) == 1
    assert "could not write" in told[0]


def test_without_files_nothing_is_written(tmp_path: Path) -> None:
    told: list[str] = []
    Actions({}, io.StringIO()).report(Report(command="x", exit_code=0), redact=Redactor(), tell=told.append)
    assert (told, list(tmp_path.iterdir())) == ([], [])


def test_what_is_derived_is_masked_once_and_before_anything_else(step: JobStep) -> None:
    redact = Redactor([SECRET], step.actions.mask)
    assert step.log == []
    redact.add(SECRET)
    assert step.log == []
    credential = Credential(registry="ghcr.io", username="me", password=SECRET, source="x")
    for _ in range(2):
        redact.add_credential(credential)
        redact.add("a-bearer-token-100%")
    assert step.log == [f"::add-mask::{credential.basic}", "::add-mask::a-bearer-token-100%25"]


def test_a_password_that_the_runner_does_not_know_is_masked_too(step: JobStep) -> None:
    credential = Credential(registry="r.example", username="me", password="from-a-helper", source="docker login")
    Redactor([], step.actions.mask).add_credential(credential)
    assert step.log == ["::add-mask::from-a-helper", f"::add-mask::{credential.basic}"]


def console(step: JobStep) -> Console:
    return Console({}, Redactor(), io.StringIO(), step.err, fold=step.actions.fold)


def building(lines: list[str], shown: Console) -> Flow[None]:
    step = Step("stage", "main")
    yield step
    for line in lines:
        shown.foreign(line)
    yield step.done()


def test_foreign_output_is_folded_and_cannot_command(step: JobStep) -> None:
    shown = console(step)
    shown.drive(building(["::error::x", "##[group]y", "  ::stop-commands::z"], shown))
    assert step.log == [
        "::group::stage main",
        "  | : :error::x",
        "  | ## [group]y",
        "  | : :stop-commands::z",
        "::endgroup::",
        "done       stage main",
    ]


def test_a_fold_ends_before_a_result(step: JobStep) -> None:
    shown = console(step)
    shown.foreign("x")
    shown.document({})
    assert step.log[-1] == "::endgroup::"


def test_a_document_is_the_same_and_commands_nothing(step: JobStep) -> None:
    out = io.StringIO()
    value = {"##[error]": "::x\n##[error]y ###"}
    Console({}, Redactor(), out, step.err).document(value)
    assert json.loads(out.getvalue()) == value
    assert "##" not in out.getvalue()


def test_the_outputs_of_another_task_are_its_result() -> None:
    names: Iterator[str] = (name for name, _ in outputs(Report(command="x", exit_code=0, data={"checks": []})))
    assert list(names) == ["result"]
