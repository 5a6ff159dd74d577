"""The package as a program imports it: what that costs, what it shows, and the types of the documentation's example."""

from __future__ import annotations

import inspect
import io
import os
import pydoc
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from invoke import Collection

import shiplane
from shiplane import Project, Step, UsageError
from shiplane.api import _flags
from shiplane.cli import documents
from shiplane.cli.tasks.plan import plan
from shiplane.cli.tasks.release import promote, publish, release
from shiplane.cli.tasks.rollback import rollback
from shiplane.cli.tasks.verify import verify
from shiplane.cli.views.console import Console
from shiplane.core.progress import Event, Flow
from shiplane.core.redact import Redactor

ROOT = Path(__file__).parents[3]
ERRORS = [
    *("AccessError", "ConfigurationError", "LostRaceError", "PrerequisiteError", "RefusedError"),
    *("ShiplaneError", "UnreachableError", "UsageError", "VerificationError"),
]
WRONG = """
from shiplane import Released, RolledBack, StepOutcome, nothing
kept: Released = released
wrong: RolledBack = released
print(released["lanes"][0]["digits"])
project.publsh()
project.publish(version=1)
"""
# What a method has not: a command's ways to files, to channels, and to dry runs, which are a method of their own.
NO_ARGUMENTS = {"report", "yes", "save", "plan", "staged", "channel", "reset", "dry_run"}
RENAMED = {"tag": "version", "lane": "lanes", "no_login": "login", "from_": "bad", "keep_bad_unmarked": "mark"}
_PROMOTED = {"from_": "source", "to": "target"}


def example() -> str:
    """The program on the page about Python."""
    page = (ROOT / ".github/docs/python.md").read_text("utf-8")
    (code,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    return str(code)


def test_the_example_of_the_documentation_passes_a_strict_type_check_and_mistakes_do_not(tmp_path: Path) -> None:
    (tmp_path / "good.py").write_text(example())
    (tmp_path / "wrong.py").write_text(example() + WRONG)
    # As where the package is installed: its types are used, and it is not checked itself.
    flags = ["--strict", "--no-incremental", "--config-file=", "--follow-imports=silent"]
    checked = subprocess.run(
        [sys.executable, "-m", "mypy", *flags, "good.py", "wrong.py"],
        cwd=tmp_path,
        env={**os.environ, "MYPYPATH": str(ROOT / "tasks")},
        capture_output=True,
        text=True,
        check=False,
    )
    errors = re.findall(r"^(\w+)\.py:\d+: error: .*\[([\w-]+)\]$", checked.stdout, re.MULTILINE)
    kinds = ["attr-defined", "assignment", "typeddict-item", "attr-defined", "arg-type"]
    assert errors == [("wrong", kind) for kind in kinds], checked.stdout + checked.stderr


def test_to_import_the_package_imports_nothing_else_of_it() -> None:
    code = "import shiplane, sys; print(*(name for name in sys.modules if name.startswith('shiplane.')))"
    imported = subprocess.run(
        [sys.executable, "-c", f"{code}; from shiplane import Project; print('invoke' in sys.modules)"],
        env={**os.environ, "PYTHONPATH": str(ROOT / "tasks")},
        capture_output=True,
        text=True,
        check=True,
    )
    assert imported.stdout.splitlines() == ["", "False"]


def test_the_names_of_the_package_are_there_and_no_others() -> None:
    assert {*ERRORS, "Project", "Step", "StepOutcome", "StepState", "ns", "__version__"} <= {*dir(shiplane)}
    assert all(issubclass(getattr(shiplane, name), shiplane.ShiplaneError) for name in ERRORS)
    assert isinstance(shiplane.ns, Collection)
    with pytest.raises(AttributeError, match="module 'shiplane' has no attribute 'projct'"):
        _ = shiplane.projct  # type: ignore[attr-defined] # that is the point
    assert [shiplane.Planned, shiplane.RolledBack] == [documents.PlannedDataJson, documents.RollbacksDataJson]


def test_the_help_of_the_package_is_about_its_interface_alone() -> None:
    text = pydoc.plain(pydoc.render_doc(shiplane))
    assert re.findall(r"^    class (\w+)", text, re.MULTILINE) == ["Project", "ShiplaneError"]
    assert all(re.search(rf"^    {name} ", text, re.MULTILINE) for name in ERRORS if name != "ShiplaneError")
    project = text.partition("    class Project")[2].partition("    class ShiplaneError")[0]
    methods = re.findall(r"^     \|  ([a-z]\w+)\(\s*(?:\|\s*)?self", project, re.MULTILINE)
    assert methods == ["dry_run", "plan", "promote", "publish", "release", "rollback", "verify"]


@pytest.mark.parametrize(
    ("method", "tasks"),
    [
        (Project.plan, [plan]),
        (Project.publish, [publish]),
        (Project.release, [release]),
        (Project.dry_run, [release]),
        (Project.promote, [promote]),
        (Project.verify, [verify]),
        (Project.rollback, [rollback]),
    ],
)
def test_a_method_takes_what_the_flags_of_its_command_take(method: Callable[..., Any], tasks: list[Any]) -> None:
    (task,) = tasks
    renamed = RENAMED | (_PROMOTED if method is Project.promote else {})
    flags = {renamed.get(flag, flag) for flag in inspect.signature(task.body.__wrapped__).parameters} - {"run"}
    taken = {renamed.get(name, name) for name in inspect.signature(method).parameters} - {"self"}
    if method is Project.dry_run:
        flags -= {"latest", "skip", "login"}  # which change nothing of a build
    assert taken == flags - (NO_ARGUMENTS if method is not Project.rollback else {"report"})
    assert inspect.getdoc(method)


def test_a_folder_that_is_not_there_is_refused_and_nothing_is_printed(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(UsageError, match="nowhere is no folder") as caught:
        Project(tmp_path / "nowhere").plan()
    assert (caught.value.remedy, capfd.readouterr()) == ("Give the project's folder.", ("", ""))


def test_an_error_has_no_mark_of_ours_and_no_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    (tmp_path / "shiplane.toml").write_text('image = "c4n4ryc4n4ry"\n')
    with pytest.raises(UsageError) as caught:
        Project(tmp_path, env={"PATH": os.environ["PATH"], "GHCR_TOKEN": "c4n4ryc4n4ry"}).plan()
    error = caught.value
    assert (error.__suppress_context__, error.result) == (True, None)
    assert "'***'" in error.what
    assert "c4n4ry" not in f"{error} {error.args}"


@pytest.mark.parametrize(
    ("latest", "flag"), [("no", "no"), ("maybe", "maybe"), (False, "no"), (True, "yes"), (None, None)]
)
def test_a_text_for_whether_floating_tags_move_is_read_as_the_command_reads_it(
    *, latest: str | bool | None, flag: str | None
) -> None:
    assert _flags((), None, None, None, latest=latest).latest == flag


def test_a_name_given_alone_is_not_taken_for_its_letters(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").touch()
    project = Project(tmp_path)
    with pytest.raises(UsageError, match="'nothing': no such check"):
        project.publish("main", skip="nothing")
    with pytest.raises(UsageError, match="'nothing' is not a floating tag"):
        project.rollback("main", floating="nothing")


def test_a_callback_that_raises_closes_the_flow_at_once() -> None:
    ended: list[str] = []

    def flow() -> Flow[None]:
        try:
            yield Step("tag", "v0.2.1")
            yield Step("tag", "v0.2.2")
        finally:
            ended.append("closed")

    def stop(event: Event) -> None:
        raise TimeoutError(event)

    console = Console({}, Redactor(), io.StringIO(), io.StringIO(), watch=stop)
    with pytest.raises(TimeoutError) as caught:
        console.drive(flow())
    assert (caught.value.args, ended) == ((Step("tag", "v0.2.1"),), ["closed"])
