"""What a release published and what was asked before, for its report; from the document that --json prints."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from shiplane.core.plurals import megabytes
from shiplane.pages.elements import Markup, element, joined
from shiplane.pages.page import badge, code, digest, section, table
from shiplane.pages.run_report import repository_of

Json = Mapping[str, Any]
# How a state of a step is shown.
TAGS = ("Tag", "What happened", "Digest")
TONES = {"done": "good", "unchanged": "same", "skipped": "plain", "failed": "bad"}


def released_title(lanes: Sequence[Json]) -> str:
    """What a release comes to; empty where there are no lanes."""
    if not lanes:
        return ""
    tags = list(dict.fromkeys(str(lane["tag"]) for lane in lanes))
    what = "published" if any(lane["built"] for lane in lanes) else f"{'were' if tags[1:] else 'was'} published already"
    return f"{', '.join(tags)} {what}"


def public_section(lanes: Sequence[Json]) -> Markup:
    """Each lane's tags as they are now, and the digest of each platform."""
    return section("What is public now", *(part for lane in lanes for part in _lane(lane)))


def _lane(lane: Json) -> Iterator[Markup]:
    where = f"{lane['lane']}, {megabytes(int(lane.get('size') or 0))}"
    yield table(TAGS, list(_tags(lane)), f"Lane {where}: {repository_of(lane)}", "wide")
    platforms = [[code(name), digest(value)] for name, value in lane["platforms"].items()]
    yield table(["Platform", "Digest"], platforms, class_="pairs")


def _tags(lane: Json) -> Iterator[Sequence[str]]:
    became = badge("new", "good") if lane["built"] else badge("already published", "same")
    yield [code(lane["tag"], "tag"), became, digest(lane["digest"])]
    yield from (
        [code(alias, "tag"), badge("the same image", "same"), digest(lane["digest"])] for alias in lane["aliases"]
    )
    yield from (_floating(floating) for floating in reversed(lane["floating_tags"]))
    for mirror in lane["mirrors"]:
        yield [code(mirror["image"], "tag"), badge("the same image", "same"), digest(lane["digest"])]
        yield from (_floating(floating) for floating in reversed(mirror["floating_tags"]))
    if kept := lane.get("ledger"):
        added = ", ".join(dict.fromkeys(kept["added"]))
        yield [
            code(kept["tag"], "tag"),
            _reasoned(badge("ledger", "same"), added and f"recorded: {added}"),
            digest(kept["digest"]),
        ]


def _floating(floating: Json) -> Sequence[str]:
    moved = badge("moved", "good") if floating["moved"] else badge("not moved", "care")
    why = floating["reason"]
    if floating["moved"]:  # the reason was found before it moved
        why = why.replace("does not exist yet", "did not exist before")
    return [code(floating["tag"], "tag"), _reasoned(moved, why), digest(floating["digest"])]


def _reasoned(state: Markup, reason: str) -> Markup:
    return joined([state, element("span", reason, class_="why")]) if reason else state


def checked_section(data: Json) -> Markup:
    """What was asked before anything was tagged: the build command, gates, smoke runs, checks and signatures.

    The lanes of a channel are its builds.
    """
    held = data.get("prerequisites")
    rows = [*_build(held or {}), *_gates((held or {}).get("gates") or data.get("gates") or ())]
    for lane in (*data.get("lanes", ()), *data.get("builds", ())):
        rows += [*_smoke(lane), *_checks(lane), *_signature(lane), *_gates(lane.get("gates") or ())]
    return section("What was checked", table(["Check", "Answer", "Details"], rows, class_="wide"))


def _build(held: Json) -> Iterator[list[str]]:
    build = held.get("build")
    if build and build["command"]:
        yield ["Build command", _state(build["state"]), joined([code(build["command"]), _why(build["reason"])])]
    yield from ([name, badge("skipped", "care"), "left out by name"] for name in held.get("skipped_gates") or ())


def _gates(gates: Sequence[Json]) -> Iterator[list[str]]:
    for gate in gates:
        answer = badge("green", "good") if gate["good"] else badge("not green", "bad")
        asked = ", ".join(filter(None, (gate.get("what"), gate.get("when"))))
        yield [f"Gate {gate['gate']}", answer, joined([gate.get("detail", ""), _why(asked)])]


def _smoke(lane: Json) -> Iterator[list[str]]:
    smoke = lane.get("smoke") or {}
    for each in smoke.get("platforms", ()):
        emulated = ", emulated" if each["emulated"] else ""
        took = f"{each['seconds']:.1f} s{emulated}"
        name = f"Smoke run of {lane['lane']}, {each['platform']}"
        yield [name, _state(each["state"]), joined([each["reason"], _why(took)])]


def _checks(lane: Json) -> Iterator[list[str]]:
    checks = lane.get("checks") or {}
    for check in checks.get("checks", ()):
        answer = badge("passed", "good") if check["good"] else badge("failed", "bad")
        detail = joined([check["result"], _why(f"{check['command']}, {check['seconds']:.1f} s")])
        yield [f"Check {check['check']} of {lane['lane']}", answer, detail]
    yield from ([f"Check {name} of {lane['lane']}", badge("skipped", "care"), ""] for name in checks.get("skipped", ()))


def _signature(lane: Json) -> Iterator[list[str]]:
    if signed := lane.get("signature"):
        signatures = f"{len(signed['digests'])} digests, by {signed['signer']}"
        yield [f"Signature of {lane['lane']}", badge("verified", "good"), f"{signed['tool']}: {signatures}"]


def followed_section(data: Json) -> Markup:
    """The releases on GitHub and the announcements."""
    rows = [
        [
            f"GitHub release {each['git_tag']}",
            _done(not each["error"]),
            each["error"] or f"{each['action']} {each['url']}",
        ]
        for each in data.get("github_releases") or ()
    ]
    rows += [
        [f"Announcement {each['name']}", _done(each["ok"]), each["detail"]] for each in data.get("announcements") or ()
    ]
    return section("What followed", table(["What", "Outcome", "Details"], rows, class_="wide"))


def _done(good: bool) -> Markup:  # noqa: FBT001 -- JSON's
    return badge("done", "good") if good else badge("failed", "bad")


def _state(state: str) -> Markup:
    return badge(state, TONES.get(state, "same"))


def _why(text: str) -> Markup:
    return element("span", text, class_="why") if text else Markup()
