"""What may be written, rule by rule."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest

from shiplane.config.lane import MAIN
from shiplane.config.plan import LanePlan
from shiplane.config.setting import Setting
from shiplane.config.settings import DEFAULT_PLATFORMS
from shiplane.config.version import Version
from shiplane.core.errors import RefusedError
from shiplane.ledger.ledger import Action, Entry, Ledger
from shiplane.registry.oci.lookup_result import Absent, Present
from shiplane.registry.oci.manifest import OCI_INDEX, RawManifest
from shiplane.registry.oci.names import Tag
from shiplane.release.planning.decision import Decision, FloatingTagAction, VersionTagAction, decide, reconsider
from shiplane.verify.contradiction import contradiction
from shiplane.verify.survey import Survey

COMMIT = "c" * 40


def image(content: str) -> Present:
    return Present(RawManifest(body=content.encode(), media_type=OCI_INDEX))


def lane(version: str, *, latest: bool = True) -> LanePlan:
    return LanePlan(
        lane=MAIN,
        version=Setting(Version.parse(version), "TAG"),
        latest=Setting(latest, "PUBLISH_LATEST"),
        platforms=Setting(DEFAULT_PLATFORMS, "default"),
    )


def moved(image: Present, version: str, text: str = "") -> Ledger:
    """The ledger after a move of the floating tag to a version."""
    entry = Entry(
        action=Action.FLOAT,
        id="1",
        when="2026-11-25T09:00:00Z",
        who="robot",
        tag=MAIN.floating,
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
        Survey(version=Absent(), floating=Absent()),
        VersionTagAction.CREATE,
        FloatingTagAction.MOVE,
    ),
    Row(
        "forward",
        lane("0.2.1"),
        Survey(version=Absent(), floating=OLD, floating_version=V020),
        VersionTagAction.CREATE,
        FloatingTagAction.MOVE,
    ),
    Row(
        "not asked",
        lane("0.2.1", latest=False),
        Survey(version=Absent(), floating=OLD, floating_version=V020),
        VersionTagAction.CREATE,
        FloatingTagAction.LEAVE,
    ),
    Row(
        "backport below the floating tag",
        lane("0.1.9"),
        Survey(version=Absent(), floating=OLD, floating_version=V021),
        VersionTagAction.CREATE,
        FloatingTagAction.LEAVE,
    ),
    Row(
        "backport with no floating tag but a higher release",
        lane("0.1.9"),
        Survey(version=Absent(), floating=Absent(), newest=V021),
        VersionTagAction.CREATE,
        FloatingTagAction.LEAVE,
    ),
    Row(
        "forward of the floating tag, which went down from a higher release",
        lane("0.2.1"),
        Survey(version=Absent(), floating=OLD, floating_version=V020, newest=Version.parse("0.3.0")),
        VersionTagAction.CREATE,
        FloatingTagAction.MOVE,
    ),
    Row(
        "a pre-release, although higher",
        lane("0.3.0-rc.1"),
        Survey(version=Absent(), floating=OLD, floating_version=V021),
        VersionTagAction.CREATE,
        FloatingTagAction.LEAVE,
    ),
    Row(
        "a pre-release beside a floating tag that nobody can place",
        lane("0.3.0-rc.1"),
        Survey(version=Absent(), floating=OLD),
        VersionTagAction.CREATE,
        FloatingTagAction.LEAVE,
    ),
    Row(
        "the same again",
        lane("0.2.1"),
        Survey(version=NEW, revision=COMMIT, floating=NEW, floating_version=V021),
        VersionTagAction.ADOPT,
        FloatingTagAction.UNCHANGED,
    ),
    Row(
        "the same again, and recorded there",
        lane("0.2.1"),
        Survey(version=NEW, revision=COMMIT, floating=NEW, floating_version=V021, ledger=moved(NEW, "0.2.1")),
        VersionTagAction.ADOPT,
        FloatingTagAction.UNCHANGED,
    ),
    Row(
        "moved, and not recorded",
        lane("0.2.1"),
        Survey(version=NEW, revision=COMMIT, floating=NEW, floating_version=V021, ledger=moved(OLD, "0.2.0")),
        VersionTagAction.ADOPT,
        FloatingTagAction.MOVE,
    ),
    Row(
        "forward of the record, too",
        lane("0.2.1"),
        Survey(version=Absent(), floating=OLD, floating_version=V020, ledger=moved(NEW, "0.2.0")),
        VersionTagAction.CREATE,
        FloatingTagAction.MOVE,
    ),
    Row(
        "lower than the floating tag, wherever the record has it",
        lane("0.1.9"),
        Survey(version=Absent(), floating=OLD, floating_version=V020, ledger=moved(NEW, "0.2.1")),
        VersionTagAction.CREATE,
        FloatingTagAction.LEAVE,
    ),
    Row(
        "recorded at what is no version",
        lane("0.2.1"),
        Survey(version=Absent(), floating=OLD, floating_version=V020, ledger=moved(NEW, "", "of an old script")),
        VersionTagAction.CREATE,
        FloatingTagAction.MOVE,
    ),
    Row(
        "killed between the two tags",
        lane("0.2.1"),
        Survey(version=NEW, revision=COMMIT, floating=OLD, floating_version=V020),
        VersionTagAction.ADOPT,
        FloatingTagAction.MOVE,
    ),
    Row(
        "marked as bad",
        lane("0.2.1"),
        Survey(version=NEW, revision=COMMIT, floating=OLD, floating_version=V020, ledger=recorded(NEW, marked=True)),
        VersionTagAction.ADOPT,
        FloatingTagAction.LEAVE,
    ),
    Row(
        "marked as bad, and no longer",
        lane("0.2.1"),
        Survey(version=NEW, revision=COMMIT, floating=OLD, floating_version=V020, ledger=recorded(NEW)),
        VersionTagAction.ADOPT,
        FloatingTagAction.MOVE,
    ),
    Row(
        "the same again after a later release",
        lane("0.2.0"),
        Survey(version=OLD, revision=COMMIT, floating=NEW, floating_version=V021),
        VersionTagAction.ADOPT,
        FloatingTagAction.LEAVE,
    ),
]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.why)
def test_each_situation_has_one_answer(row: Row) -> None:
    found = decide(row.plan, row.survey, COMMIT)
    assert (found.version_tag, found.move) == (row.version_tag, row.move)
    assert isinstance(found, Decision)
    assert found.reason


@pytest.mark.parametrize(
    ("version", "survey", "asked", "by_default"),
    [
        ("0.2.1", Survey(version=Absent(), floating=OLD, floating_version=V020), False, False),
        ("0.2.1", Survey(version=NEW, revision=COMMIT, floating=NEW, floating_version=V021), False, False),
        ("0.2.0", Survey(version=Absent(), floating=NEW, floating_version=V021), True, False),
        ("0.2.0", Survey(version=Absent(), floating=Absent(), newest=V021), True, False),
        ("0.3.0-rc.1", Survey(version=Absent(), floating=NEW, floating_version=V021), True, False),
        (
            "0.2.1",
            Survey(
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
    unmet = [decide(plan, survey, COMMIT).unmet for plan in wished]
    assert unmet == [asked, False, asked, False, by_default, False]


@pytest.mark.parametrize("revision", ["d" * 40, None, "", "CCCC", COMMIT[:12]])
def test_a_version_of_another_commit_is_refused_and_the_next_one_proposed(revision: str | None) -> None:
    survey = Survey(version=NEW, revision=revision, floating=NEW)
    with pytest.raises(RefusedError, match="exists already") as caught:
        decide(lane("0.2.1"), survey, COMMIT)
    assert "v0.2.2" in caught.value.remedy
    assert caught.value.exit_code == 5


def test_a_floating_tag_that_is_no_version_is_not_moved_away_from() -> None:
    with pytest.raises(RefusedError, match="not a version of lane main") as caught:
        decide(lane("0.2.1"), Survey(version=Absent(), floating=OLD), COMMIT)
    assert "--latest=no" in caught.value.remedy


@pytest.mark.parametrize(
    ("version", "words"),
    [(OLD, f"is {OLD.digest} now"), (Absent(), "does not exist")],
    ids=["another image", "gone"],
)
def test_a_version_that_was_recorded_as_something_else_is_never_written_again(
    version: Present | Absent, words: str
) -> None:
    survey = Survey(version=version, revision=COMMIT, floating=Absent(), ledger=recorded(NEW))
    with pytest.raises(
        RefusedError, match=f"v0.2.1 was published as {NEW.digest} on .* by robot, and {words}"
    ) as caught:
        decide(lane("0.2.1"), survey, COMMIT)
    assert "v0.2.2" in caught.value.remedy


@pytest.mark.parametrize(
    ("survey", "words"),
    [
        (Survey(version=Absent(), floating=OLD, floating_version=V020), rf"latest is at 0.2.0 \({OLD.digest}\)"),
        (Survey(version=Absent(), floating=Absent()), "latest is gone"),
        (
            Survey(version=OLD, revision=COMMIT, floating=OLD, floating_version=V021),
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
        decide(lane("0.2.1"), replace(survey, ledger=moved(NEW, "0.3.0")), COMMIT)
    assert caught.value.exit_code == 5
    assert "rollback --lane main --to VERSION" in caught.value.remedy


def test_what_keeps_a_floating_tag_back_by_now_changes_the_decision() -> None:
    survey = Survey(version=NEW, revision=COMMIT, floating=OLD, floating_version=V020)
    first = decide(lane("0.2.1"), survey, COMMIT)
    marked = replace(survey, ledger=recorded(NEW, marked=True))
    assert reconsider(first, lane("0.2.1"), survey) == first
    assert reconsider(first, lane("0.2.1"), marked) == decide(lane("0.2.1"), marked, COMMIT)


@pytest.mark.parametrize(
    ("plan", "survey", "seconds"),
    [
        (
            lane("0.2.1"),
            Survey(version=Absent(), floating=OLD, floating_version=V020, ledger=moved(OLD, "0.2.0")),
            None,
        ),
        (lane("0.2.1"), Survey(version=Absent(), floating=OLD, floating_version=V020), None),
        (
            lane("0.2.1"),
            Survey(version=Absent(), floating=OLD, floating_version=V020, ledger=moved(NEW, "0.3.0")),
            60.0,
        ),
        (
            lane("0.2.1"),
            Survey(version=Absent(), floating=OLD, floating_version=V020, ledger=moved(NEW, "0.1.0")),
            10.0,
        ),
        (
            lane("0.2.1"),
            Survey(version=Absent(), floating=OLD, floating_version=V020, ledger=moved(NEW, "", "odd")),
            60.0,
        ),
        (lane("0.2.1"), Survey(version=Absent(), floating=OLD, ledger=moved(NEW, "0.1.0")), 60.0),
        (lane("0.2.1"), Survey(version=Absent(), floating=Absent(), ledger=moved(NEW, "0.1.0")), 60.0),
        (lane("0.2.1"), Survey(version=OLD, floating=OLD, floating_version=V021, ledger=moved(NEW, "0.1.0")), 0.0),
        (lane("0.2.1"), Survey(version=Absent(), floating=Absent(), ledger=recorded(NEW)), 60.0),
        (lane("0.2.1"), Survey(version=OLD, floating=Absent(), ledger=recorded(NEW)), 60.0),
        (lane("0.2.2"), Survey(version=Absent(), floating=NEW, ledger=recorded(NEW)), 60.0),
        (lane("0.2.2"), Survey(version=Absent(), floating=OLD, ledger=recorded(NEW)), None),
        (lane("0.2.2"), Survey(version=Absent(), floating=NEW, floating_version=V021, ledger=recorded(NEW)), None),
    ],
)
def test_what_the_registry_and_the_ledger_contradict_is_waited_for(
    plan: LanePlan, survey: Survey, seconds: float | None
) -> None:
    doubt = contradiction(plan, survey)
    assert (doubt.seconds if doubt else None) == seconds
    assert doubt is None or plan.lane.floating in doubt.what or plan.tag in doubt.what


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
