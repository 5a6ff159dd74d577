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
    assert [line.split() for line in out.splitlines()] == [
        ["wrote", path, "new"] for path in (SHARED, MAIN, STANDALONE, REQUIREMENTS)
    ]
    assert files()[REQUIREMENTS].endswith(f"shiplane=={shiplane.__version__}\n")
    assert run("workflow.check")[0] == 0
    before = files()
    assert run("workflow.write")[:2] == (0, "everything is up to date\n")
    assert files() == before
    assert [oct(os.stat(path).st_mode & 0o777) for path in before] == ["0o644"] * 4  # noqa: PTH116


def test_a_dry_run_shows_all_of_it_and_writes_nothing(run: Run) -> None:
    code, out, _ = run("workflow.write", "--dry-run", "--diff")
    assert (code, files()) == (0, {})
    assert f"+++ b/{MAIN}" in out
    assert '+      - "docker-v*"' in out
    assert re.search(rf"would write  {REQUIREMENTS} +new", out)
    assert "+++" not in run("workflow.write", "--dry-run")[1]


def test_a_configuration_that_went_on_is_drift_until_it_is_written(run: Run) -> None:
    assert "config: workflows" not in run("check.config")[1]
    run("workflow.write")
    assert re.search("config: workflows +done .* up to date with the configuration", run("check.config")[1])
    Path("shiplane.toml").write_text('[lanes.main]\ngit-tag = "api/v{version}"\n')
    assert re.search(f"config: workflows +warning .* out of date with shiplane.toml: {MAIN}\n", run("check.config")[1])
    code, out, err = run("workflow.check")
    assert code == 3
    assert (
        out
        == f"""the workflows are out of date with shiplane.toml:
  shiplane.toml, other files of the project or the version of shiplane changed since they were written

would write  {MAIN}  +4 -4

bring them up to date with:
  shiplane workflow.write
see every line with:
  shiplane workflow.check --diff
"""
    )
    assert err.endswith("next: fix the error above, then: shiplane workflow.check\n")
    code, out, _ = run("workflow.check", "--diff")
    assert (code, '-      - "docker-v*"\n+      - "api/v*"' in out, "see every line" in out) == (3, True, False)
    assert run("workflow.write")[1].endswith(f"\n\nwrote  {MAIN}  +4 -4\n")
    assert run("workflow.check")[0] == 0


def test_a_repository_with_submodules_or_lfs_wants_them_checked_out(run: Run) -> None:
    run("workflow.write")
    Path(".gitmodules").write_text('[submodule "a"]\n')
    assert "+          submodules: recursive" in run("workflow.check", "--diff")[1]
    Path(".gitattributes").write_text("*.bin filter=lfs -text\n")
    assert "+          lfs: true" in run("workflow.check", "--diff")[1]
    assert run("workflow.write")[0] == 0
    Path(".gitattributes").write_text("*.bin -text\n")
    assert "-          lfs: true" in run("workflow.check", "--diff")[1]


def test_what_a_person_changed_is_kept_and_shown(run: Run) -> None:
    run("workflow.write")
    mine = files()[MAIN].replace("docker-v*", "release-*")
    Path(MAIN).write_text(mine)
    Path("shiplane.toml").write_text("[workflows]\nnative = true\n")
    before = files()
    assert run("workflow.check")[0] == 3
    code, out, _ = run("workflow.write", "--diff")
    assert (code, files()) == (3, before)
    assert '-      - "release-*"' in out
    assert out.startswith(f"nothing was written:\n  {MAIN} was changed by hand, and the change is not committed\n")
    assert "or replace the files with:\n  shiplane workflow.write --force\n" in out
    assert run("workflow.write", "--force")[0] == 0
    assert "release-*" not in files()[MAIN]
    assert run("workflow.check")[0] == 0


def test_a_workflow_of_the_same_name_that_was_never_ours_is_kept(run: Run) -> None:
    Path(MAIN).parent.mkdir(parents=True)
    Path(MAIN).write_text("name: mine\n")
    code, out, _ = run("workflow.write")
    assert (code, files()) == (3, {MAIN: "name: mine\n"})
    assert f"{MAIN} was not written by shiplane\n" in out
    assert re.search(f"would write  {MAIN} +[+]\\d+ -1, not written by shiplane\n", out)


def test_what_is_no_text_is_kept_too(run: Run) -> None:
    Path(MAIN).parent.mkdir(parents=True)
    Path(MAIN).write_bytes(b"\xff\xfe")
    code, out, _ = run("workflow.write")
    assert (code, Path(MAIN).read_bytes()) == (3, b"\xff\xfe")
    assert f"{MAIN} was not written by shiplane\n" in out
    Path(MAIN).unlink()
    Path(MAIN).mkdir()
    code, _, err = run("workflow.write", "--force")
    assert (code, f"{MAIN} cannot be written" in err, "Traceback" in err) == (3, True, False)


def test_a_lane_that_went_away_takes_its_workflow_along(run: Run) -> None:
    run("workflow.write")
    Path("Dockerfile.standalone").unlink()
    (FOLDER / "other.yml").write_text("name: other\n")
    assert run("workflow.check")[0] == 3
    assert run("workflow.write")[1].endswith(f"removed  {STANDALONE}  no lane or channel needs it\n")
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
    assert document["reasons"] == []
    change = document["changes"][0]
    assert change.pop("diff").startswith("--- /dev/null\n")
    assert change == {"path": SHARED, "action": "write", "cause": "new", "by_hand": False, "kept_pins": []}


@pytest.fixture
def enter(run: Run) -> Callable[[str], None]:
    """Makes a project below the repository's root, and goes there."""
    top = Path.cwd()

    def go(folder: str) -> None:
        (top / folder).mkdir(parents=True, exist_ok=True)
        os.chdir(top / folder)
        if folder:
            Path("shiplane.toml").write_text(f'[lanes.main]\ngit-tag = "{Path(folder).name[-3:]}-v{{version}}"\n')
            Path("Dockerfile").write_text("FROM scratch\n")

    return go


def test_a_project_in_a_folder_has_its_workflows_at_the_root(run: Run, enter: Callable[[str], None]) -> None:
    enter("services/api")
    up = "../../.github/workflows/services.api."
    assert [line.split()[:2] for line in run("workflow.write")[1].splitlines()] == [
        ["wrote", path]
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


@pytest.fixture
def committed(run: Run) -> Callable[[str], str]:
    """Commits everything under a message; gives the commit's first digits."""
    git("config", "user.name", "Ada")
    git("config", "user.email", "ada@localhost")

    def commit(message: str) -> str:
        git("add", "--all")
        git("commit", "--quiet", "--message", message, "--date", "2026-11-02T12:00:00Z")
        return git("rev-parse", "HEAD")[:12]

    return commit


def git(*arguments: str) -> str:
    env = {**os.environ, "GIT_COMMITTER_DATE": "2026-11-02T12:00:00Z"}
    argv = ["git", "-c", "commit.gpgsign=false", *arguments]
    return subprocess.run(
        argv, check=True, stdin=subprocess.DEVNULL, capture_output=True, encoding="utf-8", env=env
    ).stdout.strip()


def test_the_keys_that_changed_the_workflows_are_named(run: Run, committed: Callable[[str], str]) -> None:
    Path("shiplane.toml").write_text('[lanes.main]\ngit-tag = "v{version}"\n')
    run("workflow.write")
    written = committed("workflows")
    for path in (MAIN, SHARED):
        text = Path(path).read_text()
        Path(path).write_text(re.sub(r"actions/checkout@\w+ # v\S+", f"actions/checkout@{'a' * 40} # v9.1.0", text))
    Path("shiplane.toml").write_text(
        '[lanes.main]\ngit-tag = "api/v{version}"\nsmoke.command = "x"\n[workflows]\nnative = true\n'
        '[channels.edge]\nbranch = "main"\nlanes = ["main"]\n[smoke]\ntimeout-seconds = 9\n'
    )
    committed("pins, and another configuration")
    assert run("workflow.check")[1].startswith(
        "the workflows are out of date with shiplane.toml:\n"
        f"  shiplane.toml changed since they were written on 2026-11-02 (commit {written}): lanes.main.git-tag, "
        "workflows.native, channels.edge\n\n"
    )
    code, out, _ = run("workflow.write")
    assert (code, out.count("keeps actions/checkout v9.1.0")) == (0, 1)
    assert f"actions/checkout@{'a' * 40} # v9.1.0" in Path(SHARED).read_text()


def test_a_change_that_is_none_of_the_configuration_is_said_to_be_none(
    run: Run, committed: Callable[[str], str]
) -> None:
    Path("shiplane.toml").write_text("[workflows]\n")
    run("workflow.write")
    written = committed("workflows")
    Path("Dockerfile.standalone").unlink()
    reason = "other files of the project, or the version of shiplane, changed since they were written on 2026-11-02"
    assert f"  {reason} (commit {written})\n" in run("workflow.check")[1]


def test_who_changed_a_workflow_is_named(run: Run, committed: Callable[[str], str]) -> None:
    run("workflow.write")
    committed("workflows")
    Path(SHARED).write_text(Path(SHARED).read_text().replace("timeout-minutes: 180", "timeout-minutes: 90"))
    edited = committed("::error::x")
    code, out, _ = run("workflow.check")
    assert code == 3
    assert f"  {SHARED} was changed by hand, last by Ada on 2026-11-02 (commit {edited})\n\n" in out


def test_a_history_that_is_cut_off_says_nothing(
    run: Run, committed: Callable[[str], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("workflow.write")
    Path(SHARED).write_text(Path(SHARED).read_text().replace("timeout-minutes: 180", "timeout-minutes: 90"))
    committed("workflows, and one changed by hand")
    clone = tmp_path / "clone"
    git("clone", "--quiet", "--depth", "1", Path.cwd().as_uri(), str(clone))
    monkeypatch.chdir(clone)
    Path("shiplane.toml").write_text("[workflows]\nnative = true\n")
    out = run("workflow.check")[1]
    assert f"  {SHARED} was changed by hand\n" in out
    assert "  shiplane.toml, other files of the project or the version of shiplane changed since they were" in out


def test_another_pin_of_the_same_version_is_told(run: Run) -> None:
    run("workflow.write")
    Path(SHARED).write_text(re.sub(r"actions/checkout@\w+", f"actions/checkout@{'a' * 40}", Path(SHARED).read_text()))
    out = run("workflow.check")[1]
    assert f"{SHARED} pins an action to an older version than shiplane, or to another commit of the same\n\n" in out
    assert re.search(f"would write  {SHARED}  [+]\\d -\\d, actions pinned otherwise\n", out)


def test_another_projects_workflow_is_told(run: Run, enter: Callable[[str], None]) -> None:
    enter("services.api")
    run("workflow.write")
    enter("services/api")
    code, out, _ = run("workflow.write")
    assert (code, out.count("belongs to the project in services.api")) == (3, 2)


OLD = """on:
  push:
    tags: ["docker-v*"]
  workflow_dispatch:
    inputs:
      publish_latest: {type: boolean}
      dry_run: {type: boolean, default: true}
  schedule: [{cron: "0 0 * * *"}]
jobs:
  publish:
    steps:
      - run: |
          publish_latest=true
          docker push quay.io/acme/app:1
      - uses: docker/build-push-action@v6
        with: {file: Dockerfile, push: true, tags: "quay.io/acme/app:1"}
"""


def test_what_a_replaced_workflow_did_is_told(run: Run, committed: Callable[[str], str]) -> None:
    Path("shiplane.toml").write_text('image = "ghcr.io/acme/app"\n')
    Path(MAIN).parent.mkdir(parents=True)
    Path(MAIN).write_text(OLD)
    committed("old")
    told = f"""
notes
  {MAIN}:13 publish_latest=true
      a git tag moves latest no longer by itself: publish-latest = true in [lanes.main] keeps that
  {MAIN}:6 publish_latest
      the input is now called latest, and takes yes, no or as configured
  {MAIN}:7 dry_run
      the input is now called dry-run, and takes true or false
  {MAIN}:8 schedule
      no schedule starts the new workflows; a channel is published with each push to its branch
  {MAIN}:15 quay.io/acme/app
      nothing is pushed there: add it to image to keep that

"""
    code, out, _ = run("workflow.write")
    assert (code, told in out) == (3, True), out
    code, out, _ = run("workflow.write", "--force", "--json")
    document = json.loads(out)
    assert [remark["line"] for remark in document["differences"]] == [13, 6, 7, 8, 15]
    assert run("workflow.write")[:2] == (0, "everything is up to date\n")


@pytest.mark.parametrize("script", [True, False])
def test_a_workflow_that_goes_on_publishing_is_told(run: Run, script: bool) -> None:  # noqa: FBT001
    other = FOLDER / "images.yml"
    other.parent.mkdir(parents=True)
    other.write_text(OLD.partition("      - uses")[0] if script else OLD)
    (FOLDER / "ci.yml").write_text("on: push\njobs:\n  test:\n    steps:\n      - run: docker build .\n")
    for _ in range(2):
        code, out, _ = run("workflow.write")
        assert (code, out.count("it still publishes: remove it")) == (0, 1)
        assert f"  {other}\n      it still publishes" in out
        assert "ci.yml" not in out


def test_a_project_in_a_folder_has_its_own_old_workflows(run: Run, enter: Callable[[str], None]) -> None:
    other = FOLDER / "images.yml"
    other.parent.mkdir(parents=True)
    build = (
        "      - uses: docker/build-push-action@v6\n        with: {{file: {}, push: true, tags: 'ghcr.io/acme/{}:1'}}\n"
    )
    steps = build.format("services/api/Dockerfile", "api") + build.format("web/Dockerfile", "web")
    moves = "      - run: publish_latest=true; docker push ghcr.io/acme/web:1\n"
    other.write_text(f"on:\n  push:\n    tags: ['v*']\njobs:\n  a:\n    steps:\n{moves}{steps}")
    enter("services/api")
    Path("shiplane.toml").write_text('image = "ghcr.io/acme/app"\n[lanes.main]\n')
    out = run("workflow.write")[1]
    assert "publish-latest = true in [lanes.main] keeps that" in out
    assert ("ghcr.io/acme/api\n" in out, "ghcr.io/acme/web\n" in out) == (True, False)
    enter("tool")
    assert "notes\n" not in run("workflow.write")[1]


def test_an_image_that_no_lane_builds_is_left_to_its_workflow(run: Run) -> None:
    given = "{file: Dockerfile.tool, push: true, tags: 'a/b:1'}"
    build = f"      - uses: docker/build-push-action@v6\n        with: {given}\n"
    other = FOLDER / "tool.yml"
    other.parent.mkdir(parents=True)
    other.write_text(f"on:\n  schedule: [{{cron: '0 0 * * *'}}]\njobs:\n  a:\n    steps:\n{build}")
    assert "notes\n" not in run("workflow.write")[1]
    other.rename(MAIN)
    code, out, _ = run("workflow.write")
    assert (code, "schedule\n" in out) == (3, True)
    assert f"  {MAIN}:6 Dockerfile.tool\n      no lane builds this image: nothing publishes it any more\n" in out


def test_a_git_tag_that_starts_two_projects_is_told(run: Run, enter: Callable[[str], None]) -> None:
    enter("api")
    assert "notes\n" not in run("workflow.write")[1]
    enter("web")
    Path("shiplane.toml").write_text('[lanes.main]\ngit-tag = "api-v{version}"\n')
    assert (
        "notes\n  ../.github/workflows/api.docker-publish.yml api-v{version}\n"
        "      this git tag starts a workflow of another project, too: give one of them another git-tag\n\n"
    ) in run("workflow.write")[1]
