"""The lint of documents: what it names and proposes, and the much more that it leaves alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

import shiplane
from shiplane.cli.task_decorator import flags_by_task
from shiplane.config.build_settings import BuildSettings, Cache
from shiplane.config.channel import Channel
from shiplane.config.floating_tag import FloatingTemplate
from shiplane.config.lane import BUILT_IN, MAIN, STANDALONE, Lane
from shiplane.config.names.version_tag import TagTemplate
from shiplane.config.version import Version
from shiplane.core.errors import PrerequisiteError, UnreachableError
from shiplane.core.finding import exit_code_of
from shiplane.core.next_command import Caller
from shiplane.core.progress import StepState
from shiplane.doctor.documents import files
from shiplane.doctor.documents.check import DocumentChecks
from shiplane.doctor.documents.files import Document, Documents, documents, invoke_tasks, is_document, npm_scripts
from shiplane.doctor.documents.lint import lint
from shiplane.doctor.documents.names import Names, Problem
from shiplane.registry.oci.names import Repository, Tag

TASKS = flags_by_task(shiplane.ns["check.docs"])
GHCR, HUB = Repository("ghcr.io", "cognary/aionis"), Repository("docker.io", "cognary/aionis")
IMAGE = str(GHCR)


def names(
    lanes: Sequence[Lane] = BUILT_IN, *images: Repository, channels: Sequence[Channel] = (), **more: object
) -> Names:
    return Names(
        images=tuple((lane, images or (GHCR,)) for lane in lanes),
        channels=tuple(channels),
        tasks=TASKS,
        **more,  # type: ignore[arg-type] # the fields
    )


def found(text: str, known: Names | None = None) -> list[Problem]:
    return lint(text, known or names())


def told(text: str, known: Names | None = None) -> list[tuple[int, str]]:
    """Each problem's line and proposal, with commands as Invoke's."""
    return [(problem.line, Caller().render(problem.proposal)) for problem in found(text, known)]


# The commands of Aionis' runbook, and what they are in shiplane's.
RUNBOOK = """\
# Docker Release Runbook

1. `npm run build` passes.

```bash
npm run docker:publish:ghcr:dry-run
```

```bash
TAG=standalone-v0.2.1 npm run docker:publish:standalone:ghcr:dry-run
```

```bash
export GHCR_TOKEN=<your_ghcr_token>
IMAGE_REPO=ghcr.io/<owner>/aionis \\
TAG=v0.2.1 \\
PLATFORMS=linux/amd64,linux/arm64 \\
PUBLISH_LATEST=true \\
npm run docker:publish:ghcr
```

```bash
git tag docker-v0.2.1
git push origin docker-v0.2.1
git tag standalone-v0.2.1
docker pull ghcr.io/cognary/aionis:v0.2.1
docker pull ghcr.io/cognary/aionis:standalone-latest
docker manifest inspect ghcr.io/cognary/aionis:standalone-v0.2.1 | head
```
"""


def test_the_runbook_of_before_is_told_what_its_scripts_are_now_and_the_new_one_nothing() -> None:
    problems = found(RUNBOOK)
    assert told(RUNBOOK) == [
        (6, "invoke publish --lane main --dry-run"),
        (10, "invoke publish --lane standalone --dry-run"),
        (19, "invoke publish --lane main"),
    ]
    new = RUNBOOK
    for problem in problems:
        script = f"npm run {problem.reason.split()[0]}\n"
        assert script in new
        new = new.replace(script, f"{Caller().render(problem.proposal)}\n")
    assert found(new) == []


TAGS = [
    ("docker pull ghcr.io/cognary/aionis:0.2.1", f"{IMAGE}:v0.2.1"),
    ("docker push ghcr.io/cognary/aionis:0.2.1", f"{IMAGE}:v0.2.1"),
    ("see ghcr.io/cognary/aionis:0.2.1.", f"{IMAGE}:v0.2.1"),
    ("see ghcr.io/cognary/aionis:docker-v0.2.1 there", f"{IMAGE}:v0.2.1"),
    ("see ghcr.io/cognary/aionis:standalone-0.2.1", f"{IMAGE}:standalone-v0.2.1"),
    ("`ghcr.io/cognary/aionis:X.Y.Z`", f"{IMAGE}:vX.Y.Z"),
    (
        "image: ghcr.io/cognary/aionis:stable",
        "a tag of ghcr.io/cognary/aionis: v{version}, latest, standalone-v{version}, standalone-latest",
    ),
    ("docker pull registry.example/cognary/aionis:v0.2.1", f"{IMAGE}:v0.2.1"),
    ("docker pull registry.example/cognary/aionis:0.2.1", f"{IMAGE}:v0.2.1"),
]


@pytest.mark.parametrize(("line", "proposal"), TAGS)
def test_a_tag_that_no_lane_writes_is_named_with_the_right_one(line: str, proposal: str) -> None:
    assert told(f"\n{line}\n") == [(2, proposal)]


RIGHT_TAGS = [
    "docker pull ghcr.io/cognary/aionis:v0.2.1",
    "docker pull ghcr.io/cognary/aionis:v0.2.1@sha256:" + "a" * 64,
    "docker pull ghcr.io/cognary/aionis",
    "docker pull ghcr.io/cognary/aionis:latest, or standalone-latest.",
    "docker pull ghcr.io/cognary/aionis:standalone-vX.Y.Z",
    "docker pull ghcr.io/cognary/aionis:$TAG",
    "docker pull ghcr.io/cognary/aionis:<tag>",
    "docker pull ghcr.io/cognary/aionis:TAG",
    "docker pull ghcr.io/cognary/aionis:v1.x",
    "docker pull ghcr.io/cognary/aionis:your-tag",
    "docker pull ghcr.io/<owner>/aionis:0.2.1",
    "docker pull ghcr.io/cognary/aionis-worker:0.2.1",
    "docker pull ghcr.io/other/aionis:0.2.1",
    "docker build -t ghcr.io/cognary/aionis:dev .",
    "docker tag aionis ghcr.io/cognary/aionis:mine",
    "the tag ghcr.io/cognary/aionis:nightly was never ours",
    "docker pull ghcr.io/cognary/aionis:ledger-main",
    "docker pull ghcr.io/cognary/aionis:sha256-" + "a" * 64,
    "https://github.com/cognary/aionis:v0.2.1",
    "docker pull localhost:5000/cognary/aionis:0.2.1",
    "docker pull registry.example/cognary/aionis:dev",
    "docker pull registry.example/mirror/cognary/aionis:v0.2.1",
]


@pytest.mark.parametrize("line", RIGHT_TAGS)
def test_a_tag_that_a_lane_writes_or_that_stands_for_any_is_left_alone(line: str) -> None:
    assert found(line) == []


def test_what_else_writes_tags_is_known() -> None:
    cached = replace(MAIN, build=BuildSettings(cache=Cache(type="registry", place=f"{IMAGE}:cache-main")))
    known = names([cached], channels=[Channel(name="edge", branch="main", lanes=("main",), tag="edge")])
    assert found(f"docker pull {IMAGE}:edge\ndocker pull {IMAGE}:cache-main\n", known) == []
    assert len(found(f"docker pull {IMAGE}:edge\ndocker pull {IMAGE}:cache-main\n")) == 2
    assert found("`invoke publish --channel edge`", known) == []
    assert told("`invoke publish --channel egde`", known) == [(1, "one of the channels: edge")]


def test_each_lane_has_tags_in_its_own_repositories_only() -> None:
    other = Repository("ghcr.io", "cognary/standalone")
    known = replace(names(), images=((MAIN, (GHCR, HUB)), (STANDALONE, (other,))))
    assert told(f"docker pull {other}:v0.2.1", known) == [
        (1, f"a tag of {other}: standalone-v{{version}}, standalone-latest")
    ]
    assert told("docker pull quay.io/cognary/aionis:0.2.1", known) == [(1, f"{GHCR}:v0.2.1 or {HUB}:v0.2.1")]
    assert found("docker pull cognary/aionis:v0.2.1", known) == [], "Docker Hub's short form"


def test_a_lane_of_another_form_has_tags_of_that_form() -> None:
    lane = replace(
        MAIN,
        version_template=TagTemplate(),
        floating_templates=(FloatingTemplate(text="{major}"), FloatingTemplate(text="latest")),
        alias_templates=(TagTemplate("", "-bookworm"),),
    )
    known = names([lane])
    right = "docker pull {0}:0.2.1\ndocker pull {0}:1\ndocker pull {0}:0.2.1-bookworm\ndocker pull {0}:X.Y.Z\n"
    assert found(right.format(IMAGE), known) == []
    assert told(f"docker pull {IMAGE}:v0.2.1", known) == [(1, f"{IMAGE}:0.2.1")]


COMMANDS = [
    ("$ shiplane publsh --lane main", "there is no task publsh", "invoke publish"),
    ("`shiplane frobnicate`", "there is no task frobnicate", "invoke --list"),
    ("`invoke publihs`", "there is no task publihs", "invoke publish"),
    ("`invoke publish --lane edge`", "there is no lane edge", "one of the lanes: main, standalone"),
    ("`invoke publish --lane=main,edge`", "there is no lane edge", "one of the lanes: main, standalone"),
    ("`invoke ship.publish --lane edge`", "there is no lane edge", "one of the lanes: main, standalone"),
    ("`invoke publish --channel edge`", "there is no channel edge", "one of the channels: none is configured"),
    ("`invoke publish --dryrun`", "publish has no flag --dryrun", "--dry-run"),
    ("`invoke status --frobnicate`", "status has no flag --frobnicate", "invoke status --help"),
    ("`npx --yes x && sudo TAG=1 shiplane verify --deeep`", "verify has no flag --deeep", "--deep"),
    ("`python -m shiplane verify --deeep`", "verify has no flag --deeep", "--deep"),
    ("    - run: invoke publish --lane edge", "there is no lane edge", "one of the lanes: main, standalone"),
    (
        "`invoke publish --lane main --tag standalone-v0.2.1`",
        "'standalone-v0.2.1' is not a version of lane main",
        "a version of the lane. Expected 0.2.1, v0.2.1 or docker-v0.2.1",
    ),
    ("`git tag docker-0.2.1`", "the git tag docker-0.2.1 starts no lane", "git tag … docker-v0.2.1"),
    (
        "`git push origin standalone-X.Y.Z`",
        "the git tag standalone-X.Y.Z starts no lane",
        "git push … standalone-vX.Y.Z",
    ),
    ("`yarn docker:push`", "docker:push is not a script of package.json", "invoke publish --lane main"),
    ("`pnpm run release-image`", "release-image is not a script of package.json", "invoke publish --lane main"),
    ("`npm run -s docker:publish`", "docker:publish is not a script of package.json", "invoke publish --lane main"),
]


@pytest.mark.parametrize(("line", "reason", "proposal"), COMMANDS)
def test_a_command_that_would_not_work_is_named(line: str, reason: str, proposal: str) -> None:
    (problem,) = found(f"# Title\n\n{line}\n")
    assert problem.line == 3
    assert problem.reason.startswith(reason)
    assert Caller().render(problem.proposal).startswith(proposal)


RIGHT_COMMANDS = [
    "shiplane publishes images, and invoke runs tasks.",
    "    shiplane publishes images in lanes",
    "`invoke test` and `invoke docs.build --open`",
    "`shiplane --version`, `shiplane`, `invoke --list`",
    "`invoke publish --lane main --version 0.2.1 --latest=no --help`",
    "`invoke plan [--lane L ...] [--latest[=yes|no]] [--platforms P,P]`",
    "`invoke publish --lane <lane>` or `--lane LANE`, `invoke verify --lane your-lane --tag TAG`",
    "`invoke verify --lane main --tag vX.Y.Z`, `invoke verify --tag docker-v0.2.1`, `invoke verify --tag v1.x`",
    "`invoke verify --tag standalone-v0.2.1`",
    "`invoke test publish --verbose`, `invoke plan publish --lane main --save x`",
    "`pip install shiplane --upgrade`",
    "`git tag v0.2.1`, `git tag docker-v0.2.1`, `git push --tags origin main`, `git`",
    "`git checkout docker-0.2.1`",
    "`npm run build`, `npm run docker:build`, `npm publish`, `npm test`, `npm run`, `yarn`, `yarn install`",
    "npm run docker:publish in a sentence",
    "`bun run`",
    "`TAG=v0.2.1` and `; true`",
]


@pytest.mark.parametrize("line", RIGHT_COMMANDS)
def test_a_command_that_works_or_is_none_of_ours_is_left_alone(line: str) -> None:
    assert found(line) == []


def test_a_task_of_the_project_itself_is_none_of_ours() -> None:
    assert found("`invoke publishes`") != []
    assert found("`invoke publishes`", names(other_tasks=frozenset({"publishes"}))) == []


def test_a_script_that_calls_shiplane_is_right_and_one_of_its_own_is_not() -> None:
    ours = names(scripts={"docker:publish": "invoke publish --lane main"})
    assert found("`npm run docker:publish`", ours) == []
    (problem,) = found("`npm run docker:publish`", names(scripts={"docker:publish": "bash publish.sh"}))
    assert problem.reason.startswith("docker:publish is a script of its own")


def test_a_document_full_of_them_is_not_read_to_its_end() -> None:
    assert len(found("`invoke publish --lane edge`\n" * 1000)) == 200
    assert found("`shiplane " + "a" * 200_000 + "`\n`invoke verify --tag " + "1" * 200_000 + "!`") == []


def test_where_no_image_is_known_commands_are_looked_at_all_the_same() -> None:
    known = replace(names(), images=tuple((lane, ()) for lane in BUILT_IN))
    assert told(f"docker pull {IMAGE}:0.2.1\n`invoke publish --lane x1`", known) == [
        (2, "one of the lanes: main, standalone")
    ]
    assert told("`npm run docker:publish`", replace(names(), images=())) == [(1, "invoke publish")]


FENCES = [
    "```sh\n{}\n```",
    "~~~\n{}\n~~~",
    "----\n{}\n----",
    ".. code-block:: sh\n\n   {}\n",
    "````\n```\n{}\n```\n````",
    "> ```\n{}\n> ```",
    "```\r\n{}\r\n```",
    "````\nx\n````\n\n$ {}",
]


@pytest.mark.parametrize("fence", FENCES)
def test_a_command_is_found_in_every_kind_of_block(fence: str) -> None:
    assert len(found(fence.format("invoke publish --lane edge"))) == 1


def test_a_command_over_several_lines_is_one_and_its_line_is_that_of_the_word() -> None:
    text = "```\ninvoke publish \\\n  --tag v0.2.1 \\\r\n  --lane edge\n```\n"
    assert told(text) == [(4, "one of the lanes: main, standalone")]


@pytest.mark.parametrize(
    "text",
    [
        "invoke x <!-- shiplane:ignore --> `invoke publish --lane edge`",
        "<!-- shiplane:ignore -->\n`invoke publish --lane edge`",
        "```\n# shiplane:ignore\ninvoke publish --lane edge\n```",
        "<!-- shiplane:ignore-file -->\n\n\n`invoke publish --lane edge`",
        "<!-- Code generated by x. DO NOT EDIT. -->\n\n\n`invoke publish --lane edge`",
        "<!-- @generated -->\n\n\n`invoke publish --lane edge`",
    ],
)
def test_a_marker_leaves_a_line_or_a_file_alone_and_so_does_a_generator(text: str) -> None:
    assert found(text) == []
    assert found("<!-- shiplane:ignore -->\n\n`invoke publish --lane edge`") != []


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        *((path, True) for path in ("README.md", "a/b.rst", "x.TXT", "README", "RUNBOOK", "docs/guide", "doc/a/b")),
        *((path, True) for path in ("RELEASING.md", "INSTALL", "release-process.md")),
        *((path, False) for path in ("CHANGELOG.md", "docs/changelog.rst", "HISTORY", "CHANGES.txt", "NEWS")),
        *((path, False) for path in ("RELEASES.md", "release-notes-1.md", "vendor/a/README.md", "main.py", "src/x")),
        *((path, False) for path in ("node_modules/a/README.md", "docs/x.py", "READMEx", "Makefile")),
    ],
)
def test_a_document_is_told_by_its_name(path: str, *, expected: bool) -> None:
    assert is_document(path) is expected


def test_documents_are_read_within_limits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "LIMIT", 100)
    monkeypatch.setattr(files, "TOTAL_LIMIT", 150)
    for name, content in {"a": b"a" * 90, "b": b"b" * 90, "c": b"\xff", "d": b"\0", "e": b"e" * 101}.items():
        (tmp_path / f"{name}.md").write_bytes(content)
    (tmp_path / "f.md").symlink_to("/etc/passwd")
    read = documents(tmp_path, [f"{name}.md" for name in "gfedcba"])
    assert [document.path for document in read.read] == ["a.md", "c.md"]
    assert read.skipped == (
        "b.md: is too large to be read (90 bytes)",
        "d.md: is binary",
        "e.md: is too large to be read (101 bytes)",
        "f.md: is not a regular file",
        "g.md: cannot be read: No such file or directory",
    )


def test_npm_scripts_and_tasks_of_the_project_are_known(tmp_path: Path) -> None:
    (tmp_path / "package.json").write_text('{"scripts": {"a": "x", "b": 1}}')
    for name, content in {"p": "[]", "q": "{", "r": '{"scripts": []}'}.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "package.json").write_text(content)
    (tmp_path / "tasks.py").write_text("@task\ndef build_docs(c):\n    pass\n")
    tracked = ["package.json", *(f"{name}/package.json" for name in "pqr"), "node_modules/x/package.json", "tasks.py"]
    assert npm_scripts(tmp_path, tracked) == {"a": "x"}
    assert invoke_tasks(tmp_path, tracked) == {"build-docs"}


def test_each_place_fails_by_itself_and_together_they_are_a_warning() -> None:
    text = "`invoke publish --lane edge`\n\n`npm run docker:push`\n"
    read = Documents(read=(Document("README.md", text), Document("a.md", "")), skipped=("b.md: is binary",))
    checks = DocumentChecks(documents=lambda: read, names=names)
    rows = list(checks.each())
    assert [row.name for row in rows] == ["docs: README.md:1", "docs: README.md:3", "docs", "docs"]
    assert exit_code_of(rows) == 3
    (row,) = checks.together()
    assert (row.is_warning, exit_code_of([row])) == (True, 0)
    assert row.reason == "2 places in 1 document do not match the configuration"
    (good,) = DocumentChecks(documents=lambda: replace(read, read=read.read[1:]), names=names).together()
    assert (good.is_warning, good.reason) == (False, "1 document read")


def test_without_git_a_release_s_doctor_reads_no_documents() -> None:
    def no_git() -> Documents:
        raise PrerequisiteError("git is not installed")

    checks = DocumentChecks(documents=no_git, names=names)
    (row,) = checks.together()
    assert (row.state, row.reason) == (StepState.SKIPPED, "git is not installed")
    with pytest.raises(PrerequisiteError):
        list(checks.each())


def test_adopted_tags_are_asked_for_only_where_something_seems_wrong() -> None:
    asked: list[Names] = []

    def with_adopted(known: Names) -> Names:
        asked.append(known)
        old = replace(MAIN, names={Version.parse("0.2.17"): Tag("0.2.17")})
        return replace(known, images=((old, (GHCR,)), *known.images[1:]))

    def checked(text: str, adopted: Callable[[Names], Names] | None) -> list[str]:
        read = Documents(read=(Document("README.md", text),))
        checks = DocumentChecks(documents=lambda: read, names=names, with_adopted=adopted)
        return [row.reason for row in checks.each()]

    assert checked(f"docker pull {IMAGE}:v0.2.1", with_adopted) == ["1 document read"]
    assert asked == []
    old = f"docker pull {IMAGE}:0.2.17"
    assert checked(old, with_adopted) == ["1 document read"]
    assert (len(asked), len(checked(old, None))) == (1, 2)

    def unreachable(_known: Names) -> Names:
        raise UnreachableError("no answer")

    assert checked(old, unreachable)[1:] == ["adopted tags are unknown: no answer", "1 document read"]
