"""The command line as a whole, in process: what it lists, what it refuses, and that help runs nothing."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from unittest.mock import Mock

import pytest
from invoke import Collection

import shiplane
from shiplane.cli.answer import Answer
from shiplane.cli.run import Run as SpecRun
from shiplane.cli.task_decorator import shiplane_task
from shiplane.config.lane import MAIN
from shiplane.config.setting import Setting
from shiplane.config.settings import Resolver
from tests.inprocess import shiplane_here

COMMIT = ("-c", "user.name=a", "-c", "user.email=a@localhost", "commit", "--quiet", "--message", "one")
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """``shiplane ...`` in a checkout with both Dockerfiles; gives exit code, stdout and stderr."""
    for name in ("Dockerfile", "Dockerfile.standalone"):
        (tmp_path / name).write_text("FROM scratch\n")
    for arguments in (("init", "--quiet"), ("add", "--all"), COMMIT):
        subprocess.run(["git", *arguments], cwd=tmp_path, check=True, stdin=subprocess.DEVNULL)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("IMAGE_REPO", "ghcr.io/cognary/aionis")
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "docker"))

    return lambda *arguments, **variables: shiplane_here(capsys, monkeypatch, arguments, variables)


def names(collection: object = shiplane.ns) -> list[str]:
    return sorted(collection.task_names)  # type: ignore[attr-defined] # invoke's Collection


def test_every_task_is_listed_with_its_help_on_one_line(run: Run) -> None:
    code, out, _ = run("--list")
    assert code == 0
    listed = [line.split(maxsplit=1) for line in out.splitlines() if line.startswith("  ")]
    assert [name for name, _ in listed] == sorted(names(), key=lambda name: ("." in name, name))
    assert [text for _, text in listed if not text.endswith(".")] == []


GROUP = """
[lanes.main]
tag = "{version}"
git-tag = "v{version}"
[lanes.alpine]
tag = "{version}-alpine"
git-tag = "v{version}"
"""
TOOL = "[lanes.tool]\n"


@pytest.mark.parametrize(
    ("file", "arguments", "answer"),
    [
        (GROUP, (), "origin"),
        (GROUP, ("--lane", "alpine"), "origin"),
        (GROUP, ("--lane", "alpine,main"), "origin"),
        (GROUP + TOOL, (), "no lane given"),
        (GROUP + TOOL, ("--lane", "main", "--lane", "alpine"), "origin"),
        (GROUP + TOOL, ("--lane", "main,tool"), "lanes main and tool have different git tags, v{version} and tool-v"),
        (GROUP + TOOL, ("--lane", "main,main"), "--lane names main, main"),
        (TOOL, (), "origin"),
    ],
)
def test_a_trigger_is_for_a_group_of_lanes(run: Run, file: str, arguments: tuple[str, ...], answer: str) -> None:
    Path("shiplane.toml").write_text(file)
    code, _, story = run("trigger", "--version", "1.2.3", *arguments)
    # There is no remote here: what got that far has its lanes.
    assert (code, answer in story) == (3 if answer == "origin" else 2, True), story


def test_the_only_lane_need_not_be_named(run: Run) -> None:
    Path("shiplane.toml").write_text(TOOL)
    code, _, story = run("publish", "--tag", "1.2.3", "--dry-run")
    assert (code, "Dockerfile.tool" in story) == (2, True), story


def test_several_lanes_may_be_named_with_commas(run: Run) -> None:
    code, _, story = run("release", "--lane", "standalone,tool", "--version", "1.2.3", "--dry-run")
    assert (code, "there is no lane 'tool'" in story) == (2, True), story


def test_a_rollback_is_limited_to_floating_tags_of_the_lane_alone(run: Run) -> None:
    code, _, story = run("rollback", "--lane", "main", "--floating", "latset", "--to", "1.2.3")
    assert (code, "'latset' is not a floating tag of lane main\n  Its floating tags: latest." in story) == (2, True), (
        story
    )


@pytest.mark.parametrize(
    ("arguments", "variables"),
    [
        (("publish",), {"TAG": "standalone-v0.2.8"}),
        (("publish", "--tag", "standalone-v0.2.8"), {"TAG": "v0.2.8"}),
        (("stage", "--output", "../x"), {"TAG": "standalone-v0.2.8"}),
        (("trigger", "--version", "standalone-v0.2.8"), {}),
        (("rollback", "--to", "standalone-v0.2.8"), {}),
        (("mark", "--tag", "standalone-latest", "--reason", "x"), {}),
        (("unmark", "--tag", "standalone-v0.2.8", "--reason", "x"), {}),
        (("adopt", "--since", "standalone-0.2.8"), {}),
        (("deploy.repoint", "--to", "standalone-v0.2.8"), {}),
    ],
)
def test_without_a_lane_the_remedy_is_the_lane_that_the_tag_tells(
    run: Run, arguments: tuple[str, ...], variables: dict[str, str]
) -> None:
    code, _, story = run(*arguments, **variables)
    assert code == 2
    assert "no lane given; 'standalone-" in story
    assert "belongs to lane standalone" in story
    assert "Add --lane standalone." in story


@pytest.mark.parametrize("tag", ["v0.2.8", "0.2.8", "nightly", ""])
def test_without_a_lane_a_tag_that_any_lane_or_none_can_read_tells_none(run: Run, tag: str) -> None:
    assert "Add --lane main or --lane standalone." in run("publish", TAG=tag)[2]


@pytest.mark.parametrize("name", names())
def test_help_of_a_task_runs_nothing(run: Run, name: str) -> None:
    code, out, err = run(name, "--help")
    assert (code, err) == (0, "")
    assert "--json" in out


@pytest.mark.parametrize("name", names())
def test_no_task_takes_a_positional_or_a_short_flag(name: str) -> None:
    task = shiplane.ns[name]
    assert list(task.positional) == []
    assert [arg.names for arg in task.get_arguments() if any(len(n) == 1 for n in arg.names)] == []


def test_a_list_of_tasks_imports_nothing_that_only_a_run_needs() -> None:
    code = "import sys, shiplane; shiplane.ns; print(*(name for name in sys.modules if name.startswith('shiplane.')))"
    path = str(Path(shiplane.__file__).parents[1])
    done = subprocess.run([sys.executable, "-c", code], env={"PYTHONPATH": path}, check=True, capture_output=True)
    needed = {"cli", "cli.answer", "cli.namespace", "cli.task_decorator"}
    imported = {name.removeprefix("shiplane.") for name in done.stdout.decode().split()}
    assert needed <= imported
    assert [name for name in imported - needed if not name.startswith("cli.tasks")] == []


def test_a_command_that_has_ended_does_not_look_for_garbage() -> None:
    code = "import atexit, gc; atexit.register(lambda: print(gc.get_freeze_count() > 9999)); from shiplane import ns"
    path = str(Path(shiplane.__file__).parents[1])
    done = subprocess.run([sys.executable, "-c", code], env={"PYTHONPATH": path}, check=True, capture_output=True)
    assert done.stdout.decode() == "True\n"


@pytest.mark.parametrize("flag", ["tag", "version"])
@pytest.mark.parametrize("own", ["tag", "version"])
def test_a_version_is_given_by_either_flag(
    own: str, flag: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    given: list[str | None] = []

    def by_tag(_run: object, *, tag: str | None = None) -> Answer:
        given.append(tag)
        return Answer(text="")

    def by_version(_run: object, *, version: str | None = None) -> Answer:
        given.append(version)
        return Answer(text="")

    task = shiplane_task(flags={own: "Version."}, name="task")(by_tag if own == "tag" else by_version)

    def call(*arguments: str) -> tuple[int, str, str]:
        return shiplane_here(capsys, monkeypatch, ("task", *arguments), tasks=Collection(task))

    assert call(f"--{flag}", "0.2.1") == (0, "", "")
    assert call("--tag", "0.2.1", "--version", "0.2.1") == (0, "", "")
    assert given == ["0.2.1", "0.2.1"]
    code, _, err = call("--tag", "v0.2.1", "--version", "v0.2.2")
    assert code == 2
    assert "--tag v0.2.1" in err
    assert "--version v0.2.2" in err


@pytest.mark.parametrize(
    ("flags", "asked"),
    [
        ((), (False, "lane main")),
        (("--latest",), (True, "--latest")),
        (("--latest=yes",), (True, "--latest")),
        (("--latest=no",), (False, "--latest")),
    ],
)
def test_a_bare_latest_means_yes_to_verify_as_to_publish(
    run: Run, flags: tuple[str, ...], asked: tuple[bool, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[Setting[bool]] = []

    def verify_lanes(_run: object, resolver: Resolver, _depth: object) -> Answer:
        given.append(resolver.latest(MAIN))
        return Answer(text="")

    monkeypatch.setattr("shiplane.cli.flows.verification.verify_lanes", verify_lanes)
    assert run("verify", "--tag", "0.2.1", *flags) == (0, "", "")
    assert given == [Setting(*asked)]


def test_a_trigger_asks_for_the_versions_as_what_only_reads_does(monkeypatch: pytest.MonkeyPatch) -> None:
    from shiplane.cli.flows.trigger import published_versions

    monkeypatch.setattr("shiplane.verify.lane_versions.LaneVersions.all", lambda versions, _lane: [versions.registry])
    run = Mock(spec=SpecRun)
    assert published_versions(run, MAIN) == [run.registries.reader.return_value]
    run.registries.credential.assert_not_called()
    run.registries.writer.assert_not_called()


def test_every_task_that_names_a_version_has_both_flags() -> None:
    for name in names():
        flags = {flag for argument in shiplane.ns[name].get_arguments() for flag in argument.names}
        assert ("tag" in flags) == ("version" in flags), name


def test_a_bare_command_shows_what_to_do_next_and_every_task_in_a_group(run: Run) -> None:
    code, out, err = run()
    assert (code, err) == (0, "")
    head, _, groups = out.partition("\n\n")
    assert head.splitlines()[:2] == [
        "next: shiplane init  (this project has no shiplane.toml yet)",
        "next: shiplane check.all  (is everything ready for a release?)",
    ]
    assert sorted(re.findall(r"^  ([a-z.]+) ", groups, re.MULTILINE)) == names()
    assert "Other" not in groups


@pytest.mark.parametrize(
    ("file", "git_tag", "steps"),
    [
        ("", "docker-v0.2.1", ["check.all", "plan  (the git tag docker-v0.2.1 is at this commit)"]),
        ("", "v0.2.1", ["check.all", "plan --version X.Y.Z  (what"]),
        ("imgae = 1", "x", ["check.config  (shiplane.toml: unknown key 'imgae'"]),
        ("[lanes.api]", "x", ["init  (no lane's Dockerfile is here)"]),
    ],
)
def test_what_to_do_next_follows_from_the_project_s_folder(
    run: Run, tmp_path: Path, file: str, git_tag: str, steps: list[str]
) -> None:
    (tmp_path / "shiplane.toml").write_text(file)
    subprocess.run(["git", "tag", git_tag], cwd=tmp_path, check=True)
    _, out, _ = run("tasks")
    lines = [line for line in out.splitlines() if line.startswith("next: ")]
    expected = [f"next: shiplane {step}" for step in steps]
    assert [line[: len(step)] for line, step in zip(lines, expected, strict=True)] == expected


def test_a_bare_collection_shows_its_tasks_as_they_are_called_there(
    run: Run, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run("tasks")  # stands in the checkout
    own = Collection(ship=Collection.from_module(shiplane))
    _, out, _ = shiplane_here(capsys, monkeypatch, ("ship",), tasks=own)
    assert "next: shiplane ship.check.all  (" in out
    assert "\n  ship.plan " in out


@pytest.mark.parametrize("arguments", [("--list",), ("--help",)])
def test_the_program_lists_the_tasks_in_groups_and_first(
    arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    from shiplane.__main__ import ShiplaneProgram

    with pytest.raises(SystemExit):
        ShiplaneProgram(namespace=shiplane.ns, binary="shiplane").run(["shiplane", *arguments])
    tasks, _, options = capsys.readouterr().out.partition("Options, ")
    assert sorted(re.findall(r"^  ([a-z.]+) ", tasks, re.MULTILINE)) == names()
    assert ("--list-depth" in options) == (arguments == ("--help",))


PUBLISH = ("publish", "--lane", "main")


@pytest.mark.parametrize(
    ("arguments", "variables"),
    [
        (("publish",), {}),
        (("publish", "--lane", "mian"), {}),
        (("publish", "--lane", ""), {}),
        ((*PUBLISH, "--skip", "everything"), {"TAG": "v0.2.1"}),
        ((*PUBLISH, "--skip", "variables"), {"TAG": "v0.2.1"}),
        ((*PUBLISH, "--latest=perhaps"), {"TAG": "v0.2.1"}),
        ((*PUBLISH, "--snapshot"), {"TAG": "v0.2.1"}),
        (PUBLISH, {}),
        (("plan",), {"PUBLISH_LATEST": "maybe"}),
        (("--dry", "plan"), {}),
        *(
            (("plan", "--lane", "main"), {"TAG": tag})
            for tag in (
                "latest",
                "standalone-v0.2.1",
                "v1",
                "01.0.0",
                "1.0.0+build",
                "1.0.0\n",
                "$(id)",
                "`id`",
                "--push",
                "v1.0.0;id",
                "\x1b[31mv1.0.0",
                "v\u0661.0.0",
                "1.2.3.4",
                "refs/tags/v1.0.0",
                "v" + "9" * 5000 + ".0.0",
                "..",
                "a/b",
                "x@sha256:1",
                "%2e%2e",
            )
        ),
        *(
            (("plan",), {"IMAGE_REPO": image})
            for image in (
                "ghcr.io",
                "ghcr.io/aionis",
                "ghcr.io/Cognary/aionis",
                "ghcr.io.evil.tld/cognary/aionis",
                "ghcr.io@evil/cognary/aionis",
                "user:pw@ghcr.io/cognary/aionis",
                "http://ghcr.io/cognary/aionis",
                "ghcr.io/a//b",
                "ghcr.io/../b",
                "ghcr.io/a/b/",
                "ghcr.io/a/b?x",
                "ghcr.io/a/b#x",
                "ghcr.io/a/b:v1",
                "127.1/a/b",
                "0x7f.1/a/b",
                "169.254.169.254/a/b",
                "localhost",
                "ghcr.io/a/" + "b" * 256,
                "\u0261hcr.io/a/b",
            )
        ),
        *(
            (("plan",), {"PLATFORMS": platforms})
            for platforms in (
                "linux/amd64,",
                "linux/amd64,linux/amd64",
                "linux/amd63",
                " linux/amd64",
                "linux/amd64, linux/arm64",
                "amd64",
                ",",
            )
        ),
    ],
)
def test_what_cannot_be_meant_ends_with_2_and_one_clear_line(
    run: Run, arguments: tuple[str, ...], variables: dict[str, str]
) -> None:
    code, out, err = run(*arguments, **variables)
    assert code == 2, err
    assert out == ""
    first, *rest = err.splitlines()
    assert first.startswith("error: ")
    assert first.isprintable()
    assert "Traceback" not in err
    assert sum(line.startswith("next: ") for line in rest) == 1


def test_a_failure_with_json_is_one_document(run: Run) -> None:
    import json

    code, out, _ = run("publish", "--lane", "mian", "--json")
    document = json.loads(out)
    assert (code, document["ok"], document["exit"], document["error"]["kind"]) == (2, False, 2, "usage")


def test_a_dirty_tree_is_not_published(run: Run, tmp_path: Path) -> None:
    (tmp_path / "left-over").touch()
    code, _, err = run(*PUBLISH, "--tag", "v0.2.1")
    assert code == 3
    assert "left-over" in err


def test_a_version_whose_git_tag_stands_elsewhere_is_not_published(run: Run, tmp_path: Path) -> None:
    subprocess.run(["git", "tag", "docker-v0.2.1"], cwd=tmp_path, check=True)
    subprocess.run(["git", *COMMIT[:-2], "--allow-empty", *COMMIT[-2:]], cwd=tmp_path, check=True)
    code, _, err = run(*PUBLISH, "--tag", "v0.2.1")
    assert code == 3
    assert "git tag docker-v0.2.1 is at" in err


def test_a_broken_project_file_is_named_with_its_key(run: Run, tmp_path: Path) -> None:
    (tmp_path / "shiplane.toml").write_text('imgae = "x"\n')
    code, _, err = run("plan")
    assert code == 2
    assert "shiplane.toml: unknown key 'imgae'" in err
    assert "Did you mean 'image'?" in err


@pytest.mark.parametrize(
    "arguments",
    [
        ("plan",),
        (*PUBLISH, "--dry-run"),
        ("verify", "--lane", "main"),
        ("release",),
        ("rollback", "--lane", "main", "--to", "standalone-v0.2.8"),
        ("mark", "--lane", "main", "--tag", "standalone-v0.2.8", "--reason", "x"),
        ("deploy.repoint", "--lane", "main", "--to", "standalone-v0.2.8"),
        ("trigger", "--lane", "main", "--version", "standalone-v0.2.8"),
    ],
)
def test_the_other_lane_s_tag_is_recognised_and_its_lane_named(run: Run, arguments: tuple[str, ...]) -> None:
    code, _, err = run(*arguments, TAG="standalone-v0.2.8")
    assert (code, "it belongs to lane standalone\n  Use --lane standalone.\n" in err) == (2, True), err


@pytest.mark.parametrize(
    ("arguments", "question"),
    [
        (("publish", "--lane", "mian", "--tag", "1.2.3"), "Known lanes: main, standalone. Did you mean main?"),
        (("publish", "--lane", "x", "--tag", "1.2.3"), "Known lanes: main, standalone.\n"),
        (("publish", "--lane", "main", "--tag", "1.2.3", "--skip", "acess"), "variables. Did you mean access?"),
        (("rollback", "--lane", "main", "--floating", "latset"), "Its floating tags: latest. Did you mean latest?"),
        (("plan", "--quiet", "--verbose"), "--quiet and --verbose cannot be combined"),
    ],
)
def test_a_misspelt_name_is_answered_with_the_one_that_was_meant(
    run: Run, arguments: tuple[str, ...], question: str
) -> None:
    code, _, story = run(*arguments)
    assert (code, question in story) == (2, True), story
