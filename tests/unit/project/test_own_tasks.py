"""``dev.test`` never ends well when a part of it was not run: without an engine it fails, or says what it left out."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import IO

import pytest
from invoke import Context, Exit

from shiplane.cli.answer import Answer
from shiplane.cli.flows import rehearsal
from shiplane.core.errors import PrerequisiteError
from shiplane.core.system.temp_folder import sweep
from tests import rig as rigs
from tests.rig import machine, packages

OWN = Path(__file__).parents[3] / "tasks.py"
SHARED = "--dist loadfile --no-loadscope-reorder -n"
UNITS = f"pytest tests/unit tests/faults {SHARED} 2"


@pytest.fixture
def tasks(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """This checkout's tasks.py on a machine that can have no engine."""
    monkeypatch.setattr(sys, "path", sys.path[:])
    spec = importlib.util.spec_from_file_location("own_tasks", OWN)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)

    def unavailable(*_: object) -> None:
        raise rigs.RigUnavailableError("no mirror of Debian 12 in /etc/apt")

    for name in ("prepare", "start"):
        monkeypatch.setattr(rigs, name, unavailable)
    monkeypatch.setattr(rigs, "engine_present", lambda _: False)
    return module


@pytest.fixture
def ran(tasks: ModuleType, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was run of the checks: a process that ends at once, well except for the linter."""
    started: list[str] = []

    def start(words: Sequence[str], output: IO[str] | None = None) -> subprocess.Popen[str]:
        started.append(" ".join(words))
        code = int("pytest" not in words and "ruff check" in started[-1] and os.environ.get("LINT") == "bad")
        return subprocess.Popen([sys.executable, "-c", f"raise SystemExit({code})"], text=True)

    monkeypatch.setattr(tasks, "_start", start)
    return started


@pytest.mark.parametrize("only", [[], ["e2e"], ["lint", "e2e"]])
def test_without_an_engine_the_tests_end_at_once_with_3_and_what_to_do(
    tasks: ModuleType, ran: list[str], only: list[str]
) -> None:
    with pytest.raises(Exit, match=r"no mirror of Debian 12(?s:.*)Docker(?s:.*)dev\.test --without-engine$") as end:
        tasks.test.body(Context(), only=only)
    assert (end.value.code, ran) == (3, [])


def test_the_other_checks_can_be_run_alone_and_the_last_line_says_what_was_not(
    tasks: ModuleType, ran: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    tasks.test.body(Context(), without_engine=True)
    assert ran == ["ruff format --check .", "ruff check .", "mypy", UNITS]
    assert capsys.readouterr().out.splitlines()[-1] == "not run, no Docker engine: pytest tests/e2e"


def test_what_was_not_run_is_said_after_a_failure_too(
    tasks: ModuleType, ran: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LINT", "bad")
    with pytest.raises(Exit, match=r"^failed: lint\nnot run, no Docker engine: pytest tests/e2e$") as end:
        tasks.test.body(Context(), without_engine=True)
    assert end.value.code == 1


def test_nothing_at_all_is_no_run(tasks: ModuleType, ran: list[str]) -> None:
    with pytest.raises(Exit, match="nothing is left to run") as end:
        tasks.test.body(Context(), only=["e2e"], without_engine=True)
    assert (end.value.code, ran) == (2, [])


def test_checks_that_need_no_engine_ask_for_none(
    tasks: ModuleType, ran: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    tasks.test.body(Context(), only=["types"], without_engine=True)
    tasks.test.body(Context(), only=["types"])
    assert ran == ["mypy", "mypy"]
    assert "not run" not in capsys.readouterr().out


@pytest.mark.parametrize(("present", "shared"), [(False, f" {SHARED} 3"), (True, "")])
def test_three_processes_share_the_tests_with_an_engine_where_each_has_one_of_its_own(
    tasks: ModuleType, ran: list[str], monkeypatch: pytest.MonkeyPatch, present: object, shared: str
) -> None:
    monkeypatch.setattr(rigs, "prepare", lambda: None)
    monkeypatch.setattr(rigs, "engine_present", lambda _: present)
    tasks.test.body(Context(), only=["e2e", "tests"])
    assert ran == [f"pytest tests/e2e{shared}", UNITS]


@pytest.mark.parametrize("fails", ["e2e", "tests"])
def test_one_check_that_fails_beside_another_is_a_failure(
    tasks: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], fails: str
) -> None:
    failing = tasks._CHECKS[fails][1]

    def start(words: Sequence[str], output: IO[str] | None = None) -> subprocess.Popen[str]:
        program = f"print({' '.join(words)!r}); raise SystemExit({int(words[1] == failing)})"
        return subprocess.Popen([sys.executable, "-c", program], text=True, stdout=output)

    monkeypatch.setattr(rigs, "prepare", lambda: None)
    monkeypatch.setattr(tasks, "_start", start)
    with pytest.raises(Exit, match=f"^failed: {fails}$") as end:
        tasks.test.body(Context(), only=["e2e", "tests"])
    assert end.value.code == 1
    assert "tests/faults" in capsys.readouterr().out


def test_a_rehearsal_without_an_engine_ends_with_a_prerequisite(tasks: ModuleType) -> None:
    with pytest.raises(PrerequisiteError, match="no mirror of Debian 12") as end, tasks._an_engine():
        pass
    assert "Docker" in end.value.remedy


def test_the_sample_is_not_taken_for_what_a_dead_run_left(
    tasks: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def rehearse(_run: object, project: Path, *_: object, faults: bool) -> Answer:
        sweep(tmp_path)
        return Answer(text=(project / "Dockerfile").read_text())

    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tasks, "_an_engine", lambda: nullcontext(None))
    monkeypatch.setattr(rehearsal, "rehearse_project", rehearse)
    tasks.rehearse.body(Context())
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("architectures", "only"), [(["amd64", "arm64"], None), (["amd64"], "linux/amd64")])
def test_an_engine_with_one_base_image_says_its_platform(
    tasks: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, architectures: list[str], only: str | None
) -> None:
    tools = packages.Toolbox(home=tmp_path, processor=machine.AMD64)
    for name in architectures:
        tools.busybox(name).parent.mkdir(parents=True)
        tools.busybox(name).touch()
    stopped = list[Path]()
    monkeypatch.setattr(packages, "toolbox", lambda: tools)
    monkeypatch.setattr(rigs, "start", lambda: SimpleNamespace(env={"DOCKER_HOST": "unix:///x"}, folder=tmp_path))
    monkeypatch.setattr(rigs, "stop", stopped.append)
    with tasks._an_engine() as platform:
        assert (platform, os.environ["DOCKER_HOST"]) == (only, "unix:///x")
    assert stopped == [tmp_path]
    assert "DOCKER_HOST" not in os.environ


def test_a_rig_by_hand_ends_with_3(tasks: ModuleType, tmp_path: Path) -> None:
    with pytest.raises(Exit, match=r"no mirror of Debian 12") as end:
        tasks.rig.body(Context(), folder=str(tmp_path))
    assert end.value.code == 3


@pytest.mark.parametrize(("lacking", "ready"), [("", True), ("crane\n", False)])
def test_a_toolbox_without_what_the_tests_compare_with_is_not_enough_for_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lacking: str, *, ready: bool
) -> None:
    tools = packages.Toolbox(home=tmp_path, processor=machine.AMD64)
    (tmp_path / "lacking").write_text(lacking, encoding="utf-8")
    monkeypatch.setattr(packages, "toolbox", lambda: tools)
    monkeypatch.setenv("SHIPLANE_RIG_FORCE", "1")
    monkeypatch.delenv("SHIPLANE_RIG", raising=False)
    if ready:
        rigs.prepare()
    else:
        with pytest.raises(rigs.RigUnavailableError, match="crane"):
            rigs.prepare()
