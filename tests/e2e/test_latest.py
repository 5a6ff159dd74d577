"""A floating tag that was asked for and does not move: said last, with exit code 5; a setting is quiet."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.held import Scene
from tests.e2e.person import Done, Person, succeeded
from tests.rig.sample import commit
from tests.unit.documents import faults

pytestmark = pytest.mark.e2e


@pytest.fixture
def person(scene: Scene) -> Person:
    """Somebody whose lane main is at 0.2.1, and who has gone on working."""
    (scene.person.checkout / "shiplane.toml").write_text("[lanes.main]\npublish-latest = true\n")
    scene.person.run(["git", "add", "--all"])
    commit(scene.person.checkout, "a lane that moves its tag")
    succeeded(publish(scene.person, "v0.2.1"))
    commit(scene.person.checkout, "later")
    return scene.person


def publish(person: Person, tag: str, *more: str, **env: str) -> Done:
    return person.invoke("publish", "--lane", "main", "--tag", tag, "--skip", "build", *more, **env)


LOWER = "latest does not move, although requested ({}): 0.1.9 is lower than 0.2.1, where latest is"


@pytest.mark.parametrize(("more", "env"), [(("--latest",), {}), ((), {"PUBLISH_LATEST": "true"})])
def test_an_explicit_wish_that_cannot_be_fulfilled_ends_with_5_and_is_said_last(
    scene: Scene, person: Person, more: tuple[str, ...], env: dict[str, str]
) -> None:
    before = scene.tags()
    plan = person.invoke("plan", "--lane", "main", "--tag", "v0.1.9", *more, **env)
    done = publish(person, "v0.1.9", *more, **env)
    words = LOWER.format(more[0] if more else "PUBLISH_LATEST")
    assert (plan.code, done.code) == (5, 5), f"{plan}\n{done}"
    assert (plan.err.splitlines()[0], words in done.out) == (f"error: {words}", False)
    last = done.err.splitlines()[-6:]
    assert last[0] == f"error: {words}", done.err
    assert [line.partition(":")[0] for line in last[2:]] == ["public", "public", "safe", "next"]
    assert last[-1] == "next: invoke status --lane main"
    assert scene.tags() == {**before, "v0.1.9": scene.tags()["v0.1.9"]}
    again = publish(person, "v0.1.9", *more, "--json", **env)
    assert (again.code, again.document["error"]["what"], again.document["lanes"][0]["built"]) == (5, words, False)
    assert faults(again.document, "result") == []


@pytest.mark.parametrize("version", ["v0.1.9", "v0.3.0-rc.1"])
def test_a_lane_s_own_setting_ends_with_0_where_it_does_not_apply(scene: Scene, person: Person, version: str) -> None:
    before = scene.tags()["latest"]
    assert publish(person, version).code == 0
    assert scene.tags()["latest"] == before
    assert person.invoke("plan", "--lane", "main", "--tag", version).code == 0


def test_a_version_that_is_marked_as_bad_is_not_released_again_in_silence(person: Person) -> None:
    succeeded(publish(person, "v0.2.2"))
    succeeded(person.invoke("rollback", "--lane", "main", "--reason", "crashes"))
    done = publish(person, "v0.2.2")
    assert (done.code, "0.2.2 is marked as bad (crashes)" in done.err) == (5, True), done
    assert publish(person, "v0.2.2", "--latest=no").code == 0


def test_a_plan_that_would_not_do_what_it_is_asked_is_not_saved(person: Person, tmp_path: Path) -> None:
    file = tmp_path / "plan.json"
    done = person.invoke("plan", "--lane", "main", "--tag", "v0.1.9", "--latest", "--save", str(file))
    assert (done.code, file.exists()) == (5, False), done


def test_a_plan_that_would_be_refused_ends_with_5_and_one_without_a_version_says_what_it_is_for(
    person: Person,
) -> None:
    refused = person.invoke("plan", "--lane", "main", "--tag", "v0.2.1", "--json")
    assert (refused.code, refused.document["error"]["kind"]) == (5, "refused"), refused
    assert faults(refused.document, "result") == []
    unnamed = person.invoke("plan", "--lane", "main", PUBLISH_LATEST="true")
    assert (unnamed.code, "dry run only: no version given" in unnamed.out) == (0, True), unnamed
    assert "new image" not in unnamed.out
