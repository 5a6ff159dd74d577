"""Results made for reading."""

from __future__ import annotations

import shlex
import textwrap
from collections.abc import Callable, Mapping, Sequence

from shiplane.config.plan import LanePlan, Plan
from shiplane.core.finding import Finding, summary
from shiplane.registry.oci.lookup_result import Absent, Present
from shiplane.registry.oci.names import Repository
from shiplane.release.planning.decision import Decision, Move, Naming
from shiplane.release.result import Published
from shiplane.verify.survey import Survey
from shiplane.verify.verify import Verified

_WIDTH = 88
_UNNAMED = "for a dry run only: no version is named (--tag, TAG, a git tag); publish --snapshot takes it on purpose"


def columns(rows: Sequence[Sequence[str]]) -> str:
    """Rows as aligned columns."""
    widths = [max(len(row[i]) for row in rows if i < len(row)) for i in range(max(map(len, rows), default=0))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=False)).rstrip() for row in rows
    )


def plan_text(
    plan: Plan,
    surveyed: Mapping[str, tuple[Survey, Decision | str]],
    doubt: str,
    prerequisites: Sequence[tuple[str, str]],
) -> str:
    """A plan: settings with sources, what has to hold before, the build, each tag before and after."""
    rows = [
        ("image", str(plan.repository), plan.image.source),
        ("platforms", ",".join(map(str, plan.platforms.value)), plan.platforms.source),
        ("commit", plan.commit[:12], "git HEAD"),
    ]
    for lane in plan.lanes:
        rows.append((f"{lane.lane.name} version", str(lane.version.value), lane.version.source))
        rows.append((f"{lane.lane.name} latest", "yes" if lane.latest.value else "no", lane.latest.source))
    parts = [columns([(name, value, f"({source})") for name, value, source in rows])]
    parts += ["", "prerequisites", *(f"  {name}: {what}" for name, what in prerequisites)]
    parts += ["", "builds, as one bake; each the same as"]
    parts += [f"  {_build_line(plan, lane)}" for lane in plan.lanes]
    parts += ["", "tags", *([f"  {doubt}"] if doubt else [])]
    parts += [columns([row for lane in plan.lanes for row in _tag_rows(lane, surveyed.get(lane.lane.name))])]
    return "\n".join(parts)


def published_text(repository: Repository, published: Sequence[Published]) -> str:
    """What a release made: a line for each name, with its digest."""
    rows = []
    for lane in published:
        rows.append((f"{repository}:{lane.plan.tag}", str(lane.digest), "new" if lane.built else "already published"))
        floating = str(lane.floating) if lane.floating else "does not exist"
        rows.append((f"{repository}:{lane.plan.lane.floating}", floating, "moved" if lane.moved else lane.reason))
    return columns(rows)


def verified_text(repository: Repository, lanes: Sequence[Verified]) -> str:
    """What a verification found: a headline for each lane, its bad checks, or the number of good ones."""
    lines: list[str] = []
    names = [f"{repository}:{lane.lane.tag_of(lane.version) if lane.version else lane.lane.floating}" for lane in lanes]
    width = max(map(len, names), default=0)
    for lane, name in zip(lanes, names, strict=True):
        what = name.ljust(width)
        if lane.good:
            images = lane.examination.images if lane.examination else ()
            platforms = ", ".join(str(image.platform) for image in images)
            lines.append(f"good  {what}  {lane.digest}  {platforms}  ({len(lane.checks)} checks)")
            lines += [f"      platforms: {lane.platforms.source}"] if lane.platforms else []
        else:
            lines.append(f"BAD   {what}  {lane.digest or ''}".rstrip())
            lines += [f"      {check}" for check in lane.checks if not check.good]
        lines += [f"      warning: {check}" for check in lane.checks if check.warning]
        lines += _pointing(lane)
    return "\n".join(lines)


def _pointing(found: Verified) -> list[str]:
    """Where the floating tag is, and who says whether it has to be at the version that was asked for."""
    if found.pointing is None or found.version is None:
        return []
    here = f"at {found.lane.tag_of(found.current)}" if found.current else "at no version"
    tag = found.lane.tag_of(found.version)
    expected = f"expected at {tag} or above" if found.pointing.value else f"not expected at {tag}"
    return [f"      {found.lane.floating}: {here}, {expected} ({found.pointing.source})"]


def _build_line(plan: Plan, lane: LanePlan) -> str:
    platforms = ",".join(map(str, plan.platforms.value))
    output = f"type=image,name={plan.repository},push-by-digest=true,push=true"
    argv = ["docker", "buildx", "build", "--file", lane.lane.dockerfile, "--platform", platforms]
    return shlex.join([*argv, *lane.lane.build.flags(), "--output", output, lane.lane.context])


def _tag_rows(lane: LanePlan, surveyed: tuple[Survey, Decision | str] | None) -> list[tuple[str, ...]]:
    snapshot = lane.version.value.is_snapshot
    if surveyed is None:
        moves = lane.latest.value and not lane.version.value.is_prerelease
        wanted = "would move to it, if that is forward" if moves else "stays"
        return [(f"  {lane.tag}", _UNNAMED if snapshot else "would be written"), (f"  {lane.lane.floating}", wanted)]
    survey, decision = surveyed
    before = [_before(survey.version), _before(survey.floating)]
    if isinstance(decision, str):
        refused = ". ".join(line.strip() for line in decision.splitlines())
        return [(f"  {lane.tag}", before[0], f"REFUSED: {refused}"), (f"  {lane.lane.floating}", before[1], "stays")]
    after = "-> new image" if decision.naming is Naming.CREATE else "stays (adopted)"
    after = _UNNAMED if snapshot else after
    moved = f"-> {lane.tag}" if decision.move is Move.MOVE else "stays"
    floats = f"{moved} ({decision.reason})"
    return [(f"  {lane.tag}", before[0], after), (f"  {lane.lane.floating}", before[1], floats)]


def _before(answer: Present | Absent) -> str:
    return answer.digest.short if isinstance(answer, Present) else "absent"


def findings_text(findings: Sequence[Finding], paint: Callable[[str, str], str]) -> str:
    """The doctor's table: a row for each finding, its remedy below it, the count at the end.

    Args:
        findings: Already without secrets: lines are broken here, where none could be found any more.
        paint: Colours a text, or leaves it.
    """
    names = max(len(finding.name) for finding in findings)
    lines = [line for finding in findings for line in _finding_lines(finding, names, paint)]
    return "\n".join([*lines, "", summary(findings)])


def _finding_lines(finding: Finding, names: int, paint: Callable[[str, str], str]) -> list[str]:
    state = "warning" if finding.is_warning else finding.state.value
    head = f"{finding.name:<{names}}  {paint(f'{state:<7}', state)}  {finding.seconds:5.2f} s  "
    indent = names + 2 + 7 + 2 + 7 + 2
    first, *rest = _wrapped(finding.reason)
    below = _wrapped(finding.remedy) if finding.remedy else []
    return [head + first, *(" " * indent + line for line in rest), *(" " * indent + f"  {line}" for line in below)]


def _wrapped(text: str) -> list[str]:
    """Lines of a bearable width; words stay whole, so that what is to be pasted can be."""
    lines = (
        textwrap.wrap(line.strip(), _WIDTH, break_long_words=False, break_on_hyphens=False)
        for line in text.splitlines()
    )
    return [part for line in lines for part in line] or [""]
