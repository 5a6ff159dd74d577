"""``workflow.write`` and ``workflow.check`` in a checkout: what they write, what they leave alone, how they end."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

import shiplane
from tests.inprocess import shiplane_here

FOLDER = Path(".github/workflows")
MAIN, STANDALONE, SHARED = (
    str(FOLDER / name) for name in ("docker-publish.yml", "docker-standalone-publish.yml", "release-lane.yml")
)
REQUIREMENTS = ".github/shiplane-requirements.txt"
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """``shiplane ...`` in a repository that has nothing but Dockerfiles."""
    for name in ("Dockerfile", "Dockerfile.standalone"):
        (tmp_path / name).write_text("FROM scratch\n")
    subprocess.run(["git", "init", "--quiet"], cwd=tmp_path, check=True, stdin=subprocess.DEVNULL)
    monkeypatch.chdir(tmp_path)

    return lambda *arguments: shiplane_here(capsys, monkeypatch, arguments)


def files() -> dict[str, str]:
    return {str(path): path.read_text() for path in sorted(Path(".github").rglob("*")) if path.is_file()}


def test_what_is_written_is_what_is_checked(run: Run) -> None:
    code, out, _ = run("workflow.write")
    assert (code, set(files())) == (0, {MAIN, STANDALONE, SHARED, REQUIREMENTS})
    assert out.splitlines() == [f"wrote {path}" for path in (SHARED, MAIN, STANDALONE, REQUIREMENTS)]
    assert files()[REQUIREMENTS].endswith(f"shiplane=={shiplane.__version__}\n")
    assert run("workflow.check")[0] == 0
    before = files()
    assert run("workflow.write")[:2] == (0, "everything is up to date\n")
    assert files() == before
    assert [oct(os.stat(path).st_mode & 0o777) for path in before] == ["0o644"] * 4  # noqa: PTH116


def test_a_dry_run_shows_all_of_it_and_writes_nothing(run: Run) -> None:
    code, out, _ = run("workflow.write", "--dry-run")
    assert (code, files()) == (0, {})
    assert f"+++ b/{MAIN}" in out
    assert '+      - "docker-v*"' in out
    assert f"would write {REQUIREMENTS}" in out


def test_a_configuration_that_went_on_is_drift_until_it_is_written(run: Run) -> None:
    assert "config: workflows" not in run("check.config")[1]
    run("workflow.write")
    assert re.search("config: workflows +done .* up to date with the configuration", run("check.config")[1])
    Path("shiplane.toml").write_text('[lanes.main]\ngit-tag = "api/v{version}"\n')
    assert re.search(f"config: workflows +warning .* out of date with shiplane.toml: {MAIN}\n", run("check.config")[1])
    code, out, err = run("workflow.check")
    assert code == 3
    assert '-      - "docker-v*"\n+      - "api/v*"' in out
    assert out.startswith(f"out of date with shiplane.toml: {MAIN}\n  shiplane workflow.write\n")
    assert err.endswith("next: fix the error above, then: shiplane workflow.check\n")
    assert run("workflow.write")[:2] == (0, f"wrote {MAIN}\n")
    assert run("workflow.check")[0] == 0


def test_a_repository_with_submodules_or_lfs_wants_them_checked_out(run: Run) -> None:
    run("workflow.write")
    Path(".gitmodules").write_text('[submodule "a"]\n')
    assert "+          submodules: recursive" in run("workflow.check")[1]
    Path(".gitattributes").write_text("*.bin filter=lfs -text\n")
    assert "+          lfs: true" in run("workflow.check")[1]
    assert run("workflow.write")[0] == 0
    Path(".gitattributes").write_text("*.bin -text\n")
    assert "-          lfs: true" in run("workflow.check")[1]


def test_what_a_person_changed_is_kept_and_shown(run: Run) -> None:
    run("workflow.write")
    mine = files()[MAIN].replace("docker-v*", "release-*")
    Path(MAIN).write_text(mine)
    Path("shiplane.toml").write_text("[workflows]\nnative = true\n")
    before = files()
    assert run("workflow.check")[0] == 3
    code, out, _ = run("workflow.write")
    assert (code, files()) == (3, before)
    assert '-      - "release-*"' in out
    assert f"changed by hand, or not written by shiplane: {MAIN}" in out
    assert run("workflow.write", "--force")[0] == 0
    assert "release-*" not in files()[MAIN]
    assert run("workflow.check")[0] == 0


def test_a_workflow_of_the_same_name_that_was_never_ours_is_kept(run: Run) -> None:
    Path(MAIN).parent.mkdir(parents=True)
    Path(MAIN).write_text("name: mine\n")
    assert run("workflow.write")[0] == 3
    assert files() == {MAIN: "name: mine\n"}


def test_what_is_no_text_is_kept_too(run: Run) -> None:
    Path(MAIN).parent.mkdir(parents=True)
    Path(MAIN).write_bytes(b"\xff\xfe")
    code, out, _ = run("workflow.write")
    assert (code, Path(MAIN).read_bytes()) == (3, b"\xff\xfe")
    assert f"changed by hand, or not written by shiplane: {MAIN}" in out
    Path(MAIN).unlink()
    Path(MAIN).mkdir()
    code, _, err = run("workflow.write", "--force")
    assert (code, f"{MAIN} cannot be written" in err, "Traceback" in err) == (3, True, False)


def test_a_lane_that_went_away_takes_its_workflow_along(run: Run) -> None:
    run("workflow.write")
    Path("Dockerfile.standalone").unlink()
    (FOLDER / "other.yml").write_text("name: other\n")
    assert run("workflow.check")[0] == 3
    assert run("workflow.write")[:2] == (0, f"removed {STANDALONE}\n")
    assert set(files()) == {MAIN, SHARED, REQUIREMENTS, str(FOLDER / "other.yml")}


def test_what_is_installed_is_a_persons_to_pin(run: Run) -> None:
    run("workflow.write")
    Path(REQUIREMENTS).write_text("shiplane==9 --hash=sha256:00\n")
    assert run("workflow.write", "--force")[0] == 0
    assert files()[REQUIREMENTS] == "shiplane==9 --hash=sha256:00\n"
    Path(REQUIREMENTS).unlink()
    code, _, err = run("workflow.check")
    assert (code, f"{REQUIREMENTS} is missing" in err) == (3, True)


@pytest.mark.parametrize(("tasks", "program"), [(True, "invoke"), (False, "shiplane")])
def test_the_workflows_call_what_the_project_has(run: Run, tasks: bool, program: str) -> None:  # noqa: FBT001
    if tasks:
        Path("tasks.py").write_text("from shiplane import ns\n")
    run("workflow.write")
    assert f"run: {program} check.build\n" in files()[SHARED]


@pytest.mark.parametrize(("lock", "build", "wanted"), [(True, True, True), (True, False, False), (False, True, False)])
def test_npm_installs_before_its_build_where_it_can(run: Run, lock: bool, build: bool, wanted: bool) -> None:  # noqa: FBT001
    if lock:
        Path("package-lock.json").write_text("{}")
    Path("package.json").write_text(json.dumps({"scripts": {"build": "tsc"} if build else {}}))
    run("workflow.write")
    assert ("run: npm ci\n" in files()[SHARED]) is wanted


def test_the_environment_changes_nothing(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    run("workflow.write")
    for name, value in {"IMAGE_REPO": "ghcr.io/x/y", "PLATFORMS": "linux/arm64", "PUBLISH_LATEST": "true"}.items():
        monkeypatch.setenv(name, value)
    assert run("workflow.check")[0] == 0


def test_a_folder_that_cannot_be_written_is_said_in_a_line(run: Run) -> None:
    Path(".github").write_text("a file where a folder has to be")
    code, _, err = run("workflow.write")
    assert (code, "cannot be written" in err, "Traceback" in err) == (3, True, False)


def test_the_answer_as_json_is_one_document(run: Run) -> None:
    code, out, _ = run("workflow.write", "--dry-run", "--json")
    document = json.loads(out)
    assert (code, [change["path"] for change in document["changes"]]) == (0, [SHARED, MAIN, STANDALONE])
    code, out, _ = run("workflow.check", "--json")
    document = json.loads(out)
    assert (code, document["ok"], len(document["changes"])) == (3, False, 3)


@pytest.fixture
def enter(run: Run) -> Callable[[str], None]:
    """Makes a project below the repository's root, and goes there."""
    top = Path.cwd()

    def go(folder: str) -> None:
        (top / folder).mkdir(parents=True, exist_ok=True)
        os.chdir(top / folder)
        if folder:
            Path("shiplane.toml").write_text("[lanes.main]\n")
            Path("Dockerfile").write_text("FROM scratch\n")

    return go


def test_a_project_in_a_folder_has_its_workflows_at_the_root(run: Run, enter: Callable[[str], None]) -> None:
    enter("services/api")
    up = "../../.github/workflows/services.api."
    assert run("workflow.write")[1].splitlines() == [
        f"wrote {path}"
        for path in (f"{up}release-lane.yml", f"{up}docker-publish.yml", "../../.github/shiplane-requirements.txt")
    ]
    assert not Path(".github").exists()
    assert 'working-directory: "services/api"' in Path(f"{up}release-lane.yml").read_text()
    assert run("workflow.check")[0] == 0
    assert run("check.config")[1].count("up to date with shiplane.toml") == 1


def test_projects_of_one_repository_leave_each_others_workflows_alone(run: Run, enter: Callable[[str], None]) -> None:
    folders = ("", "services/api", "web")
    for folder in folders:
        enter(folder)
        assert run("workflow.write")[0] == 0
    for folder in folders:
        enter(folder)
        assert run("workflow.check")[0] == 0
        assert run("workflow.write")[:2] == (0, "everything is up to date\n")
    enter("")
    assert {path.removeprefix(f"{FOLDER}/") for path in files()} == {
        REQUIREMENTS,
        *("docker-publish.yml", "docker-standalone-publish.yml", "release-lane.yml"),
        *("services.api.docker-publish.yml", "services.api.release-lane.yml"),
        *("web.docker-publish.yml", "web.release-lane.yml"),
    }


def test_submodules_and_lfs_are_those_of_the_whole_repository(run: Run, enter: Callable[[str], None]) -> None:
    top = Path.cwd()
    Path(".gitmodules").write_text('[submodule "a"]\n')
    Path("services").mkdir()
    Path("services/.gitattributes").write_text("*.bin filter=lfs -text\n")
    for folder, lfs in (("services/api", True), ("web", False)):
        enter(folder)
        assert run("workflow.write")[0] == 0
        text = (top / FOLDER / f"{folder.replace('/', '.')}.release-lane.yml").read_text()
        assert ("submodules: recursive" in text, "lfs: true" in text) == (True, lfs)


def test_init_writes_them_there_too(run: Run, enter: Callable[[str], None]) -> None:
    enter("services/api")
    code, out, _ = run("init", "--yes")
    assert (code, Path("tasks.py").exists(), Path("../../tasks.py").exists()) == (0, True, False)
    assert "  git add tasks.py .gitignore ../../.github/shiplane-requirements.txt ../../.github/workflows/" in out
    assert run("workflow.check")[0] == 0
    assert run("init", "--yes")[1].endswith("everything is set up\n")


def test_a_folder_that_no_workflow_can_name_is_said(run: Run, enter: Callable[[str], None]) -> None:
    enter("my app")
    assert "config: workflows" not in run("check.config")[1]
    code, _, err = run("workflow.write")
    assert (code, "the project's folder 'my app' cannot be named in a workflow" in err) == (2, True)
