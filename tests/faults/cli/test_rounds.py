"""What the commands that read cost: how many requests, and how many times they wait for the registry."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from shiplane.cli.run import Run
from shiplane.config.lane import BUILT_IN, Lane
from shiplane.config.project_folder import load_project_file
from tests.faults.harness.rounds import Rounds
from tests.faults.harness.scene import IMAGE, PATH, USER, Scene, a_plan, a_registry
from tests.inprocess import shiplane_here


@dataclass(frozen=True)
class Cost:
    """What a command asked of the registry.

    Attributes:
        requests: Every request, in some order: ``GET manifests/latest``; a blob from its storage, or a token.
        rounds: How many times it waited.
        story: What it said of its steps.
        result: What it printed.
    """

    requests: tuple[str, ...]
    rounds: int
    story: str
    result: str

    @property
    def size(self) -> tuple[int, int]:
        return len(self.requests), self.rounds


Command = Callable[..., Cost]


@pytest.fixture
def scene() -> Scene:
    """A registry like GHCR, which sends whoever wants a blob to its storage."""
    return Scene(a_registry(storage="storage.example"))


@pytest.fixture
def shiplane(
    scene: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Command:
    """Run a command in a folder that has the two Dockerfiles."""
    monkeypatch.chdir(tmp_path)
    for lane in BUILT_IN:
        (tmp_path / lane.dockerfile).write_text("FROM scratch\n")
    login = {"GHCR_USERNAME": USER.username, "GHCR_TOKEN": USER.password}

    def run(*arguments: str, code: int = 0) -> Cost:
        before = len(scene.registry.log)
        with monkeypatch.context() as patch:
            rounds = Rounds(scene.registry).watch(patch)
            patch.setattr(Run, "transport", lambda _run: rounds)
            variables = {"HOME": str(tmp_path), "IMAGE_REPO": IMAGE, **login}
            ended, result, story = shiplane_here(capsys, patch, arguments, variables)
        assert ended == code, story
        prefixes = "/v2/cognary/aionis/", "/cognary/aionis/"
        paths = [(entry.method, entry.path) for entry in scene.registry.log[before:]]
        asked = [
            f"{method} {path.removeprefix(prefixes[0]).replace(prefixes[1], 'storage/')}" for method, path in paths
        ]
        return Cost(tuple(asked), rounds.rounds, story, result)

    return run


def lanes_of(folder: Path, count: int) -> list[Lane]:
    """The lanes of a project that has so many."""
    tables = [
        f'[lanes.l{number}]\ndockerfile = "Dockerfile"\nprefix = "l{number}-"\nfloating = "l{number}-latest"\n'
        f'git-tag = "l{number}-v{{version}}"\npublish-latest = true\n'
        for number in range(count)
    ]
    (folder / "shiplane.toml").write_text("".join(tables))
    return list(load_project_file(folder).lanes)


def released(scene: Scene, *versions: str, lanes: tuple[Lane, ...] = BUILT_IN) -> None:
    for version in versions:
        scene.publish(a_plan(version, lanes=[lane.name for lane in lanes], configured=lanes))


def test_lanes_are_verified_in_as_many_rounds_as_one(scene: Scene, shiplane: Command, tmp_path: Path) -> None:
    released(scene, "0.2.1", "0.2.2")
    assert shiplane("verify", "--lane", "main").size == (11, 4)
    two = shiplane("verify")
    assert two.size == (21, 4)
    steps = [line.split(":")[0].split() for line in two.story.splitlines()]
    names = ["main", "latest"], ["standalone", "standalone-latest"]
    assert steps == [["done", "verify", *names] for names in names]
    lanes = tuple(lanes_of(tmp_path, 20))
    released(scene, "0.2.1", "0.2.2", lanes=lanes)
    twenty = shiplane("verify")
    assert twenty.size == (201, 4)
    assert [line.split()[2] for line in twenty.story.splitlines()] == [lane.name for lane in lanes]


def test_the_first_lane_s_error_is_told_whichever_lane_was_first(scene: Scene, shiplane: Command) -> None:
    released(scene, "0.2.1")
    shelf = scene.registry.shelf(PATH)
    for tag in ("latest", "standalone-latest"):
        shelf.manifests[tag] = replace(shelf.manifests[shelf.tags[tag]], media_type="text/plain")
        shelf.tags[tag] = tag
    story = shiplane("verify", code=7).story
    assert story.startswith("error: ghcr.io/cognary/aionis: could not read latest")
    assert "standalone-latest" not in story


def test_lanes_are_audited_in_as_many_rounds_as_one(scene: Scene, shiplane: Command) -> None:
    released(scene, "0.2.1", "0.2.2")
    for command in ("status", "history"):
        assert shiplane(command, "--lane", "main").size == (13, 8)
        assert shiplane(command).size == (25, 8)
