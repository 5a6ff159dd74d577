"""What may be written, rule by rule."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import pytest

from shiplane.config.lane import MAIN
from shiplane.config.names.version_schemes import Scheme
from shiplane.config.plan import LanePlan
from shiplane.config.setting import Setting
from shiplane.config.settings import DEFAULT_PLATFORMS
from shiplane.config.version import Version
from shiplane.core.errors import RefusedError
from shiplane.ledger.ledger import Action, Entry, Ledger
from shiplane.registry.oci.lookup_result import Absent, Present
from shiplane.registry.oci.manifest import OCI_INDEX, RawManifest
from shiplane.registry.oci.names import Repository, Tag
from shiplane.release.planning.decision import Pending, decide, reconsider
from shiplane.release.planning.tag_actions import FloatingTagAction, VersionTagAction
from shiplane.verify.contradiction import contradiction
from shiplane.verify.survey import Survey
from tests.unit.release.surveys import LATEST, SEVERAL, surveyed, surveyed_several, with_ledger

COMMIT = "c" * 40


def test_another_spelling_of_a_version_that_is_published_is_refused() -> None:
    plan = replace(lane("0.2.1"), version=Setting(Version.parse("3.2.0", Scheme.PEP440), "TAG"))
    survey = replace(surveyed(version=Absent(), floating=Absent()), other_spelling=Version.parse("3.2", Scheme.PEP440))
    with pytest.raises(RefusedError, match=r"^3\.2\.0 is 3\.2 in another spelling, which is published") as caught:
        decide(plan, survey, COMMIT)
    assert caught.value.remedy.endswith("Release the next one, v3.2.1.")


def image(content: str) -> Present:
    return Present(RawManifest(body=content.encode(), media_type=OCI_INDEX))


def lane(version: str, *, latest: bool = True) -> LanePlan:
    return LanePlan(
        lane=MAIN,
        version=Setting(Version.parse(version), "TAG"),
        latest=Setting(latest, "PUBLISH_LATEST"),
        platforms=Setting(DEFAULT_PLATFORMS, "default"),
        images=Setting((Repository.parse("ghcr.io/cognary/aionis"),), "default"),
    )


def moved(image: Present, version: str, text: str = "") -> Ledger:
    """The ledger after a move of the floating tag to a version."""
    entry = Entry(
        action=Action.FLOAT,
        id="1",
        when="2026-11-25T09:00:00Z",
        who="robot",
        tag=LATEST.tag,
        version=text or version,
        after=image.digest,
    )
    return Ledger().append([entry])


def recorded(image: Present, *, marked: bool = False) -> Ledger:
    """The ledger after a release of 0.2.1, and perhaps its mark."""
    entries = [
        Entry(
            action=action,
            id=action.value,
            when="2026-11-25T09:00:00Z",
            who="robot",
            tag=Tag("v0.2.1"),
            version="0.2.1",
            after=image.digest,
        )
        for action in (Action.PUBLISH, *([Action.MARK] if marked else []))
    ]
    return Ledger().append(entries)


@dataclass(frozen=True)
class Row:
    """One situation, and what has to follow."""

    why: str
    plan: LanePlan
    survey: Survey
    version_tag: VersionTagAction
    move: FloatingTagAction


NEW, OLD = image("new"), image("old")
V021, V020 = Version.parse("0.2.1"), Version.parse("0.2.0")

ROWS = [
    Row(
        "first release",
        lane("0.2.1"),
        surveyed(version=Absent(), floating=Absent()),
        VersionTagAction.CREATE,
        FloatingTagAction.MOVE,
    ),
    Row(
        "forward",
        lane("0.2.1"),
        surveyed(version=Absent(), floating=OLD, floating_version=V020),
        VersionTagAction.CREATE,
        FloatingTagAction.MOVE,
    ),
    Row(
        "not asked",
        lane("0.2.1", latest=False),
        surveyed(version=Absent(), floating=OLD, floating_version=V020),
        VersionTagAction.CREATE,
        FloatingTagAction.LEAVE,
    ),
    Row(
        "backport below the floating tag",
        lane("0.1.9"),
        surveyed(version=Absent(), floating=OLD, floating_version=V021),
        VersionTagAction.CREATE,
        FloatingTagAction.LEAVE,
    ),
    Row(
        "backport with no floating tag but a higher release",
        lane("0.1.9"),
        surveyed(version=Absent(), floating=Absent(), newest=V021),
        VersionTagAction.CREATE,
        FloatingTagAction.LEAVE,
    ),
    Row(
        "forward of the floating tag, which went down from a higher release",
        lane("0.2.1"),
        surveyed(version=Absent(), floating=OLD, floating_version=V020, newest=Version.parse("0.3.0")),
        VersionTagAction.CREATE,
        FloatingTagAction.MOVE,
    ),
    Row(
        "a pre-release, although higher",
        lane("0.3.0-rc.1"),
        surveyed(version=Absent(), floating=OLD, floating_version=V021),
        VersionTagAction.CREATE,
        FloatingTagAction.LEAVE,
    ),
    Row(
        "a pre-release beside a floating tag that nobody can place",
        lane("0.3.0-rc.1"),
        surveyed(version=Absent(), floating=OLD),
        VersionTagAction.CREATE,
        FloatingTagAction.LEAVE,
    ),
    Row(
        "the same again",
        lane("0.2.1"),
        surveyed(version=NEW, revision=COMMIT, floating=NEW, floating_version=V021),
        VersionTagAction.ADOPT,
        FloatingTagAction.UNCHANGED,
    ),
    Row(
        "the same again, and recorded there",
        lane("0.2.1"),
        surveyed(version=NEW, revision=COMMIT, floating=NEW, floating_version=V021, ledger=moved(NEW, "0.2.1")),
        VersionTagAction.ADOPT,
        FloatingTagAction.UNCHANGED,
    ),
    Row(
        "moved, and not recorded",
        lane("0.2.1"),
        surveyed(version=NEW, revision=COMMIT, floating=NEW, floating_version=V021, ledger=moved(OLD, "0.2.0")),
        VersionTagAction.ADOPT,
        FloatingTagAction.MOVE,
    ),
    Row(
        "forward of the record, too",
        lane("0.2.1"),
        surveyed(version=Absent(), floating=OLD, floating_version=V020, ledger=moved(NEW, "0.2.0")),
        VersionTagAction.CREATE,
        FloatingTagAction.MOVE,
    ),
    Row(
        "lower than the floating tag, wherever the record has it",
        lane("0.1.9"),
        surveyed(version=Absent(), floating=OLD, floating_version=V020, ledger=moved(NEW, "0.2.1")),
        VersionTagAction.CREATE,
        FloatingTagAction.LEAVE,
    ),
    Row(
        "recorded at what is no version",
        lane("0.2.1"),
        surveyed(version=Absent(), floating=OLD, floating_version=V020, ledger=moved(NEW, "", "of an old script")),
        VersionTagAction.CREATE,
        FloatingTagAction.MOVE,
    ),
    Row(
        "killed between the two tags",
        lane("0.2.1"),
        surveyed(version=NEW, revision=COMMIT, floating=OLD, floating_version=V020),
        VersionTagAction.ADOPT,
        FloatingTagAction.MOVE,
    ),
    Row(
        "marked as bad",
        lane("0.2.1"),
        surveyed(version=NEW, revision=COMMIT, floating=OLD, floating_version=V020, ledger=recorded(NEW, marked=True)),
        VersionTagAction.ADOPT,
        FloatingTagAction.LEAVE,
    ),
    Row(
        "marked as bad, and no longer",
        lane("0.2.1"),
        surveyed(version=NEW, revision=COMMIT, floating=OLD, floating_version=V020, ledger=recorded(NEW)),
        VersionTagAction.ADOPT,
        FloatingTagAction.MOVE,
    ),
    Row(
        "the same again after a later release",
        lane("0.2.0"),
        surveyed(version=OLD, revision=COMMIT, floating=NEW, floating_version=V021),
        VersionTagAction.ADOPT,
        FloatingTagAction.LEAVE,
    ),
]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.why)
def test_each_situation_has_one_answer(row: Row) -> None:
    found = decide(row.plan, row.survey, COMMIT)
    (move,) = found.moves
    assert (found.version_tag, move.tag, move.action) == (row.version_tag, "latest", row.move)
    assert move.reason


@pytest.mark.parametrize(
    ("version", "survey", "asked", "by_default"),
    [
        ("0.2.1", surveyed(version=Absent(), floating=OLD, floating_version=V020), False, False),
        ("0.2.1", surveyed(version=NEW, revision=COMMIT, floating=NEW, floating_version=V021), False, False),
        ("0.2.0", surveyed(version=Absent(), floating=NEW, floating_version=V021), True, False),
        ("0.2.0", surveyed(version=Absent(), floating=Absent(), newest=V021), True, False),
        ("0.3.0-rc.1", surveyed(version=Absent(), floating=NEW, floating_version=V021), True, False),
        (
            "0.2.1",
            surveyed(
                version=NEW, revision=COMMIT, floating=OLD, floating_version=V020, ledger=recorded(NEW, marked=True)
            ),
            True,
            True,
        ),
    ],
    ids=["forward", "already there", "lower", "lower than the newest", "a pre-release", "marked as bad"],
)
def test_a_wish_that_is_not_fulfilled_is_told_from_a_setting_that_does_not_apply(
    version: str, survey: Survey, *, asked: bool, by_default: bool
) -> None:
    wished = [
        replace(lane(version), latest=Setting(value, source))
        for source in ("--latest", "PUBLISH_LATEST", "lane main")
        for value in (True, False)
    ]
    unmet = [bool(decide(plan, survey, COMMIT).unmet) for plan in wished]
    assert unmet == [asked, False, asked, False, by_default, False]


@pytest.mark.parametrize("revision", ["d" * 40, None, "", "CCCC", COMMIT[:12]])
def test_a_version_of_another_commit_is_refused_and_the_next_one_proposed(revision: str | None) -> None:
    survey = surveyed(version=NEW, revision=revision, floating=NEW)
    with pytest.raises(RefusedError, match="exists already") as caught:
        decide(lane("0.2.1"), survey, COMMIT)
    assert "v0.2.2" in caught.value.remedy
    assert caught.value.exit_code == 5


def test_a_floating_tag_that_is_no_version_is_not_moved_away_from() -> None:
    with pytest.raises(RefusedError, match="not a version of lane main") as caught:
        decide(lane("0.2.1"), surveyed(version=Absent(), floating=OLD), COMMIT)
    assert "--latest=no" in caught.value.remedy


@pytest.mark.parametrize(
    ("version", "words"),
    [(OLD, f"is {OLD.digest} now"), (Absent(), "does not exist")],
    ids=["another image", "gone"],
)
def test_a_version_that_was_recorded_as_something_else_is_never_written_again(
    version: Present | Absent, words: str
) -> None:
    survey = surveyed(version=version, revision=COMMIT, floating=Absent(), ledger=recorded(NEW))
    with pytest.raises(
        RefusedError, match=f"v0.2.1 was published as {NEW.digest} on .* by robot, and {words}"
    ) as caught:
        decide(lane("0.2.1"), survey, COMMIT)
    assert "v0.2.2" in caught.value.remedy


@pytest.mark.parametrize(
    ("survey", "words"),
    [
        (surveyed(version=Absent(), floating=OLD, floating_version=V020), rf"latest is at 0.2.0 \({OLD.digest}\)"),
        (surveyed(version=Absent(), floating=Absent()), "latest is gone"),
        (
            surveyed(version=OLD, revision=COMMIT, floating=OLD, floating_version=V021),
            rf"latest is at 0.2.1 \({OLD.digest}",
        ),
    ],
    ids=["lower", "gone", "here"],
)
def test_a_floating_tag_that_is_recorded_higher_is_not_moved_to_less_and_both_are_named(
    survey: Survey, words: str
) -> None:
    said = rf"{words}.*, but the ledger says that it was moved to 0.3.0 \({NEW.digest}\) on .* by robot"
    with pytest.raises(RefusedError, match=said) as caught:
        decide(lane("0.2.1"), with_ledger(survey, moved(NEW, "0.3.0")), COMMIT)
    assert caught.value.exit_code == 5
    assert "rollback --lane main --to VERSION" in caught.value.remedy


def test_what_keeps_a_floating_tag_back_by_now_changes_the_decision() -> None:
    survey = surveyed(version=NEW, revision=COMMIT, floating=OLD, floating_version=V020)
    (first,) = decide(lane("0.2.1"), survey, COMMIT).moves
    marked = with_ledger(survey, recorded(NEW, marked=True))
    assert reconsider(first, lane("0.2.1"), survey) == first
    assert (reconsider(first, lane("0.2.1"), marked),) == decide(lane("0.2.1"), marked, COMMIT).moves


def test_a_higher_version_that_is_recorded_by_now_keeps_a_floating_tag_back_that_did_not_exist() -> None:
    survey = surveyed(version=NEW, revision=COMMIT, floating=Absent())
    (first,) = decide(lane("0.2.1"), survey, COMMIT).moves
    by_now = reconsider(first, lane("0.2.1"), replace(survey, newest={Tag("latest"): Version.parse("0.3.0")}))
    assert (first.moves, by_now.moves, by_now.reason) == (True, False, "0.2.1 is lower than 0.3.0, which is published")


@pytest.mark.parametrize(
    ("plan", "survey", "seconds"),
    [
        (
            lane("0.2.1"),
            surveyed(version=Absent(), floating=OLD, floating_version=V020, ledger=moved(OLD, "0.2.0")),
            None,
        ),
        (lane("0.2.1"), surveyed(version=Absent(), floating=OLD, floating_version=V020), None),
        (
            lane("0.2.1"),
            surveyed(version=Absent(), floating=OLD, floating_version=V020, ledger=moved(NEW, "0.3.0")),
            60.0,
        ),
        (
            lane("0.2.1"),
            surveyed(version=Absent(), floating=OLD, floating_version=V020, ledger=moved(NEW, "0.1.0")),
            10.0,
        ),
        (
            lane("0.2.1"),
            surveyed(version=Absent(), floating=OLD, floating_version=V020, ledger=moved(NEW, "", "odd")),
            60.0,
        ),
        (lane("0.2.1"), surveyed(version=Absent(), floating=OLD, ledger=moved(NEW, "0.1.0")), 60.0),
        (lane("0.2.1"), surveyed(version=Absent(), floating=Absent(), ledger=moved(NEW, "0.1.0")), 60.0),
        (lane("0.2.1"), surveyed(version=OLD, floating=OLD, floating_version=V021, ledger=moved(NEW, "0.1.0")), 0.0),
        (lane("0.2.1"), surveyed(version=Absent(), floating=Absent(), ledger=recorded(NEW)), 60.0),
        (lane("0.2.1"), surveyed(version=OLD, floating=Absent(), ledger=recorded(NEW)), 60.0),
        (lane("0.2.2"), surveyed(version=Absent(), floating=NEW, ledger=recorded(NEW)), 60.0),
        (lane("0.2.2"), surveyed(version=Absent(), floating=NEW, ledger=moved(NEW, "0.2.1")), 60.0),
        (lane("0.2.2"), surveyed(version=Absent(), floating=OLD, ledger=recorded(NEW)), None),
        (lane("0.2.2"), surveyed(version=Absent(), floating=NEW, floating_version=V021, ledger=recorded(NEW)), None),
    ],
)
def test_what_the_registry_and_the_ledger_contradict_is_waited_for(
    plan: LanePlan, survey: Survey, seconds: float | None
) -> None:
    doubt = contradiction(plan, survey)
    assert (doubt.seconds if doubt else None) == seconds
    assert doubt is None or LATEST.tag in doubt.what or plan.tag in doubt.what


@pytest.mark.parametrize(
    ("one", "other", "precedes"),
    [
        (Ledger(), recorded(NEW), True),
        (recorded(NEW), recorded(NEW, marked=True), True),
        (recorded(NEW), recorded(NEW), False),
        (recorded(NEW, marked=True), recorded(NEW), False),
        (recorded(OLD), recorded(NEW, marked=True), False),
    ],
)
def test_a_ledger_precedes_what_was_added_to_it(one: Ledger, other: Ledger, precedes: bool) -> None:  # noqa: FBT001
    assert one.precedes(other) == precedes


# What each version is, and where a lane's several floating tags are: at the version that is named, or nowhere.
IMAGES = {text: image(text) for text in ("1.2.0", "1.2.8", "1.3.0", "2.0.0", "2.0.1", "2.0.2-rc.1", "2.1.0-rc.1")}
VERSIONS = {present: Version.parse(text) for text, present in IMAGES.items()}
FULL = {
    "v1.2": "1.2.8",
    "v1.3": "1.3.0",
    "v1": "1.3.0",
    "v2.0": "2.0.1",
    "v2": "2.0.1",
    "next": "2.0.1",
    "latest": "2.0.1",
}


def several(version: str, *, latest: bool = True, source: str = "lane main") -> LanePlan:
    return replace(lane(version), lane=SEVERAL, latest=Setting(latest, source))


def seen(
    version: str, places: Mapping[str, str], ledger: Ledger | None = None, *, own: str = "", newest: str = ""
) -> Survey:
    """What is surveyed before a release of a version; ``newest``: ``v1=1.3.0 latest=2.0.0``."""
    highest = dict(part.split("=") for part in newest.split())
    return surveyed_several(
        Version.parse(version),
        {tag: IMAGES[at] for tag, at in places.items()},
        VERSIONS,
        own=IMAGES[own] if own else None,
        ledger=ledger,
        newest={Tag(tag): Version.parse(text) for tag, text in highest.items()},
    )


def moves_of(plan: LanePlan, survey: Survey) -> str:
    """``+`` before a floating tag that moves, ``=`` before one that is there, nothing before one that stays."""
    signs = {FloatingTagAction.MOVE: "+", FloatingTagAction.UNCHANGED: "=", FloatingTagAction.LEAVE: ""}
    return " ".join(f"{signs[move.action]}{move.tag}" for move in decide(plan, survey, COMMIT).moves)


@pytest.mark.parametrize(
    ("version", "survey", "moves"),
    [
        ("1.2.0", seen("1.2.0", {}), "+v1.2 +v1 +next +latest"),
        ("1.2.9", seen("1.2.9", FULL), "+v1.2 v1 next latest"),
        ("1.3.1", seen("1.3.1", FULL), "+v1.3 +v1 next latest"),
        ("1.4.0", seen("1.4.0", FULL), "+v1.4 +v1 next latest"),
        ("2.0.2", seen("2.0.2", FULL), "+v2.0 +v2 +next +latest"),
        ("2.0.0", seen("2.0.0", FULL), "v2.0 v2 next latest"),
        ("3.0.0", seen("3.0.0", FULL), "+v3.0 +v3 +next +latest"),
        # A tag that is new in the lane is not set to less than what is published in its range.
        ("1.2.9", seen("1.2.9", {"latest": "2.0.1"}, newest="v1=1.3.0 next=2.0.1"), "+v1.2 v1 next latest"),
        ("1.3.1", seen("1.3.1", {"latest": "2.0.1"}, newest="v1.3=1.3.0 v1=1.3.0"), "+v1.3 +v1 +next latest"),
        # A pre-release moves what lists its kind, forward, and nothing else.
        ("2.0.2-rc.1", seen("2.0.2-rc.1", FULL), "v2.0 v2 +next latest"),
        ("2.0.2-rc.1", seen("2.0.2-rc.1", {}), "v2.0 v2 +next latest"),
        ("2.0.2-beta.1", seen("2.0.2-beta.1", FULL), "v2.0 v2 next latest"),
        ("2.0.2-rc.1", seen("2.0.2-rc.1", FULL | {"next": "2.1.0-rc.1"}), "v2.0 v2 next latest"),
        ("2.0.2", seen("2.0.2", FULL | {"next": "2.0.2-rc.1"}), "+v2.0 +v2 +next +latest"),
        ("2.0.2", seen("2.0.2", FULL | {"next": "2.1.0-rc.1"}), "+v2.0 +v2 next +latest"),
        # A snapshot moves nothing, whatever its commit begins with.
        ("0.0.0-ac3456789012", seen("0.0.0-ac3456789012", {}), "v0.0 v0 next latest"),
        # Cut after the first one, and after all of them.
        ("1.2.8", seen("1.2.8", {"v1.2": "1.2.8", "v1": "1.2.0"}, own="1.2.8"), "=v1.2 +v1 +next +latest"),
        (
            "2.0.1",
            seen("2.0.1", FULL, own="2.0.1"),
            "=v2.0 =v2 =next =latest",
        ),
    ],
)
def test_each_floating_tag_moves_forward_within_its_range_alone(version: str, survey: Survey, moves: str) -> None:
    assert moves_of(several(version), survey) == moves
    asked_not_to = decide(several(version, latest=False), survey, COMMIT).moves
    assert {move.action for move in asked_not_to} == {FloatingTagAction.LEAVE}


def float_to(*moves: tuple[str, str]) -> Ledger:
    """A ledger with moves of floating tags."""
    return Ledger().append(
        [
            Entry(
                action=Action.FLOAT,
                id=tag,
                when="2026-11-25T09:00:00Z",
                who="robot",
                tag=Tag(tag),
                version=version,
                after=IMAGES[version].digest,
            )
            for tag, version in moves
        ]
    )


@pytest.mark.parametrize(
    ("places", "ledger", "moves"),
    [
        ({"v1.2": "1.2.0", "v1": "1.2.0"}, [("v1.2", "1.2.0"), ("v1", "1.2.0")], "+v1.2 +v1 +next +latest"),
        # Moved by a run that was cut before it could record: written again, and recorded.
        ({"v1.2": "1.2.8", "v1": "1.2.0"}, [("v1.2", "1.2.0"), ("v1", "1.2.0")], "+v1.2 +v1 +next +latest"),
        ({"v1.2": "1.2.8", "v1": "1.2.8"}, [("v1.2", "1.2.8")], "=v1.2 =v1 +next +latest"),
        # Recorded higher, and read as lower: refused.
        ({"v1.2": "1.2.0", "v1": "1.2.0"}, [("v1", "1.3.0")], "v1 is at 1.2.0"),
        ({"v1.2": "1.2.0"}, [("v1", "1.3.0")], "v1 is gone"),
        # Read as higher, wherever it is recorded.
        ({"v1.2": "1.2.0", "v1": "1.3.0"}, [("v1", "1.2.0")], "+v1.2 v1 +next +latest"),
    ],
)
def test_each_floating_tag_has_its_own_place_in_the_ledger(
    places: Mapping[str, str], ledger: Sequence[tuple[str, str]], moves: str
) -> None:
    survey, plan = seen("1.2.8", places, float_to(*ledger), own="1.2.8"), several("1.2.8")
    if " is " in moves:
        with pytest.raises(RefusedError, match=f"{moves}.*, but the ledger says that it was moved to 1.3.0"):
            decide(plan, survey, COMMIT)
    else:
        assert moves_of(plan, survey) == moves


@pytest.mark.parametrize("place", ["1.3.0", "2.0.0"])
def test_a_floating_tag_outside_its_range_is_not_moved_away_from(place: str) -> None:
    with pytest.raises(
        RefusedError, match=f"v1.2 points at {place}, which is not one of the releases of 1.2"
    ) as caught:
        decide(several("1.2.9"), seen("1.2.9", {"v1.2": place}), COMMIT)
    assert "rollback --lane main --floating v1.2 --to v1.2.9" in caught.value.remedy
    assert "another tool" not in caught.value.remedy


@pytest.mark.parametrize(
    ("version", "survey", "unmet"),
    [
        ("2.0.2", seen("2.0.2", FULL), ""),
        ("1.2.9", seen("1.2.9", FULL), "v1 next latest"),
        # A pre-release is asked of the tags that take it; where none does, of all.
        ("2.0.2-rc.1", seen("2.0.2-rc.1", FULL), ""),
        ("2.0.2-rc.1", seen("2.0.2-rc.1", FULL | {"next": "2.1.0-rc.1"}), "next"),
        ("2.0.2-beta.1", seen("2.0.2-beta.1", FULL), "v2.0 v2 next latest"),
    ],
)
def test_what_was_asked_for_and_does_not_move_is_named(version: str, survey: Survey, unmet: str) -> None:
    asked = decide(several(version, source="--latest"), survey, COMMIT)
    assert " ".join(move.tag for move in asked.unmet) == unmet
    assert decide(several(version), survey, COMMIT).unmet == ()


def test_a_marked_version_moves_none_of_the_tags_that_take_it_and_that_is_told() -> None:
    entry = Entry(
        action=Action.MARK,
        id="1",
        when="2026-11-25T09:00:00Z",
        who="robot",
        tag=Tag("v2.0.2-rc.1"),
        version="2.0.2-rc.1",
        after=IMAGES["2.0.2-rc.1"].digest,
        why="crashes",
    )
    plan = several("2.0.2-rc.1")
    survey = seen("2.0.2-rc.1", FULL, Ledger().append([entry]), own="2.0.2-rc.1")
    decision = decide(plan, survey, COMMIT)
    assert [(move.tag, move.reason) for move in decision.unmet] == [("next", "2.0.2-rc.1 is marked as bad (crashes)")]
    (before,) = [move for move in decide(plan, replace(survey, ledger=Ledger()), COMMIT).moves if move.moves]
    assert (reconsider(before, plan, survey),) == decision.unmet


def test_a_lane_without_floating_tags_is_released_and_moves_nothing() -> None:
    bare = replace(lane("0.2.1"), lane=replace(MAIN, floating_templates=()))
    decision = decide(bare, Survey(version=Absent()), COMMIT)
    assert (decision.moves, decision.unmet, decision.pending) == ((), (), Pending.VERSION)
    assert decide(bare, Survey(version=NEW, revision=COMMIT), COMMIT).pending is Pending.NOTHING
    assert contradiction(bare, Survey(version=NEW)) is None


def test_each_floating_tag_is_waited_for_by_its_own_record() -> None:
    ledger = float_to(("v1.2", "1.2.0"), ("v1", "1.3.0"), ("latest", "1.2.0"))
    doubt = contradiction(several("1.2.9"), seen("1.2.9", {"v1.2": "1.2.0", "v1": "1.2.0", "latest": "1.2.8"}, ledger))
    assert doubt
    assert (doubt.seconds, doubt.what.partition(" was")[0]) == (60.0, "v1")
