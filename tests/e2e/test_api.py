"""A program that releases without Invoke: the documentation's example, errors, progress, and what it never does."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from shiplane import (
    AccessError,
    PrerequisiteError,
    Project,
    RefusedError,
    ShiplaneError,
    Step,
    StepOutcome,
    StepState,
    UsageError,
    VerificationError,
)
from shiplane.core.progress import Event
from tests.e2e.person import ROOT, Person, Reader, runbook
from tests.rig import Rig
from tests.rig.sample import commit, git
from tests.unit.cli.test_api import example
from tests.unit.documents import faults

pytestmark = pytest.mark.e2e
Workstation = tuple[Person, Reader]
# Nothing of it needed Invoke.
_ENDING = "\nimport sys\nassert 'invoke' not in sys.modules\n"


def project_of(person: Person, **more: Any) -> Project:  # noqa: ANN401 -- the fields of a project
    return Project(person.checkout, env=person.environ(PLATFORMS="linux/amd64"), **more)


def fits(document: Mapping[str, Any], part: str) -> bool:
    return faults({"ok": True, "exit": 0, **document}, "result", part) == []


def test_the_example_of_the_readme_releases_and_rolls_back(workstation: Workstation) -> None:
    person, reader = workstation
    project_of(person).release(version="0.2.0", latest=True)
    commit(person.checkout, "the next")
    done = person.run([sys.executable, "-c", example() + _ENDING], PLATFORMS="linux/amd64")
    assert (done.code, done.err) == (0, ""), str(done)
    tags = reader.tags()
    released = [f"{reader.image}@{tags[tag]}" for tag in ("v0.2.1", "standalone-v0.2.1")]
    assert done.out.splitlines() == [
        "planned: v0.2.1 standalone-v0.2.1",
        f"released: {' '.join(released)}",
        f"back at: {reader.image}:v0.2.0@{tags['v0.2.0']}",
    ]
    assert (tags["latest"], tags["standalone-latest"]) == (tags["v0.2.0"], tags["standalone-v0.2.1"])


def test_every_result_is_the_document_of_the_command(workstation: Workstation) -> None:
    person, reader = workstation
    project = project_of(person)
    planned = project.plan("main", version="0.2.0", latest=True)
    assert fits(planned, "planned")
    assert planned["lanes"][0]["latest"] == {"value": True, "source": "--latest"}
    assert fits(project.dry_run("main"), "dry-run")
    assert reader.tags() == {}
    published = project.publish("main", version="0.2.0", latest=True)
    assert fits(published, "released")
    commit(person.checkout, "the next")
    project.publish("main", version="0.2.1", platforms=["linux/amd64", "linux/arm64"], latest=True)
    promoted = project.promote("main", version="0.2.0", target=f"{reader.image}-production")
    assert fits(promoted, "promoted")
    assert promoted["source"] == f"{reader.image}:v0.2.0"
    verified = project.verify("main", deep=True)
    assert fits(verified, "verified")
    assert verified["lanes"][0]["version"] == "0.2.1"
    seen = project.rollback("main", dry_run=True, platforms="linux/amd64")
    back = project.rollback("main", reason="crashes on start")
    for rolled_back in (seen, back):
        assert fits(rolled_back, "rolled-back-lanes")
        assert rolled_back["lanes"][0]["version"] == "0.2.0"
    assert ("announcements" in seen, back["announcements"]) == (False, [])
    assert reader.tags()["latest"] == back["lanes"][0]["digest"] == published["lanes"][0]["digest"]


def test_whatever_a_command_ends_with_is_an_error_with_what_there_is_all_the_same(workstation: Workstation) -> None:
    person, reader = workstation
    project = project_of(person)
    with pytest.raises(UsageError, match="no lane given") as usage:
        project.publish(version="0.2.1")
    assert (usage.value.remedy, usage.value.result) == ("Add --lane main or --lane standalone.", None)
    (person.checkout / "Dockerfile").write_text("FROM scratch\n")
    with pytest.raises(PrerequisiteError, match="the working tree differs"):
        project.publish("main", version="0.2.1")
    git(person.checkout, "checkout", "--quiet", "Dockerfile")
    project.publish("main", version="0.2.1", latest=True)
    commit(person.checkout, "another")
    with pytest.raises(RefusedError, match=r"v0\.2\.1") as planned:
        project.plan("main", version="0.2.1")
    assert planned.value.result is not None
    assert "refused" in planned.value.result["tags"]["main"]
    # Published, and what was asked for beside it was not done.
    with pytest.raises(RefusedError) as unmet:
        project.publish("main", version="0.2.0", latest=True)
    assert unmet.value.result is not None
    assert (unmet.value.result["lanes"][0]["tag"], sorted(reader.tags())) == ("v0.2.0", ["latest", "v0.2.0", "v0.2.1"])
    with pytest.raises(VerificationError, match="verification failed:\n  lane main: ") as failed:
        project.verify("main", version="0.3.0")
    assert failed.value.result is not None
    assert failed.value.result["lanes"][0]["good"] is False
    project.rollback("main")
    with pytest.raises(RefusedError, match=r"rolled latest back from v0\.2\.1") as again:
        project.rollback("main")
    assert "shiplane rollback" in str(again.value)
    assert "⟦" not in str(again.value)


def test_the_folder_of_a_project_has_to_be_there(workstation: Workstation) -> None:
    person, _ = workstation
    with pytest.raises(UsageError, match="nowhere is no folder"):
        Project(person.checkout / "nowhere").verify()
    below = person.checkout / "src"
    assert Project(below, env=person.environ()).plan(version="0.2.1")["lanes"][0]["lane"] == "main"


def test_progress_is_told_and_may_end_a_run_which_the_same_call_completes(
    workstation: Workstation, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    person, reader = workstation
    lines: list[str] = []

    def stop(event: Event) -> None:
        if isinstance(event, Step) and event.name == "tag":
            raise TimeoutError("enough")

    with pytest.raises(TimeoutError, match="enough"):
        project_of(person, progress=stop).publish("main", version="0.2.1")
    assert reader.tags() == {}
    assert [path for path in (tmp_path / "left").rglob("*") if path.is_file()] == []
    events: list[Event] = []
    project_of(person, progress=events.append, log=lines.append).publish("main", version="0.2.1")
    assert list(reader.tags()) == ["v0.2.1"]
    tag = Step("tag", "v0.2.1", writes=True)
    outcomes = [event for event in events if isinstance(event, StepOutcome) and event.step == tag]
    assert (events.index(tag) < events.index(outcomes[0]), outcomes[0].state) == (True, StepState.DONE)
    assert any(line.startswith("done") and " tag v0.2.1" in line for line in lines)
    assert any(line.startswith("  | #") for line in lines)
    assert capfd.readouterr() == ("", "")


HANDLER = "signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))"
PROGRAM = f"""import signal, sys
from shiplane import Project
{HANDLER}
Project(log=lambda line: print(line, flush=True)).publish("main", version="0.2.1", latest=True)
"""


@pytest.mark.share(2)
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, -signal.SIGINT), (signal.SIGTERM, 143)])
def test_a_program_that_is_ended_leaves_nothing_and_the_same_call_completes_it(
    guarded_workstation: Workstation, tmp_path: Path, number: signal.Signals, code: int
) -> None:
    person, reader = guarded_workstation
    assert HANDLER in (ROOT / ".github/docs/python.md").read_text()
    argv, env = [sys.executable, "-c", PROGRAM], person.environ(PLATFORMS="linux/amd64")
    with subprocess.Popen(argv, cwd=person.checkout, env=env, stdout=subprocess.PIPE, text=True) as program:
        assert program.stdout is not None
        for line in program.stdout:
            if line.startswith("  | #"):
                program.send_signal(number)
                break
        program.stdout.read()
        assert program.wait(timeout=60) == code
    assert [path for path in (tmp_path / "left").rglob("*") if path.is_file()] == []
    assert reader.tags() == {}
    done = person.run(argv, PLATFORMS="linux/amd64")
    assert (done.code, sorted(reader.tags())) == (0, ["latest", "v0.2.1"]), str(done)


def test_nothing_secret_is_told_and_a_job_is_left_alone(
    rig: Rig, guarded_workstation: Workstation, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    person, reader = guarded_workstation
    output = tmp_path / "output"
    output.touch()
    job = {"GITHUB_ACTIONS": "true", "GITHUB_OUTPUT": str(output), "GITHUB_STEP_SUMMARY": str(output)}
    told: list[object] = []
    env = person.environ(PLATFORMS="linux/amd64", **job)
    secret = env["GHCR_TOKEN"]
    project = Project(person.checkout, env=env, progress=told.append, log=told.append)
    told += [project.publish("main", version="0.2.0", latest=True)]
    commit(person.checkout, "the next")
    told += [project.publish("main", version="0.2.1", latest=True)]
    back = project.rollback("main", reason=f"leaks {secret}")
    assert back["lanes"][0]["reason"] == "leaks ***"
    told.append(back)
    wrong = Project(person.checkout, env={**env, **runbook(rig, reader.image, "pull")}, log=told.append)
    with pytest.raises(AccessError) as denied:
        wrong.publish("main", version="0.3.0")
    told += [denied.value, denied.value.__cause__, denied.value.__suppress_context__]
    accounts = [who.password for who in rig.accounts.values()]
    assert not [password for password in accounts if password in repr(told) + str(denied.value)]
    assert (output.read_text(), capfd.readouterr()) == ("", ("", ""))
    with pytest.raises(ShiplaneError):
        Project(person.checkout, env={**env, "TAG": "nonsense"}).plan()
