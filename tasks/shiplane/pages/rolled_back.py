"""What a rollback did, for its report; from the document that --json prints."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from shiplane.pages.elements import Markup, element, joined
from shiplane.pages.page import badge, code, digest, section, table
from shiplane.pages.released import TAGS

Json = Mapping[str, Any]


def rollbacks(data: Json) -> list[Json]:
    """The lanes of a rollback; none for any other result."""
    lanes = data.get("lanes", [data])
    return [lane for lane in lanes if "passed_over" in lane]


def rollback_title(data: Json) -> str:
    """What a rollback comes to."""
    lanes = rollbacks(data)
    went = ", ".join(f"{lane['lane']} to {lane['tag']}" for lane in lanes)
    return f"Would roll back {went}" if any(lane["dry_run"] for lane in lanes) else f"Rolled back {went}"


def rollback_section(data: Json) -> Markup:
    """Each lane's floating tags as they are now, why, and what follows."""
    lanes = rollbacks(data)
    dry_run = any(lane["dry_run"] for lane in lanes)
    title = "What would be public" if dry_run else "What is public now"
    return joined([section(title, *(part for lane in lanes for part in _lane(lane))), *_deployments(lanes)])


def _lane(lane: Json) -> Iterator[str]:
    yield table(TAGS, list(_tags(lane)), f"Lane {lane['lane']}: {lane['image']}", "wide")
    rows = list(_versions(lane))
    yield table(["Version", "Verdict", "Why"], rows, class_="wide")


def _tags(lane: Json) -> Iterator[list[str]]:
    would = lane["dry_run"]
    for tag in reversed(lane["floating_tags"]):
        before = tag["before"]["version"] or "no version of this lane"
        where = f"at {tag['version']}" if tag["before"]["version"] == tag["version"] else f"{before} → {tag['version']}"
        why = tag["stays"] or (tag["chosen"] or {}).get("why", "")
        what = joined([_moved(tag, would=would), f" {where}", element("span", why, class_="why")])
        yield [code(tag["tag"], "tag"), what, digest(tag["digest"])]
    for mirror in lane["mirrors"]:
        yield [code(f"{mirror['image']}:{mirror['tag']}", "tag"), _moved(mirror, would=would), digest(mirror["digest"])]


def _moved(tag: Json, *, would: bool) -> Markup:
    if tag.get("stays"):
        return badge("stays", "care")
    return (
        badge("would move", "same")
        if would
        else badge("moved back", "good")
        if tag["moved"]
        else badge("unchanged", "same")
    )


def _versions(lane: Json) -> Iterator[list[str]]:
    if lane["marked"]:
        marked = "would be marked as bad" if lane["dry_run"] else "marked as bad"
        yield [code(lane["marked"], "tag"), badge(marked, "bad"), lane["reason"] or "no reason given"]
    yield from (
        [code(version, "tag"), badge("passed over", "care"), why] for version, why in lane["passed_over"].items()
    )
    yield [code(lane["next_version"], "tag"), badge("next free", "same"), "for the fix"]


def _deployments(lanes: Sequence[Json]) -> list[Markup]:
    """The deployment files that follow."""
    changes = [change for lane in lanes if lane["deployments"] for change in lane["deployments"]["changes"]]
    parts = [part for change in changes for part in (element("h3", change["file"]), element("pre", change["diff"]))]
    return [section("Deployment files", *parts)]
