"""``init`` in a checkout: what it shows, what it asks, what it writes, what it leaves alone."""

from __future__ import annotations

import io
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.inprocess import shiplane_here

Run = Callable[..., tuple[int, str, str]]
OLD = """on:
  push:
    tags: ["docker-v*"]
jobs:
  publish:
    steps:
      - name: Resolve
        run: |
          publish_latest=true
          echo "TAGS=$tags" >>"$GITHUB_ENV"
      - uses: docker/build-push-action@v6
        with:
          file: ./Dockerfile
          platforms: ${{ env.PLATFORMS }}
          push: true
          tags: ${{ env.TAGS }}
"""
WORKFLOW = Path(".github/workflows/docker-publish.yml")
WRITTEN = [
    "shiplane.toml",
    "tasks.py",
    ".gitignore",
    ".github/shiplane-requirements.txt",
    ".github/workflows/release-lane.yml",
    str(WORKFLOW),
]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """``shiplane ...`` in a repository with a Dockerfile and the workflow that publishes it so far."""
    monkeypatch.chdir(tmp_path)
    Path("Dockerfile").write_text("FROM scratch\n")
    WORKFLOW.parent.mkdir(parents=True)
    WORKFLOW.write_text(OLD)
    subprocess.run(["git", "init", "--quiet"], check=True, stdin=subprocess.DEVNULL)
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    return lambda *arguments: shiplane_here(capsys, monkeypatch, arguments)


def git(*words: str) -> None:
    subprocess.run(["git", *words], check=True, stdin=subprocess.DEVNULL)


def files() -> set[str]:
    return {str(path) for path in Path().rglob("*") if path.is_file() and ".git" not in path.parts}


def test_without_a_terminal_it_shows_and_writes_nothing(run: Run) -> None:
    code, out, err = run("init")
    assert (code, files(), WORKFLOW.read_text()) == (2, {"Dockerfile", str(WORKFLOW)}, OLD)
    assert (
        'lane main: dockerfile = "Dockerfile", tag = "v{version}", floating = "latest", git-tag = "docker-v{version}"'
        in out
    )
    assert f"  {WORKFLOW}:16 ${{{{ env.TAGS }}}}\n      the tag is made by a script, or only known later\n" in out
    assert "a git tag moves latest no longer by itself: publish-latest = true in [lanes.main] keeps that" in out
    assert "+from shiplane import ns" in out
    assert "nothing was written: there is no terminal to ask on\n  shiplane init --yes\n" in err


def test_it_writes_and_then_has_nothing_to_do(run: Run) -> None:
    code, out, _ = run("init", "--dry-run")
    assert (code, files()) == (0, {"Dockerfile", str(WORKFLOW)})
    assert [line for line in out.splitlines() if line.startswith("would")] == [
        f"would write {path}" for path in WRITTEN
    ]
    code, out, _ = run("init", "--yes")
    assert (code, files()) == (0, {"Dockerfile", *WRITTEN})
    assert [line for line in out.splitlines() if line.startswith("wrote")] == [f"wrote {path}" for path in WRITTEN]
    assert f"  git add {' '.join(WRITTEN)} && git commit" in out
    assert run("workflow.check")[0] == 0
    assert run("init")[1].endswith("everything is set up\n")


@pytest.mark.parametrize(("answer", "code"), [("y\n", 0), ("yes\n", 0), ("n\n", 2), ("\n", 2), ("", 2)])
def test_on_a_terminal_it_asks(run: Run, monkeypatch: pytest.MonkeyPatch, answer: str, code: int) -> None:
    terminal = io.StringIO(answer)
    monkeypatch.setattr(terminal, "isatty", lambda: True)
    monkeypatch.setattr(sys, "stdin", terminal)
    ended, out, err = run("init")
    assert (ended, Path("shiplane.toml").exists()) == (code, code == 0)
    assert "Write 6 files? [y/N] " in err
    assert "+from shiplane import ns" in err
    assert "+from shiplane import ns" not in out


def test_workflows_are_counted_and_shown_in_full_when_asked(run: Run) -> None:
    short, full = run("init", "--dry-run")[1], run("init", "--dry-run", "--diff")[1]
    assert re.search(r"^workflows, in full with --diff\n  \S+/release-lane.yml  new, \+\d+ -0$", short, re.MULTILINE)
    assert re.search(rf"^  {WORKFLOW}  \+\d+ -\d+$", short, re.MULTILINE)
    assert "+from shiplane import ns" in short
    assert "+  workflow_call:" not in short
    assert "+  workflow_call:" in full


def test_what_is_left_to_do_is_told(run: Run) -> None:
    person = ("-c", "user.name=a", "-c", "user.email=a@localhost")
    git(*person, "commit", "--quiet", "--allow-empty", "--message", "one")
    out = run("init", "--dry-run")[1]
    assert (
        "  shiplane.toml image\n      the repository to publish to is unknown, as no remote origin is on GitHub: "
        'write image = "ghcr.io/OWNER/NAME"\n'
    ) in out
    assert "git init" not in out
    for name in ("upstream", "fork"):
        git("remote", "add", name, f"https://github.com/{name}/App.git")
    assert 'write image = "ghcr.io/fork/app" or image = "ghcr.io/upstream/app"\n' in run("init", "--dry-run")[1]
    git("remote", "add", "origin", "https://github.com/acme/app.git")
    assert "is unknown" not in run("init", "--dry-run")[1]


def test_a_folder_that_is_no_repository_is_set_up_as_well(run: Run) -> None:
    shutil.rmtree(".git")
    code, out, _ = run("init", "--yes")
    assert (code, "  .\n      this folder is no git repository" in out) == (0, True)
    assert "next:\n  git init\n  git add shiplane.toml " in out


def test_the_next_command_is_for_the_folder_where_one_stands(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("one two").mkdir()
    monkeypatch.chdir("one two")
    assert "  git add ../shiplane.toml ../tasks.py " in run("init", "--yes")[1]


@pytest.mark.parametrize(
    ("file", "releases"),
    [
        ("", ["release --version X.Y.Z"]),
        ('[lanes.a]\ndockerfile = "Dockerfile"\nfloating = false\n', ["release --version X.Y.Z"]),
        (
            '[lanes.a]\ndockerfile = "Dockerfile"\nfloating = false\n[channels.edge]\nbranch = "main"\n',
            ["publish --channel edge"],
        ),
        (
            "".join(f'[lanes.{lane}]\nimage = "ghcr.io/a/{lane}"\ndockerfile = "Dockerfile"\n' for lane in "ab"),
            ["release --lane a --version X.Y.Z", "release --lane b --version X.Y.Z"],
        ),
        (
            "".join(f'[lanes.{lane}]\ndockerfile = "Dockerfile"\n' for lane in "ab"),
            ["release --version X.Y.Z"],
        ),
        ('version-file = "VERSION"\n', ["release"]),
        ('version-file = "VERSION"\n[lanes.main]\nversion-file = false\n', ["release --version X.Y.Z"]),
    ],
)
def test_the_first_release_is_one_that_the_project_can_have(
    run: Run, monkeypatch: pytest.MonkeyPatch, file: str, releases: list[str]
) -> None:
    monkeypatch.setattr("shiplane.cli.setup.project.registry_tags", lambda *_: ("", [], ""))
    Path("shiplane.toml").write_text(f'image = "ghcr.io/a/b"\n{file}')
    lines = run("init", "--yes")[1].splitlines()
    assert lines[lines.index("  shiplane check.all") + 1 :] == [f"  shiplane {words}" for words in releases]


def test_the_document_has_all_of_it(run: Run) -> None:
    document = json.loads(run("init", "--yes", "--json")[1])
    assert (document["ok"], document["written"], document["adopt"]) == (True, True, [])
    assert [change["path"] for change in document["changes"]] == WRITTEN
    assert {"path": str(WORKFLOW), "line": 9, "text": "publish_latest=true"}.items() <= document["differences"][
        0
    ].items()
    assert [remark["line"] for remark in document["untranslated"]] == [16, 14]
    assert document["understood"][0]["table"] == "built in"


def test_what_is_configured_is_kept(run: Run) -> None:
    Path("shiplane.toml").write_text('platforms = ["linux/amd64"]\n')
    code, out, _ = run("init", "--yes")
    assert (code, Path("shiplane.toml").read_text()) == (0, 'platforms = ["linux/amd64"]\n')
    assert "understood" not in out
    assert "linux/amd64" in WORKFLOW.read_text()


def test_workflows_call_shiplane_where_invoke_has_our_tasks_below_a_name(run: Run) -> None:
    Path("tasks.py").write_bytes(b"from invoke import task\r\n\r\n\r\n@task\r\ndef build(c):\r\n    pass\r\n")
    assert run("init", "--yes")[0] == 0
    assert (
        "shiplane release" in Path(".github/workflows/release-lane.yml").read_text()
        or "shiplane publish" in Path(".github/workflows/release-lane.yml").read_text()
    )
    text = Path("tasks.py").read_bytes()
    assert text.count(b"\n") == text.count(b"\r\n")
    assert run("workflow.check")[0] == 0


def test_the_tasks_are_where_invoke_looks_for_them(run: Run) -> None:
    Path("invoke.yaml").write_text("tasks:\n  collection_name: jobs\n")
    Path("jobs.py").write_text("")
    assert "+++ b/tasks.py" in run("init", "--dry-run")[1]


def test_the_build_command_is_told(run: Run) -> None:
    Path("package.json").write_text('{"scripts": {"build": "tsc"}}\n')
    assert re.search(r"built in  build command: npm run build +package.json: scripts.build", run("init", "--yes")[1])
    assert "\n# Built in: build command: npm run build\n" in Path("shiplane.toml").read_text()
    assert re.search(r"project file +done .* shiplane.toml is well-formed", run("check.config")[1])


def test_npm_scripts_are_replaced_and_the_old_ones_told(run: Run) -> None:
    Path("package.json").write_text('{"scripts": {"docker:publish:ghcr": "bash x.sh --latest"}}\n')
    code, out, _ = run("init", "--yes")
    assert code == 0
    assert json.loads(Path("package.json").read_text())["scripts"] == {
        "docker:publish:ghcr": "shiplane publish --lane main"
    }
    assert "package.json docker:publish:ghcr: bash x.sh --latest\n      now shiplane publish --lane main\n" in out


def test_what_cannot_be_changed_is_told(run: Run) -> None:
    Path("tasks.py").write_text("ns = namespace = 1\n")
    Path("package.json").write_text('{"scripts": {"docker:publish:ghcr": "x"}, "old": {"docker:publish:ghcr": "y"}}\n')
    code, out, _ = run("init", "--yes")
    assert (code, Path("tasks.py").read_text()) == (0, "ns = namespace = 1\n")
    assert "tasks.py\n      our tasks could not be added" in out
    assert "package.json docker:publish:ghcr\n      these scripts could not be replaced" in out


def test_another_workflow_that_goes_on_publishing_is_told(run: Run) -> None:
    WORKFLOW.rename(WORKFLOW.parent / "images.yml")
    Path("Dockerfile.more").write_text("FROM scratch\n")
    out = run("init", "--yes")[1]
    assert ".github/workflows/images.yml\n      it still publishes: remove it" in out
    assert "Dockerfile.more\n      no workflow publishes it" in out


def test_dockerfiles_that_are_none_of_a_release_are_not_lanes(run: Run) -> None:
    WORKFLOW.unlink()
    Path("Dockerfile").unlink()
    for path in ("Dockerfile.dev", "svc/Dockerfile", "node_modules/x/Dockerfile", ".devcontainer/Dockerfile"):
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).write_text("FROM scratch\n")
    assert run("init", "--yes")[0] == 0
    assert Path("shiplane.toml").read_text().splitlines()[2:] == [
        "[lanes.svc]",
        'dockerfile = "svc/Dockerfile"',
        'context = "svc"',
        'git-tag = "svc-v{version}"',
    ]


def test_dockerfiles_that_make_no_lane_beside_those_at_the_root_are_told(run: Run) -> None:
    WORKFLOW.unlink()
    for name in "abcdef":
        Path(name).mkdir()
        Path(name, "Dockerfile").write_text("FROM scratch\n")
    line = "  a/Dockerfile b/Dockerfile, c/Dockerfile, d/Dockerfile, e/Dockerfile and 1 more\n      these are no lanes"
    assert line in run("init", "--dry-run")[1]
    Path("f/Dockerfile").unlink()
    assert "e/Dockerfile\n      these are no lanes" in run("init", "--dry-run")[1]


def test_a_folder_that_builds_no_image_is_refused(run: Run) -> None:
    WORKFLOW.unlink()
    Path("Dockerfile").unlink()
    code, _, err = run("init", "--yes")
    assert (code, files()) == (2, set())
    assert "nothing here builds an image" in err


def test_what_cannot_be_read_is_told(run: Run) -> None:
    Path(".github/workflows/broken.yml").write_text("on: [push\n")
    Path("docker-bake.hcl").write_text('target "x"')
    out = run("init", "--dry-run")[1]
    assert "  .github/workflows/broken.yml\n      it cannot be read as YAML\n" in out
    assert "  docker-bake.hcl\n      it cannot be read as a bake file\n" in out


def test_what_makes_no_project_file_is_refused_and_shown(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shiplane.cli.setup.project.registry_tags", lambda *_: ("", [], ""))
    given = "{push: true, tags: 'ghcr.io/a/b:${{ github.ref_name }}'}"
    one = f"      - uses: docker/build-push-action@v6\n        with: {given}\n"
    two = one.replace("push:", "file: Dockerfile.two, push:")
    WORKFLOW.write_text(OLD.partition("jobs:")[0] + f"jobs:\n  one:\n    steps:\n{one}  two:\n    steps:\n{two}")
    code, _, err = run("init", "--yes")
    assert (code, files()) == (2, {"Dockerfile", str(WORKFLOW)})
    assert "what the workflows publish does not make a project file" in err
    assert "[lanes.two]" in err
    assert "not translated\n" not in err
    Path("docker-bake.hcl").write_text('target "x"')
    assert "\nnot translated\n  docker-bake.hcl\n" in run("init", "--yes")[2]


def test_older_versions_under_other_tags_are_to_be_adopted(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    tags = ["0.2.16", "0.2.17", "latest"]
    monkeypatch.setattr("shiplane.cli.setup.project.registry_tags", lambda *_: ("ghcr.io/a/b", tags, "3 tags"))
    out = run("init", "--yes")[1]
    assert "registry: 3 tags\n" in out
    assert "  shiplane adopt --lane main\n  shiplane check.all\n" in out
    assert "  ghcr.io/a/b 0.2.17\n      lane main tags a version as v{version} from now on: " in out
    assert "0.2.17" not in run("init")[1]


def test_a_link_is_not_followed(run: Run, tmp_path: Path) -> None:
    Path(".gitignore").symlink_to("elsewhere")
    Path("elsewhere").write_text("dist\n")
    code, _, err = run("init", "--yes")
    assert (code, Path("elsewhere").read_text()) == (3, "dist\n")
    assert ".gitignore is a link" in err
    assert not Path("shiplane.toml").exists()


def test_a_folder_that_is_a_link_or_a_file_is_told_before_anything_is_written(run: Run, tmp_path: Path) -> None:
    WORKFLOW.unlink()
    WORKFLOW.parent.rmdir()
    for make, wrong in (
        (lambda: WORKFLOW.parent.symlink_to(tmp_path), "a link"),
        (lambda: WORKFLOW.parent.write_text("no folder"), "a file"),
    ):
        make()
        code, _, err = run("init", "--yes")
        assert (code, f".github/workflows is {wrong}\n  Replace it with a folder" in err) == (3, True), err
        assert not Path("shiplane.toml").exists()
        WORKFLOW.parent.unlink()


def test_a_committed_version_that_is_the_newest_git_tags_is_proposed(run: Run) -> None:
    Path("package.json").write_text('{"version": "0.2.1"}')
    Path("Cargo.toml").write_text("[")
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@localhost"]
    for arguments in (("add", "--all"), ("commit", "--quiet", "--message", "one"), ("tag", "docker-v0.2.1")):
        subprocess.run([*git, *arguments], check=True, stdin=subprocess.DEVNULL)
    Path("package.json").write_text('{"version": "0.2.2"}')
    _, out, _ = run("init", "--dry-run")
    assert '+version-file = "package.json"' in out
    assert "it has 0.2.1, the version of the newest git tag" in out
