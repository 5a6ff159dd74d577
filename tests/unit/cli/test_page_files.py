"""Files of pages: proven to be writable before anything is done, written after a failure, too, and without secrets."""

from __future__ import annotations

import io
import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from shiplane.cli.live.build_log_view import BuildLogView, BuildTarget
from shiplane.cli.live.build_times import BuildTimes
from shiplane.cli.page_files import PageFile, ReportFile
from shiplane.cli.signals import TerminatedError
from shiplane.cli.views.console import Console
from shiplane.core.redact import Redactor
from shiplane.docker.bake import Build
from shiplane.pages.run_report import Report
from shiplane.registry.oci.names import Platform
from tests.inprocess import shiplane_here
from tests.unit.cli.test_live_view import BOTH, WHILE_IT_BUILDS
from tests.unit.pages.reading import read

SECRET = "s3cr3t-t0ken-0123456789"
Shiplane = Callable[..., tuple[int, str, str]]
BUILD = Build(name="main", dockerfile="Dockerfile", context=".", platforms=(Platform("linux", "amd64"),))


@pytest.fixture
def shiplane(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Shiplane:
    """``shiplane ...`` in a checkout; a registry that were asked would not be found."""
    checkout = tmp_path / "checkout"
    checkout.mkdir()
    os.mkfifo(tmp_path / "pipe")
    (checkout / ".gitignore").write_text("ignored\n")
    subprocess.run(["git", "init", "--quiet"], cwd=checkout, check=True, stdin=subprocess.DEVNULL)
    monkeypatch.chdir(checkout)
    return lambda *arguments: shiplane_here(capsys, monkeypatch, arguments, {"GHCR_TOKEN": SECRET})


@pytest.mark.parametrize(
    ("task", "flag", "file", "why"),
    [
        ("release", "--report", "../nowhere/page", "No such file or directory"),
        ("publish", "--report", "..", "it is no regular file"),
        ("rollback", "--report", "../pipe", "it is no regular file"),
        ("status", "--html", "", "names no file"),
        ("history", "--svg", "page", "it would make the tree dirty"),
    ],
)
def test_a_file_that_cannot_be_written_is_one_error_before_anything_else(
    shiplane: Shiplane, task: str, flag: str, file: str, why: str
) -> None:
    code, _, err = shiplane(task, flag, file)
    assert (code, why in err, err.count("error:")) == (2, True, 1)
    assert "nothing was published and no tag was moved" in err
    assert sorted(path.name for path in Path().iterdir()) == [".git", ".gitignore"]


def test_a_run_that_fails_is_reported_with_its_reason_and_the_next_command(shiplane: Shiplane, tmp_path: Path) -> None:
    report = tmp_path / "report.html"
    report.write_text("the one before")
    code, _, _ = shiplane("publish", "--lane", SECRET, "--report", "../report.html")
    page = report.read_text()
    text = read(page)
    assert code == 3, "a checkout without a commit"
    assert "Publish failed" in text
    assert "Nothing was published and no tag was moved" in text
    assert "shiplane publish --lane *** --report ../report.html" in text
    assert "s3cr3t" not in page
    assert report.stat().st_mode & 0o777 == 0o644
    assert sorted(file.name for file in tmp_path.iterdir()) == ["checkout", "pipe", "report.html"]


def test_a_status_that_could_not_be_read_is_on_its_page_and_not_the_one_before(
    shiplane: Shiplane, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = tmp_path / "status.html"
    page.write_text("every tag is where it should be")
    code, _, _ = shiplane("status", "--lane", SECRET, "--html", "../status.html")
    assert code == 2
    assert "The status could not be read there is no lane '***'" in read(page.read_text())
    monkeypatch.setattr("shiplane.cli.flows.lane_status.audit_lanes", terminated)
    code, _, _ = shiplane("status", "--html", "../status.html")
    assert code == 143
    assert "The status could not be read terminated" in read(page.read_text())
    assert shiplane("status")[0] == 143


def terminated(*_arguments: object, **_flags: object) -> None:
    raise TerminatedError(signal.SIGTERM)


def test_a_file_that_git_ignores_may_be_in_the_checkout(shiplane: Shiplane) -> None:
    shiplane("publish", "--report", "ignored")
    assert "Publish failed" in read(Path("ignored").read_text())


def test_a_link_is_written_through(shiplane: Shiplane, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "real")
    shiplane("publish", "--report", "../link")
    assert (tmp_path / "link").is_symlink()
    assert "Publish failed" in (tmp_path / "real").read_text()


def test_a_report_that_can_no_longer_be_written_or_made_costs_nobody_a_release(tmp_path: Path) -> None:
    said: list[str] = []
    gone = PageFile(path=tmp_path / "gone" / "report.html", label="--report 'x'")
    ReportFile(file=gone, task="release").write(Report(command="x", exit_code=0), redact=Redactor(), say=said.append)
    here = PageFile(path=tmp_path / "report.html", label="--report 'y'")
    broken = Report(command="x", exit_code=0, data={"lanes": [{"built": True}]})
    ReportFile(file=here, task="release").write(broken, redact=Redactor(), say=said.append)
    assert said[0] == "--report 'x' cannot be written: No such file or directory"
    assert said[1].startswith("--report 'y' could not be made: KeyError")
    assert list(tmp_path.iterdir()) == []


def times(text: str, targets: tuple[BuildTarget, ...] = BOTH) -> BuildTimes:
    read_by = BuildTimes(BuildLogView(targets))
    for second, line in enumerate(text.strip().splitlines()):
        read_by.read(line, float(second))
    return read_by


def test_each_build_has_the_times_when_it_began_was_exported_and_ended() -> None:
    done = f"{WHILE_IT_BUILDS}#33 DONE 2.0s\n#27 ERROR: process did not complete\n"
    told = [(each.state, each.began, each.exported, each.ended) for each in times(done).times]
    assert told == [
        ("running", 3.0, None, None),
        ("cached", 3.0, None, None),
        ("pushed", 10.0, 10.0, 13.0),
        ("pushed", 9.0, 10.0, 13.0),
    ]


def test_a_build_whose_log_says_nothing_of_it_has_no_times() -> None:
    assert {(each.state, each.began) for each in times("#0 building").times} == {("", None)}


@pytest.mark.parametrize("report", [None, ReportFile(file=PageFile(path=Path("x"), label="x"), task="release")])
def test_a_console_keeps_the_times_of_builds_where_a_report_wants_them(report: ReportFile | None) -> None:
    console = Console({}, Redactor(), out=io.StringIO(), err=io.StringIO(), report_file=report)
    console.show_build([BUILD])("#1 [build 1/2] RUN make")
    assert [each.state for build in console.builds for each in build.times] == (["running"] if report else [])
