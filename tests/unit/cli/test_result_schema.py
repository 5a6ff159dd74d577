"""The published schemas of results and plans: closed, described, in the wheel, and fitting what a release gives."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import hatchling.build
import pytest
from jsonschema import Draft202012Validator

from shiplane.cli.documents import result_schema
from shiplane.config.gate import Evidence
from shiplane.config.version import Version
from shiplane.core.errors import AccessError
from shiplane.core.progress import Step
from shiplane.release.announcing.github_result import GitHubAction, GitHubReleaseResult
from shiplane.release.planning.plan_document import plan_schema
from shiplane.release.prerequisites import PrerequisiteEvidence
from tests.faults.adopt.test_adopt import adopt, old_scene
from tests.faults.harness.images import COMMIT
from tests.faults.harness.scene import AIONIS, PATH, Scene, a_plan
from tests.faults.release.test_smoke import Bench
from tests.faults.rollback import test_floating_tags, test_mirrors
from tests.faults.rollback.test_rollback import roll, scene_of
from tests.faults.verify.test_verify import verify
from tests.unit.documents import faults, schema

NAMES = ("plan", "result")
MADE_ON_GITHUB = GitHubReleaseResult(tag="docker-v0.2.1", action=GitHubAction.MADE, url="https://github.com/a/b")
MADE = {"plan": plan_schema, "result": result_schema}


def objects(part: Any) -> Iterator[dict[str, Any]]:  # noqa: ANN401 -- JSON
    """Every schema of an object within a schema."""
    if isinstance(part, dict):
        if part.get("type") == "object":
            yield part
        for inner in part.values():
            yield from objects(inner)
    elif isinstance(part, list):
        for inner in part:
            yield from objects(inner)


@pytest.mark.parametrize("name", NAMES)
def test_it_is_a_schema_whose_objects_are_closed_and_described(name: str) -> None:
    whole = schema(name)
    Draft202012Validator.check_schema(whole)
    found = list(objects(whole))
    # A table by name (lane, platform, path) takes any name, but only one kind of value.
    assert [one for one in found if one.get("additionalProperties") in (None, True)] == []
    assert [one for one in found if not one.get("description")] == []


@pytest.mark.parametrize(("name", "make"), MADE.items())
def test_it_is_what_the_types_say(name: str, make: Callable[[], dict[str, Any]]) -> None:
    assert make() == schema(name), "invoke dev.schema writes it"


@pytest.mark.parametrize("name", NAMES)
def test_every_part_is_used(name: str) -> None:
    whole = schema(name)
    text = json.dumps(whole)
    assert [part for part in whole["$defs"] if f'"#/$defs/{part}"' not in text] == []


def test_the_wheel_brings_the_schemas(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(Path(__file__).parents[3])
    wheel = hatchling.build.build_wheel(str(tmp_path))
    with zipfile.ZipFile(tmp_path / wheel) as files:
        for name in NAMES:
            assert json.loads(files.read(f"shiplane/schema/{name}.schema.json")) == schema(name)


def released(lanes: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """A release's document around its lanes."""
    evidence = Evidence(gate="g", kind="http", what="https://x", good=True, detail="200", commit=COMMIT, when="now")
    build = Step("build command", "none").skipped("none is configured")
    held = PrerequisiteEvidence(command=(), build=build, gates=(evidence,), skipped=("other",))
    return {
        "ok": True,
        "exit": 0,
        "image": "ghcr.io/cognary/aionis",
        "commit": COMMIT,
        "prerequisites": held.to_json(),
        "lanes": list(lanes),
        "github_releases": [MADE_ON_GITHUB.to_json(), replace(MADE_ON_GITHUB, error=AccessError("no")).to_json()],
        "announcements": [{"name": "chat", "kind": "webhook-env", "ok": False, "detail": "CHAT is not set"}],
    }


def test_what_a_release_gives_is_as_the_schema_says() -> None:
    scene, bench = Scene(), Bench()
    for published in (scene.publish(), scene.publish(), bench.publish(), bench.publish(a_plan("0.3.0-rc.1"))):
        lanes = [lane.to_json() for lane in published]
        assert faults(released(lanes), "result") == []
        assert faults(released(lanes), "result", "released") == []


def test_what_an_adoption_gives_is_as_the_schema_says() -> None:
    scene = old_scene()
    first, again = adopt(scene, dry_run=True), adopt(scene)
    scene.registry.tag(PATH, "latest", scene.tags()["0.2.15"])
    for done in (first, again, adopt(scene), adopt(Scene())):
        document = {"ok": True, "exit": 0, "image": "ghcr.io/cognary/aionis", **done.to_json()}
        assert faults(document, "result") == []
        assert faults(document, "result", "adopted") == []


OUTER = {"ok": True, "exit": 0, "image": str(AIONIS)}


def test_what_a_verification_gives_is_as_the_schema_says() -> None:
    scene = scene_of()
    version = Version.parse("0.2.2")
    absent = verify(Scene())
    assert absent.to_json()["tag"] is None
    results = [verify(scene), verify(scene, version), verify(scene, version, recorded=True, stranger=True), absent]
    for result in results:
        document = {**OUTER, "lanes": [{"image": str(AIONIS), **result.to_json()}]}
        assert faults(document, "result") == []
        assert faults({**document, "ok": False, "exit": 6, "closing": ["x"]}, "result", "verified") == []


def test_what_a_rollback_gives_is_as_the_schema_says() -> None:
    repointed = {"tag": "v0.2.1", "digest": f"sha256:{'a' * 64}", "by_tag": {"latest": "v0.2.1@sha256:x"}}
    change, updater = {"file": "a", "places": 1, "diff": ""}, {"path": "a", "tool": "Flux", "what": "b", "hold": "c"}
    place = {"file": "a", "line": 1, "reference": "b", "lane": None, "tag": "v1", "digest": None, "runs": None}
    inventory = {"image": str(AIONIS), "registry_said": True, "doubt": "", "places": [{**place, "flags": {"f": "x"}}]}
    before = {**inventory, "unmatched": ["x"], "skipped": ["y"], "undoers": [{**updater, "line": 1}]}
    mirrored = test_mirrors.roll_back(test_mirrors.released()).to_json(AIONIS)
    (partly,) = test_floating_tags.roll(test_floating_tags.scene_of(*test_floating_tags.FIRST_OF_2))
    assert partly.staying
    gate = Evidence(gate="a", kind="http", what="b", good=False, detail="c", commit="c" * 40, when="d").to_json()
    for result in (roll(scene_of()).to_json(AIONIS), partly.to_json(AIONIS), mirrored):
        for deployments, gates in ((None, None), ({**repointed, "changes": [change], "before": before}, [gate])):
            lane = {**result, "deployments": deployments, "gates": gates}
            assert faults({"ok": True, "exit": 0, **lane}, "result", "rolled-back") == []
            assert faults({**OUTER, "lanes": [lane, lane]}, "result", "rolled-back-lanes") == []
    assert faults({"ok": True, "exit": 0, **mirrored}, "result") != []


@pytest.mark.parametrize("key", ["record", "reason", "Digest"])
def test_a_field_that_nobody_described_is_found(key: str) -> None:
    lanes = [lane.to_json() for lane in Scene().publish()]
    assert faults(released([{**lanes[0], key: None}, *lanes[1:]]), "result", "released") != []


def test_an_error_is_as_the_schema_says() -> None:
    error = {"kind": "usage", "what": "no lane given", "remedy": ""}
    assert faults({"ok": False, "exit": 2, "error": error, "closing": []}, "result", "error") == []
    assert faults({"ok": False, "exit": 2, "error": {**error, "more": 1}, "closing": []}, "result", "error") != []
