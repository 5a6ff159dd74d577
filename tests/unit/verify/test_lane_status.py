"""A lane's status from what the registry serves and what was recorded; drift between the two, row by row."""

from __future__ import annotations

from dataclasses import replace

import pytest

from shiplane.config.floating_tag import FloatingTag
from shiplane.config.lane import MAIN
from shiplane.config.version import Version
from shiplane.core.timestamps import age, short_time
from shiplane.ledger.actor import acting_user
from shiplane.ledger.checks import recorded_checks
from shiplane.ledger.ledger import Action, Entry, Ledger
from shiplane.registry.oci.lookup_result import Absent, Present
from shiplane.registry.oci.manifest import OCI_INDEX, RawManifest
from shiplane.registry.oci.names import Digest, Repository, Tag
from shiplane.verify.floating_tags import FloatingTagState
from shiplane.verify.lane_status import LaneStatus, VersionStatus

A, B, C = (Digest.of(name.encode()) for name in "abc")
V1, V2 = Version.parse("0.2.1"), Version.parse("0.2.2")


def entry(action: Action, tag: str, version: Version, after: Digest, before: Digest | None = None) -> Entry:
    return Entry(
        action=action,
        id=f"{action.value} {tag} {after.short}",
        when="2026-11-25T09:00:00Z",
        who="robot",
        tag=Tag(tag),
        version=str(version),
        after=after,
        before=before,
        why="crashes" if action is Action.MARK else "",
    )


LEDGER = Ledger().append(
    [
        entry(Action.PUBLISH, "v0.2.1", V1, A),
        entry(Action.FLOAT, "latest", V1, A),
        entry(Action.PUBLISH, "v0.2.2", V2, B),
        entry(Action.FLOAT, "latest", V2, B, A),
    ]
)
MARKED = LEDGER.append([entry(Action.MARK, "v0.2.2", V2, B)])
LATEST = FloatingTag(tag=Tag("latest"))
IMAGES = {name: Present(RawManifest(body=name.encode(), media_type=OCI_INDEX)) for name in "abc"}


def latest_at(
    image: str | None, version: Version | None, position: Entry | None = LEDGER.entries[3]
) -> tuple[FloatingTagState, ...]:
    answer = IMAGES[image] if image else Absent()
    return (FloatingTagState(floating=LATEST, answer=answer, version=version, position=position),)


AS_RECORDED = LaneStatus(
    lane=MAIN,
    repository=Repository("ghcr.io", "cognary/aionis"),
    floating=latest_at("b", V2),
    versions=(
        VersionStatus(version=V2, digest=B, recorded=LEDGER.published(Tag("v0.2.2")), floating=(Tag("latest"),)),
        VersionStatus(version=V1, digest=A, recorded=LEDGER.published(Tag("v0.2.1"))),
    ),
    ledger=LEDGER,
    exists=True,
)
NEW, OLD = AS_RECORDED.versions


def test_what_is_as_it_was_recorded_has_not_drifted() -> None:
    assert AS_RECORDED.drift == ()
    assert AS_RECORDED.floating[0].arrival == LEDGER.entries[3]
    assert AS_RECORDED.newest == V2
    assert AS_RECORDED.unrecorded == ()


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (replace(AS_RECORDED, floating=latest_at("a", V1)), "the last recorded move is to 0.2.2"),
        (replace(AS_RECORDED, floating=latest_at(None, None)), "latest is gone"),
        (replace(AS_RECORDED, floating=latest_at("c", None)), "which is not a version of lane main"),
        (replace(AS_RECORDED, versions=(NEW, replace(OLD, digest=C))), f"v0.2.1: published as {A}"),
        (replace(AS_RECORDED, versions=(NEW, replace(OLD, digest=None))), "and is gone"),
        (replace(AS_RECORDED, versions=(replace(NEW, mark=MARKED.entries[-1]), OLD)), "marked as bad: crashes"),
        (replace(AS_RECORDED, damage=("v0.2.2: child is lost",)), "child is lost"),
        (replace(AS_RECORDED, ledger=Ledger(), fault="the ledger is broken"), "the ledger is broken"),
    ],
)
def test_each_way_of_drifting_is_named(state: LaneStatus, words: str) -> None:
    assert [what for what in state.drift if words in what]


def test_without_a_ledger_nothing_has_drifted_and_everything_is_unrecorded() -> None:
    versions = tuple(replace(state, recorded=None) for state in AS_RECORDED.versions)
    floating = latest_at("b", V2, None)
    state = replace(AS_RECORDED, floating=floating, ledger=Ledger(), exists=False, versions=versions)
    assert state.drift == ()
    assert state.floating[0].arrival is None
    assert state.unrecorded == (V2, V1)


@pytest.mark.parametrize(
    ("ledger", "digest", "floating", "bad"),
    [
        (LEDGER, B, B, []),
        (LEDGER, C, B, ["record v0.2.2"]),
        (LEDGER, None, B, ["record v0.2.2"]),
        (LEDGER, B, A, ["record latest"]),
        (LEDGER, B, None, ["record latest"]),
        (MARKED, B, B, ["mark latest"]),
        (MARKED, B, A, ["record latest"]),
        (Ledger(), C, C, []),
    ],
)
def test_names_are_compared_with_the_record(
    ledger: Ledger, digest: Digest | None, floating: Digest | None, bad: list[str]
) -> None:
    checks = recorded_checks(MAIN, ledger, version=V2, digest=digest, floating={Tag("latest"): floating})
    assert [f"{check.name} {check.subject}" for check in checks if not check.good] == bad


ACTIONS = {
    "GITHUB_ACTIONS": "true",
    "GITHUB_ACTOR": "octocat",
    "GITHUB_TRIGGERING_ACTOR": "hubot",
    "GITHUB_SERVER_URL": "https://github.com",
    "GITHUB_REPOSITORY": "cognary/aionis",
    "GITHUB_RUN_ID": "42",
}


@pytest.mark.parametrize(
    ("env", "account", "who", "run"),
    [
        (ACTIONS, "robot", "hubot", "https://github.com/cognary/aionis/actions/runs/42"),
        ({**ACTIONS, "GITHUB_TRIGGERING_ACTOR": "", "GITHUB_RUN_ID": ""}, "robot", "octocat", ""),
        ({"GITHUB_ACTIONS": "true"}, "", "unknown", ""),
        ({"GITHUB_ACTOR": "octocat", "USER": "me"}, "robot", "robot", ""),
        ({"GITHUB_ACTOR": "octocat", "USER": "me"}, "", "octocat", ""),
        ({"USER": "me"}, "", "me", ""),
        ({"LOGNAME": "me"}, "", "me", ""),
        ({"USER": "a\nb"}, "", "a b", ""),
        ({}, "", "unknown", ""),
    ],
)
def test_who_did_it_is_told_from_the_environment(env: dict[str, str], account: str, who: str, run: str) -> None:
    assert acting_user(env, account) == (who, run)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("2026-11-25T09:00:30Z", "2026-11-25 09:00 UTC"),
        ("2026-11-25T00:30:00+02:00", "2026-11-24 22:30 UTC"),
        ("yesterday", "yesterday"),
        ("", ""),
        ("9" * 99, "9" * 40),
    ],
)
def test_a_time_is_shown_to_the_minute(text: str, shown: str) -> None:
    assert short_time(text) == shown


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (-5, "0 s ago"),
        (0, "0 s ago"),
        (119, "119 s ago"),
        (120, "2 min ago"),
        (7199, "119 min ago"),
        (7200, "2 h ago"),
        (172799, "47 h ago"),
        (172800, "2 d ago"),
    ],
)
def test_an_age_is_told_in_one_unit(seconds: int, said: str) -> None:
    assert age("1970-01-12T13:46:40Z", 1e6 + seconds) == said
    assert age("some day", 1e6) == "at an unknown time"


def test_where_nothing_else_tells_who_it_is_the_desk_does() -> None:
    assert acting_user({}, "", user_at_host="root@vm") == ("root@vm", "")
    assert acting_user({"USER": "ann"}, "", user_at_host="root@vm") == ("ann", "")
