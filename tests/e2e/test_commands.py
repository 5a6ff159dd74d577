"""The command line as a person meets it: what it lists, what helps, what it refuses, and what it never does then."""

from __future__ import annotations

import json
import re
import sys
import uuid
from pathlib import Path

import pytest

import shiplane
from tests.e2e.person import Done, Log, Person
from tests.rig import Rig

pytestmark = pytest.mark.e2e
PUBLISH = ("publish", "--lane", "main")
TASKS = sorted(shiplane.ns.task_names)


@pytest.fixture
def person(rig: Rig, sample: Path) -> Person:
    return Person(rig, sample, {"IMAGE_REPO": f"{rig.plain}/cognary/commands-{uuid.uuid4().hex[:8]}"})


def test_a_list_of_the_tasks_has_a_line_for_each(person: Person) -> None:
    done = person.invoke("--list", COLUMNS="80")
    assert done.code == 0, str(done)
    lines = [line for line in done.out.splitlines() if line.startswith("  ")]
    assert sorted(line.split()[0] for line in lines) == TASKS
    assert [line for line in lines if not re.fullmatch(r"  [a-z.]+ {2,}[A-Z].*\.", line) or len(line) > 80] == []


@pytest.mark.parametrize("task", TASKS)
def test_help_of_a_task_runs_nothing(rig: Rig, person: Person, task: str) -> None:
    logs = [Log(rig.plain_log), Log(rig.guarded_log)]
    before = sorted(person.checkout.iterdir())
    done = person.invoke(task, "--help", PATH="/nowhere")
    assert (done.code, done.err) == (0, ""), str(done)
    assert done.out.startswith("Usage:")
    assert "--json" in done.out
    assert [log.lines() for log in logs] == [[], []]
    assert set(before) >= {path for path in person.checkout.iterdir() if path.name != "__pycache__"}


def refused(done: Done) -> None:
    """Exit 2, one line that says what is wrong, one that says what to do, nothing else that could be obeyed."""
    assert done.code == 2, str(done)
    assert done.out == ""
    first, *rest = done.err.splitlines()
    assert first.startswith("error: ")
    assert first.isprintable()
    assert len(first) < 500
    assert "Traceback" not in done.err
    assert [line for line in rest if line.startswith("next: ")]
    assert not done.built


HOSTILE = [
    {"TAG": ""} | {"PUBLISH_LATEST": "perhaps"},
    {"TAG": "latest"},
    {"TAG": "standalone-v0.2.1"},
    {"TAG": "standalone-latest"},
    {"TAG": "v1"},
    {"TAG": "01.0.0"},
    {"TAG": "1.0.0+build"},
    {"TAG": "v0.2.1\n::error::owned"},
    {"TAG": "\x1b[2Jv0.2.1"},
    {"TAG": "$(touch owned)"},
    {"TAG": "`touch owned`"},
    {"TAG": "v0.2.1;touch owned"},
    {"TAG": "--push"},
    {"TAG": "v\u0661.0.0"},
    {"TAG": "\u202ev0.2.1"},
    {"TAG": "9" * 5000 + ".0.0"},
    {"TAG": "refs/tags/v0.2.1"},
    {"TAG": "x@sha256:" + "0" * 64},
    {"IMAGE_REPO": "ghcr.io"},
    {"IMAGE_REPO": "ghcr.io.evil.tld/cognary/aionis"},
    {"IMAGE_REPO": "user:hunter22@ghcr.io/cognary/aionis"},
    {"IMAGE_REPO": "http://ghcr.io/cognary/aionis"},
    {"IMAGE_REPO": "ghcr.io/Cognary/aionis"},
    {"IMAGE_REPO": "ghcr.io/../aionis"},
    {"IMAGE_REPO": "169.254.169.254/a/b"},
    {"IMAGE_REPO": "0x7f.1/a/b"},
    {"IMAGE_REPO": "ghcr.io/cognary/aionis:v1"},
    {"PLATFORMS": "linux/amd64,"},
    {"PLATFORMS": "linux/amd64,linux/amd64"},
    {"PLATFORMS": "linux/amd64 --push"},
    {"PLATFORMS": "linux/amd63"},
]


@pytest.mark.parametrize("variables", HOSTILE, ids=lambda variables: ascii(str(variables))[:40])
def test_a_hostile_variable_is_refused_in_a_line_and_reaches_nobody(
    rig: Rig, person: Person, variables: dict[str, str]
) -> None:
    log = Log(rig.plain_log)
    done = person.invoke(*PUBLISH, **{"TAG": "v0.2.1", **variables})
    refused(done)
    assert "hunter22" not in done.err
    assert log.lines() == []
    assert not (person.checkout / "owned").exists()


@pytest.mark.parametrize(
    "arguments",
    [
        ("publish",),
        ("publish", "--lane", "mian"),
        ("publish", "--lane", "main;touch owned"),
        (*PUBLISH, "--tag", "v0.2.1", "--dry"),
        ("--dry", *PUBLISH, "--tag", "v0.2.1"),
        (*PUBLISH, "--tag", "v0.2.1", "--latest=perhaps"),
        (*PUBLISH, "--tag", "v0.2.1", "--skip", "everything"),
        (*PUBLISH, "--tag", "v0.2.1", "--snapshot"),
        (*PUBLISH, "--image", "http://127.0.0.1/a/b"),
        ("release", "--version", "standalone-v0.2.1"),
        ("release", "--lane", "main", "--lane", "main", "--version", "0.2.1"),
        ("verify", "--lane", "mian"),
        ("plan", "--platforms", ""),
    ],
    ids=" ".join,
)
def test_what_cannot_be_meant_is_refused_before_anything_is_asked(
    rig: Rig, person: Person, arguments: tuple[str, ...]
) -> None:
    log = Log(rig.plain_log)
    refused(person.invoke(*arguments))
    assert log.lines() == []


# How invoke's own complaints end: invoke says 1 for all of them, and only our own program can say better.
@pytest.mark.parametrize(("program", "code"), [("invoke", 1), ("shiplane", 2)])
@pytest.mark.parametrize(
    "arguments",
    [
        (*PUBLISH, "--pubish-latest"),
        ("publsh",),
        (*PUBLISH, "v0.2.1"),
        ("publish", "--lane"),
        (*PUBLISH, "-t", "v1"),
        ("--nonsense",),
    ],
    ids=" ".join,
)
def test_what_the_parser_cannot_read_runs_nothing_and_is_told_with_what_to_do(
    rig: Rig, person: Person, arguments: tuple[str, ...], program: str, code: int
) -> None:
    log = Log(rig.plain_log)
    done = person.run([sys.executable, "-m", program, *arguments])
    assert (done.code, done.out) == (code, ""), str(done)
    told, *remedy = done.err.splitlines()
    assert told
    near = {"--pubish-latest": "  Did you mean --latest?", "publsh": "  Did you mean publish?"}
    wrong = arguments[-1] if arguments[-1] in near else ""
    own = arguments != ("publish", "--lane") and program == "shiplane"  # a flag without its value needs no advice
    assert remedy == ([near.get(wrong, "  See shiplane --list.")] if own else [])
    assert log.lines() == []


def test_a_refusal_as_json_is_one_document_and_nothing_else(person: Person) -> None:
    done = person.invoke(*PUBLISH, "--tag", "latest", "--json")
    document = json.loads(done.out)
    assert (done.code, document["ok"], document["exit"]) == (2, False, 2)
    assert document["error"]["kind"] == "usage"
    assert document["closing"]


def test_every_answer_of_a_release_as_json_is_one_document(person: Person) -> None:
    release = ("--lane", "main", "--tag", "v0.2.1", "--json")
    for task, more in (
        ("plan", ()),
        ("publish", ()),
        ("publish", ("--latest",)),
        ("plan", ()),
        ("verify", ("--deep",)),
    ):
        done = person.invoke(task, *release, *more)
        assert done.code == 0, str(done)
        assert done.document["ok"] is True
        assert done.document["exit"] == 0
