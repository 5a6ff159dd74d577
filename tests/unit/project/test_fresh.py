"""What a run in a bare root may have left behind is found, and what others do on the machine is not taken for it."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from tests.fresh import inside, roots, traces
from tests.fresh.__main__ import commands
from tests.fresh.traces import Traces

NOTHING = Traces(bridges=frozenset(), groups=frozenset(), mounts=frozenset({"/"}), handlers=frozenset())


@pytest.mark.parametrize(
    ("after", "left"),
    [
        (NOTHING, []),
        (replace(NOTHING, mounts=frozenset()), []),
        (replace(NOTHING, mounts=frozenset({"/x"})), ["mounts: /x"]),
        (replace(NOTHING, bridges=frozenset({"/net/slr7"})), ["bridges: /net/slr7"]),
        (replace(NOTHING, groups=frozenset({"/group/slr7"})), ["groups: /group/slr7"]),
        (replace(NOTHING, handlers=frozenset({"qemu"})), ["handlers: qemu"]),
    ],
)
def test_what_is_new_is_left_behind_and_what_is_gone_is_not(after: Traces, left: list[str]) -> None:
    assert traces.left(NOTHING, after) == left


def test_what_only_begins_besides_is_not_left_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    beginning = replace(NOTHING, bridges=frozenset({"/net/slr7"}))
    looks = [beginning, NOTHING, NOTHING]
    monkeypatch.setattr(traces, "look", lambda: looks.pop(0))
    assert traces.since(NOTHING) == []
    monkeypatch.setattr(traces, "look", lambda: beginning)
    assert traces.since(NOTHING, retry_budget=0) == ["bridges: /net/slr7"]


def test_the_rigs_that_others_run_are_not_ours(tmp_path: Path) -> None:
    for name in ("slr7", "slr8", "slrx", "eth0", "memory/slr9"):
        (tmp_path / name).mkdir(parents=True)
    found = set(traces._named(tmp_path, {"slr8"}))
    assert found == {str(tmp_path / "slr7"), str(tmp_path / "memory/slr9")}


def test_files_outside_of_the_caches_are_seen(tmp_path: Path) -> None:
    for name in ("tmp/x", "tmp/pytest-of-root", "root/.cache/pip", "root/.docker", "usr/bin"):
        (tmp_path / name).mkdir(parents=True)
    assert traces.files(tmp_path) == {"tmp/x", "root/.docker"}


def test_a_rig_that_was_not_taken_away_is_seen(tmp_path: Path) -> None:
    assert traces.rigs(tmp_path) == []
    (tmp_path / "root/.cache/shiplane-rig/rigs/slr7").mkdir(parents=True)
    assert traces.rigs(tmp_path) == ["rig: slr7"]


def test_this_process_is_seen_in_its_root() -> None:
    assert f"process: {os.getpid()}" in traces.processes(Path("/"))
    assert traces.processes(Path("/nowhere")) == []


def test_a_root_sees_nothing_of_the_machines_environment_but_the_way_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example")
    monkeypatch.setenv("GHCR_TOKEN", "secret")
    environment = inside._environment()
    assert environment["HTTPS_PROXY"] == "http://proxy.example"
    assert set(environment) <= {*inside.PASSED, *map(str.upper, inside.PASSED), "PATH", "HOME", "LANG", "PIP_CERT"}


@pytest.mark.parametrize("release", roots.RELEASES)
def test_the_tests_with_an_engine_are_left_out_only_where_nothing_can_be_compared(release: str) -> None:
    rehearse, test = commands(release)
    assert (rehearse, "--without-engine" in test) == ("rehearse", release == "jammy")


def test_how_this_machine_gets_at_its_mirrors_is_handed_on() -> None:
    dump = 'Acquire::http::Proxy "http://p.example:3142";\nAcquire::Check-Date "false";\nAcquire::Retries "3";\n'
    assert roots.WAY.findall(dump) == [
        ("Acquire::http::Proxy", "http://p.example:3142"),
        ("Acquire::Check-Date", "false"),
    ]
