"""What the commands that read cost: how many requests, and how many times they wait for the registry."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from shiplane.cli.run import Run
from shiplane.config.lane import BUILT_IN, Lane
from shiplane.config.project_folder import load_project_file
from shiplane.config.version import Version
from shiplane.core.system.parallel import WORKERS
from shiplane.ledger.ledger import Action
from shiplane.ledger.recorder import EntryAuthor, Ledgers
from shiplane.registry.http.slots import AT_ONCE
from tests.faults.harness.access import Account
from tests.faults.harness.images import push_image
from tests.faults.harness.ledgers import entry, writing
from tests.faults.harness.releaser import Releaser
from tests.faults.harness.rounds import Rounds, chart
from tests.faults.harness.scene import IMAGE, PATH, USER, Scene, a_client, a_plan, a_registry, finish
from tests.inprocess import shiplane_here


@dataclass(frozen=True)
class Cost:
    """What a command asked of the registry.

    Attributes:
        requests: Every request, in some order: ``GET manifests/latest``; a blob from its storage, or a token.
        rounds: How many times it waited.
        waves: What it asked side by side in each of them.
        story: What it said of its steps.
        result: What it printed.
    """

    requests: tuple[str, ...]
    rounds: int
    waves: list[str]
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
        return Cost(tuple(asked), rounds.rounds, chart(rounds.waves), story, result)

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
    assert len(twenty.requests) == 201
    assert twenty.rounds <= 4 + 201 // AT_ONCE, "and never more at once than the slots"
    assert [line.split()[2] for line in twenty.story.splitlines()] == [lane.name for lane in lanes]


def test_a_private_repository_costs_one_refusal_and_one_token(scene: Scene, shiplane: Command) -> None:
    released(scene, "0.2.1", "0.2.2")
    scene.registry.access.anonymous = ""
    verified = shiplane("verify")
    assert verified.size == (22, 5)
    assert verified.requests.count("GET /token") == 2


def test_threads_that_wait_for_a_token_are_denied_together(scene: Scene, shiplane: Command) -> None:
    released(scene, "0.2.1", "0.2.2")
    scene.registry.access.anonymous = ""
    scene.registry.access.accounts[USER.username] = Account("another password")
    denied = shiplane("verify", code=4)
    assert denied.requests == ("GET /token",) * 2, "once without credentials, and once with them"


def test_a_version_that_is_named_is_verified_to_the_last_blob_in_two_rounds_more(
    scene: Scene, shiplane: Command
) -> None:
    released(scene, "0.2.1", "0.2.2")
    verified = shiplane("verify", "--lane", "main", "--tag", "v0.2.2")
    assert verified.size == (11 + 2 * 7, 4 + 2)
    assert [request for request in verified.requests if verified.requests.count(request) > 1] == []


def test_statements_are_read_beside_the_configs_and_for_a_recorded_image_only_if_asked_for(
    scene: Scene, shiplane: Command
) -> None:
    """A blob takes two rounds here, the second from its storage: the same two as the configs'."""
    for attestations, size in ((False, (11, 5)), (True, (11 + 2 + 2 * 2, 5))):
        push_image(scene.registry, PATH, tag="v0.1.0", version="0.1.0", attestations=attestations)
        scene.registry.tag(PATH, "latest", scene.registry.tags(PATH)["v0.1.0"])
        assert shiplane("verify", "--lane", "main").size == size
    released(scene, "0.2.1", "0.2.2")
    assert shiplane("verify", "--lane", "main").size == (11, 4)
    assert shiplane("verify", "--lane", "main", "--provenance").size == (11 + 2 * 2, 4 + 2)
    assert shiplane("status", "--lane", "main", "--provenance").size == (12 + 2 * 2, 4 + 2)


# A wave for each round: what is asked side by side, because none of it waits for another's answer.
ROLLBACK = [
    "GET token",
    "GET latest, GET ledger-main, GET list",
    "GET blob, GET manifest, GET v0.2.1, GET v0.2.2",
    "GET manifest x 4, GET storage",
    "GET blob x 2, HEAD blob x 5",
    "GET storage x 2, HEAD storage x 5",
    "GET latest, GET token",
    "POST upload, PUT latest",
    "GET latest, PUT upload",
    "GET ledger-main",
    "PUT ledger-main",
    "GET ledger-main",
    "GET ledger-main",
    "GET latest",
]


def test_a_rollback_reads_side_by_side_and_writes_one_thing_after_the_other(scene: Scene, shiplane: Command) -> None:
    released(scene, "0.2.1", "0.2.2")
    assert shiplane("rollback", "--lane", "main", "--reason", "crashes").waves == ROLLBACK


def test_a_rollback_of_two_lanes_waits_as_often_as_one_of_one(scene: Scene, shiplane: Command) -> None:
    released(scene, "0.2.1", "0.2.2")
    back = shiplane("rollback", "--lane", "main,standalone", "--reason", "crashes")
    # Each but the first asks for one thing less: the tokens are shared.
    assert back.size == (2 * sum(_requests(wave) for wave in ROLLBACK) - 2, len(ROLLBACK))


def test_a_rollback_to_a_version_that_was_not_expected_reads_it_once_it_is_known(
    scene: Scene, shiplane: Command
) -> None:
    released(scene, "0.2.0", "0.2.1", "0.2.2")
    finish(scene.marker().mark(BUILT_IN[0], Version.parse("0.2.1"), "bad as well"))
    assert "v0.2.0" in shiplane("rollback", "--lane", "main", "--reason", "crashes").result


def _requests(wave: str) -> int:
    return sum(int(part.partition(" x ")[2] or 1) for part in wave.split(", "))


RELEASE = [
    "GET token",
    "GET latest, GET ledger-main, GET v0.2.2, POST upload",
    "GET blob, GET list, GET v0.2.1",
    "GET storage",
    "GET manifest",
    "GET manifest x 2",
    "GET blob x 2",
    "GET storage x 2",
    "GET v0.2.2",
    "PUT v0.2.2",
    "GET v0.2.2",
    "GET latest, GET ledger-main, GET v0.2.2",
    "POST upload, PUT latest",
    "GET latest, PUT upload",
    "GET latest, GET v0.2.2",
    "GET ledger-main",
    "PUT ledger-main",
    "GET ledger-main",
    "GET ledger-main",
]


def released_in_waves(scene: Scene, monkeypatch: pytest.MonkeyPatch, lanes: tuple[Lane, ...]) -> list[list[str]]:
    """Release a version side by side, as a run does; the builder's own requests are not counted."""
    plan = a_plan("0.2.2", lanes=[lane.name for lane in lanes], configured=lanes)
    with monkeypatch.context() as patch:
        rounds = Rounds(scene.registry).watch(patch)
        registry = a_client(rounds, scene.registry.clock)
        ledgers = Ledgers(registry=registry, author=EntryAuthor(who="releaser", clock=scene.registry.clock))
        finish(Releaser(registry=registry, ledgers=ledgers, workers=WORKERS).publish(plan, scene.stager))
    return rounds.waves


def test_a_release_waits_as_often_for_two_lanes_as_for_one(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    released(scene, "0.2.1")
    waves = released_in_waves(scene, monkeypatch, BUILT_IN[:1])
    assert chart(waves) == RELEASE
    another = Scene(a_registry(storage="storage.example"))
    released(another, "0.2.1")
    two = released_in_waves(another, monkeypatch, BUILT_IN)
    # What both share: the token, the proof of the permission to push, and the list of tags.
    assert sum(map(len, two)) == 2 * sum(map(len, waves)) - 3
    assert len(two) == len(waves)


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
    assert shiplane("status", "--lane", "main").size == (12, 4)
    assert shiplane("status").size == (22, 4)
    assert shiplane("history", "--lane", "main").size == (9, 5)
    assert shiplane("history").size == (16, 5)


@pytest.mark.parametrize("task", ["status", "history", "verify"])
def test_lanes_are_named_with_commas_wherever_a_run_of_several_proposes_it(
    scene: Scene, shiplane: Command, task: str
) -> None:
    released(scene, "0.2.1")
    document = json.loads(shiplane(task, "--lane", "standalone,main", "--json").result)
    assert [lane["lane"] for lane in document["lanes"]] == ["standalone", "main"]


def unrecorded(scene: Scene, count: int, *, annotated: bool) -> None:
    """Versions that another tool published, of which the highest is the latest."""
    for version in (f"0.{number}.0" for number in range(count)):
        raw = push_image(scene.registry, PATH, tag=f"v{version}", version=version, annotated=annotated, salt=version)
        scene.registry.tag(PATH, "latest", raw.digest)


@pytest.mark.parametrize(("annotated", "size"), [(True, (13, 5)), (False, (13, 6))])
def test_a_status_costs_the_same_whatever_was_ever_published(
    scene: Scene, shiplane: Command, *, annotated: bool, size: tuple[int, int]
) -> None:
    for count in (3, 300):
        unrecorded(scene, count, annotated=annotated)
        status = shiplane("status", "--lane", "main")
        assert status.size == size
        assert f"v0.{count - 1}.0" in status.result


@pytest.mark.parametrize("annotated", [True, False])
def test_a_history_costs_one_request_for_each_version(scene: Scene, shiplane: Command, *, annotated: bool) -> None:
    unrecorded(scene, 100, annotated=annotated)
    history = shiplane("history", "--lane", "main")
    # Beside the versions: a token, the ledger, the list and latest. Images are checked with --deep only.
    assert len(history.requests) == 100 + 4
    assert history.rounds <= 4 + 100 // 16
    assert ("--deep" in history.result) is not annotated
    assert [request for request in history.requests if "blobs" in request or "storage" in request] == []
    assert "linux/amd64,linux/arm64" in history.result.splitlines()[-3]


def test_a_limited_history_reads_the_newest_and_what_floats(scene: Scene, shiplane: Command) -> None:
    released(scene, "0.2.0", "0.2.1", "0.2.2", "0.2.3")
    scene.registry.tag(PATH, "latest", scene.registry.tags(PATH)["v0.2.0"])
    history = shiplane("history", "--lane", "main", "--limit", "1")
    rows = [line.split()[0] for line in history.result.splitlines() if line.startswith("  v0.2.")]
    assert rows == ["v0.2.3", "v0.2.0"]
    assert "2 versions more: a higher --limit shows them" in history.result
    assert not [request for request in history.requests if "v0.2.1" in request or "v0.2.2" in request]
    document = json.loads(shiplane("history", "--lane", "main", "--limit", "2", "--json").result)
    assert [version["version"] for version in document["lanes"][0]["versions"]] == ["0.2.3", "0.2.2", "0.2.0"]


@pytest.mark.parametrize("text", ["0", "-1", "x", "1.5", "", "9999999", "\u0661"])
def test_a_limit_that_is_no_number_is_refused(shiplane: Command, text: str) -> None:
    refused = shiplane("history", f"--limit={text}", code=2)
    assert "Expected a number from 1 on: --limit 20." in refused.story
    assert refused.requests == ()


def test_a_version_tag_that_was_moved_or_is_gone_is_told(scene: Scene, shiplane: Command) -> None:
    released(scene, "0.2.1", "0.2.2", "0.2.3")
    push_image(scene.registry, PATH, tag="v0.2.1", salt="by hand")
    del scene.registry.shelf(PATH).tags["v0.2.2"]
    history, status = (shiplane(command, "--lane", "main").result for command in ("history", "status"))
    assert "DRIFT  v0.2.1: published as" in history
    assert "and is gone" in history
    assert "and is gone" in status, "what is not listed is asked for"


def test_old_versions_that_are_recorded_and_not_listed_are_not_asked_for(scene: Scene, shiplane: Command) -> None:
    released(scene, "0.2.99", lanes=BUILT_IN[:1])
    past = [entry(scene, Action.PUBLISH, version=f"0.2.{number}") for number in range(40)]
    finish(writing(scene, *past))
    for command in ("history", "status"):
        told = shiplane(command, "--lane", "main")
        assert len([request for request in told.requests if "manifests/v0.2." in request]) == 1 + 16
        assert told.result.count("and is gone") == 40
