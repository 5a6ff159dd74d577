"""Aliases of a version: written once like its tag, with its very bytes, before any floating tag moves."""

from __future__ import annotations

from dataclasses import replace

import pytest

from shiplane.cli.live.accent import unpainted
from shiplane.cli.live.screen import Screen
from shiplane.cli.views.release import published_screen, published_text
from shiplane.config.lane import MAIN
from shiplane.config.names.version_tag import TagTemplate
from shiplane.config.plan import Plan
from shiplane.config.version import Version
from shiplane.core.errors import RefusedError, ShiplaneError
from shiplane.ledger.ledger import Action
from shiplane.registry.client import RegistryClient
from tests.faults.harness.images import push_image
from tests.faults.harness.scene import PATH, Scene, a_plan, a_registry, events, finish, to_images
from tests.faults.release.test_mirrors import MIRROR, Mirrored

ALIASED = replace(MAIN, alias_templates=(TagTemplate("", "-bookworm"), TagTemplate("x-")))
ALIASES = ["0.2.1-bookworm", "x-0.2.1"]


def plan(version: str = "0.2.1", latest: str = "yes") -> Plan:
    return a_plan(version, ["main"], latest, configured=[ALIASED])


def test_aliases_are_written_after_the_version_and_before_the_floating_tag_and_recorded() -> None:
    scene = Scene()
    (lane,) = scene.publish(plan())
    assert scene.tag_writes() == ["v0.2.1", *ALIASES, "latest"]
    assert {scene.tags()[tag] for tag in ("v0.2.1", *ALIASES)} == {str(lane.digest)}
    ledger = scene.ledger(ALIASED)
    assert [(entry.tag, entry.version) for entry in ledger.entries if entry.action is Action.PUBLISH] == [
        (tag, "0.2.1") for tag in ("v0.2.1", *ALIASES)
    ]
    assert lane.to_json()["aliases"] == ALIASES
    assert [line.split()[0].rpartition(":")[2] for line in published_text([lane]).splitlines()] == [
        "v0.2.1",
        *ALIASES,
        "latest",
    ]
    before, screen = scene.tag_writes(), Screen(columns=80, seconds=21.6, paint=unpainted)
    where = f"  {lane.plan.repository}:v0.2.1, {lane.digest.short}, in 22 s"
    names = f"v0.2.1, {', '.join(ALIASES)}"
    shown = published_screen([lane], [], screen).splitlines()
    assert shown == [f"{names} published", "  latest: new -> v0.2.1", where]
    (again,) = scene.publish(plan())
    assert scene.tag_writes() == before
    shown = published_screen([again], [], screen).splitlines()
    assert shown == [f"{names} was published already", "  latest: unchanged, at this version", where]


def test_a_run_that_was_cut_anywhere_is_completed_by_the_next() -> None:
    for cut in range(len(events(Scene().flow(plan())))):
        scene = Scene()
        flow = scene.flow(plan())
        for _ in range(cut):
            next(flow)
        flow.close()
        scene.publish(plan())
        tags = scene.tags()
        assert len({tags[tag] for tag in ("v0.2.1", *ALIASES, "latest")}) == 1, cut


def test_aliases_go_together_where_the_registry_takes_that_after_the_version_and_before_the_floating_tag() -> None:
    scene = Joining(a_registry(joins_tags=True))
    for _ in range(2):
        scene.publish(plan())
        sent = [entry.reference for entry in scene.registry.log if entry.is_manifest_put]
        named = [reference for reference in sent if not reference.startswith("ledger-")]
        # Between them the one request for both, by digest.
        assert [reference for reference in named if ":" not in reference] == ["v0.2.1", "latest"]
        assert named[1] == scene.tags()["v0.2.1"]
    assert {scene.tags()[tag] for tag in ("v0.2.1", *ALIASES, "latest")} == {scene.tags()["v0.2.1"]}


class Joining(Scene):
    """A scene whose project says that the registry takes several tags by one request."""

    def client(self) -> RegistryClient:
        registry = super().client()
        registry.session.joining = frozenset({registry.repository.registry})
        return registry


def test_an_alias_that_the_lane_gets_later_is_added_without_a_build() -> None:
    scene = Scene()
    scene.publish(a_plan("0.2.1", ["main"]))
    built, before = list(scene.stager.built), scene.tags()
    scene.publish(plan())
    assert scene.stager.built == built
    assert {tag: digest for tag, digest in scene.tags().items() if tag not in ALIASES} == before
    assert {scene.tags()[tag] for tag in ALIASES} == {before["v0.2.1"]}


@pytest.mark.parametrize("published", [False, True])
def test_an_alias_with_other_content_is_refused_before_anything_is_built(*, published: bool) -> None:
    scene = Scene()
    if published:
        scene.publish(a_plan("0.2.1", ["main"]))
    built = list(scene.stager.built)
    foreign = push_image(scene.registry, PATH, version="9.9.9", salt="theirs")
    scene.registry.tag(PATH, "x-0.2.1", foreign.digest)
    before = scene.tag_writes()
    own = f"is {scene.tags()['v0.2.1']}" if published else "does not exist"
    with pytest.raises(ShiplaneError) as caught:
        scene.publish(plan())
    assert isinstance(caught.value, RefusedError)
    assert caught.value.what == f"x-0.2.1 exists already as {foreign.digest}, and v0.2.1 {own}"
    assert caught.value.remedy.endswith("Release the next one, v0.2.2.")
    assert (scene.stager.built, scene.tag_writes()) == (built, before)


def alias_checks(scene: Scene) -> dict[str, bool]:
    result = finish(scene.releaser().verify(ALIASED, Version.parse("0.2.1")))
    return {str(check.subject): check.good for check in result.checks if check.name == "alias"}


def test_verify_looks_at_the_aliases_that_were_released() -> None:
    scene = Scene()
    scene.publish(a_plan("0.2.1", ["main"]))
    assert alias_checks(scene) == {}
    scene.publish(plan())
    assert alias_checks(scene) == dict.fromkeys(ALIASES, True)
    foreign = push_image(scene.registry, PATH, version="9.9.9", salt="theirs")
    scene.registry.tag(PATH, ALIASES[0], foreign.digest)
    assert alias_checks(scene) == {ALIASES[0]: False, ALIASES[1]: True}


def test_aliases_are_the_same_in_every_repository() -> None:
    scene = Mirrored()
    wanted = to_images(plan(), *scene.images)
    scene.publish(wanted)
    assert scene.converged()
    assert set(scene.mirrored()) == {"v0.2.1", *ALIASES, "latest"}
    again = Mirrored()
    foreign = push_image(again.mirror, MIRROR, version="9.9.9", salt="theirs")
    again.mirror.tag(MIRROR, ALIASES[1], foreign.digest)
    with pytest.raises(RefusedError, match=r"registry\.example/acme/app:x-0\.2\.1 is sha256:"):
        again.publish(wanted)
    assert (again.tag_writes(), again.stager.built) == ([], [])
