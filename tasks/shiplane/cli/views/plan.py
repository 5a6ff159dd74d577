"""A plan as text: settings with their sources, prerequisites, and each tag before and after."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from shiplane.cli.views.tables import columns
from shiplane.registry.oci.lookup_result import Absent, Present

if TYPE_CHECKING:
    from shiplane.cli.documents import OutlookJson, RefusedOutlookJson, TagsBeforeJson
    from shiplane.config.plan import LanePlan, Plan
    from shiplane.release.planning.decision import Decision
    from shiplane.verify.survey import Survey

_SHOWN = 10
_UNNAMED = "dry run only: no version given (--tag, TAG or a git tag); publish --snapshot to publish it anyway"


def plan_text(
    plan: Plan,
    surveyed: Mapping[str, tuple[Survey, Decision | str]],
    doubt: str,
    prerequisites: Sequence[tuple[str, str]],
) -> str:
    """A plan: settings with sources, prerequisites, the build, each tag before and after."""
    rows = [
        ("image", str(plan.repository), plan.image.source),
        ("commit", plan.commit[:12], "git HEAD"),
    ]
    same = len({lane.platforms for lane in plan.lanes}) == 1
    rows[1:1] = [_platforms_row("platforms", plan.lanes[0])] if same else []
    for lane in plan.lanes:
        rows += [] if same else [_platforms_row(f"{lane.lane.name} platforms", lane)]
        rows.append((f"{lane.lane.name} version", str(lane.version.value), lane.version.source))
        rows.append((f"{lane.lane.name} latest", "yes" if lane.latest.value else "no", lane.latest.source))
    parts = [columns([(name, value, f"({source})") for name, value, source in rows])]
    parts += ["", "prerequisites", *(f"  {name}: {what}" for name, what in prerequisites)]
    parts += ["", "builds, in one bake; each equivalent to"]
    parts += [f"  {_build_line(plan, lane)}" for lane in plan.lanes]
    parts += ["", "tags", *([f"  {doubt}"] if doubt else [])]
    parts += [columns([row for lane in plan.lanes for row in _tag_rows(lane, surveyed.get(lane.lane.name))])]
    return "\n".join(parts)


def _platforms_row(name: str, lane: LanePlan) -> tuple[str, str, str]:
    return name, ",".join(map(str, lane.platforms.value)), lane.platforms.source


def _build_line(plan: Plan, lane: LanePlan) -> str:
    platforms = ",".join(map(str, lane.platforms.value))
    output = f"type=image,name={plan.repository},push-by-digest=true,push=true"
    argv = ["docker", "buildx", "build", "--file", lane.lane.dockerfile, "--platform", platforms]
    return shlex.join([*argv, *plan.build(lane).flags(), "--output", output, lane.lane.context])


def _tag_rows(lane: LanePlan, surveyed: tuple[Survey, Decision | str] | None) -> list[tuple[str, ...]]:
    from shiplane.release.planning.decision import FloatingTagAction, VersionTagAction

    snapshot = lane.version.value.is_snapshot
    if surveyed is None:
        moves = lane.latest.value and not lane.version.value.is_prerelease
        outlook = "would move here, if that is forward" if moves else "stays"
        return [(f"  {lane.tag}", _UNNAMED if snapshot else "would be written"), (f"  {lane.lane.floating}", outlook)]
    survey, decision = surveyed
    before = [_before(survey.version), _before(survey.floating)]
    if isinstance(decision, str):
        refused = ". ".join(line.strip() for line in decision.splitlines())
        return [(f"  {lane.tag}", before[0], f"REFUSED: {refused}"), (f"  {lane.lane.floating}", before[1], "stays")]
    after = "-> new image" if decision.version_tag is VersionTagAction.CREATE else "stays (adopted)"
    after = _UNNAMED if snapshot else after
    moved = f"-> {lane.tag}" if decision.move is FloatingTagAction.MOVE else "stays"
    floats = f"{moved} ({decision.reason})"
    return [(f"  {lane.tag}", before[0], after), (f"  {lane.lane.floating}", before[1], floats)]


def _before(answer: Present | Absent) -> str:
    return answer.digest.short if isinstance(answer, Present) else "absent"


def outlook_json(survey: Survey, decision: Decision | str) -> OutlookJson | RefusedOutlookJson:
    """A lane's tags now, and what happens to them, or why a release would be refused."""
    version = str(survey.version.digest) if isinstance(survey.version, Present) else None
    floating = str(survey.floating.digest) if isinstance(survey.floating, Present) else None
    before: TagsBeforeJson = {"version_before": version, "floating_before": floating}
    if isinstance(decision, str):
        return {**before, "refused": decision}
    return {**before, "version": decision.version_tag.value, "floating": decision.move.value, "reason": decision.reason}


def ignored_text(ignored: Sequence[str]) -> str:
    """A note on files in a build context that are in no commit; empty if there are none."""
    if not ignored:
        return ""
    head = "\n\nignored by git but in the build context, unless a .dockerignore excludes them\n  "
    return head + ", ".join(ignored[:_SHOWN]) + (", ..." if len(ignored) > _SHOWN else "")
