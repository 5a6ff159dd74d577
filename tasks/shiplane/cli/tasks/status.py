"""``status`` and ``history``, and ``tasks``, which a bare command shows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from shiplane.cli.answer import Answer
from shiplane.cli.task_decorator import shiplane_task, summaries_of
from shiplane.cli.tasks.flag_help import IMAGE, LANES

if TYPE_CHECKING:
    from shiplane.cli.run import Run
    from shiplane.verify.audit.audit import Auditor
    from shiplane.verify.lane_status import LaneStatus


_MARKDOWN = "Print Markdown, for a wiki or a summary."


@shiplane_task(
    flags={
        "lane": LANES,
        "image": IMAGE,
        "markdown": _MARKDOWN,
        "html": "Also write it to this HTML file, a page for a wall.",
        "exit_code": "End with 6 if there is any drift, and with 7 if a further repository could not be read.",
        "provenance": "Also show what provenance and SBOMs of those versions claim; disagreement counts as drift.",
    },
    iterable=("lane",),
)
def status(
    run: Run,
    *,
    lane: Sequence[str] | None = None,
    image: str | None = None,
    markdown: bool = False,
    html: str | None = None,
    exit_code: bool = False,
    provenance: bool = False,
) -> Answer:
    """Show where floating tags and channels point, and any drift.

    Version, digest, since when, by whom and why; what a publish would do next; and where the registry differs from the
    ledger. Reads only; without a ledger it says what is unknown.
    """
    import time

    from shiplane.cli.clients.page_files import page_file, showing_failure, write_status
    from shiplane.cli.flag_values import flags_of
    from shiplane.cli.flows.lane_status import audit_lanes, channel_tags, exit_code_of, next_publish
    from shiplane.cli.views.lane_status import status_markdown, status_text
    from shiplane.verify.lane_status import ImageChecks

    page = page_file(run, "--html", html, "../status.html")
    with showing_failure(run, page, time.time):
        resolver = run.resolver(flags_of(lane, None, image, None))
        audited = audit_lanes(run, resolver, checks=ImageChecks.CURRENT, newest=0)
        audited = _attested(audited) if provenance else audited
    repository = audited[0][1].registry.repository
    lanes = [(state, next_publish(resolver, state, auditor)) for state, auditor in audited]
    channels = channel_tags(run.project.channels, audited)
    show = status_markdown if markdown else status_text
    data = {
        "image": str(repository),
        "lanes": [{**state.to_json(), "next": following} for state, following in lanes],
        "channels": [tag.to_json() for tag in channels],
    }
    now = time.time()
    text = show(repository, lanes, now, channels)
    write_status(run, page, data, now)
    return Answer(text=text, data=data, exit_code=exit_code_of(audited, channels) if exit_code else 0)


def _attested(audited: Sequence[tuple[LaneStatus, Auditor]]) -> list[tuple[LaneStatus, Auditor]]:
    """The same lanes with what the versions at their floating tags attest. Raises as an audit does."""
    from shiplane.core.system.parallel import map_parallel
    from shiplane.verify.attestations.lane_attestations import with_attestations

    states = map_parallel(lambda pair: with_attestations(pair[1].registry, pair[0]), audited)
    return [(state, auditor) for state, (_, auditor) in zip(states, audited, strict=True)]


@shiplane_task(
    flags={
        "lane": LANES,
        "image": IMAGE,
        "markdown": _MARKDOWN,
        "svg": "Also write it to this SVG file: versions from left to right, and the way of each floating tag.",
        "deep": "Also check the image of every version that is shown.",
        "limit": "How many versions to show (N), the newest first, and those that floating tags are at; default: all.",
    },
    iterable=("lane",),
)
def history(
    run: Run,
    *,
    lane: Sequence[str] | None = None,
    image: str | None = None,
    markdown: bool = False,
    svg: str | None = None,
    deep: bool = False,
    limit: str | None = None,
) -> Answer:
    """Show every version of a lane, and every recorded move.

    Date, digest, platforms, commit and mark of each version, and when its floating tag moved where, by whom and why.
    """
    from shiplane.cli.clients.page_files import page_file, write_history
    from shiplane.cli.flag_values import count_of, flags_of
    from shiplane.cli.flows.lane_status import audit_lanes, history_json
    from shiplane.cli.views.lane_status import history_markdown, history_text
    from shiplane.verify.lane_status import ImageChecks

    picture = page_file(run, "--svg", svg, "../history.svg")
    newest = count_of("--limit", limit) if limit is not None else None
    resolver = run.resolver(flags_of(lane, None, image, None))
    checks = ImageChecks.ALL if deep else ImageChecks.NONE
    audited = audit_lanes(run, resolver, checks=checks, newest=newest)
    repository, states = audited[0][1].registry.repository, [state for state, _ in audited]
    show = history_markdown if markdown else history_text
    data = {"image": str(repository), "lanes": [history_json(state) for state in states]}
    write_history(run, picture, data)
    return Answer(text=show(repository, states, run.project.channels), data=data)


@shiplane_task(flags={})
def tasks(run: Run) -> Answer:
    """Show what to do next, and all tasks in groups.

    A command without a task shows the same. Reads the project's folder only.
    """
    from shiplane.cli.setup.next_tasks import next_tasks
    from shiplane.cli.task_groups import TASK_GROUPS, grouped_lines

    summaries, following = summaries_of(tasks), list(next_tasks(run))
    lines = [
        *(f"next: {each.command}  ({each.reason})" for each in following),
        "",
        *grouped_lines(summaries, lambda name: f"{run.caller.prefix}{name}"),
        "Flags and more about a task: TASK --help",
    ]
    data = {
        "next": [{"command": each.command, "reason": each.reason} for each in following],
        "groups": {title: list(names) for title, names in TASK_GROUPS.items()},
        "tasks": summaries,
    }
    return Answer(text="\n".join(lines), data=data)
