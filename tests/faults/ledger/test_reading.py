"""Ledgers as they are read: whole or broken, continued or written anew, and begun anew by nobody but a person."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from shiplane.config.lane import MAIN
from shiplane.core.errors import RefusedError, UnreachableError
from shiplane.core.progress import Event, Step
from shiplane.ledger.ledger import Action, BrokenLedgerError, Ledger
from shiplane.ledger.store import LedgerSnapshot
from shiplane.registry.oci.names import Digest
from tests.faults.harness.faults import F, Fault, Faulty
from tests.faults.harness.images import push_image
from tests.faults.harness.ledgers import SOME, actions, entry, note, put, store, tampered, writing
from tests.faults.harness.scene import PATH, Scene, a_plan, finish, until
from tests.ledger_content import content_of


def test_a_broken_chain_stops_a_release_before_anything_is_built_and_stays_as_it_is() -> None:
    scene = Scene()
    scene.publish()
    tampered(scene, lambda content: content.replace(b"releaser", b"nobody!!"))
    before, built = scene.registry.tags(PATH), list(scene.stager.built)
    with pytest.raises(BrokenLedgerError, match="line 2 of the ledger is invalid") as caught:
        scene.publish(a_plan("0.2.2", commit="b" * 40))
    assert caught.value.exit_code == 6
    assert "ledger.restart --lane main" in caught.value.remedy
    assert (scene.registry.tags(PATH), scene.stager.built) == (before, built)


def test_a_first_ledger_is_whole_and_there_is_nothing_to_compare_it_with() -> None:
    scene = Scene()
    assert (store(scene).read_verified(), store(scene).read().exists) == (LedgerSnapshot(), False)
    scene.publish()
    page, asked = store(scene).read_verified(), len(scene.registry.log)
    assert (store(scene).verify_chain(page), page.exists) == (True, True)
    assert len(scene.registry.log) == asked


def _rewritten(content: bytes) -> bytes:
    """All lines anew, with a chain that is whole: as somebody would who knows how."""
    entries = Ledger.parse(content).entries
    return content_of(Ledger().append([replace(entry, who="nobody") for entry in entries]))


def _begun(*entries: tuple[Action, bool]) -> Callable[[Scene, LedgerSnapshot], bytes]:
    """A ledger of few lines, which name the one that they replace (True), or something else."""

    def content(scene: Scene, page: LedgerSnapshot) -> bytes:
        assert page.digest
        return content_of(Ledger().append([entry(scene, what, page.digest if so else SOME) for what, so in entries]))

    return content


@pytest.mark.parametrize(
    "forged",
    [
        lambda _scene, page: _rewritten(content_of(page.ledger)),
        _begun((Action.MARK, True)),
        _begun((Action.RESTART, False)),
        _begun((Action.RESTART, True), (Action.MARK, False)),
        _begun((Action.MARK, False), (Action.RESTART, True)),
    ],
    ids=["other names", "no restart", "a restart of another", "a restart and more", "more and a restart"],
)
def test_a_ledger_that_was_written_anew_is_told_from_one_that_was_added_to(
    forged: Callable[[Scene, LedgerSnapshot], bytes],
) -> None:
    scene = Scene()
    scene.publish()
    page = store(scene).read()
    put(scene, forged(scene, page), page.digest)
    with pytest.raises(BrokenLedgerError, match="it was rewritten"):
        store(scene).read_verified()
    assert [what for what in scene.audit().drift if "rewritten" in what]


def test_an_earlier_ledger_that_was_cleaned_away_cannot_be_compared() -> None:
    scene = Scene()
    scene.publish()
    finish(writing(scene, note(scene, "1.0.0")))
    page = store(scene).read()
    assert page.manifest is not None
    del scene.registry.shelf(PATH).manifests[str(page.manifest.previous)]
    assert store(scene).verify_chain(page) is False


def test_a_ledger_that_was_set_back_shows_as_a_registry_that_is_ahead_of_it() -> None:
    scene = Scene()
    scene.publish(a_plan("0.2.0", commit="b" * 40))
    old = scene.registry.tags(PATH)["ledger-main"]
    scene.publish()
    scene.registry.tag(PATH, "ledger-main", old)
    assert [what for what in scene.audit().drift if "the last recorded move is to 0.2.0" in what]


@pytest.mark.parametrize("lost", ["blob", "other"])
def test_what_is_no_whole_ledger_is_left_alone_until_somebody_begins_it_anew(lost: str) -> None:
    scene = Scene()
    scene.publish()
    if lost == "blob":
        del scene.registry.shelf(PATH).blobs[str(Digest.of(content_of(scene.ledger())))]
    else:
        push_image(scene.registry, PATH, tag="ledger-main")
    broken = scene.registry.tags(PATH)["ledger-main"]
    with pytest.raises(BrokenLedgerError):
        scene.ledger()
    told: list[Event] = []
    replaced = finish(scene.marker().restart(MAIN, "somebody pushed over it"), told.append)
    step = Step("record", "ledger-main", writes=True)
    assert (str(replaced), told[-2:]) == (broken, [step, step.done("new ledger started")])
    assert actions(scene) == ["restart ledger-main "]
    page = store(scene).read()
    assert page.manifest is not None
    assert str(page.manifest.previous) == broken
    assert store(scene).verify_chain(page)
    scene.publish()
    assert actions(scene) == ["restart ledger-main ", "publish v0.2.1 0.2.1", "float latest 0.2.1"]


def test_a_whole_ledger_is_not_begun_anew() -> None:
    scene = Scene()
    for _ in range(2):
        with pytest.raises(RefusedError, match="ledger-main is not broken"):
            finish(scene.marker().restart(MAIN, "for fun"))
        scene.publish()
    assert len(scene.ledger().entries) == 2


def test_a_ledger_that_was_mended_meanwhile_is_not_begun_anew() -> None:
    scene = Scene()
    scene.publish()
    good = scene.registry.tags(PATH)["ledger-main"]
    tampered(scene, lambda content: content.replace(b"releaser", b"nobody!!"))
    flow = scene.marker().restart(MAIN, "it was tampered with")
    until(flow, lambda step: step.name == "record")
    scene.registry.tag(PATH, "ledger-main", Digest(good))
    with pytest.raises(UnreachableError, match="changed by another run meanwhile"):
        finish(flow)
    assert scene.registry.tags(PATH)["ledger-main"] == good


def test_after_a_restart_the_ledger_that_goes_on_is_compared_again() -> None:
    scene = Scene()
    scene.publish()
    tampered(scene, lambda content: content.replace(b"releaser", b"nobody!!"))
    finish(scene.marker().restart(MAIN, "it was tampered with"))
    finish(writing(scene, note(scene, "1.0.0")))
    page = store(scene).read()
    assert store(scene).verify_chain(page)
    assert len(page.ledger.entries) == 2
    tampered(scene, _rewritten)
    with pytest.raises(BrokenLedgerError, match="it was rewritten"):
        store(scene).verify_chain(store(scene).read())


def test_a_ledger_that_is_shown_late_is_read_and_not_begun_anew() -> None:
    scene = Scene()
    finish(writing(scene, note(scene, "1.0.0")))
    scene.transport = wire = Faulty(scene.registry, [Fault(F.NOT_FOUND, "GET", "manifests/ledger-main", times=3)])
    assert actions(scene) == ["mark v1.0.0 1.0.0"]
    assert [entry.status for entry in wire.log if entry.reference == "ledger-main"][-4:] == [404, 404, 404, 200]
    scene.transport = Faulty(scene.registry, [Fault(F.NOT_FOUND, "GET", "manifests/ledger-main", times=3)])
    finish(store(scene).append([note(scene, "2.0.0")]))
    assert [entry.version for entry in scene.ledger().entries] == ["1.0.0", "2.0.0"]
