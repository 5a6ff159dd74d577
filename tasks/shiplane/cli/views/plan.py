"""A plan as text: settings with their sources, prerequisites, and each tag before and after."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from shiplane.cli.views.tables import columns
from shiplane.config.running.limits import Limits
from shiplane.registry.oci.lookup_result import Absent, Present

if TYPE_CHECKING:
    from shiplane.config.floating_tag import FloatingTag
    from shiplane.config.keys.announcements import PlannedAnnouncementJson
    from shiplane.config.plan import LanePlan, Plan
    from shiplane.config.project_file import ProjectFile
    from shiplane.config.setting import Setting
    from shiplane.release.announcing.github_result import PlannedGitHubReleaseJson
    from shiplane.release.planning.decision import Decision
    from shiplane.release.planning.plan_document import (
        FloatingOutlookJson,
        OutlookJson,
        RefusedOutlookJson,
        TagsBeforeJson,
    )
    from shiplane.verify.survey import Survey

_SHOWN = 10
_UNNAMED = "dry run only: no version given (--tag, TAG or a git tag); publish --snapshot to publish it anyway"


def plan_text(
    plan: Plan,
    surveyed: Mapping[str, tuple[Survey, Decision | str]],
    doubt: str,
    prerequisites: Sequence[tuple[str, str]],
    limits: tuple[str, str, str],
) -> str:
    """A plan: settings with sources, prerequisites, the build, each tag before and after."""
    rows = [
        *_list_rows("image", plan.lanes, lambda lane: lane.images),
        *_list_rows("platforms", plan.lanes, lambda lane: lane.platforms),
        ("commit", plan.commit[:12], "git HEAD"),
    ]
    for lane in plan.lanes:
        rows.append((f"{lane.lane.name} version", str(lane.version.value), lane.version.source))
        if file := lane.version_file:
            rows.append((f"{lane.lane.name} version file", file.text, file.path))
        rows.append((f"{lane.lane.name} latest", "yes" if lane.latest.value else "no", lane.latest.source))
    rows.append(limits)
    parts = [columns([(name, value, f"({source})") for name, value, source in rows])]
    parts += ["", "prerequisites", *(f"  {name}: {what}" for name, what in prerequisites)]
    parts += ["", "builds, in one bake; each equivalent to"]
    parts += [f"  {_build_line(plan, lane)}" for lane in plan.lanes]
    parts += ["", "tags", *([f"  {doubt}"] if doubt else [])]
    parts += [columns([row for lane in plan.lanes for row in _tag_rows(plan, lane, surveyed.get(lane.lane.name))])]
    return "\n".join(parts)


def limits_row(project: ProjectFile) -> tuple[str, str, str]:
    """The row of the limits of a command, with where they come from."""
    return "limits", str(project.limits), "default" if project.limits == Limits() else f"{project.name}: limits"


def _list_rows(
    name: str, lanes: Sequence[LanePlan], setting_of: Callable[[LanePlan], Setting[tuple[Any, ...]]]
) -> list[tuple[str, str, str]]:
    """A list that is a setting of each lane: in one row where it is the same for all."""
    settings = {lane.lane.name: setting_of(lane) for lane in lanes}
    if len(set(settings.values())) == 1:
        settings = {"": settings[lanes[0].lane.name]}
    rows = [(lane, ",".join(map(str, setting.value)), setting.source) for lane, setting in settings.items()]
    return [(f"{lane} {name}".strip(), value, source) for lane, value, source in rows]


def _build_line(plan: Plan, lane: LanePlan) -> str:
    platforms = ",".join(map(str, lane.platforms.value))
    output = f"type=image,name={lane.repository},push-by-digest=true,push=true"
    argv = ["docker", "buildx", "build", "--file", lane.lane.dockerfile, "--platform", platforms]
    return shlex.join([*argv, *plan.build(lane).flags(), "--output", output, lane.lane.context])


def _tag_rows(plan: Plan, lane: LanePlan, surveyed: tuple[Survey, Decision | str] | None) -> list[tuple[str, ...]]:
    """A row for each tag of a lane; its repository is named where the lanes have several."""
    return [(f"  {tag}{plan.where(lane)}", *outlook) for tag, *outlook in _outlooks(lane, surveyed)]


def _outlooks(lane: LanePlan, surveyed: tuple[Survey, Decision | str] | None) -> list[tuple[str, ...]]:
    from shiplane.release.planning.tag_actions import VersionTagAction

    snapshot = lane.version.value.is_snapshot
    if surveyed is None:
        after = _UNNAMED if snapshot else "would be written"
        once = ((tag, after) for tag in (lane.tag, *lane.aliases))
        return [*once, *((str(tag), _guess(lane, tag)) for tag in lane.floating_tags)]
    survey, decision = surveyed
    if isinstance(decision, str):
        refused = ". ".join(line.strip() for line in decision.splitlines())
        after, moves = f"REFUSED: {refused}", ["stays" for _ in survey.floating_tags]
    else:
        after = "-> new image" if decision.version_tag is VersionTagAction.CREATE else "stays (adopted)"
        after = _UNNAMED if snapshot else after
        moves = [f"{f'-> {lane.tag}' if move.moves else 'stays'} ({move.reason})" for move in decision.moves]
    states = zip(survey.floating_tags, moves, strict=True)
    floating = [(state.tag, _before(state.answer), move) for state, move in states]
    aliases = [
        (alias, _before(answer), "stays" if isinstance(answer, Present) else f"-> {lane.tag}")
        for alias, answer in survey.aliases.items()
    ]
    return [(lane.tag, _before(survey.version), after), *aliases, *floating]


def _guess(lane: LanePlan, floating: FloatingTag) -> str:
    """What happens to a floating tag, where nobody knows where it is."""
    return "would move here, if that is forward" if floating in lane.settable_tags else "stays"


def _before(answer: Present | Absent) -> str:
    return answer.digest.short if isinstance(answer, Present) else "absent"


def outlook_json(survey: Survey, decision: Decision | str) -> OutlookJson | RefusedOutlookJson:
    """A lane's tags now, and what happens to them, or why a release would be refused."""
    version = str(survey.version.digest) if isinstance(survey.version, Present) else None
    before: TagsBeforeJson = {"version_before": version}
    states = [state.to_json() for state in survey.floating_tags]
    if isinstance(decision, str):
        return {**before, "refused": decision, "floating_tags": states}
    floating: list[FloatingOutlookJson] = [
        {**state, "action": move.action.value, "reason": move.reason}
        for state, move in zip(states, decision.moves, strict=True)
    ]
    return {**before, "version": decision.version_tag.value, "floating_tags": floating}


def following_text(
    releases: Sequence[PlannedGitHubReleaseJson], announcements: Sequence[PlannedAnnouncementJson]
) -> str:
    """What follows the tags; empty if nothing does."""
    rows = [("  GitHub release", release["git_tag"], _about(release)) for release in releases]
    rows += [("  announcement", each["name"], each["what"]) for each in announcements]
    return f"\n\nafter the tags\n{columns(rows)}" if rows else ""


def _about(release: PlannedGitHubReleaseJson) -> str:
    kinds = {
        "draft": release["draft"],
        "pre-release": release["prerelease"],
        "generated notes": release["generate_notes"],
    }
    return "; ".join(
        [f"images of {', '.join(release['lanes'])}", *(kind for kind, applies in kinds.items() if applies)]
    )


def ignored_text(ignored: Sequence[str]) -> str:
    """A note on files in a build context that are in no commit; empty if there are none."""
    if not ignored:
        return ""
    head = "\n\nignored by git but in the build context, unless a .dockerignore excludes them\n  "
    return head + ", ".join(ignored[:_SHOWN]) + (", ..." if len(ignored) > _SHOWN else "")
